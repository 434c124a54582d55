import { stringify } from "yaml";
import type { Application } from "../../model/application.ts";
import { ProblemError } from "../../model/problem.ts";
import { readDeployment } from "../../source/deployment.ts";
import { withMirror } from "../temporary-mirror.ts";
import { exitCodes } from "../world.ts";
import type { World } from "../world.ts";
import { parseResource, usualResources } from "./kinds.ts";
import { rights } from "./rights.ts";
import type { InstallPart, InstallSettings, Printed } from "./settings.ts";
import { workload } from "./workload.ts";

/** Options of `plumb install`, as the command line gives them. */
export interface InstallCommandOptions extends Omit<InstallSettings, "namespaces" | "resources"> {
  /** The namespaces to deliver to; default those that delivery.yaml leads to now. */
  readonly deliverTo?: readonly string[];
  /** Further resources that it may write, as `plural.group`. */
  readonly resource?: readonly string[];
  readonly part: InstallPart;
}

/** `plumb install`: prints plain manifests for `kubectl apply -f -`. */
export async function installCommand(world: World, options: InstallCommandOptions): Promise<number> {
  checkNames(options);
  const namespaces = options.scope === "cluster" ? [] : (options.deliverTo ?? (await namespacesInGit(world, options)));
  const settings: InstallSettings = {
    ...options,
    namespaces: [...new Set(namespaces)].toSorted(),
    resources: [...usualResources, ...(options.resource ?? []).map(parseResource)],
  };
  world.out.line(manifestsText(settings, options.part).trimEnd());
  return exitCodes.done;
}

/** The manifests as a stream of YAML documents, each the same bytes for the same settings. */
export function manifestsText(settings: InstallSettings, part: InstallPart): string {
  const objects: readonly Printed[] = [
    ...(part === "engine" ? [] : rights(settings)),
    ...(part === "rights" ? [] : workload(settings)),
  ];
  return objects.map((object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false })).join("---\n");
}

function checkNames(options: InstallCommandOptions): void {
  const { image, part, namespace, deliverTo = [], repository } = options;
  const { credentials, webhook, allowedSigners, allowedKeys, allowedImageKeys, signingKey, registryCredentials } =
    options;
  const secrets = [
    credentials,
    webhook,
    allowedSigners,
    allowedKeys,
    allowedImageKeys,
    signingKey,
    registryCredentials,
    options.forgeToken,
    options.notifySecret,
  ].filter((one) => one !== undefined);
  // Before its first release an image has no digest; what is printed with it is for Git, where a release pins it.
  const isPinned =
    /^[^\s@]+@sha256:[0-9a-f]{64}$/.test(image) || (part === "engine" && /^[^\s@]+:unreleased$/.test(image));
  if (!isPinned) {
    const remedy =
      "give name@sha256:… or name:tag@sha256:…, as `plumb release` prints it; or, with --part engine, name:unreleased";
    throw new ProblemError({ code: "image-unpinned", message: `the image ${image} is not pinned by digest`, remedy });
  }
  for (const name of [namespace, ...deliverTo, ...secrets]) {
    if (/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name)) continue;
    const remedy = "lower-case letters, digits and dashes, at most 63";
    throw new ProblemError({
      code: "name-invalid",
      message: `${JSON.stringify(name)} is not a name that Kubernetes takes`,
      remedy,
    });
  }
  checkRequirements(options);
  checkTelling(options);
  if (!URL.canParse(repository) || new URL(repository).password === "") return;
  const message = "the repository's URL holds a password, which everyone could read in the manifests";
  throw new ProblemError({
    code: "repository-credentials",
    message,
    remedy: "keep it in a Secret and name that with --credentials",
  });
}

/** An engine that knows only the half of whom to tell does not start. */
function checkTelling({ forge, forgeUrl, forgeToken, notifyUrl, notifySecret }: InstallCommandOptions): void {
  const forgeIsHalf = forgeToken === undefined && (forge !== undefined || forgeUrl !== undefined);
  if (!forgeIsHalf && (notifyUrl === undefined) === (notifySecret === undefined)) return;
  throw new ProblemError({
    code: "outside-half-named",
    message: forgeIsHalf ? "a forge is told with a token only" : "what a URL is told is signed",
    remedy: forgeIsHalf ? "name its Secret with --forge-token" : "give --notify-url and --notify-secret, or neither",
  });
}

/** An engine that requires signatures and has nobody who may sign does not start. */
function checkRequirements(options: InstallCommandOptions): void {
  const { requireSigned, allowedSigners, allowedKeys, requireSignedImages, allowedImageKeys } = options;
  const commits = requireSigned === true && allowedSigners === undefined && allowedKeys === undefined;
  const images = requireSignedImages === true && allowedImageKeys === undefined;
  if (!commits && !images) return;
  throw new ProblemError({
    code: "nobody-may-sign",
    message: `Signed ${commits ? "commits" : "images"} are required, and nobody may sign them.`,
    remedy: `Name a Secret with ${commits ? "--allowed-signers or --allowed-keys" : "--allowed-image-keys"}.`,
  });
}

/** The namespaces that the applications of the tracked branch are delivered to in this cluster. */
function namespacesInGit(world: World, { repository, branch }: InstallCommandOptions): Promise<readonly string[]> {
  return withMirror(world, repository, async (git) => {
    const fetched = await git.fetch();
    if (!fetched.ok) throw new ProblemError(named(fetched.problem.message));
    const head = await git.branch(branch);
    if (head === undefined) throw new ProblemError(named(`${git.url} has no branch ${branch}`));
    const deployment = await readDeployment(git, head);
    if (!deployment.ok) throw new ProblemError(named(deployment.problems[0]?.message ?? "delivery.yaml is wrong"));
    const here = deployment.value.applications
      .map(({ application }) => application)
      .filter(({ cluster }) => cluster === undefined);
    checkClusterKinds(here);
    return here.map(({ namespace }) => namespace);
  });
}

function named(message: string) {
  const remedy = "name the namespaces with --deliver-to, or choose --scope cluster";
  return {
    code: "namespaces-unknown",
    message: `which namespaces to deliver to cannot be read from Git: ${message}`,
    remedy,
  };
}

/** Kinds that belong to the whole cluster cannot be written with Roles of namespaces. */
function checkClusterKinds(applications: readonly Application[]): void {
  const asks = applications.find(({ allowClusterKinds }) => allowClusterKinds.some((kind) => kind !== "/Namespace"));
  if (asks === undefined) return;
  throw new ProblemError({
    code: "scope-too-small",
    message: `${asks.id} may deliver ${asks.allowClusterKinds.join(", ")}, which belong to the whole cluster`,
    where: { file: "delivery.yaml" },
    remedy: "choose --scope cluster, and name these kinds with --resource",
  });
}
