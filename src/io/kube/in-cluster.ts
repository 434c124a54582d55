import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Result } from "../../model/problem.ts";
import type { Clock } from "../clock/clock.ts";
import type { KubeAccess } from "./access.ts";
import { fileCredentials, tokenOf } from "./credentials.ts";

/** Where every pod finds its service account. */
const defaultFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

/** What a pod is told about its API server. */
export interface PodSurroundings {
  /** KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT. */
  readonly environment: { readonly [name: string]: string | undefined };
  readonly clock: Clock;
  readonly folder?: string;
}

/** The access of the pod that this process runs in, from its service account; a problem outside of a cluster. */
export async function inClusterAccess(surroundings: PodSurroundings): Promise<Result<KubeAccess>> {
  const { environment, clock, folder = defaultFolder } = surroundings;
  const host = environment["KUBERNETES_SERVICE_HOST"];
  const port = environment["KUBERNETES_SERVICE_PORT"] ?? "443";
  if (host === undefined || host === "") return notInCluster("KUBERNETES_SERVICE_HOST is not set");
  try {
    const authority = await readFile(join(folder, "ca.crt"), "utf8");
    const namespace = (await readFile(join(folder, "namespace"), "utf8")).trim();
    const credentials = fileCredentials(clock, () => tokenOf(join(folder, "token")));
    await credentials.get();
    const server = new URL(`https://${host.includes(":") ? `[${host}]` : host}:${port}`);
    const again = async (): Promise<KubeAccess | undefined> => {
      const now = await inClusterAccess(surroundings);
      return now.ok && now.value.authority !== authority ? now.value : undefined;
    };
    return { ok: true, value: { server, authority, namespace, credentials, again } };
  } catch (error) {
    return notInCluster(error instanceof Error ? error.message : String(error));
  }
}

function notInCluster(why: string): Result<KubeAccess> {
  return {
    ok: false,
    problems: [
      {
        code: "not-in-cluster",
        message: `This process does not run in a pod with a service account: ${why}.`,
        remedy: "name a kubeconfig, or mount the service account token",
      },
    ],
  };
}
