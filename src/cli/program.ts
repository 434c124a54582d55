import { Command, Option } from "commander";
import { engineChoices } from "../../conformance/choices.ts";
import type { ClusterCommandOptions } from "./cluster.ts";
import type { ConformanceCommandOptions } from "./conformance.ts";
import { completionCommand, shell, shells } from "./completion.ts";
import type { Shell } from "./completion.ts";
import type { DemoCommandOptions } from "./demo.ts";
import type { DownCommandOptions } from "./down.ts";
import type { DrillCommandOptions } from "./drill.ts";
import type { EngineCommandOptions } from "./engine.ts";
import type { ExplainCommandOptions } from "./explain/explain.ts";
import type { HealthCommandOptions } from "./health.ts";
import { installParts } from "./install/settings.ts";
import type { InstallCommandOptions } from "./install/install.ts";
import type { InitCommandOptions } from "./init.ts";
import { watchScopes } from "../engine/live.ts";
import {
  branchOption,
  contextOption,
  durationOption,
  folderOption,
  forgeOption,
  forgeUrlOption,
  namespaceOption,
  notifyUrlOption,
  pageUrlOption,
  portOption,
  repositoryOption,
} from "./shared-options.ts";
import { count, durationText, pageAddress, port, replicas } from "./options.ts";
import { packageVersion } from "./package-root.ts";
import type { PlanCommandOptions } from "./plan/plan.ts";
import type { ReleaseCommandOptions } from "./release.ts";
import type { StatusCommandOptions } from "./status.ts";
import type { UpCommandOptions } from "./up.ts";
import type { VerifyCommandOptions } from "./verify.ts";
import type { World } from "./world.ts";

/** Runs one command to its exit code. */
export type Run = (command: Promise<number>) => Promise<void>;

/** The command line: every command with its options, and what it runs; a command's own code is read when it is run. */
export function plumb(world: World, run: Run): Command {
  const program = new Command("plumb")
    .description("GitOps delivery that proves health and rolls back through Git, by a commit.")
    .version(packageVersion())
    .showHelpAfterError("(plumb --help lists the commands; plumb <command> --help its options)")
    .addHelpText("after", "\nExit codes: 0 done, 1 something is not as it must be, 2 wrong usage, 130 interrupted.");
  for (const add of [
    addDemo,
    addUp,
    addDown,
    addDrill,
    addStatus,
    addExplain,
    addPlan,
    addVerify,
    addHealth,
    addInit,
    addRelease,
    addEngine,
    addInstall,
    addCluster,
    addConformance,
  ])
    add(program, world, run);
  addCompletion(program, world, run);
  return program;
}

type Add = (program: Command, world: World, run: Run) => void;

const addDemo: Add = (program, world, run) => {
  program
    .command("demo")
    .description("the whole story in about a minute: deliver, upgrade, break, block, roll back; leaves nothing behind")
    .option("--json", "print what was observed as JSON")
    .option("--keep", "keep the folder with its repositories and logs")
    .action((options: DemoCommandOptions) =>
      run(import("./demo.ts").then(({ demoCommand }) => demoCommand(world, options))),
    );
};

const addUp: Add = (program, world, run) => {
  program
    .command("up")
    .description("start everything on this machine and stay: two Git remotes, a Kubernetes, an engine, a local CI")
    .addOption(folderOption())
    .option("--status-port <port>", "the page's port; 0 is any that is free (default: 8480 at first)", port)
    .addOption(portOption("--ingress-port <port>", "the ingress's port", 8481))
    .addOption(portOption("--port <port>", "the API server's port", 0))
    .option("--deadline <duration>", "of the gate that the first set-up writes into delivery.yaml", durationText, "60s")
    .option("--soak <duration>", "of the gate that the first set-up writes into delivery.yaml", durationText, "3s")
    .action((options: UpCommandOptions) => run(import("./up.ts").then(({ upCommand }) => upCommand(world, options))));
};

const addDown: Add = (program, world, run) => {
  program
    .command("down")
    .description("end what `plumb up` started, from another terminal, and wait until it has ended")
    .addOption(folderOption())
    .option("--purge", "remove the folder as well, with its repositories")
    .action((options: DownCommandOptions) =>
      run(import("./down.ts").then(({ downCommand }) => downCommand(world, options))),
    );
};

