import { execFileSync } from "node:child_process";
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { folderCache } from "../src/io/files/folder-cache.ts";
import { findHostRuntime } from "../src/io/files/host-runtime.ts";
import { systemFiles } from "../src/io/files/system-files.ts";
import { openMirror } from "../src/io/git/mirror.ts";
import { systemProcesses } from "../src/io/process/system-processes.ts";
import { ociLayout } from "../src/io/registry/oci-layout.ts";
import type { Release } from "../src/model/release.ts";
import { buildEnvironment } from "../src/release/build-environment.ts";
import { release } from "../src/release/release.ts";
import { atMost, type Figure } from "./measure.ts";

/** So often each is measured; the least counts. */
const runs = 3;

/** The backend as its build leaves it, so that neither side of the comparison contains the TypeScript compiler. */
const releaseYaml = `registry: oci:../images
images:
  backend: { context: backend, base: node, entrypoint: [node, dist/main.js], include: [dist, package.json] }
deployment: { repository: ../deployment, path: staging/probe }
`;

/** M10: the image of a commit, with a base that is there, beside tar and gzip of the same bytes; and the commit again. */
export async function imageBounds(): Promise<readonly Figure[]> {
  const root = mkdtempSync(join(tmpdir(), "plumbline-bench-image-"));
  try {
    const source = makeRepositories(root);
    const first = await releaseHead(root);
    const reference = unpack(root, first);
    const builds: number[] = [];
    const tars: number[] = [];
    let last = first;
    for (let run = 0; run < runs; run += 1) {
      appendFileSync(join(source, "backend/dist/main.js"), `// ${run}\n`);
      commit(source);
      const built = performance.now();
      last = await releaseHead(root);
      const packed = performance.now();
      execFileSync("sh", ["-c", 'tar -cf - -C "$0" . | gzip > "$0.tar.gz"', reference]);
      builds.push(packed - built);
      tars.push(performance.now() - packed);
    }
    const again = await releaseHead(root);
    const [build, tar] = [Math.min(...builds), Math.min(...tars)];
    const megabytes = Number(execFileSync("du", ["-sk", reference], { encoding: "utf8" }).split("\t")[0]) / 1024;
    return [
      atMost(1.5, {
        name: "M10 image of a commit, warm base",
        value: build / tar,
        unit: "x",
        reference: `${build.toFixed(0)} ms with its push and its pin, ${sum(last)} bytes pushed; tar + gzip of the image's ${megabytes.toFixed(0)} MiB ${tar.toFixed(0)} ms`,
      }),
      atMost(0, {
        name: "M10 the same commit again",
        value: sum(again),
        unit: "bytes pushed",
        reference: `count; its archive has ${statSync(`${reference}.tar.gz`).size} bytes`,
      }),
    ];
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function makeRepositories(root: string): string {
  const workloads = new URL("../../workloads/", import.meta.url).pathname;
  const [source, deployment] = [join(root, "source"), join(root, "deployment")];
  const filter = (path: string): boolean => !/\/(node_modules|dist)$/.test(path);
  cpSync(join(workloads, "backend"), join(source, "backend"), { recursive: true, filter });
  execFileSync("sh", ["-c", "npm ci && npm run build && rm -rf node_modules"], {
    cwd: join(source, "backend"),
    stdio: "ignore",
  });
  writeFileSync(join(source, "release.yaml"), releaseYaml);
  rmSync(join(source, "backend/.gitignore"), { force: true });
  cpSync(join(workloads, "manifests"), join(deployment, "staging/probe"), { recursive: true });
  for (const folder of [source, deployment]) {
    git(folder, "-c", "init.defaultBranch=main", "init", "-q");
    commit(folder);
  }
  git(deployment, "checkout", "-q", "--detach");
  return source;
}

async function releaseHead(root: string): Promise<Release> {
  const images = join(root, "images");
  const result = await release(
    {
      processes: systemProcesses,
      files: systemFiles,
      hostRuntime: (programs) => findHostRuntime(systemProcesses, programs),
      openRegistry: () => ociLayout(images),
      openCache: () => folderCache(join(images, "plumbline", "cache")),
      openDeployment: (url, folder) => openMirror({ url, folder }),
    },
    {
      source: join(root, "source"),
      author: { name: "Bench", email: "bench@example.com" },
      now: Date.now,
      environment: buildEnvironment(process.env),
    },
  );
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.value;
}

/** The files of an image in a folder. */
function unpack(root: string, { images: [image] }: Release): string {
  const folder = join(root, "rootfs");
  const blob = (digest: string): string => join(root, "images/blobs/sha256", digest.replace("sha256:", ""));
  const { layers } = JSON.parse(readFileSync(blob(image?.digest ?? ""), "utf8")) as { layers: { digest: string }[] };
  mkdirSync(folder);
  for (const { digest } of layers) execFileSync("tar", ["-xf", blob(digest), "-C", folder]);
  return folder;
}

function sum({ images }: Release): number {
  return images.reduce((bytes, { pushedBytes }) => bytes + pushedBytes, 0);
}

function commit(folder: string): void {
  git(folder, "add", "-A");
  git(folder, "commit", "-q", "-m", "Change");
}

function git(folder: string, ...args: readonly string[]): void {
  const identity = ["-c", "user.name=Bench", "-c", "user.email=bench@example.com"];
  execFileSync("git", ["-C", folder, ...identity, ...args], {
    env: { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null" },
  });
}
