import assert from "node:assert/strict";
import { test } from "node:test";
import { axeViolations } from "../../tools/browser.ts";
import type { DeliverySummary } from "../model/status-document.ts";
import { exampleDocument, hostileText } from "./example-documents-in-test.ts";
import type { ExampleState } from "./example-documents-in-test.ts";
import { browserForTests, focused, pageFiles, shownIs, wordIs } from "./page-in-test.ts";

const browser = browserForTests();

test("the content changes with the deployment, without loading the page again", async (t) => {
  const shown = await browser.show(t, "progressing");
  if (!shown) return;
  const { page, errors, become } = shown;
  await page.evaluate('document.body.dataset.loaded = "once"');
  await wordIs(page, "Rolling out");
  assert.match(await page.locator(".message").innerText(), /1 of 2 new pods is ready/);
  const next = await page.locator(".next").innerText();
  assert.match(next, /Next, in 1 min 1\d s: Unless it is healthy by then, a commit restores 3f2a91bc/);
  await page.locator(".objects summary").click();
  become("failed");
  await wordIs(page, "Blocked");
  assert.match(await page.locator(".message").innerText(), /backend-7c9d5-x2x1p crashes again and again/);
  assert.match(await page.locator(".pod[data-state=off]").innerText(), /CrashLoopBackOff, 3 restarts/);
  assert.equal(await page.title(), "Blocked – Plumbline");
  assert.equal(await page.locator("#announcer").innerText(), "staging/probe: Blocked.");
  assert.equal(await page.locator("h1").innerText(), "staging/probe is blocked.");
  become("healthy");
  await wordIs(page, "Healthy");
  assert.equal(await page.locator("h1").innerText(), "Everything is as Git says.");
  assert.match(await page.locator(".agreement").innerText(), /Git and the cluster agree/);
  assert.equal(await page.locator(".next").count(), 0);
  assert.equal(await page.locator(".objects details").getAttribute("open"), "", "what the reader opened stays open");
  assert.equal(await page.locator("body").getAttribute("data-loaded"), "once");
  assert.deepEqual(errors, []);
});

test("each delivery names its author, its duration and its rollback commit, with an arc back to what that restores", async (t) => {
  const shown = await browser.show(t, "held");
  if (!shown) return;
  const { page, errors } = shown;
  const deliveries = page.locator(".deliveries");
  assert.match(await deliveries.innerText(), /Rolled back by commit e07b52d9, which restores 5510cc3e/);
  assert.match(await deliveries.locator("li").nth(1).innerText(), /3f2a91bc.*Ada Keller\s+took 12 s/s);
  const arcs = deliveries
    .locator("li")
    .evaluateAll((rows) => rows.map((row) => row.querySelector(".arc")?.dataset.part));
  assert.deepEqual(await arcs, [undefined, undefined, "start", "through", "through", "end"]);
  assert.match(await page.locator(".drift").innerText(), /spec\.replicas changed by kubectl-scale, restored in 212 ms/);
  assert.match(await page.locator(".remedy").innerText(), /What to do: Push a commit that fixes/);
  assert.equal(await page.locator("h1").innerText(), "staging/probe needs a person.");
  assert.deepEqual(errors, []);
});

test("rollbacks to the same commit have arcs beside each other, and one whose goal is not shown runs out at the end", async (t) => {
  const shown = await browser.show(t, "held");
  if (!shown) return;
  const { page, become } = shown;
  const document = exampleDocument("healthy", Date.now());
  const [application] = document.applications;
  const [some] = application?.history ?? [];
  assert.ok(application && some);
  const id = (name: string): string => name.repeat(40);
  const past = (name: string, back?: { readonly by: string; readonly to: string }): DeliverySummary => ({
    ...some,
    revision: { ...some.revision, commit: id(name) },
    ...(back && {
      outcome: "rolled-back",
      rollback: {
        commit: id(back.by),
        undoes: id(name),
        restores: { commit: id(back.to), tree: "", healthyAt: some.startedAt },
      },
    }),
  });
  const history = [
    past("d"),
    past("c", { by: "d", to: "a" }),
    past("b"),
    past("9", { by: "b", to: "a" }),
    past("a"),
    past("8", { by: "7", to: "6" }),
  ];
  become({ ...document, applications: [{ ...application, history }] });
  await page.locator(".deliveries code", { hasText: "dddddddd" }).first().waitFor();
  const rows = await page
    .locator(".deliveries li")
    .evaluateAll((items) =>
      items.map((item) => [...item.querySelectorAll(".arc")].map((arc) => `${arc.dataset.part} ${arc.dataset.lane}`)),
    );
  assert.deepEqual(rows, [
    ["start 0"],
    ["through 0"],
    ["through 0", "start 1"],
    ["through 0", "through 1"],
    ["end 0", "end 1"],
    ["start 0"],
  ]);
});