const addDrill: Add = (program, world, run) => {
  program
    .command("drill")
    .description("break the delivered application by one commit and watch it heal; lists the drills without a name")
    .argument("[name]", "the drill")
    .addOption(folderOption())
    .option("--repository <url>", "the deployment repository; default that of `plumb up`")
    .option("--path <path>", "the application's directory in it", "staging/probe")
    .option("--status-url <url>", "an engine's page, to follow pod by pod; default the delivery log", pageAddress)
    .addOption(durationOption("--timeout <duration>", "how long to wait for any one thing", "5m"))
    .option("--json", "print what was observed as JSON")
    .action((name: string | undefined, options: DrillCommandOptions) =>
      run(import("./drill.ts").then(({ drillCommand }) => drillCommand(world, name, options))),
    );
};

const addStatus: Add = (program, world, run) => {
  program
    .command("status")
    .description("what is delivered, from the delivery log alone; exit code 1 unless all is healthy, 2 without a log")
    .addOption(repositoryOption("the deployment repository, or a clone of it"))
    .option("--watch", "stay until Ctrl-C and show what changes, over the whole of a terminal")
    .option("--json", "print the status document")
    .action((options: StatusCommandOptions) =>
      run(import("./status.ts").then(({ statusCommand }) => statusCommand(world, options))),
    );
};

const addExplain: Add = (program, world, run) => {
  program
    .command("explain")
    .description("one delivery from its cause to what can be done about it, from the delivery log and Git alone")
    .argument("[application]", "such as staging/shop; default the one that last did not go well")
    .option("--delivery <id>", "a delivery, by its id or its commit; default the last that did not go well")
    .addOption(repositoryOption("the deployment repository, or a clone of it"))
    .option("--json", "print the explanation as JSON")
    .action((application: string | undefined, options: ExplainCommandOptions) =>
      run(import("./explain/explain.ts").then(({ explainCommand }) => explainCommand(world, application, options))),
    );
};

const addPlan: Add = (program, world, run) => {
  program
    .command("plan")
    .description("what a change would do, object by object; exit code 1 when something of it would be refused or held")
    .argument("[range]", "A..B, A...B (what B brings), or B alone; default the tracked branch...HEAD of the clone here")
    .addOption(repositoryOption("a clone, or the URL of a repository"))
    .addOption(branchOption())
    .option("--kubeconfig <file>", "compare with this cluster instead of what Git had; nothing is written to it")
    .option("--context <name>", "a context of the kubeconfig, to compare with its cluster")
    .addOption(namespaceOption("the namespace of the cluster's engine"))
    .addOption(new Option("--json", "print the plan as JSON").conflicts("markdown"))
    .option("--markdown", "print it as a comment for a pull request")
    .option("--exit-code", "end with 3 when something would change, as for a script")
    .action((range: string | undefined, options: PlanCommandOptions) =>
      run(import("./plan/plan.ts").then(({ planCommand }) => planCommand(world, range, options))),
    );
};

const addVerify: Add = (program, world, run) => {
  program
    .command("verify")
    .description("compare the cluster with what Git says, object by object; exit code 1 on any difference")
    .addOption(repositoryOption("the deployment repository: a URL or a path"))
    .addOption(branchOption())
    .option("--kubeconfig <file>", "default that of `plumb up`, then $KUBECONFIG, then ~/.kube/config")
    .addOption(contextOption())
    .option("--json", "print the comparison as JSON")
    .action((options: VerifyCommandOptions) =>
      run(import("./verify.ts").then(({ verifyCommand }) => verifyCommand(world, options))),
    );
};

const addHealth: Add = (program, world, run) => {
  program
    .command("health")
    .description("judge objects offline, as a delivery's gate would; exit code 1 unless every one is Current")
    .requiredOption("-f, --filename <file>", "YAML documents, or JSON values one after another; - is standard input")
    .option("--max-restarts <number>", "restarts of a container that are a start-up hiccup; default none", count)
    .option("--rules <file>", "rules in CEL for kinds, as `health` in delivery.yaml has them")
    .option("--json", "print one verdict a line as JSON")
    .action((options: HealthCommandOptions) =>
      run(import("./health.ts").then(({ healthCommand }) => healthCommand(world, options))),
    );
};

