import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before } from "node:test";
import type { TestContext } from "node:test";
import type { BrowserContextOptions, Page } from "playwright-core";
import { openBrowser } from "../../tools/browser.ts";
import type { TestBrowser } from "../../tools/browser.ts";
import { systemClock } from "../io/clock/clock.ts";
import type { StatusDocument } from "../model/status-document.ts";
import { exampleDocument } from "./example-documents-in-test.ts";
import type { ExampleState } from "./example-documents-in-test.ts";
import { serveStatus } from "./server.ts";
import type { StatusServer } from "./server.ts";

const folder = join(import.meta.dirname, "../../../workloads/frontend/dist");

/** The page in a real browser, before a server of its own that shows one example after the other. */
export interface ShownPage {
  readonly page: Page;
  /** What its console has said. */
  readonly errors: readonly string[];
  readonly server: StatusServer;
  readonly become: (next: ExampleState | StatusDocument) => void;
  /** Starts a server again where the stopped one was. */
  readonly serveAgain: (next: ExampleState) => Promise<void>;
}

/** For a test file: a browser for all of its tests. Opens the page, or skips the test and answers undefined. */
export function browserForTests() {
  let browser: TestBrowser | string = "not started";
  before(async () => {
    browser = await openBrowser();
  });
  after(async () => {
    if (typeof browser !== "string") await browser.close();
  });
  return {
    /** A page before nobody, with what its console says. */
    async blank(t: TestContext, options: BrowserContextOptions = {}) {
      if (typeof browser !== "string") return browser.page(options);
      t.skip(browser);
      return undefined;
    },
    async show(
      t: TestContext,
      state: ExampleState,
      options: BrowserContextOptions = {},
      query = "",
    ): Promise<ShownPage | undefined> {
      const opened = await this.blank(t, options);
      return opened && showIn(t, opened, state, query);
    },
  };
}

async function showIn(
  t: TestContext,
  { page, errors }: { readonly page: Page; readonly errors: string[] },
  state: ExampleState,
  query: string,
): Promise<ShownPage> {
  let current = exampleDocument(state, Date.now());
  const start = (port: number): Promise<StatusServer> =>
    serveStatus({
      host: "127.0.0.1",
      port,
      clock: systemClock,
      assets: pageFiles(),
      metrics: () => "",
      ready: () => true,
      current: () => current,
    });
  let server = await start(0);
  const { port } = server;
  t.after(async () => {
    await page.context().close();
    await server.stop();
  });
  await page.goto(`http://127.0.0.1:${port}/${query}`);
  // What stands there until the first document has come is busy.
  await page.waitForSelector(".application, .empty:not([aria-busy]), .line");
  return {
    page,
    errors,
    server,
    become(next) {
      current = typeof next === "string" ? exampleDocument(next, Date.now()) : next;
      server.changed();
    },
    async serveAgain(next) {
      current = exampleDocument(next, Date.now());
      server = await start(port);
    },
  };
}

/** The page's files as they are built. */
export function pageFiles(): ReadonlyMap<string, Buffer> {
  const names = readdirSync(folder).filter((name) => /\.(html|css|js|svg)$/.test(name) && name !== "server.js");
  return new Map(names.map((name) => [name, readFileSync(join(folder, name))]));
}

/** Waits until the only application, or the first, stands at a word. */
export async function wordIs(page: Page, word: string): Promise<void> {
  await page.locator(".application .word", { hasText: word }).waitFor();
}

/** Waits until what only this example says is there. */
export async function shownIs(page: Page, state: ExampleState): Promise<void> {
  const words: { readonly [state in ExampleState]: string } = {
    progressing: "1 of 2 new pods",
    healthy: "all 9 objects",
    failed: "crashes again",
    "rolled-back": "did not become ready",
    held: "nothing more is written",
    refused: "whole number",
    first: "nothing yet",
    promoted: "Promoted.",
    promoting: "Waiting.",
    canary: "Canary: 1 pod",
    empty: "No application yet",
    unreachable: "Git cannot be reached",
    many: "2 of 7 applications",
    crowd: "2 of 200 applications",
    hostile: "<img",
  };
  await page.getByText(words[state], { exact: false }).first().waitFor();
}

/** The text of what has the focus. */
export function focused(page: Page): Promise<string> {
  return page.evaluate("document.activeElement.textContent");
}
