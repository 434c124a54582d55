#!/usr/bin/env node
import { Command } from "commander";
import { systemClock } from "../io/clock/clock.ts";
import { clusterCommand } from "./cluster.ts";
import type { ClusterCommandOptions } from "./cluster.ts";
import { demoCommand } from "./demo.ts";
import type { DemoCommandOptions } from "./demo.ts";
import { engineCommand } from "./engine.ts";
import type { EngineCommandOptions } from "./engine.ts";
import { tellProblem } from "./lifeline.ts";
import { packageVersion } from "./package-root.ts";
import { releaseCommand } from "./release.ts";
import type { ReleaseCommandOptions } from "./release.ts";
import { printProblems, problemsBehind } from "./report.ts";
import { statusCommand } from "./status.ts";
import type { StatusCommandOptions } from "./status.ts";
import { Terminal } from "./terminal.ts";
import { verifyCommand } from "./verify.ts";
import type { VerifyCommandOptions } from "./verify.ts";
import { exitCodes } from "./world.ts";
import type { World } from "./world.ts";

const world: World = {
  env: process.env,
  cwd: process.cwd(),
  clock: systemClock,
  random: Math.random,
  out: Terminal.of(process.stdout, process.env),
  err: Terminal.of(process.stderr, process.env),
};

/** Runs a command and ends with its exit code; whatever it throws is printed as problems. */
async function run(command: Promise<number>): Promise<void> {
  try {
    process.exitCode = await command;
  } catch (error) {
    const problems = problemsBehind(error);
    const [first] = problems;
    if (first) tellProblem(first);
    printProblems(world, problems);
    process.exitCode = exitCodes.failed;
  }
}

const program = new Command("plumb")
  .description("GitOps delivery that proves health and rolls back through Git, by a commit.")
  .version(packageVersion())
  .showHelpAfterError("(plumb --help lists the commands)")
  .exitOverride((error) => {
    process.exit(error.exitCode === 0 ? exitCodes.done : exitCodes.usage);
  })
  .addHelpText("after", "\nExit codes: 0 done, 1 something is not as it must be, 2 wrong usage, 130 interrupted.");

program
  .command("release")
  .description("build the images of a commit and pin them in the deployment repository (CI)")
  .argument("[commit]", "the commit to release; default HEAD")
  .option("--source <folder>", "the application's repository", ".")
  .option("--registry <registry>", "in place of release.yaml's, such as oci:./images")
  .option("--deployment <url>", "the deployment repository, in place of release.yaml's")
  .option("--path <path>", "the directory in the deployment repository, in place of release.yaml's")
  .option("--verify", "build again what was released before, and compare")
  .option("--json", "print the release as JSON")
  .action((commit: string | undefined, options: ReleaseCommandOptions) => run(releaseCommand(world, commit, options)));

program
  .command("engine")
  .description("deliver what a deployment repository says, and roll back through it (CD)")
  .requiredOption("--repository <url>", "the deployment repository: a URL, or a path on this machine")
  .option("--branch <name>", "the tracked branch", "main")
  .option("--kubeconfig <file>", "default $KUBECONFIG, then ~/.kube/config")
  .option("--context <name>", "a context of the kubeconfig; default its current one")
  .option("--mirror <folder>", "where the repository is mirrored", ".plumb/mirror.git")
  .option("--namespace <name>", "the engine's own namespace", "plumbline-system")
  .option("--host <address>", "where the status page listens", "127.0.0.1")
  .option("--port <number>", "the status page's port; 0 is any that is free", "0")
  .option("--poll <seconds>", "how often to ask a remote that does not tell of pushes", "30")
  .action((options: EngineCommandOptions) => run(engineCommand(world, options)));

program
  .command("status")
  .description("what is delivered, from the delivery log alone; exit code 1 unless everything is healthy")
  .option("--repository <url>", "the deployment repository, or a clone of it", ".")
  .option("--watch", "print again whenever the log says something new")
  .option("--json", "print the status document")
  .action((options: StatusCommandOptions) => run(statusCommand(world, options)));

program
  .command("verify")
  .description("compare the cluster with what Git says, object by object; exit code 1 on any difference")
  .requiredOption("--repository <url>", "the deployment repository: a URL, or a path on this machine")
  .option("--branch <name>", "the tracked branch", "main")
  .option("--kubeconfig <file>", "default $KUBECONFIG, then ~/.kube/config")
  .option("--context <name>", "a context of the kubeconfig; default its current one")
  .option("--json", "print the comparison as JSON")
  .action((options: VerifyCommandOptions) => run(verifyCommand(world, options)));

program
  .command("cluster")
  .description("an embedded Kubernetes of one node, for any client; Ctrl-C ends it")
  .option("--folder <folder>", "where it keeps its kubeconfig, unpacked images and logs", ".plumb/cluster")
  .option("--images <layout>", "an OCI layout folder to take images from, such as oci:./images")
  .option("--port <number>", "the API server's port; 0 is any that is free", "0")
  .option("--ingress-port <number>", "the ingress's port; 0 is any that is free", "0")
  .action((options: ClusterCommandOptions) => run(clusterCommand(world, options)));

program
  .command("demo")
  .description("the whole story in about a minute: deliver, upgrade, break, block, roll back; leaves nothing behind")
  .option("--json", "print what was observed as JSON")
  .option("--keep", "keep the folder with its repositories and logs")
  .action((options: DemoCommandOptions) => run(demoCommand(world, options)));

await program.parseAsync();