test("a promotion is an arrow from where it was proved, and says what became of it; so is a canary on its way", async (t) => {
  const shown = await browser.show(t, "promoted");
  if (!shown) return;
  const { page, errors, become } = shown;
  const production = page.locator('.application[data-key="production/probe"]');
  const delivery = production.locator(".deliveries li").first();
  assert.match(await delivery.locator(".flow").innerText(), /staging\/probe 9d04e7a1.*to.*production\/probe/s);
  assert.match(await production.locator(".promotion").innerText(), /Promoted\. 2 images/);
  become("promoting");
  await shownIs(page, "promoting");
  assert.equal(await production.locator(".promotion .flow").getAttribute("data-outcome"), "waiting");
  become("canary");
  await shownIs(page, "canary");
  assert.match(await page.locator(".statement .flow").innerText(), /Canary: 1 pod beside 2.*then all pods/s);
  assert.deepEqual(errors, []);
});

test("who cannot be told until a person acts is named, with what is to be done", async (t) => {
  const shown = await browser.show(t, "unreachable");
  if (!shown) return;
  const words = await shown.page.locator('.notice[data-key="untold-gitlab"]').innerText();
  assert.match(words, /^gitlab is not told where deliveries stand\. gitlab\.example\.com answered 401 \(Put a valid/);
  assert.deepEqual(shown.errors, []);
});

test("a commit leads to the forge where the repository is at one that is known, by https, and nowhere else", async (t) => {
  const shown = await browser.show(t, "failed");
  if (!shown) return;
  const { page, become } = shown;
  const commit = "9d04e7a1".repeat(5);
  const href = (): Promise<string | null> => page.locator(".side a").first().getAttribute("href");
  assert.equal(await href(), `https://gitlab.example.com/team/deployment/-/commit/${commit}`);
  const document = exampleDocument("held", Date.now());
  const at = (url: string) => ({ ...document, repository: { ...document.repository, url } });
  become(at("https://github.com/team/deployment"));
  await wordIs(page, "Held");
  assert.equal(await href(), `https://github.com/team/deployment/commit/${commit}`);
  const nowhere = [
    "/srv/git/deployment.git",
    "git@github.com:team/deployment.git",
    "http://github.com/team/deployment",
  ];
  for (const url of [
    ...nowhere,
    "https://git.example.com/team/deployment",
    "https://me:secret@github.com/a/b",
    "javascript:alert(1)//github.com/a/b",
  ]) {
    become(at(url));
    await page.locator(".repository .url", { hasText: url }).waitFor();
    assert.equal(await page.locator("main a").count(), 0, url);
  }
});

const states: readonly ExampleState[] = [
  ...([
    "progressing",
    "healthy",
    "failed",
    "rolled-back",
    "held",
    "refused",
    "promoted",
    "promoting",
    "canary",
  ] as const),
  ...(["first", "empty", "unreachable", "many", "crowd", "hostile"] as const),
];
for (const colorScheme of ["light", "dark"] as const) {
  test(`axe finds no violation in any state, ${colorScheme}`, async (t) => {
    const shown = await browser.show(t, "progressing", { colorScheme, reducedMotion: "reduce" });
    if (!shown) return;
    for (const state of states) {
      shown.become(state);
      await shownIs(shown.page, state);
      if (state === "crowd") await shown.page.locator(".line").last().locator("summary").click();
      assert.deepEqual(await axeViolations(shown.page), [], state);
    }
    assert.deepEqual(shown.errors, []);
    await shown.server.stop();
    await shown.page.waitForSelector(".notice");
    assert.deepEqual(await axeViolations(shown.page), [], "connection lost");
  });
}

test("a lost connection is said, with the age of the state that stays, and is found again", async (t) => {
  const shown = await browser.show(t, "failed");
  if (!shown) return;
  const { page, server, serveAgain } = shown;
  await server.stop();
  await page.waitForSelector(".connection[data-state=lost]");
  assert.match(
    await page.locator(".notice").innerText(),
    /connection is lost.*last known state.*(just now|\d+ (s|min) ago)/i,
  );
  await wordIs(page, "Blocked");
  assert.match(await page.title(), /^Connection lost/);
  assert.equal(await page.locator("#announcer").innerText(), "The connection is lost.");
  await serveAgain("healthy");
  await wordIs(page, "Healthy");
  await page.waitForSelector(".connection[data-state=live]");
  assert.equal(await page.locator(".notice").count(), 0);
});

test("a stream that breaks and is back within moments is not called lost", async (t) => {
  const shown = await browser.show(t, "progressing");
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

test("hostile text is shown as text: names, subjects, authors, errors, and what is to be done", async (t) => {
  const shown = await browser.show(t, "hostile");
  if (!shown) return;
  const { page, errors } = shown;
  const asText = hostileText.slice(0, 30);
  for (const part of [
    ".message",
    "h3 .name",
    ".environment",
    ".next",
    ".delivery-subject",
    ".pod-name",
    ".promotion",
  ]) {
    assert.ok((await page.locator(part).first().innerText()).includes(asText), part);
  }
  assert.equal(await page.locator("img").count(), 0);
  assert.equal(await page.title(), "Blocked – Plumbline");
  assert.doesNotMatch(await page.locator("body").innerText(), /[\u202A-\u202E\u2066-\u2069]/);
  assert.deepEqual(errors, []);
});

test("the keyboard reaches everything in reading order, and focus survives a change", async (t) => {
  const shown = await browser.show(t, "healthy");
  if (!shown) return;
  const { page, become } = shown;
  const order: string[] = [];
  do {
    await page.keyboard.press("Tab");
    order.push(await focused(page));
  } while (!/objects? current and as Git says/.test(order.at(-1) ?? "") && order.length < 20);
  assert.deepEqual(order.slice(0, -1), [
    "Skip to the applications",
    "9d04e7a1",
    "9d04e7a1",
    "9d04e7a1",
    "Pods, deliveries and objects",
  ]);
  become("progressing");
  await wordIs(page, "Rolling out");
  assert.match(await focused(page), /objects? current and as Git says/);
});

test("as plain files, as on the delivery log branch, the page shows its document and how old it is", async (t) => {
  const blank = await browser.blank(t);
  if (!blank) return;
  const { page, errors } = blank;
  const written = exampleDocument("held", Date.now() - 3 * 3600 * 1000);
  const empty = { ...written, applications: [] };
  const parted = { applications: [], parts: ["page/2/0.json", "page/2/1.json"] };
  let isParted = false;
  // Under a path of its own, as forges serve the pages of a repository.
  await page.route("http://log.example/team/deployment/**", (route) => {
    const name = new URL(route.request().url()).pathname.slice("/team/deployment/".length) || "index.html";
    if (name === "status.json") return route.fulfill({ json: isParted ? { ...written, ...parted } : written });
    if (name.startsWith("page/")) return route.fulfill({ json: name === "page/2/1.json" ? written : empty });
    const body = pageFiles().get(name);
    const contentType = name.endsWith("js") ? "text/javascript" : name.endsWith("css") ? "text/css" : undefined;
    return body ? route.fulfill({ body, ...(contentType ? { contentType } : {}) }) : route.fulfill({ status: 404 });
  });
  await page.goto("http://log.example/team/deployment/");
  await wordIs(page, "Held");
  assert.equal(await page.locator(".connection").innerText(), "As of 3 h ago");
  isParted = true;
  await page.reload();
  await wordIs(page, "Held");
  const mishaps = errors.filter((error) => !error.includes("status of 404"));
  assert.deepEqual(mishaps, [], "but that nobody streams events there");
});

test("page, style and script weigh less than 60 kB", () => {
  const bytes = [...pageFiles().values()].reduce((sum, body) => sum + body.length, 0);
  assert.ok(bytes < 60_000, `${bytes} bytes`);
});
