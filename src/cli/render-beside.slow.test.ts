import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Leader } from "../engine/leader.ts";
import { configMapYaml, openWorkbench } from "../engine/workbench-in-test.ts";
import { systemClock } from "../io/clock/clock.ts";
import { runGit, temporaryRepository } from "../io/git/temporary-repository-in-test.ts";
import { ProblemError } from "../model/problem.ts";
import { smallPortion } from "../render/limits.ts";
import { render } from "../render/render.ts";
import type { Render, RenderAside } from "../render/render.ts";
import { rawWriter } from "../render/hostile-in-test.ts";
import { readDeployment } from "../source/deployment.ts";
import { readRevision } from "../source/revision.ts";
import { renderBeside } from "./render-beside.ts";

/** Manifests of seven thousand letters each. */
function manifests(count: number): Record<string, string> {
  const data = Object.fromEntries(Array.from({ length: 300 }, (_, key) => [`key${key}`, `some text ${key}`]));
  return Object.fromEntries(
    Array.from({ length: count }, (_, n) => [`${n}.yaml`, configMapYaml(`large${n}`, data).replaceAll(",", "\n  , ")]),
  );
}

/** How long renderings took, and for how long at most nothing else had its turn meanwhile, in milliseconds. */
function watched(wrapped: RenderAside): {
  readonly render: RenderAside;
  readonly seen: { took: number; blocked: number };
} {
  const seen = { took: 0, blocked: 0 };
  return {
    seen,
    render: async (...given) => {
      const began = performance.now();
      let last = began;
      const look = (): void => {
        const now = performance.now();
        seen.blocked = Math.max(seen.blocked, now - last);
        last = now;
      };
      const looking = setInterval(look, 1);
      const rendered = await wrapped(...given);
      clearInterval(looking);
      look();
      seen.took = Math.max(seen.took, last - began);
      return rendered;
    },
  };
}

test("while a huge application renders, the engine delivers another and keeps its Lease (behaviours O2 and O5)", async (t) => {
  const bench = await openWorkbench(t, false);
  const large = Object.entries(manifests(500)).map(([name, text]) => [`staging/huge/${name}`, text]);
  bench.commit({
    "delivery.yaml": "environments: { staging: { namespace: default, rollout: { soak: 100ms } } }\n",
    ...(Object.fromEntries(large) as Record<string, string>),
    // It is refused in the end, so that what is measured is rendering alone.
    "staging/huge/z.yaml": configMapYaml("z", {}).replace("name: z", "name: z, namespace: kube-system"),
    "staging/other/one.yaml": configMapYaml("one", { a: "1" }),
  });
  const ending = new AbortController();
  const terms: boolean[] = [];
  const { kube } = bench;
  const election = { kube, clock: systemClock, random: Math.random, namespace: "default", identity: "a" };
  const leading = new Leader({ ...election, durationMs: 3000 }).run(async (signal) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    terms.push(ending.signal.aborted);
  }, ending.signal);
  const { render: measured, seen } = watched(renderBeside(ending.signal));
  const { decisions, untilRecord } = await bench.engine({ render: measured, parallel: 1 });
  const { message } = await untilRecord("staging/huge", "it is refused", ({ outcome }) => outcome === "refused");
  ending.abort();
  await leading;
  assert.match(message, /asks for the namespace kube-system/);
  assert.ok(decisions.some(({ application, outcome }) => application === "staging/other" && outcome === "healthy"));
  assert.deepEqual(terms, [true], "the Lease was held to the end");
  assert.ok(seen.blocked < seen.took / 3, `nothing had its turn for ${seen.blocked} of ${seen.took} ms`);
});

