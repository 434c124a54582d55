import { deliveriesPart, driftPart } from "./deliveries.ts";
import { h } from "./dom.ts";
import { plumbLine } from "./plumb-line.ts";
import { podsPart } from "./pods.ts";
import type { Application } from "./status.ts";
import { ago, agreement, clip, count, duration, imageName, sentence, shortId, standing } from "./words.ts";

/** The anchor of an application's part of the page. */
export function anchorOf(id: string): string {
  return `app-${encodeURIComponent(id)}`;
}

/** One application: the word, the sentence, what Git wants beside what is live, and below it how that came about. */
export function applicationPart(application: Application, now: number, open: boolean): HTMLElement {
  const { word, tone } = standing(application.outcome);
  const anchor = anchorOf(application.id);
  return h(
    "article",
    {
      id: anchor,
      class: "application",
      "data-key": application.id,
      "data-tone": tone,
      "data-folded": open ? undefined : "",
      "aria-labelledby": `${anchor}-name`,
    },
    plumbLine(),
    h(
      "div",
      { class: "statement" },
      h(
        "h2",
        { id: `${anchor}-name` },
        h("span", { class: "environment" }, clip(application.environment, 80)),
        " ",
        h("span", { class: "name" }, clip(application.name, 80)),
      ),
      h("p", { class: "word tone" }, word),
      h("p", { class: "message" }, sentence(application.message)),
      h("p", { class: "quiet" }, timing(application, now)),
      application.remedy !== undefined &&
        h("p", { class: "remedy" }, h("strong", {}, "What to do: "), clip(application.remedy)),
    ),
    comparison(application, now),
    promotionPart(application),
    h(
      "details",
      { class: "depth", ...(open ? { open: "" } : {}) },
      h("summary", {}, "Pods, deliveries and objects"),
      h(
        "div",
        { class: "columns" },
        h(
          "div",
          { class: "column" },
          podsPart(application.pods),
          driftPart(application.drift, now),
          objectsPart(application),
        ),
        h("div", { class: "column" }, deliveriesPart(application.history, now)),
      ),
    ),
  );
}

/** What comes, or came, from the environment before. */
function promotionPart({ promotion }: Application): HTMLElement | undefined {
  if (promotion === undefined) return undefined;
  const { outcome, message, remedy } = promotion;
  const todo = remedy === undefined ? "" : ` What to do: ${sentence(remedy)}`;
  return h("p", { class: "quiet promotion" }, `Promotion ${clip(outcome, 20)}: ${sentence(message)}${todo}`);
}

function timing({ outcome, startedAt, decidedAt, deadlineAt, pods }: Application, now: number): string {
  if (outcome !== "progressing") return decidedAt ? `Decided ${ago(decidedAt, now)}.` : "";
  const left = Date.parse(deadlineAt ?? "") - now;
  const deadline = left > 0 ? `; it has ${duration(Math.ceil(left / 1000) * 1000)} left to become healthy` : "";
  const serving = pods.some(({ generation, ready }) => generation === "old" && ready);
  const old = serving ? `${deadline ? " Until then the" : " The"} old pods keep serving.` : "";
  return `Started ${ago(startedAt, now)}${deadline}.${old}`;
}

function comparison(application: Application, now: number): HTMLElement {
  const { wanted, live, inSync } = application;
  const { revision } = wanted;
  return h(
    "div",
    { class: "comparison", "data-agree": String(inSync) },
    side("Git wants", revision.commit, wanted.images, [
      h("p", { class: "subject" }, clip(revision.subject, 160)),
      h("p", { class: "quiet" }, `${clip(authorName(revision.author), 80)}, ${ago(revision.committedAt, now)}`),
    ]),
    h(
      "p",
      { class: "agreement" },
      h("span", { class: "equals", "aria-hidden": "true" }, inSync ? "=" : "≠"),
      agreement(application),
    ),
    live
      ? side("Live and healthy", live.commit, live.images, [
          h("p", { class: "quiet" }, `proved healthy ${ago(live.healthyAt, now)}`),
        ])
      : h("div", { class: "side" }, h("h3", {}, "Live and healthy"), h("p", { class: "commit quiet" }, "nothing yet")),
  );
}

/** The name without the mail address behind it. */
function authorName(author: string): string {
  return author.replace(/\s*<[^<>]*>$/, "") || author;
}

function side(title: string, commit: string, images: readonly string[], lines: readonly HTMLElement[]): HTMLElement {
  return h(
    "div",
    { class: "side" },
    h("h3", {}, title),
    h("p", { class: "commit" }, h("code", { title: clip(commit, 64) }, shortId(commit))),
    ...lines,
    images.length > 0 &&
      h(
        "ul",
        { class: "images", "aria-label": `Images: ${title}` },
        ...images.slice(0, 8).map((image) => h("li", { title: clip(image, 300) }, h("code", {}, imageName(image)))),
      ),
  );
}

function objectsPart({ objects }: Application): HTMLElement | undefined {
  if (objects.length === 0) return undefined;
  const good = objects.filter(({ inSync, health }) => inSync && health.status === "Current").length;
  const rows = objects.slice(0, 200).map(({ ref, health, inSync }) =>
    h(
      "li",
      {
        "data-key": `${ref.kind} ${ref.namespace} ${ref.name}`,
        "data-good": String(inSync && health.status === "Current"),
      },
      h("strong", {}, `${clip(ref.kind, 60)} ${clip(ref.name, 80)}`),
      ` ${clip(health.status, 40)}${inSync ? "" : ", not as Git says"}`,
      health.status !== "Current" &&
        health.message !== "" &&
        h("span", { class: "quiet" }, ` ${clip(health.message, 200)}`),
    ),
  );
  return h(
    "section",
    { class: "objects", "data-key": "objects" },
    h("h3", {}, "Objects"),
    h(
      "details",
      {},
      h("summary", {}, `${good} of ${count(objects.length, "object")} current and as Git says`),
      h("ul", {}, ...rows),
    ),
  );
}
