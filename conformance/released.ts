import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
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

/** Builds and releases the two workloads twice, as a CI would, into a folder of images called `plumbline.local/…`. */
export async function releaseTwice(folder: string): Promise<Released> {
  mkdirSync(folder, { recursive: true });
  const layout = join(folder, "images");
  const bare = join(folder, "released.git");
  await command(folder, process.execPath, plumb, "init", folder, "--registry", `oci:${layout}`, "--deployment", bare);
  const [application, deployment] = [join(folder, "application"), join(folder, "deployment")];
  await command(folder, "git", "init", "--quiet", "--bare", "--initial-branch=main", bare);
  for (const copy of [application, deployment]) await begin(copy);
  await command(deployment, "git", "push", "--quiet", bare, "HEAD:main");
  const first = await release(application, bare, "v1.0.0");
  writeFileSync(join(application, "CHANGES"), "one more thing\n");
  await commit(application, "Change something");
  return { layout, first, second: await release(application, bare, "v1.1.0") };
}

/**
 * Builds the engine's own image from the commit that is checked out here, by the project's release.yaml, and answers it as
 * `name:tag@digest`.
 */
export async function releaseEngine(folder: string, layout: string): Promise<string> {
  const bare = join(folder, "system.git");
  const copy = join(folder, "system");
  await command(folder, "git", "init", "--quiet", "--bare", "--initial-branch=main", bare);
  const place = join(copy, "system", "plumbline");
  mkdirSync(place, { recursive: true });
  const unreleased = "plumbline.local/engine:unreleased";
  const install = ["install", "--part=engine", `--repository=${bare}`, `--image=${unreleased}`, "--deliver-to=none"];
  writeFileSync(join(place, "engine.yaml"), await command(folder, process.execPath, plumb, ...install));
  await begin(copy);
  await command(copy, "git", "push", "--quiet", bare, "HEAD:main");
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const options = ["--registry", `oci:${layout}`, "--deployment", bare, "--json"];
  const text = await command(root, process.execPath, plumb, "release", "HEAD", ...options);
  const { images } = JSON.parse(text) as { images: readonly { repository: string; tag: string; digest: string }[] };
  const [engine] = images;
  if (!engine) throw new Error(`the release built nothing: ${text}`);
  return `${engine.repository}:${engine.tag}@${engine.digest}`;
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
