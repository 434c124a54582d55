import { join } from "node:path";
import type { Git } from "../io/git/git.ts";
import type { Kube } from "../io/kube/kube.ts";
import type { Manifest } from "../model/manifest.ts";
import { refKey, refLabel } from "../model/object-ref.ts";
import { ProblemError } from "../model/problem.ts";
import type { Problem } from "../model/problem.ts";
import { render } from "../render/render.ts";
import { readDeployment } from "../source/deployment.ts";
import { readRevision } from "../source/revision.ts";
import { Clusters, compareWithCluster } from "./cluster-comparison.ts";
import { printProblems } from "./report.ts";
import { deliveryRemote } from "./delivery-remote.ts";
import { hasUpRemote, runningUp } from "./up-file.ts";
import { withMirror } from "./temporary-mirror.ts";
import { exitCodes } from "./world.ts";
import type { World } from "./world.ts";

/** Options of `plumb verify`, as the command line gives them. */
export interface VerifyCommandOptions {
  /** Default: that of a `plumb up` in this folder, then the clone here. */
  readonly repository?: string;
  readonly branch: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly json?: boolean;
}

/** What is compared with what. */
type Where = VerifyCommandOptions & { readonly repository: string };

/** One object of the tracked branch, and how the cluster's differs; absent where it is as Git says. */
export interface Verified {
  readonly application: string;
  readonly object: string;
  readonly difference?: string;
}

/** What a verification found. */
export interface Verification {
  readonly objects: number;
  readonly asGitSays: number;
  readonly verified: readonly Verified[];
  readonly problems: readonly Problem[];
}

/** `plumb verify`: exit code 0 when the cluster has exactly what Git says. */
export async function verifyCommand(world: World, options: VerifyCommandOptions): Promise<number> {
  const { verified, objects, asGitSays, problems } = await runVerify(world, await withDefaults(world, options));
  if (options.json === true) {
    world.out.line(JSON.stringify({ objects, asGitSays, verified, problems }));
  } else {
    printProblems(world, problems);
    for (const { application, object, difference } of verified) {
      if (difference === undefined) continue;
      world.out.line(`${world.out.style("bad", "differs")}  ${application}  ${object}: ${difference}`);
    }
    world.out.line(`${asGitSays} of ${objects} objects are as Git says`);
  }
  return problems.length === 0 && asGitSays === objects ? exitCodes.done : exitCodes.failed;
}

/** A repository that was named may be another cluster's than that of the `plumb up` here. */
async function withDefaults(world: World, options: VerifyCommandOptions): Promise<Where> {
  const { repository } = options;
  if (repository !== undefined) return { ...options, repository };
  const up = hasUpRemote(world.cwd) ? runningUp(join(world.cwd, ".plumb"))?.ready : undefined;
  const named = options.kubeconfig ?? options.context ?? world.env["KUBECONFIG"];
  if (hasUpRemote(world.cwd) && up === undefined && named === undefined) {
    // Its cluster is gone with it, and that of ~/.kube/config is another.
    throw new ProblemError({
      code: "not-up",
      message: `no \`plumb up\` runs in ${world.cwd}, so that its cluster is not there`,
      remedy: "start it, or name a cluster with --kubeconfig",
    });
  }
  const remote = await deliveryRemote(world, undefined);
  return { ...(up ? { kubeconfig: up.kubeconfigPath } : {}), ...options, repository: remote };
}

/**
 * Recomputes from Git alone what should be live, and compares it with the cluster object by object (behaviour V4). Writes
 * nothing: where Git and cluster write the same in two ways, a dry run decides.
 */
export async function runVerify(world: World, options: Where): Promise<Verification> {
  const clusters = new Clusters(world, options);
  try {
    const { verified, problems } = await withMirror(world, options.repository, (git) =>
      verify(git, clusters, options.branch),
    );
    const asGitSays = verified.filter(({ difference }) => difference === undefined).length;
    return { objects: verified.length, asGitSays, verified, problems };
  } finally {
    clusters.close();
  }
}

async function verify(
  git: Git,
  clusters: Clusters,
  branch: string,
): Promise<{ verified: Verified[]; problems: Problem[] }> {
  const fetched = await git.fetch();
  if (!fetched.ok) throw new ProblemError(fetched.problem);
  const head = await git.branch(branch);
  if (head === undefined) {
    throw new ProblemError({
      code: "branch-not-found",
      message: `${git.url} has no branch ${branch}`,
      remedy: "name another with --branch",
    });
  }
  const deployment = await readDeployment(git, head);
  if (!deployment.ok) return { verified: [], problems: [...deployment.problems] };
  const verified: Verified[] = [];
  const problems: Problem[] = [];
  for (const { application, problems: found } of deployment.value.applications) {
    const revision = await readRevision(git, head, application);
    if (found.length > 0 || !revision) {
      problems.push(...found);
      continue;
    }
    const desired = await render(git, revision, application);
    const kube = await clusters.of(application);
    if (desired.ok) verified.push(...(await compare(kube, application.id, desired.value)));
    else problems.push(...desired.problems);
  }
  return { verified, problems };
}

async function compare(kube: Kube, application: string, desired: readonly Manifest[]): Promise<readonly Verified[]> {
  const { plan } = await compareWithCluster(kube, desired, { application, entries: [] }, false);
  const why = new Map(plan.apply.map((step) => [refKey(step.manifest.ref), step.why]));
  return desired.map(({ ref }) => {
    const difference = why.get(refKey(ref));
    return { application, object: refLabel(ref), ...(difference === undefined ? {} : { difference }) };
  });
}
