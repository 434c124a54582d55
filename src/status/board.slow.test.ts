import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { exampleDocument } from "./example-documents-in-test.ts";
import { browserForTests, shownIs } from "./page-in-test.ts";

const browser = browserForTests();

test("of two hundred applications those that need a person come first, then those on the move, then each environment", async (t) => {
  const shown = await browser.show(t, "crowd");
  if (!shown) return;
  const { page, errors } = shown;
  assert.equal(await page.locator("h1").innerText(), "2 of 200 applications need a person.");
  assert.equal(await page.title(), "(2) 2 of 200 applications need a person – Plumbline");
  assert.deepEqual(await page.locator("main h2").allInnerTexts(), [
    "Needs a person 2",
    "On the move 5",
    "production 65, as Git says",
    "staging 65, as Git says",
    "preview 63, as Git says",
  ]);
  assert.deepEqual(await page.locator(".application .word").allInnerTexts(), ["Held", "Refused"]);
  assert.equal(await page.locator(".line").count(), 198);
  const first = page.locator(".group").nth(1).locator(".line").first();
  assert.match(await first.innerText(), /Rolling out.*1 of 2 new pods is ready.*Next, in 1 min 1\d s: Unless/s);
  assert.equal(await first.locator(".dots i").count(), 6, "pod by pod");
  assert.deepEqual(errors, []);
});

test("a line opens to all of the application, and stays open while things change", async (t) => {
  const shown = await browser.show(t, "crowd");
  if (!shown) return;
  const { page, become } = shown;
  const line = page.locator('.line[data-id="production/probe"]');
  assert.equal(await line.locator("article").count(), 0);
  await line.locator("summary").first().click();
  await line.locator("article .deliveries").waitFor();
  become({ ...exampleDocument("crowd", Date.now()), engine: { version: "0.2.0", startedAt: "" } });
  await page.getByText("Plumbline 0.2.0").waitFor();
  assert.ok(await line.locator("article .pods").isVisible());
  await line.locator("summary").first().click();
  await line.locator("article").waitFor({ state: "detached" });
});

test("a slash goes to the filter, its words find names, states, authors and commits, and Escape shows all again", async (t) => {
  const shown = await browser.show(t, "crowd");
  if (!shown) return;
  const { page } = shown;
  const seen = (): Promise<number> => page.locator(".line, .application").count();
  await page.keyboard.press("/");
  await page.keyboard.type("production shop");
  assert.equal(await seen(), 6, "shop-2, shop-5 and so on");
  assert.match(page.url(), /\?q=production\+shop$/);
  await page.locator("#filter").fill("refused");
  assert.equal(await seen(), 1);
  await page.locator("#filter").fill("ada 9d04e7");
  assert.equal(await seen(), 200);
  await page.locator("#filter").fill("nothing like it");
  await page.getByText("No application fits the filter.").waitFor();
  await page.keyboard.press("Escape");
  assert.equal(await seen(), 200);
  assert.doesNotMatch(page.url(), /\?/);
});

test("each number is a switch that shows only those, and an address keeps the choice", async (t) => {
  const shown = await browser.show(t, "crowd", {}, "?q=staging&show=moving");
  if (!shown) return;
  const { page } = shown;
  const pressed = (): Promise<string[]> => page.locator('.summary [aria-pressed="true"]').allInnerTexts();
  assert.deepEqual(await page.locator(".statement .name").allInnerTexts(), ["probe-4", "search-16"]);
  assert.match((await pressed()).join(), /^2\s+on the move$/);
  await page.locator(".summary button", { hasText: "on the move" }).press("Enter");
  assert.deepEqual(await pressed(), []);
  assert.equal(await page.locator(".group").count(), 2);
  await page.locator(".summary button", { hasText: "as Git says" }).press("Space");
  assert.equal(await page.locator(".line").count(), 65);
  assert.equal(new URL(page.url()).searchParams.get("show"), "true");
});

test("an address with an application's anchor opens it", async (t) => {
  const shown = await browser.show(t, "crowd", {}, "#app-staging%2Fstock-1");
  if (!shown) return;
  const line = shown.page.locator('.line[data-id="staging/stock-1"]');
  await line.locator("article").waitFor();
  assert.ok(((await line.boundingBox())?.y ?? Number.NaN) < 720, "it is in sight");
});

test("the tab's icon tells whether somebody is needed, and only news is announced", async (t) => {
  const shown = await browser.show(t, "healthy");
  if (!shown) return;
  const { page, become } = shown;
  const icon = (): Promise<string | null> => page.locator("link[rel=icon]").getAttribute("href");
  const announced = (): Promise<string> => page.locator("#announcer").innerText();
  const calm = await icon();
  assert.equal(await announced(), "", "what is there when it opens is no news");
  become("held");
  await shownIs(page, "held");
  assert.notEqual(await icon(), calm);
  assert.equal(await announced(), "staging/probe: Held.");
  await countAnnouncements(page);
  become("held");
  become({ ...exampleDocument("held", Date.now()), engine: { version: "0.2.0", startedAt: "" } });
  await page.getByText("Plumbline 0.2.0").waitFor();
  assert.equal(await page.evaluate("document.body.dataset.announced"), undefined);
});

async function countAnnouncements(page: Page): Promise<void> {
  await page.evaluate(`new MutationObserver(() => { document.body.dataset.announced = "again"; })
    .observe(document.getElementById("announcer"), { childList: true, characterData: true, subtree: true })`);
}
