import { relative, resolve } from "node:path";
import { makeFolder } from "../io/files/make-folder.ts";
import { ProblemsError } from "../release/problems.ts";
import { parseReleaseFile } from "../release/release-file.ts";
import { releaseYaml, scaffold } from "./scaffold.ts";
import { exitCodes } from "./world.ts";
import type { World } from "./world.ts";

/** Options of `plumb init`, parsed. */
export interface InitCommandOptions {
  readonly registry: string;
  readonly deployment: string;
}

/** `plumb init`: two folders to start from, and the commands that come next. Writes nothing where they are there already. */
export async function initCommand(
  world: World,
  target: string | undefined,
  options: InitCommandOptions,
): Promise<number> {
  const folder = resolve(world.cwd, target ?? ".");
  const settings = { folder, registry: options.registry, deploymentRemote: options.deployment };
  // What release would refuse later is refused before anything is written.
  const parsed = parseReleaseFile(releaseYaml(settings));
  if (!parsed.ok) throw new ProblemsError(parsed.problems);
  await makeFolder(folder);
  const { application, deployment } = await scaffold(settings);
  const at = (path: string): string => relative(world.cwd, path) || ".";
  const { out } = world;
  out.line(`wrote ${at(application)} (two services and release.yaml)`);
  out.line(`wrote ${at(deployment)} (delivery.yaml and the manifests of staging/probe)`);
  out.line();
  out.line(out.style("strong", "What comes next"));
  for (const line of nextSteps(at(folder), options)) out.line(`  ${line}`);
  return exitCodes.done;
}

function nextSteps(folder: string, { deployment, registry }: InitCommandOptions): readonly string[] {
  const local = deployment === "../deployment.git";
  const images = /^oci:\.\.\/(.+)$/.exec(registry)?.[1];
  return [
    ...(folder === "." ? [] : [`cd ${folder}`]),
    ...(local ? ["git init --bare --initial-branch=main deployment.git"] : []),
    ...["deployment", "application"].map(
      (name) =>
        `(cd ${name} && git init --initial-branch=main && git add --all && git commit --message "Begin with two small services")`,
    ),
    `git -C deployment push ${deployment} main`,
    "plumb release --source application",
    ...(local && images !== undefined
      ? [
          `plumb cluster --images oci:${images}    # in a terminal of its own, or use a cluster you have`,
          "plumb engine --repository deployment.git --kubeconfig .plumb/cluster/kubeconfig",
        ]
      : [`plumb engine --repository ${local ? "deployment.git" : deployment} --kubeconfig <file>`]),
  ];
}
