import { homedir } from "node:os";
import { join } from "node:path";
import { HttpsKube } from "../io/kube/https-kube.ts";
import type { HttpsKubeOptions } from "../io/kube/https-kube.ts";
import { inClusterAccess } from "../io/kube/in-cluster.ts";
import { kubeconfigAccess } from "../io/kube/kubeconfig.ts";
import { ProblemError } from "../model/problem.ts";
import type { World } from "./world.ts";

/** Which cluster: a kubeconfig and one of its contexts. */
export interface ClusterChoice {
  readonly kubeconfig?: string;
  readonly context?: string;
}

/**
 * A client of the cluster that the options name; default $KUBECONFIG, then the cluster whose pod this process runs in, then
 * ~/.kube/config. `bounds` are those of its requests.
 */
export async function openKube(
  world: World,
  choice: ClusterChoice,
  bounds: Pick<HttpsKubeOptions, "requestTimeoutMs" | "attempts"> = {},
): Promise<HttpsKube> {
  const { clock, random, env } = world;
  const named = choice.kubeconfig ?? env["KUBECONFIG"];
  const inPod = named === undefined && choice.context === undefined && env["KUBERNETES_SERVICE_HOST"] !== undefined;
  const path = named ?? join(homedir(), ".kube", "config");
  const { context } = choice;
  const access = inPod
    ? await inClusterAccess({ environment: env, clock })
    : await kubeconfigAccess({ path, clock, environment: env, ...(context === undefined ? {} : { context }) });
  if (!access.ok) throw new ProblemError(access.problems[0] ?? { code: "kubeconfig", message: `${path} is of no use` });
  return new HttpsKube({ access: access.value, clock, random, ...bounds });
}
