import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { TestContext } from "node:test";
import type { BrowserContextOptions, Page } from "playwright-core";
import { systemClock } from "../io/clock/clock.ts";
import type { StatusDocument } from "../model/status-document.ts";
import { axeViolations, openBrowser } from "../../tools/browser.ts";
import type { TestBrowser } from "../../tools/browser.ts";
import { exampleDocument, hostileText } from "./example-documents.ts";
import type { ExampleState } from "./example-documents.ts";
import { serveStatus } from "./server.ts";
import type { StatusServer } from "./server.ts";

const folder = join(import.meta.dirname, "../../../workloads/frontend/dist");
let browser: TestBrowser | string = "not started";

before(async () => {
  browser = await openBrowser();
});

after(async () => {
  if (typeof browser !== "string") await browser.close();
});

test("the content changes with the deployment, without loading the page again", async (t) => {
  const shown = await show(t, "progressing");
  if (!shown) return;
  const { page, errors, become } = shown;
  await page.evaluate('document.body.dataset.loaded = "once"');
  await wordIs(page, "Rolling out");
  assert.match(await page.locator(".message").innerText(), /1 of 2 new pods is ready/);
  await page.locator(".objects summary").click();
  become("failed");
  await wordIs(page, "Blocked");
  assert.match(await page.locator(".message").innerText(), /backend-7c9d5-x2x1p crashes again and again/);
  assert.match(await page.locator(".pod[data-state=off]").innerText(), /CrashLoopBackOff, 3 restarts/);
  assert.equal(await page.title(), "Blocked – Plumbline");
  assert.equal(await page.locator("#announcer").innerText(), "staging/probe: Blocked.");
  become("healthy");
  await wordIs(page, "Healthy");
  assert.equal(await page.locator("h1").innerText(), "Everything is as Git says.");
  assert.match(await page.locator(".agreement").innerText(), /Git and the cluster agree/);
  assert.equal(await page.locator(".objects details").getAttribute("open"), "", "what the reader opened stays open");
  assert.equal(await page.locator("body").getAttribute("data-loaded"), "once");
  assert.deepEqual(errors, []);
});

test("each delivery names its rollback commit, and drift who did it", async (t) => {
  const shown = await show(t, "held");
  if (!shown) return;
  assert.match(
    await shown.page.locator(".deliveries").innerText(),
    /Rolled back by commit e07b52d9, which restores 3f2a91bc/,
  );
  assert.match(
    await shown.page.locator(".drift").innerText(),
    /spec\.replicas changed by kubectl-scale, restored in 212 ms/,
  );
  assert.match(await shown.page.locator(".remedy").innerText(), /What to do: push a commit that fixes/);
  assert.deepEqual(shown.errors, []);
});

const states: readonly ExampleState[] = [
  ...(["progressing", "healthy", "failed", "rolled-back", "held", "refused"] as const),
  ...(["first", "empty", "unreachable", "many", "hostile"] as const),
];
for (const colorScheme of ["light", "dark"] as const) {
  test(`axe finds no violation in any state, ${colorScheme}`, async (t) => {
    const shown = await show(t, "progressing", { colorScheme, reducedMotion: "reduce" });
    if (!shown) return;
    for (const state of states) {
      shown.become(state);
      await shownIs(shown.page, state);
      assert.deepEqual(await axeViolations(shown.page), [], state);
    }
    await shown.server.stop();
    await shown.page.waitForSelector(".notice");
    assert.deepEqual(await axeViolations(shown.page), [], "connection lost");
  });
}

test("a lost connection is said, with the age of the state that stays, and is found again", async (t) => {
  const shown = await show(t, "failed");
  if (!shown) return;
  const { page, server, serveAgain } = shown;
  await server.stop();
  await page.waitForSelector(".connection[data-state=lost]");
  assert.match(await page.locator(".notice").innerText(), /connection is lost.*last known state.*just now/i);
  await wordIs(page, "Blocked");
  assert.match(await page.title(), /^Connection lost/);
  await serveAgain("healthy");
  await wordIs(page, "Healthy");
  await page.waitForSelector(".connection[data-state=live]");
  assert.equal(await page.locator(".notice").count(), 0);
});

test("a stream that breaks and is back within moments is not called lost", async (t) => {
  const shown = await show(t, "progressing");
  if (!shown) return;
  const { page, server, serveAgain } = shown;
  await page.evaluate(`new MutationObserver(() => {
    if (document.body.hasAttribute("data-lost")) document.body.dataset.wasLost = "yes";
  }).observe(document.body, { attributes: true })`);
  await server.stop();
  await serveAgain("healthy");
  await wordIs(page, "Healthy");
  assert.equal(await page.locator("body").getAttribute("data-was-lost"), null);
});

