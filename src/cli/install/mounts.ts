import type { Json, JsonObject } from "../../model/json.ts";
import type { InstallSettings } from "./settings.ts";

/** A Secret that the engine reads as files, and the options that name these. */
interface Mount {
  readonly name: string;
  readonly secret: string;
  readonly args: readonly string[];
  /** Keys that are files of another name. */
  readonly items?: readonly { readonly key: string; readonly path: string }[];
}

const root = "/etc/plumbline";

/**
 * What the engine is given beside its repository. All of it are Secrets, public keys too: an engine for certain namespaces can
 * write ConfigMaps in its own, and Secrets it cannot.
 */
function mountsOf(settings: InstallSettings): readonly Mount[] {
  const { credentials, webhook, allowedSigners, allowedKeys, allowedImageKeys, signingKey, registryCredentials } =
    settings;
  const dockerConfig = { items: [{ key: ".dockerconfigjson", path: "config.json" }] };
  return [
    ...mount("git", credentials, (folder) => [`--credentials=${folder}`]),
    ...mount("allowed-signers", allowedSigners, (folder) => [`--allowed-signers=${folder}/allowed_signers`]),
    ...mount("allowed-keys", allowedKeys, (folder) => [`--allowed-keys=${folder}/keys.gpg`]),
    ...mount("image-keys", allowedImageKeys, (folder) => [`--allowed-image-keys=${folder}`]),
    ...mount("signing-key", signingKey, (folder) => [`--signing-key=${folder}/identity`]),
    ...mount("registries", registryCredentials, (folder) => [`--registry-credentials=${folder}`], dockerConfig),
    ...mount("forge", settings.forgeToken, (folder) => [`--forge-token=${folder}/token`]),
    ...mount("notify", settings.notifySecret, (folder) => [`--notify-secret=${folder}/secret`]),
    ...mount("webhook", webhook, (folder) => [`--webhook-port=${webhookPort}`, `--webhook-secret=${folder}/secret`]),
  ];
}

/** Where the engine hears webhooks in its pod. */
export const webhookPort = 8482;

function mount(
  name: string,
  secret: string | undefined,
  args: (folder: string) => readonly string[],
  more: Pick<Mount, "items"> = {},
): readonly Mount[] {
  return secret === undefined ? [] : [{ name, secret, args: args(`${root}/${name}`), ...more }];
}

/** The volumes of the pod. */
export function volumesOf(settings: InstallSettings): readonly Json[] {
  return mountsOf(settings).map(({ name, secret, items }): JsonObject => {
    const files = items === undefined ? {} : { items: items.map((item) => ({ ...item })) };
    return { name, secret: { secretName: secret, defaultMode: 0o440, ...files } };
  });
}

/** Where its container has them. */
export function volumeMountsOf(settings: InstallSettings): readonly Json[] {
  return mountsOf(settings).map(({ name }) => ({ name, mountPath: `${root}/${name}`, readOnly: true }));
}

/** The options of the engine that name what is mounted, and what goes with it. */
export function argsOf(settings: InstallSettings): readonly string[] {
  const { forge, forgeUrl, notifyUrl, pageUrl } = settings;
  return [
    ...mountsOf(settings).flatMap(({ args }) => args),
    ...(forge === undefined ? [] : [`--forge=${forge}`]),
    ...(forgeUrl === undefined ? [] : [`--forge-url=${forgeUrl}`]),
    ...(notifyUrl === undefined ? [] : [`--notify-url=${notifyUrl.href}`]),
    ...(pageUrl === undefined ? [] : [`--page-url=${pageUrl}`]),
    ...(settings.requireSigned === true ? ["--require-signed"] : []),
    ...(settings.requireSignedImages === true ? ["--require-signed-images"] : []),
  ];
}
