import { resolve } from "node:path";
import { Command } from "commander";
import { build } from "./build.ts";
import { kubeconfigOf, readInstance, registryOf } from "./instance.ts";
import type { Instance } from "./instance.ts";
import { down } from "./down.ts";
import { pushLayout } from "./push.ts";
import { Lacking } from "./lacking.ts";
import { mustHaveAll } from "./requirements.ts";
import { runTests } from "./run-tests.ts";
import { restart, up } from "./up.ts";

/** A real Kubernetes of one node on this machine, for tests and drills. */
const program = new Command("kubernetes").description("A real Kubernetes of one node on this machine, without Docker.");
const folderOption = ["--folder <folder>", "where everything of it lies", ".plumb/kubernetes"] as const;
const progress = (text: string): void => void process.stderr.write(`${text}\n`);

program
  .command("build")
  .description("builds what the cache does not hold yet")
  .action(async () => {
    await mustHaveAll();
    await build(progress);
  });

program
  .command("up")
  .description("brings one up and prints the path of its kubeconfig; several go side by side, each in its folder")
  .option(...folderOption)
  .action(async (options: { folder: string }) => {
    await mustHaveAll();
    const { folder, network } = await up(resolve(options.folder), progress);
    progress(`registry ${registryOf(network)}, audit log ${folder}/audit.log`);
    console.log(kubeconfigOf(folder));
  });

program
  .command("load <layout...>")
  .description("copies the images of OCI layout folders into the node's registry")
  .option(...folderOption)
  .action(async (layouts: string[], options: { folder: string }) => {
    const { network } = await instanceIn(options.folder);
    for (const layout of layouts) {
      for (const name of await pushLayout(resolve(layout), registryOf(network))) console.log(name);
    }
  });

program
  .command("down")
  .description("ends and removes everything that up made")
  .option(...folderOption)
  .action(async (options: { folder: string }) => down(await instanceIn(options.folder)));

program
  .command("restart <part>")
  .description("kills one process, such as kube-apiserver or kubelet, and starts it again")
  .option(...folderOption)
  .action(async (part: string, options: { folder: string }) => {
    await restart((await instanceIn(options.folder)).folder, part);
  });

program
  .command("test")
  .description("runs the tests that need a real cluster, on one of its own or, where it is set, on KUBECONFIG")
  .option("--if-possible", "where this machine cannot have one, say why in one sentence and succeed")
  .action(async (options: { ifPossible?: true }) => {
    try {
      if (!process.env["KUBECONFIG"]) await mustHaveAll();
      process.exitCode = await runTests(progress);
    } catch (error) {
      if (!(error instanceof Lacking) || !options.ifPossible) throw error;
      progress(`Not run on a real Kubernetes: ${error.message}`);
    }
  });

try {
  await program.parseAsync();
} catch (error) {
  progress(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

async function instanceIn(path: string): Promise<Instance> {
  const folder = resolve(path);
  const instance = await readInstance(folder);
  if (instance === undefined) throw new Error(`There is no Kubernetes in ${folder}: name its folder with --folder.`);
  return instance;
}
