import assert from "node:assert/strict";
import { mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { axeViolations, openBrowser } from "../../tools/browser.ts";
import type { TestBrowser } from "../../tools/browser.ts";
import { systemClock } from "../io/clock/clock.ts";
import { systemProcesses } from "../io/process/system-processes.ts";
import { shortId } from "../model/revision.ts";
import type { StatusDocument } from "../model/status-document.ts";
import { faultsOf } from "../status/document-checker-in-test.ts";
import { findLeftovers } from "./leftovers.ts";
import { packageFile } from "./package-root.ts";
import { Terminal } from "./terminal.ts";
import type { WorkingCopy } from "./working-copy.ts";
import { openWorkshop } from "./workshop.ts";
import type { Workshop } from "./workshop.ts";
import type { World } from "./world.ts";

/** How long any one thing may take on a busy machine; nothing waits for it to pass. */
const patienceMs = 60_000;
const path = "staging/probe";
/** What must be said of the version that breaks its health check: which pod, and why. */
const notReady = /pod backend-\S+ is not ready: container backend .*readiness probe/;
/** Where to put pictures of the pages on the way (`tools/pictures.ts` asks for them); none are taken without it. */
const pictures = process.env["PICTURES"];

/** What the steps of the story share: real remotes, cluster and engine, and both pages in a real browser. */
interface Story {
  readonly workshop: Workshop;
  /** The engine's own page. */
  readonly status: Page;
  /** The frontend's page through the Ingress: what the backend answers, beside what Git wants of it. */
  readonly service: Page;
}

test("from a commit to the page, through a failure and back by a commit, in a real browser", async (t) => {
  const browser = await openBrowser();
  if (typeof browser === "string") return t.skip(browser);
  // The real path, since that is what processes have in their command lines.
  const folder = await realpath(await mkdtemp(join(tmpdir(), "plumbline-")));
  t.after(async () => {
    await browser.close();
    await rm(folder, { recursive: true, force: true });
  });
  const options = { folder, deadline: "60s", soak: "1s", ingressPort: 0, signal: t.signal };
  const workshop = await openWorkshop(world(folder, t.signal), options);
  const { statusUrl } = workshop.engine.ready;
  const { url, ingressUrl } = workshop.cluster.ready;
  const pages: Page[] = [];
  try {
    const { page: status, errors } = await open(browser, statusUrl, pages);
    await firstDelivery(workshop, status);
    const { page: service } = await open(browser, ingressUrl, pages);
    const story: Story = { workshop, status, service };
    await upgrade(story);
    const failing = await brokenCommitIsBlocked(story);
    await rollbackIsShown(story, failing);
    await rollbackIsOneCommitAndNothingElse(story, failing);
    await statusCommandSaysTheSame(story, failing);
    for (const page of pages) {
      await isAccessible(page);
      assert.equal(await page.evaluate("document.body.dataset.loaded"), "once", "it was never loaded again");
    }
    assert.deepEqual(errors, []);
  } catch (error) {
    throw await withWhatWasShown(error, pages);
  } finally {
    await workshop.stop();
  }
  await rm(folder, { recursive: true });
  const left = await findLeftovers(folder, [statusUrl, url, ingressUrl], process.env);
  assert.deepEqual(left, { processes: [], ports: [], folder: false });
});

async function firstDelivery(workshop: Workshop, status: Page): Promise<void> {
  await wordIs(status, "Healthy");
  const commit = workshop.first?.deployment.commit ?? "";
  await bothSidesAre(status, commit);
  assert.match(await status.locator(".agreement").innerText(), /Git and the cluster agree/);
  assert.equal(await status.locator(".pod[data-state=ready]").count(), 4);
  assert.equal(await status.locator("h1").innerText(), "Everything is as Git says.");
}

async function upgrade({ workshop, status, service }: Story): Promise<void> {
  const { application } = workshop;
  const backend = service.locator(".backend");
  await backend.locator(".word", { hasText: "Version 1.0.0" }).waitFor();
  await backend.getByText("It is what Git wants").waitFor();
  await edit(application, "backend/package.json", '"version": "0.0.0"', '"version": "1.1.0"');
  const source = await application.commitAndPush("Say what is new", "v1.1.0");
  const { deployment } = await workshop.release(source);
  await backend.locator(".word", { hasText: "Version 1.1.0" }).waitFor();
  await backend.locator(".message", { hasText: shortId(source) }).waitFor();
  await bothSidesAre(status, deployment.commit ?? "");
  await wordIs(status, "Healthy");
  await backend.getByText("It is what Git wants").waitFor();
  await bothSidesAre(service, deployment.commit ?? "");
  assert.match(await backend.locator("figcaption").innerText(), /^0 failed of the last \d+ requests, from 2 versions$/);
  await picture(service, "service");
}

/** What the failing revision was, and what is to come back. */
interface Failing {
  readonly commit: string;
  readonly healthyCommit: string;
  readonly healthyTree: string;
}

async function brokenCommitIsBlocked({ workshop, status, service }: Story): Promise<Failing> {
  const { application, deployment } = workshop;
  await deployment.pull();
  const healthyCommit = await deployment.git("rev-parse", "HEAD");
  const healthyTree = await deployment.git("rev-parse", `HEAD:${path}`);
  // From here on nothing but the deadline ends the wait: the failure itself, and what comes back is there already.
  await edit(deployment, "delivery.yaml", "deadline: 60s", "deadline: 15s");
  await deployment.commitAndPush("Give up sooner");
  await edit(application, "backend/src/readiness.ts", "if (draining) return", "if (!draining) return");
  const release = await workshop.release(await application.commitAndPush("Tidy up the health check", "v1.2.0"));
  const commit = release.deployment.commit ?? "";
  await wordIs(status, "Rolling out");
  await side(status, "Git wants").getByText(shortId(commit)).waitFor();
  await side(status, "Live and healthy").getByText(shortId(healthyCommit)).waitFor();
  await status.locator(".agreement", { hasText: "the last healthy revision keeps serving" }).waitFor();
  await status.locator(".message", { hasText: notReady }).waitFor();
  assert.equal(
    await status.locator("[data-key=backend] .pod[data-generation=old][data-state=ready]").count(),
    2,
    "the old pods serve",
  );
  await service.locator(".backend", { hasText: "Git wants backend:v1.2.0" }).waitFor();
  assert.match(await service.locator(".backend .word").innerText(), /Version 1\.1\.0/);
  if (pictures !== undefined) await status.locator("[data-key=frontend]", { hasText: "2 of 2 pods ready" }).waitFor();
  await picture(status, "blocked");
  await picture(service, "service-blocked");
  return { commit, healthyCommit, healthyTree };
}

async function rollbackIsShown({ status }: Story, failing: Failing): Promise<void> {
  const entry = status.locator(".deliveries li", { hasText: shortId(failing.commit) });
  await entry.locator("strong", { hasText: "Rolled back" }).waitFor();
  const text = await entry.innerText();
  assert.match(text, notReady);
  assert.match(text, new RegExp(`Rolled back by commit \\w{8}, which restores ${shortId(failing.healthyCommit)}`));
  await status.locator(".subject", { hasText: `Roll back ${path}` }).waitFor();
  await wordIs(status, "Healthy");
  await picture(status, "rolled-back");
}

async function rollbackIsOneCommitAndNothingElse({ workshop }: Story, failing: Failing): Promise<void> {
  const { deployment } = workshop;
  await deployment.pull();
  assert.equal(await deployment.git("rev-list", "--count", `${failing.commit}..HEAD`), "1");
  assert.equal(await deployment.git("rev-parse", "HEAD~1"), failing.commit);
  assert.equal(await deployment.git("rev-parse", `HEAD:${path}`), failing.healthyTree);
  assert.equal(await deployment.git("diff", "--name-only", "HEAD~1", "HEAD", "--", ".", `:(exclude)${path}`), "");
}

async function statusCommandSaysTheSame({ workshop, status }: Story, failing: Failing): Promise<void> {
  const document = JSON.parse(await plumbStatus(workshop, "--json")) as StatusDocument;
  const [application] = document.applications;
  const past = application?.history.find(({ revision }) => revision.commit === failing.commit);
  assert.deepEqual(faultsOf(document), [], "as the published schema says");
  assert.deepEqual([application?.outcome, past?.outcome], ["healthy", "rolled-back"]);
  assert.match(past?.message ?? "", notReady);
  assert.ok((await plumbStatus(workshop)).includes(past?.message ?? "?"), "in the text as well");
  await status.locator(".deliveries li", { hasText: past?.message ?? "?" }).waitFor();
}

/** `plumb status` in a process of its own, as a person or a script runs it; it must find everything healthy. */
async function plumbStatus({ remotes, folder }: Workshop, ...options: readonly string[]): Promise<string> {
  const main = packageFile("dist", "src", "cli", "main.js");
  const args = [main, "status", `--repository=${remotes.deployment}`, ...options];
  const env = { PATH: process.env["PATH"] ?? "", HOME: folder };
  const done = await systemProcesses.run({ file: process.execPath, args, cwd: folder, env });
  assert.equal(done.code, 0, done.stderr);
  return done.stdout.toString("utf8");
}

async function isAccessible(page: Page): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    assert.deepEqual(await axeViolations(page), [], colorScheme);
  }
}