test("what is rendered beside the engine is what is rendered in it, refusals included, and ends with the engine", async (t) => {
  const { remote, open } = temporaryRepository(t, false);
  const write = rawWriter(remote);
  const blobs = (files: Record<string, string>) =>
    Object.entries(files)
      .map(([name, text]) => ({ mode: "100644", name, id: write.blob(text) }))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const plain = manifests(40);
  const names = Object.keys(plain);
  const patch = `{ patch: '[{ op: add, path: /data/more, value: "1" }]', target: { kind: ConfigMap } }`;
  const overlay = (patches: number): string =>
    `resources: [${names.join(", ")}]\nnamePrefix: a-\npatches: [${Array(patches).fill(patch).join(", ")}]\n`;
  const cases = {
    plain,
    kustomized: { ...plain, "kustomization.yaml": overlay(9) },
    broken: { ...plain, "broken.yaml": "a: [" },
    small: { "one.yaml": configMapYaml("one", {}) },
  };
  const trees = Object.entries(cases).map(([name, files]) => ({ mode: "40000", name, id: write.tree(blobs(files)) }));
  const head = write.commit(
    write.tree([
      ...blobs({ "delivery.yaml": "environments: { staging: {} }\n" }),
      { mode: "40000", name: "staging", id: write.tree(trees.toSorted((a, b) => (a.name < b.name ? -1 : 1))) },
    ]),
  );
  const git = await open();
  await git.fetch();
  const deployment = await readDeployment(git, head);
  assert.ok(deployment.ok, JSON.stringify(deployment));
  const ending = new AbortController();
  const beside: Render = (...given) => renderBeside(ending.signal)(...given, (wait) => wait);
  for (const { application } of deployment.value.applications) {
    const revision = await readRevision(git, head, application);
    assert.ok(revision);
    const here = await render(git, revision, application);
    assert.equal(here.ok, application.name !== "broken", JSON.stringify(here).slice(0, 300));
    const isSmall = JSON.stringify(await render(git, revision, application, smallPortion)) === JSON.stringify(here);
    assert.equal(isSmall, application.name === "small", application.name);
    assert.deepEqual(await beside(git, revision, application), here, application.name);
  }
  const { application } =
    deployment.value.applications.find((one) => one.application.name === "plain") ?? assert.fail();
  const revision = (await readRevision(git, head, application)) ?? assert.fail();
  const trouble = new ProblemError({ code: "git-ended", message: "It has ended." });
  const broken = {
    list: (...asked: Parameters<typeof git.list>) => git.list(...asked),
    blobs: () => Promise.reject(trouble),
  };
  await assert.rejects(beside(broken, revision, application), trouble);
  ending.abort("the engine is ending");
  await assert.rejects(beside(git, revision, application), /The rendering of staging\/plain was ended: the engine is/);
});

test("what takes more memory or time than a thread has is refused, and says which", async (t) => {
  const { remote, open } = temporaryRepository(t, false);
  const folder = join(remote, "staging", "huge");
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(manifests(400))) writeFileSync(join(folder, name), text);
  writeFileSync(join(remote, "delivery.yaml"), "environments: { staging: {} }\n");
  runGit(remote, "add", "-A");
  runGit(remote, "commit", "--quiet", "-m", "Begin");
  const git = await open();
  await git.fetch();
  const head = (await git.branch("main")) ?? assert.fail();
  const deployment = await readDeployment(git, head);
  const { application } = (deployment.ok ? deployment.value.applications[0] : undefined) ?? assert.fail();
  const revision = (await readRevision(git, head, application)) ?? assert.fail();
  const { signal } = new AbortController();
  for (const [bounds, most] of [
    [{ memory: 16, time: 300_000 }, "16 MiB of memory"],
    [{ memory: 192, time: 1 }, "0.001 s"],
  ] as const) {
    const rendered = await renderBeside(signal, bounds)(git, revision, application, (wait) => wait);
    const [problem, ...others] = rendered.ok ? assert.fail("it is not refused") : rendered.problems;
    assert.deepEqual([problem?.code, problem?.where?.file, others], ["manifests-too-large", "staging/huge", []]);
    assert.match(problem?.message ?? "", new RegExp(`^Rendering staging/huge takes more than ${most}, `));
  }
});