test("hostile text is shown as text and breaks no layout, from wide to phone", async (t) => {
  for (const width of [1440, 390, 320]) {
    const shown = await show(t, "hostile", { viewport: { width, height: 900 } });
    if (!shown) return;
    const { page, errors } = shown;
    assert.ok((await page.locator(".message").innerText()).startsWith(hostileText.slice(0, 30)));
    assert.equal(await page.locator("img").count(), 0);
    assert.match(await page.title(), /Blocked/);
    const text = await page.locator("body").innerText();
    assert.doesNotMatch(text, /[\u202A-\u202E\u2066-\u2069]/);
    assert.ok((await overflow(page)) <= 0, `nothing sticks out at ${width}`);
    assert.deepEqual(errors, []);
  }
});

test("the keyboard reaches everything in reading order, and focus survives a change", async (t) => {
  const shown = await show(t, "healthy");
  if (!shown) return;
  const { page, become } = shown;
  await page.keyboard.press("Tab");
  assert.equal(await focused(page), "Skip to the applications");
  await page.keyboard.press("Tab");
  assert.equal(await focused(page), "Pods, deliveries and objects");
  await page.keyboard.press("Tab");
  assert.match(await focused(page), /objects? current and as Git says/);
  become("progressing");
  await wordIs(page, "Rolling out");
  assert.match(await focused(page), /objects? current and as Git says/);
});

test("as plain files, as on the delivery log branch, the page shows its document and how old it is", async (t) => {
  if (typeof browser === "string") return t.skip(browser);
  const written = exampleDocument("held", Date.now() - 3 * 3600 * 1000);
  const { page } = await browser.page();
  await page.route("http://log.example/**", (route) => {
    const name = new URL(route.request().url()).pathname.slice(1) || "index.html";
    if (name === "status.json") return route.fulfill({ json: written });
    const body = assets().get(name);
    const contentType = name.endsWith("js") ? "text/javascript" : name.endsWith("css") ? "text/css" : undefined;
    return body ? route.fulfill({ body, ...(contentType ? { contentType } : {}) }) : route.fulfill({ status: 404 });
  });
  await page.goto("http://log.example/");
  await wordIs(page, "Held");
  assert.equal(await page.locator(".connection").innerText(), "As of 3 h ago");
});

async function show(t: TestContext, state: ExampleState, options: BrowserContextOptions = {}) {
  if (typeof browser === "string") {
    t.skip(browser);
    return undefined;
  }
  let current = exampleDocument(state, Date.now());
  const start = (port: number): Promise<StatusServer> => {
    const open = {
      host: "127.0.0.1",
      port,
      clock: systemClock,
      assets: assets(),
      metrics: () => "",
      ready: () => true,
    };
    return serveStatus({ ...open, current: (): StatusDocument => current });
  };
  let server = await start(0);
  const { port } = server;
  const { page, errors } = await browser.page(options);
  t.after(async () => {
    await page.context().close();
    await server.stop().catch(() => undefined);
  });
  await page.goto(`http://127.0.0.1:${port}/`);
  await page.waitForSelector(".application, .empty");
  return {
    page,
    errors,
    server,
    become: (next: ExampleState) => {
      current = exampleDocument(next, Date.now());
      server.changed();
    },
    serveAgain: async (next: ExampleState) => {
      current = exampleDocument(next, Date.now());
      server = await start(port);
    },
  };
}

function assets(): ReadonlyMap<string, Buffer> {
  const names = readdirSync(folder).filter((name) => /\.(html|css|js|svg)$/.test(name) && name !== "server.js");
  return new Map(names.map((name) => [name, readFileSync(join(folder, name))]));
}

async function wordIs(page: Page, word: string): Promise<void> {
  await page.locator(".application .word", { hasText: word }).waitFor();
}

/** Each example says something that the others do not. */
async function shownIs(page: Page, state: ExampleState): Promise<void> {
  const words: { readonly [state in ExampleState]?: string } = {
    progressing: "1 of 2 new pods",
    healthy: "all 9 objects",
    failed: "crashes again",
    "rolled-back": "did not become ready",
    held: "nothing more is written",
    refused: "whole number",
    first: "nothing yet",
    empty: "No application yet",
    unreachable: "Git cannot be reached",
    many: "production",
    hostile: "<img",
  };
  await page
    .getByText(words[state] ?? "", { exact: false })
    .first()
    .waitFor();
}

function overflow(page: Page): Promise<number> {
  return page.evaluate("document.documentElement.scrollWidth - innerWidth");
}

function focused(page: Page): Promise<string> {
  return page.evaluate("document.activeElement.textContent");
}
