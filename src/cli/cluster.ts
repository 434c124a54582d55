import { resolve } from "node:path";
import { startCluster } from "../../cluster/index.ts";
import { askedToEnd, tellReady } from "./lifeline.ts";
import { exitCodes } from "./world.ts";
import type { World } from "./world.ts";

/** Options of `plumb cluster`, as the command line gives them. */
export interface ClusterCommandOptions {
  readonly folder: string;
  readonly images?: string;
  readonly port: string;
  readonly ingressPort: string;
}

/** What a ready cluster tells the process that started it. */
export interface ClusterReady {
  readonly url: string;
  readonly kubeconfigPath: string;
  readonly ingressUrl: string;
}

/** `plumb cluster`: an embedded single-node Kubernetes for any client, until it is asked to end. */
export async function clusterCommand(world: World, options: ClusterCommandOptions): Promise<number> {
  const folder = resolve(world.cwd, options.folder);
  const cluster = await startCluster({
    folder,
    port: Number(options.port),
    ingressPort: Number(options.ingressPort),
    ...(options.images === undefined ? {} : { images: resolve(world.cwd, options.images.replace(/^oci:/, "")) }),
  });
  const ended = askedToEnd();
  const { url, kubeconfigPath, ingressUrl } = cluster;
  world.out.line(`API server  ${url}`);
  world.out.line(`kubeconfig  export KUBECONFIG=${kubeconfigPath}`);
  world.out.line(`ingress     ${ingressUrl}`);
  world.out.line("Ctrl-C ends it; it keeps nothing.");
  tellReady({ url, kubeconfigPath, ingressUrl } satisfies ClusterReady);
  await ended;
  await cluster.stop();
  return exitCodes.done;
}
