import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import type { ExampleState } from "./example-documents-in-test.ts";
import { browserForTests, shownIs } from "./page-in-test.ts";

const browser = browserForTests();

const states: readonly ExampleState[] = [
  ...(["failed", "progressing", "promoted", "promoting", "canary", "many", "crowd", "hostile", "unreachable"] as const),
];
for (const width of [320, 390, 768, 1280, 1920, 3840]) {
  test(`at ${width} pixels nothing sticks out, is cut or lies over something else`, async (t) => {
    const height = Math.round(width * (width < 700 ? 2 : 0.5625));
    const shown = await browser.show(t, "healthy", { viewport: { width, height }, reducedMotion: "reduce" });
    if (!shown) return;
    const { page, become, errors } = shown;
    for (const state of states) {
      become(state);
      await shownIs(page, state);
      if (state === "crowd") await page.locator("[data-calm] .line").first().locator("summary").click();
      assert.deepEqual(await mishaps(page), [], state);
    }
    assert.deepEqual(errors, []);
  });
}

test("on paper everything that is open is there, dark on white, without what only works on a screen", async (t) => {
  const shown = await browser.show(t, "many", { colorScheme: "dark", viewport: { width: 1000, height: 1400 } });
  if (!shown) return;
  const { page } = shown;
  await page.emulateMedia({ media: "print", colorScheme: "light" });
  assert.equal(await page.locator(".filter").isVisible(), false);
  const background = await page.evaluate("getComputedStyle(document.documentElement).backgroundColor");
  assert.equal(background, "rgb(255, 255, 255)");
  assert.deepEqual(await mishaps(page), []);
  assert.ok((await page.pdf({ format: "A4" })).length > 10_000);
});

test("who wants no motion sees none", async (t) => {
  const shown = await browser.show(t, "progressing", { reducedMotion: "reduce" });
  if (!shown) return;
  const running = await shown.page.evaluate("document.getAnimations().length");
  assert.equal(running, 0);
});

/** What is wrong with how the page lies there, found by its measures; only lines of one row may shorten their text. */
function mishaps(page: Page): Promise<readonly string[]> {
  return page.evaluate(`(() => {
    const found = [];
    if (document.documentElement.scrollWidth > innerWidth) found.push("scrolls sideways: " + document.documentElement.scrollWidth);
    const rects = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const parent = node.parentElement;
      if (!node.data.trim() || !parent.checkVisibility() || parent.closest(".unseen, .skip, noscript")) continue;
      const shortened = parent.closest("[data-calm] .line > summary");
      const range = document.createRange();
      range.selectNodeContents(node);
      for (const { left, right, top, bottom } of range.getClientRects()) {
        if (right - left < 1) continue;
        if (!shortened && (right > innerWidth + 1 || left < -1)) found.push("sticks out: " + node.data.slice(0, 60));
        const frame = (shortened ? parent.closest("summary > *") : parent).getBoundingClientRect();
        if (shortened && (left >= frame.right - 1 || right <= frame.left + 1)) continue;
        // A line of text is higher than its letters, the more so the larger it is.
        const inset = (bottom - top) * 0.2;
        rects.push({
          left: shortened ? Math.max(left, frame.left) : left,
          right: shortened ? Math.min(right, frame.right) : right,
          top: top + inset,
          bottom: bottom - inset,
          text: node.data.trim().slice(0, 40),
          node,
        });
      }
    }
    for (const element of document.querySelectorAll("body *")) {
      const { overflowX, overflowY } = getComputedStyle(element);
      if (element.closest(".unseen, svg, [data-calm] .line > summary, .skip, input") || (overflowX !== "hidden" && overflowY !== "hidden")) continue;
      if (element.scrollWidth > element.clientWidth + 1 || element.scrollHeight > element.clientHeight + 1)
        found.push("is cut: " + element.className + " " + element.textContent.slice(0, 60));
    }
    rects.sort((one, other) => one.top - other.top);
    for (let index = 0; index < rects.length; index += 1) {
      const one = rects[index];
      for (let next = index + 1; next < rects.length && rects[next].top < one.bottom - 2; next += 1) {
        const other = rects[next];
        if (one.node !== other.node && Math.min(one.right, other.right) - Math.max(one.left, other.left) > 1 && Math.min(one.bottom, other.bottom) - other.top > 2)
          found.push("lie over each other: " + one.text + " | " + other.text);
      }
    }
    return found.slice(0, 5);
  })()`);
}
