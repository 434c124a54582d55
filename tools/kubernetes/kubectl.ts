import { join } from "node:path";
import type { Built } from "./build.ts";
import { kubeconfigOf } from "./instance.ts";
import { run } from "./run.ts";

/** The kubectl of the very same version, as an instance's administrator; rejects with what it complains about. */
export function kubectl({ commands }: Built, folder: string, ...args: readonly string[]): Promise<string> {
  // Its own cache, and no proxy of the machine's: the way to an instance is a link.
  const options = [`--kubeconfig=${kubeconfigOf(folder)}`, `--cache-dir=${join(folder, "kubectl")}`];
  return run(join(commands, "kubectl"), [...options, ...args], { env: {} });
}
