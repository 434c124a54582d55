import { homedir } from "node:os";
import { join } from "node:path";
import { HttpsKube } from "../io/kube/https-kube.ts";
import { kubeconfigAccess } from "../io/kube/kubeconfig.ts";
import { ProblemError } from "../model/problem.ts";
import type { World } from "./world.ts";

/** A client of the cluster that the options name; default $KUBECONFIG, then ~/.kube/config. */
export async function openKube(
  world: World,
  options: { readonly kubeconfig?: string; readonly context?: string },
): Promise<HttpsKube> {
  const path = options.kubeconfig ?? world.env["KUBECONFIG"] ?? join(homedir(), ".kube", "config");
  const { context } = options;
  const access = await kubeconfigAccess({ path, clock: world.clock, ...(context === undefined ? {} : { context }) });
  if (!access.ok) throw new ProblemError(access.problems[0] ?? { code: "kubeconfig", message: `${path} is of no use` });
  return new HttpsKube({ access: access.value, clock: world.clock, random: world.random });
}
