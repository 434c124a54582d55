import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { plumb } from "./engines/plumb-process.ts";

const run = promisify(execFile);

/** The manifests of one release, by file name; images are pinned by digest. */
export interface Manifests {
  readonly "backend.yaml": string;
  readonly "frontend.yaml": string;
  /** What the commit that pinned them says, trailers included. */
  readonly message: string;
}

/** Two releases of the same two services, and the OCI layout folder that holds their images. */
export interface Released {
  readonly layout: string;
  readonly first: Manifests;
  readonly second: Manifests;
}

/** Builds and releases the two workloads twice, as a CI would, into a folder of images called `<imageName>/…`. */
export async function releaseTwice(folder: string, imageName: string): Promise<Released> {
  mkdirSync(folder, { recursive: true });
  const layout = join(folder, "images");
  const bare = join(folder, "released.git");
  await command(folder, process.execPath, plumb, "init", folder, "--deployment", bare);
  const [application, deployment] = [join(folder, "application"), join(folder, "deployment")];
  const file = join(application, "release.yaml");
  const registry = `registry: { folder: ${JSON.stringify(layout)}, name: ${JSON.stringify(imageName)} }`;
  writeFileSync(file, readFileSync(file, "utf8").replace(/^registry: .*$/m, registry));
  await command(folder, "git", "init", "--quiet", "--bare", "--initial-branch=main", bare);
  for (const copy of [application, deployment]) await begin(copy);
  await command(deployment, "git", "push", "--quiet", bare, "HEAD:main");
  const first = await release(application, bare, "v1.0.0");
  writeFileSync(join(application, "CHANGES"), "one more thing\n");
  await commit(application, "Change something");
  return { layout, first, second: await release(application, bare, "v1.1.0") };
}

async function begin(copy: string): Promise<void> {
  await command(copy, "git", "init", "--quiet", "--initial-branch=main");
  await commit(copy, "Begin");
}

async function commit(copy: string, message: string): Promise<void> {
  const somebody = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.test"];
  await command(copy, "git", "add", "--all");
  await command(copy, "git", ...somebody, "commit", "--quiet", "--message", message);
}

async function release(application: string, bare: string, tag: string): Promise<Manifests> {
  await command(application, "git", "tag", tag);
  await command(application, process.execPath, plumb, "release", "HEAD", "--json");
  const show = (name: string): Promise<string> => command(bare, "git", "show", `main:staging/probe/${name}`);
  return {
    "backend.yaml": await show("backend.yaml"),
    "frontend.yaml": await show("frontend.yaml"),
    message: await command(bare, "git", "log", "-1", "--format=%B", "main"),
  };
}

async function command(cwd: string, file: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await run(file, [...args], { cwd, maxBuffer: 10_000_000 });
  return stdout;
}