/** A page of its own with a mark that loading it again would wipe out; `errors` is what its console says. */
async function open(browser: TestBrowser, url: string, pages: Page[]): ReturnType<TestBrowser["page"]> {
  const opened = await browser.page({ viewport: { width: 1280, height: 800 }, colorScheme: "light" });
  pages.push(opened.page);
  opened.page.setDefaultTimeout(patienceMs);
  await opened.page.goto(url);
  await opened.page.evaluate('document.body.dataset.loaded = "once"');
  return opened;
}

/** A text that was waited for in vain says less than what was there instead. */
async function withWhatWasShown(reason: unknown, pages: readonly Page[]): Promise<Error> {
  const shown = await Promise.all(
    pages.map(async (page) => `${page.url()} showed:\n${await page.locator("body").innerText()}`),
  );
  const words = reason instanceof Error ? (reason.stack ?? reason.message) : String(reason);
  return new Error([words, ...shown].join("\n\n"));
}

async function wordIs(page: Page, word: string): Promise<void> {
  await page.locator(".application .word", { hasText: word }).waitFor();
}

function side(page: Page, title: string): ReturnType<Page["locator"]> {
  return page.locator(".side", { hasText: title });
}

async function bothSidesAre(page: Page, commit: string): Promise<void> {
  for (const title of ["Git wants", "Live and healthy"]) await side(page, title).getByText(shortId(commit)).waitFor();
}

