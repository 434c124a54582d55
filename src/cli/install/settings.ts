import type { WatchScope } from "../../engine/live.ts";
import type { JsonObject } from "../../model/json.ts";
import type { RuledResource } from "./kinds.ts";

/** What to print: `rights` is what a person installs, `engine` what may lie in Git. */
export const installParts = ["all", "rights", "engine"] as const;
export type InstallPart = (typeof installParts)[number];

/** What the manifests of an installation are made from. */
export interface InstallSettings {
  /** The deployment repository, without credentials. */
  readonly repository: string;
  readonly branch: string;
  /** The engine's image, pinned by digest. */
  readonly image: string;
  /** The engine's own namespace. */
  readonly namespace: string;
  /** Whether the engine may deliver to every namespace, or to `namespaces` alone. */
  readonly scope: WatchScope;
  readonly namespaces: readonly string[];
  /** What it may write there. */
  readonly resources: readonly RuledResource[];
  /** The Secret with Git credentials, where the repository needs any. */
  readonly credentials?: string;
  /** The Secret with the secret of webhooks, where they are to be heard. */
  readonly webhook?: string;
  /** Secrets with who may sign commits, by SSH and by GPG, and with the keys by which images may be signed. */
  readonly allowedSigners?: string;
  readonly allowedKeys?: string;
  readonly allowedImageKeys?: string;
  /** What must be signed, whatever the repository says. */
  readonly requireSigned?: boolean;
  readonly requireSignedImages?: boolean;
  /** The Secret with the private SSH key of the engine's own commits. */
  readonly signingKey?: string;
  /** The Secret, as for pulling images, with the engine's accounts at registries. */
  readonly registryCredentials?: string;
  /** Whether it may read logs of pods, for `logLines` of a rollout. */
  readonly readLogs?: boolean;
  /** The Secret with the forge's token, where the forge is to be told, and the kind of forge, where its URL does not say it. */
  readonly forgeToken?: string;
  readonly forge?: string;
  readonly forgeUrl?: string;
  /** The URL that is told everything, and the Secret with the secret that this is signed by. */
  readonly notifyUrl?: URL;
  readonly notifySecret?: string;
  /** Where people find the status page. */
  readonly pageUrl?: string;
  readonly replicas: number;
}

/** A Kubernetes object to be printed. */
export type Printed = JsonObject & { readonly kind: string };

/** The name of everything that belongs to the engine. */
export const engineName = "plumbline-engine";

/** The labels of the engine's pods, by which the rest finds them. */
export const engineLabels = { "app.kubernetes.io/name": engineName } as const;

/** metadata of an object of the engine. */
export function metadataOf(name: string, namespace?: string, labels: JsonObject = {}): JsonObject {
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    labels: { ...engineLabels, "app.kubernetes.io/part-of": "plumbline", ...labels },
  };
}

/** What deploy/ in the repository is printed from, by the name of its file: to be read, and to start from. */
export const examples: Readonly<Record<string, Pick<InstallSettings, "scope" | "namespaces">>> = {
  "cluster.yaml": { scope: "cluster", namespaces: [] },
  "namespaces.yaml": { scope: "namespaces", namespaces: ["shop", "shop-staging"] },
};