const addInit: Add = (program, world, run) => {
  program
    .command("init")
    .description("write an application repository and a deployment repository to start from, and say what comes next")
    .argument("[folder]", "where to write them; default the current folder")
    .option("--registry <registry>", "where images go, for release.yaml", "oci:../images")
    .option("--deployment <url>", "where the deployment repository is pushed to, for release.yaml", "../deployment.git")
    .action((folder: string | undefined, options: InitCommandOptions) =>
      run(import("./init.ts").then(({ initCommand }) => initCommand(world, folder, options))),
    );
};

const addRelease: Add = (program, world, run) => {
  program
    .command("release")
    .description("build the images of a commit and pin them in the deployment repository (CI)")
    .argument("[commit]", "the commit to release; default HEAD")
    .option("--source <folder>", "the application's repository", ".")
    .option("--registry <registry>", "in place of release.yaml's: oci:./images, registry.example.com/team")
    .option("--deployment <url>", "the deployment repository, in place of release.yaml's")
    .option("--path <path>", "the directory in the deployment repository, in place of release.yaml's")
    .option("--signing-key <file>", "a private SSH key to sign the commit in the deployment repository with")
    .option("--sign-images <file>", "a private key (PEM, ed25519 or ECDSA) to sign the images with")
    .option("--verify", "build again what was released before, and compare")
    .option("--json", "print the release as JSON")
    .action((commit: string | undefined, options: ReleaseCommandOptions) =>
      run(import("./release.ts").then(({ releaseCommand }) => releaseCommand(world, commit, options))),
    );
};

const addEngine: Add = (program, world, run) => {
  program
    .command("engine")
    .description("deliver what a deployment repository says, and roll back through it (CD)")
    .requiredOption("--repository <url>", "the deployment repository: a URL, or a path on this machine")
    .addOption(branchOption())
    .option("--kubeconfig <file>", "default $KUBECONFIG, then the cluster of this pod, then ~/.kube/config")
    .addOption(contextOption())
    .option("--clusters <file>", "a kubeconfig whose contexts environments name as their cluster; default --kubeconfig")
    .addOption(
      new Option("--watch <scope>", "where to watch for live objects: all namespaces at once, or each one delivered to")
        .choices(watchScopes)
        .default("cluster"),
    )
    .option("--mirror <folder>", "where the repository is mirrored", ".plumb/mirror.git")
    .option("--credentials <folder>", "files with Git credentials: username, password; or identity, known_hosts")
    .addOption(namespaceOption("the engine's own namespace"))
    .option("--host <address>", "where the status page listens", "127.0.0.1")
    .addOption(portOption("--port <port>", "the status page's port", 0))
    .addOption(durationOption("--poll <duration>", "how often to ask a remote that does not tell of pushes", "30s"))
    .option("--allowed-signers <file>", "who may sign commits by SSH keys, as ssh-keygen's ALLOWED SIGNERS says it")
    .option("--allowed-keys <file>", "public GPG keys of those who may sign commits")
    .option("--require-signed", "deliver only what one of them signed, whatever the repository says")
    .option("--signing-key <file>", "a private SSH key to sign the engine's own commits with")
    .option("--allowed-image-keys <path>", "public keys by which images may be signed: a PEM file or a folder of them")
    .option("--require-signed-images", "deliver only images that one of them signed, whatever the repository says")
    .option("--registry-credentials <folder>", "docker's config.json for the registries; default as docker finds it")
    .option("--insecure-registry <hosts...>", "registries that may be asked without TLS, such as registry.tools:5000")
    .option("--webhook-port <port>", "listen here for webhooks of the forge, at /webhook; 0 is any that is free", port)
    .option("--webhook-secret <file>", "the secret that they are signed with")
    .addOption(pageUrlOption())
    .option("--forge-token <file>", "tell the forge by commit statuses, with the token in this file")
    .addOption(forgeOption())
    .addOption(forgeUrlOption())
    .addOption(notifyUrlOption())
    .option("--notify-secret <file>", "the secret that they are signed with")
    .option("--no-events", "write no Events about deliveries into the cluster")
    .action((options: EngineCommandOptions) =>
      run(import("./engine.ts").then(({ engineCommand }) => engineCommand(world, options))),
    );
};