/** Changes a file as a developer would; a text that is not there means that this story no longer fits the workload. */
async function edit(copy: WorkingCopy, file: string, from: string | RegExp, to: string): Promise<void> {
  const target = join(copy.folder, file);
  const text = await readFile(target, "utf8");
  const changed = text.replace(from, to);
  assert.notEqual(changed, text, `${file} does not contain ${from}`);
  await writeFile(target, changed);
}

async function picture(page: Page, name: string): Promise<void> {
  if (pictures === undefined) return;
  // Down to where the page has said everything.
  const { y = 0, height = 0 } = (await page.locator("main#main").boundingBox()) ?? {};
  const clip = { x: 0, y: 0, width: 1280, height: Math.ceil(y + height + 24) };
  for (const colorScheme of ["dark", "light"] as const) {
    await page.emulateMedia({ colorScheme });
    const path = join(pictures, `${name}-${colorScheme}.png`);
    await page.screenshot({ path, fullPage: true, animations: "disabled", clip });
  }
}

function world(folder: string, signal: AbortSignal): World {
  const silent = new Terminal({ write: () => true, colour: false, moving: false, columns: 100 });
  const doors = { env: process.env, cwd: folder, clock: systemClock, random: Math.random };
  return { ...doors, out: silent, err: silent, ending: () => signal };
}
