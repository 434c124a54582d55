import { resolve } from "node:path";
import { startCluster } from "../../cluster/index.ts";
import { makeFolder } from "../io/files/make-folder.ts";
import { pullFromRegistries } from "./pull-images.ts";
import { aborted, exitCodeOfEnding } from "./ending.ts";
import { tellReady } from "./lifeline.ts";
import type { World } from "./world.ts";

/** Options of `plumb cluster`, as the command line gives them. */
export interface ClusterCommandOptions {
  readonly folder: string;
  readonly images?: string;
  readonly port: number;
  readonly ingressPort: number;
}

/** What a ready cluster tells the process that started it. */
export interface ClusterReady {
  readonly url: string;
  readonly kubeconfigPath: string;
  readonly ingressUrl: string;
}

/** `plumb cluster`: an embedded single-node Kubernetes for any client, until it is asked to end. */
export async function clusterCommand(world: World, options: ClusterCommandOptions): Promise<number> {
  const ending = world.ending();
  const folder = resolve(world.cwd, options.folder);
  await makeFolder(folder, 0o700);
  const cluster = await startCluster({
    folder,
    port: options.port,
    ingressPort: options.ingressPort,
    pull: pullFromRegistries(world),
    ...(options.images === undefined ? {} : { images: resolve(world.cwd, options.images.replace(/^oci:/, "")) }),
  });
  const { url, kubeconfigPath, ingressUrl } = cluster;
  world.out.line(`API server  ${url}`);
  world.out.line(`kubeconfig  export KUBECONFIG=${kubeconfigPath}`);
  world.out.line(`ingress     ${ingressUrl}`);
  world.out.line("Ctrl-C ends it; it keeps nothing.");
  await tellReady({ url, kubeconfigPath, ingressUrl } satisfies ClusterReady);
  await aborted(ending);
  await cluster.stop();
  return exitCodeOfEnding(world);
}
