import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { openMirror } from "../src/io/git/mirror.ts";
import { render } from "../src/render/render.ts";
import { contentOf } from "../src/source/bases.ts";
import { readDeployment } from "../src/source/deployment.ts";
import { atLeast, type Figure } from "./measure.ts";

const overlays = 1000;
/** Each run of the binary takes so long that a share of them says as much as all. */
const sampled = 50;

const base = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { a: b } }
  template:
    metadata: { labels: { a: b } }
    spec: { containers: [{ name: web, image: example.org/web, envFrom: [{ configMapRef: { name: settings } }] }] }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { ports: [{ port: 80 }] }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: web }
`;

const overlay = (number: number): string => `resources: [../../base]
namePrefix: a${number}-
images: [{ name: example.org/web, newTag: v${number} }]
configMapGenerator: [{ name: settings, literals: [NUMBER=${number}] }]
patches: [{ patch: '{ apiVersion: apps/v1, kind: Deployment, metadata: { name: web }, spec: { replicas: ${number % 5} } }' }]
`;

/** M9: a thousand overlays at one commit, from Git objects to manifests, beside kubectl's kustomize over the same files. */
export async function renderBounds(): Promise<readonly Figure[]> {
  if (spawnSync("kubectl", ["kustomize", "--help"]).error) {
    console.error("kustomize: kubectl is not installed, so there is nothing to compare with");
    return [];
  }
  const folder = mkdtempSync(join(tmpdir(), "plumbline-bench-"));
  try {
    const work = join(folder, "work");
    writeRepository(work);
    const git = await openMirror({ url: work, folder: join(folder, "mirror.git") });
    try {
      await git.fetch();
      const began = performance.now();
      await renderAll(git);
      const ours = (performance.now() - began) / overlays;
      const theirs = timeOfBinary(work) / sampled;
      return [
        atLeast(20, {
          name: "render, 1,000 overlays",
          value: theirs / ours,
          unit: "x",
          reference: `${ours.toFixed(1)} ms an overlay by the clock; kubectl kustomize ${theirs.toFixed(0)} ms, over ${sampled} of them`,
        }),
      ];
    } finally {
      git.close();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function renderAll(git: Awaited<ReturnType<typeof openMirror>>): Promise<void> {
  const head = (await git.branch("main")) ?? "";
  const deployment = await readDeployment(git, head);
  if (!deployment.ok) throw new Error(JSON.stringify(deployment.problems));
  for (const { application } of deployment.value.applications) {
    const tree = (await git.treeAt(head, application.path)) ?? "";
    const content = await contentOf(git, head, application.path, tree);
    const rendered = await render(git, content, application);
    if (!rendered.ok) throw new Error(`${application.id} was not rendered`);
  }
}

function writeRepository(work: string): void {
  const files = new Map([
    ["delivery.yaml", "environments: { production: {} }\n"],
    ["base/kustomization.yaml", "resources: [all.yaml]\nlabels: [{ pairs: { app: web }, includeSelectors: true }]\n"],
    ["base/all.yaml", base],
  ]);
  for (let number = 0; number < overlays; number += 1) {
    files.set(`production/app${number}/kustomization.yaml`, overlay(number));
  }
  for (const [path, content] of files) {
    mkdirSync(dirname(join(work, path)), { recursive: true });
    writeFileSync(join(work, path), content);
  }
  const git = (...args: readonly string[]): void => {
    execFileSync("git", ["-c", "user.name=bench", "-c", "user.email=bench@localhost", ...args], { cwd: work });
  };
  git("init", "-qb", "main");
  git("add", "-A");
  git("commit", "-qm", "A thousand overlays");
}

function timeOfBinary(work: string): number {
  const began = performance.now();
  for (let number = 0; number < sampled; number += 1) {
    execFileSync("kubectl", ["kustomize", join(work, `production/app${number}`)]);
  }
  return performance.now() - began;
}
