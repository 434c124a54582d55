import { cp, mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ProblemError } from "../model/problem.ts";
import { packageFile } from "./package-root.ts";

/** What `plumb init` writes: two folders, ready to become Git repositories. */
export interface Scaffold {
  readonly application: string;
  readonly deployment: string;
}

/** Settings of a scaffold; durations as delivery.yaml writes them. */
export interface ScaffoldOptions {
  readonly folder: string;
  /** `registry` of release.yaml. */
  readonly registry: string;
  /** Where the deployment repository will be pushed to, for release.yaml. */
  readonly deploymentRemote: string;
  readonly deadline?: string;
  readonly soak?: string;
  /** Where pods reach the engine's status document; without it the frontend shows the backend alone. */
  readonly statusUrl?: string;
}

/**
 * Writes an application repository (two services and release.yaml) and a deployment repository (delivery.yaml and the
 * manifests of the environment `staging`) below `folder`. Refuses a folder that already holds either.
 */
export async function scaffold(options: ScaffoldOptions): Promise<Scaffold> {
  const application = join(options.folder, "application");
  const deployment = join(options.folder, "deployment");
  for (const folder of [application, deployment]) await mustBeFree(folder);
  for (const workload of ["backend", "frontend"]) {
    await cp(packageFile("workloads", workload), join(application, workload), {
      recursive: true,
      filter: (path) => !/[/\\](node_modules|dist)$/.test(path),
    });
  }
  await writeFile(join(application, "release.yaml"), releaseYaml(options));
  await writeFile(join(application, ".gitignore"), "node_modules/\ndist/\n");
  const manifests = packageFile("workloads", "manifests");
  const target = join(deployment, "staging", "probe");
  await mkdir(target, { recursive: true });
  for (const file of await readdir(manifests)) {
    if (!file.endsWith(".yaml")) continue;
    const text = await readFile(join(manifests, file), "utf8");
    await writeFile(join(target, file), file === "frontend.yaml" ? withStatusUrl(text, options.statusUrl) : text);
  }
  await writeFile(join(target, "namespace.yaml"), namespaceYaml);
  await writeFile(join(deployment, "delivery.yaml"), deliveryYaml(options));
  return { application, deployment };
}

/** The frontend's manifest with one more variable, in the manner of its neighbours. */
function withStatusUrl(manifest: string, statusUrl: string | undefined): string {
  if (statusUrl === undefined) return manifest;
  const neighbour = /^( +)- \{ name: PORT, .*\n/m;
  if (!neighbour.test(manifest)) throw new Error("frontend.yaml has no variable PORT to put STATUS_URL beside");
  const entry = `- { name: STATUS_URL, value: ${JSON.stringify(statusUrl)} }`;
  return manifest.replace(neighbour, (line, indent: string) => `${line}${indent}${entry}\n`);
}

async function mustBeFree(folder: string): Promise<void> {
  const entries = await readdir(folder).catch(() => []);
  if (entries.length === 0) return;
  throw new ProblemError({
    code: "folder-not-empty",
    message: `${folder} is there already and is not empty; nothing was written`,
    remedy: "choose another folder, or move it away",
  });
}

/** The release.yaml of a scaffold. */
export function releaseYaml({
  registry,
  deploymentRemote,
}: Pick<ScaffoldOptions, "registry" | "deploymentRemote">): string {
  return `# How a commit of this repository becomes images: read by \`plumb release\` from the commit itself.
registry: ${JSON.stringify(registry)}
images:
  backend: { context: backend, build: "npm ci && npm run build", base: node, include: [dist, package.json], entrypoint: [node, dist/main.js] }
  frontend: { context: frontend, build: "npm ci && npm run build", base: node, include: [dist, package.json], entrypoint: [node, dist/server.js] }
deployment: { repository: ${JSON.stringify(deploymentRemote)}, path: staging/probe }
`;
}

const namespaceYaml = `apiVersion: v1
kind: Namespace
metadata:
  name: probe-staging
  labels:
    pod-security.kubernetes.io/enforce: restricted
`;

function deliveryYaml({ deadline = "2m", soak = "10s" }: ScaffoldOptions): string {
  return `# What is delivered from here, and which gate it must pass.
layout: "{environment}/{application}"
environments:
  staging:
    namespace: "{application}-staging"
    rollout: { deadline: ${deadline}, soak: ${soak}, onFailure: revert }
`;
}
