import { planCounts } from "../../model/plan-document.ts";
import type { PlanDocument } from "../../model/plan-document.ts";
import { Clusters } from "../cluster-comparison.ts";
import { repositoryHere } from "../delivery-remote.ts";
import { exitCodes } from "../world.ts";
import type { World } from "../world.ts";
import { compareLive } from "./compare-with-cluster.ts";
import { withCompared } from "./compared.ts";
import { compareOffline } from "./plan-application.ts";
import { planMarkdown } from "./plan-markdown.ts";
import { planRevisions } from "./plan-revisions.ts";
import { planText } from "./plan-text.ts";

/** Options of `plumb plan`, as the command line gives them. */
export interface PlanCommandOptions {
  /** Default: the clone in this folder, then that of a `plumb up`. */
  readonly repository?: string;
  readonly branch: string;
  /** With either of these it is compared with a cluster. */
  readonly kubeconfig?: string;
  readonly context?: string;
  /** The engine's own namespace. */
  readonly namespace: string;
  readonly json?: boolean;
  readonly markdown?: boolean;
  readonly exitCode?: boolean;
}

/**
 * `plumb plan`: what a change of the deployment repository would do (behaviour V5). Exit code 0 when it would be delivered, 1 when
 * something of it would be refused or held; with `--exit-code` 3 when it would be delivered and changes something.
 */
export async function planCommand(
  world: World,
  range: string | undefined,
  options: PlanCommandOptions,
): Promise<number> {
  const { branch, kubeconfig, context } = options;
  const repository = options.repository ?? repositoryHere(world.cwd);
  const choice = { repository, branch, ...(range === undefined ? {} : { range }) };
  const clusters =
    kubeconfig === undefined && context === undefined
      ? undefined
      : new Clusters(world, {
          ...(kubeconfig === undefined ? {} : { kubeconfig }),
          ...(context === undefined ? {} : { context }),
        });
  try {
    const document = await withCompared(world, choice, (compared) =>
      clusters
        ? planRevisions(compared, "cluster", compareLive(clusters, options.namespace))
        : planRevisions(compared, "git", compareOffline),
    );
    print(world, document, options);
    return codeOf(document, options.exitCode === true);
  } finally {
    clusters?.close();
  }
}

function print(world: World, document: PlanDocument, { json, markdown }: PlanCommandOptions): void {
  if (json === true) world.out.line(JSON.stringify(document));
  else if (markdown === true) world.out.line(planMarkdown(document).trimEnd());
  else for (const line of planText(document, world.out.style.bind(world.out))) world.out.line(line);
}

function codeOf({ problems, applications }: PlanDocument, tells: boolean): number {
  const { refused, held } = planCounts(applications);
  if (problems.length > 0 || refused + held > 0) return exitCodes.failed;
  return tells && applications.length > 0 ? exitCodes.changes : exitCodes.done;
}
