import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { networkOf } from "./network.ts";
import type { Network } from "./network.ts";

/** One Kubernetes: its folder holds all of its files, its network says where everything else of it is. */
export interface Instance {
  readonly folder: string;
  readonly network: Network;
}

const fileName = "instance.json";

/** Writes down which network belongs to this folder, before anything else of it is made. */
export async function recordInstance({ folder, network }: Instance): Promise<void> {
  await writeFile(join(folder, fileName), JSON.stringify({ index: network.index }));
}

/** The instance of a folder; undefined when there is none. */
export async function readInstance(folder: string): Promise<Instance | undefined> {
  const text = await readFile(join(folder, fileName), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const { index } = JSON.parse(text) as { index: number };
  return { folder, network: networkOf(index) };
}

/** The administrator's kubeconfig of an instance. */
export function kubeconfigOf(folder: string): string {
  return join(folder, "kubeconfig");
}

/** The node's registry, for this machine and for the node alike. */
export function registryOf({ hostAddress }: Network): string {
  return `http://${hostAddress}:5000`;
}