const addInstall: Add = (program, world, run) => {
  program
    .command("install")
    .description("print the manifests of an engine for a cluster; nothing is sent anywhere")
    .requiredOption("--repository <url>", "the deployment repository, without credentials")
    .requiredOption("--image <name@digest>", "the engine's image, as `plumb release` pins it")
    .addOption(branchOption())
    .option("--credentials <secret>", "a Secret in the engine's namespace with Git credentials; default none")
    .option("--webhook <secret>", "a Secret whose key secret webhooks are signed with; default they are not heard")
    .option("--allowed-signers <secret>", "a Secret whose key allowed_signers says who may sign commits by SSH keys")
    .option("--allowed-keys <secret>", "a Secret whose key keys.gpg holds the GPG keys of those who may sign commits")
    .option("--allowed-image-keys <secret>", "a Secret whose keys are public keys by which images may be signed")
    .option("--require-signed", "deliver only signed commits, whatever the repository says")
    .option("--require-signed-images", "deliver only signed images, whatever the repository says")
    .option("--signing-key <secret>", "a Secret whose key identity is a private SSH key for the engine's own commits")
    .option("--registry-credentials <secret>", "a Secret of the type kubernetes.io/dockerconfigjson for the registries")
    .option("--forge-token <secret>", "a Secret whose key token may write commit statuses; default none are written")
    .addOption(forgeOption())
    .addOption(forgeUrlOption())
    .addOption(notifyUrlOption())
    .option("--notify-secret <secret>", "a Secret whose key secret they are signed with")
    .addOption(pageUrlOption())
    .addOption(namespaceOption("the engine's own namespace"))
    .addOption(
      new Option(
        "--scope <scope>",
        "may it deliver to the namespaces of the applications alone, or to the whole cluster?",
      )
        .choices(watchScopes)
        .default("namespaces"),
    )
    .option("--deliver-to <names...>", "the namespaces to deliver to; default those that delivery.yaml leads to now")
    .option("--resource <names...>", "further resources that it may write, such as certificates.cert-manager.io")
    .option("--read-logs", "may read logs of pods, for logLines in delivery.yaml; default it may not")
    .option("--replicas <number>", "engines; one leads, the others stand by", replicas, 2)
    .addOption(
      new Option(
        "--part <part>",
        "rights: what a person installs; engine: what may lie in Git, so that it delivers itself",
      )
        .choices(installParts)
        .default("all"),
    )
    .action((options: InstallCommandOptions) =>
      run(import("./install/install.ts").then(({ installCommand }) => installCommand(world, options))),
    );
};

const addCluster: Add = (program, world, run) => {
  program
    .command("cluster")
    .description("an embedded Kubernetes of one node, for any client; Ctrl-C ends it")
    .option("--folder <folder>", "where it keeps its kubeconfig, unpacked images and logs", ".plumb/cluster")
    .option("--images <layout>", "an OCI layout folder to look for images in first, such as oci:./images")
    .addOption(portOption("--port <port>", "the API server's port", 0))
    .addOption(portOption("--ingress-port <port>", "the ingress's port", 0))
    .action((options: ClusterCommandOptions) =>
      run(import("./cluster.ts").then(({ clusterCommand }) => clusterCommand(world, options))),
    );
};

const addConformance: Add = (program, world, run) => {
  program
    .command("conformance")
    .description("hold the numbered behaviours of docs/behaviours.md on a cluster, seen from outside")
    .option("--kubeconfig <file>", "the cluster; without it an embedded one is started and ended")
    .option("--publish <program>", "is run with an OCI layout folder, to bring its images to the cluster")
    .option("--restart-api <program>", "is run to end the API server and start it again")
    .option("--audit-log <file>", "the API server's, in JSON lines")
    .addOption(
      new Option("--engine <how>", "outside of the cluster as a process, or in it by `plumb install`")
        .choices(engineChoices)
        .default("process"),
    )
    .option("--host-for-pods <address>", "this machine as pods reach it, for --engine installed")
    .option("--only <numbers...>", "behaviours such as B1, D6 or o2")
    .option("--at-once <number>", "how many behaviours at once", replicas, 2)
    .option("--json", "print the verdicts as JSON")
    .action((options: ConformanceCommandOptions) =>
      run(import("./conformance.ts").then(({ conformanceCommand }) => conformanceCommand(world, options))),
    );
};

const addCompletion: Add = (program, world, run) => {
  program
    .command("completion")
    .description("print a completion script for a shell, such as: source <(plumb completion bash)")
    .argument("<shell>", shells.join(", "), shell)
    .action((name: Shell) => run(completionCommand(world, program, name)));
};
