import { deliveriesPart, driftPart } from "./deliveries.ts";
import { h } from "./dom.ts";
import { objectsPart } from "./objects.ts";
import { plumbLine } from "./plumb-line.ts";
import { podDots, podsPart } from "./pods.ts";
import { canaryPart, promotionPart } from "./promotion.ts";
import { commitPart } from "./scene.ts";
import type { Scene } from "./scene.ts";
import type { Application } from "./status.ts";
import { ago, agreement, authorName, clip, imageName, nextWords, sentence, standing } from "./words.ts";

/** The anchor of an application's part of the page. */
export function anchorOf(id: string): string {
  return `app-${encodeURIComponent(id)}`;
}

/** How an application is drawn: `large` alone or among few, `small` among many; `open` shows pods and deliveries at once. */
export interface Look {
  readonly size: "large" | "small";
  readonly open: boolean;
}

/** One application: the word, the sentence, what Git wants beside what is live, and below it how that came about. */
export function applicationPart(application: Application, scene: Scene, { size, open }: Look): HTMLElement {
  const { word, tone } = standing(application.outcome);
  const anchor = anchorOf(application.id);
  return h(
    "article",
    {
      class: "application",
      "data-key": application.id,
      "data-tone": tone,
      "data-size": size,
      "aria-labelledby": `${anchor}-name`,
    },
    plumbLine(),
    h(
      "div",
      { class: "statement" },
      h(
        "h3",
        { id: `${anchor}-name` },
        h("span", { class: "environment" }, clip(application.environment, 80)),
        " ",
        h("span", { class: "name" }, clip(application.name, 80)),
        application.cluster !== undefined &&
          h("span", { class: "environment-place" }, ` on ${clip(application.cluster, 80)}`),
      ),
      h("p", { class: "word tone" }, word),
      h("p", { class: "message" }, sentence(application.message)),
      h("p", { class: "quiet" }, timing(application, scene), size === "small" && podDots(application.pods)),
      canaryPart(application),
      nextPart(application, scene),
    ),
    comparison(application, scene),
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
          promotionPart(application, scene),
          driftPart(application.drift, scene),
          objectsPart(application),
        ),
        h("div", { class: "column" }, deliveriesPart(application, scene)),
      ),
    ),
  );
}

/** What happens next, and who acts: a person, or the engine, and when. */
function nextPart(application: Application, { now }: Scene): HTMLElement | undefined {
  const next = nextWords(application, now);
  if (!next) return undefined;
  const kind = next.who === "person" ? "next remedy" : "next";
  return h("p", { class: kind, "data-who": next.who }, h("strong", {}, next.lead), sentence(next.text));
}

function timing({ outcome, startedAt, decidedAt, pods }: Application, { now }: Scene): string {
  const serving = pods.some(({ generation, ready }) => generation === "old" && ready);
  const old = serving ? " The old pods keep serving." : "";
  if (outcome === "progressing") return `Started ${ago(startedAt, now)}.${old}`;
  return `${decidedAt ? `Decided ${ago(decidedAt, now)}.` : ""}${old}`;
}

function comparison(application: Application, scene: Scene): HTMLElement {
  const { wanted, live, inSync } = application;
  const { commit, subject, author, committedAt } = wanted.revision;
  const quiet = (text: string): HTMLElement => h("p", { class: "quiet" }, text);
  return h(
    "div",
    { class: "comparison", "data-agree": String(inSync) },
    side("Git wants", commitPart(scene, commit), wanted.images, [
      h("p", { class: "subject" }, clip(subject, 160)),
      quiet(`${authorName(author)}, ${ago(committedAt, scene.now)}`),
    ]),
    h(
      "p",
      { class: "agreement" },
      h("span", { class: "equals", "aria-hidden": "true" }, inSync ? "=" : "≠"),
      agreement(application),
    ),
    live
      ? side("Live and healthy", commitPart(scene, live.commit), live.images, [
          quiet(`proved healthy ${ago(live.healthyAt, scene.now)}`),
        ])
      : side("Live and healthy", "nothing yet", [], []),
  );
}

function side(
  title: string,
  commit: HTMLElement | string,
  images: readonly string[],
  lines: readonly HTMLElement[],
): HTMLElement {
  return h(
    "div",
    { class: "side" },
    h("h4", {}, title),
    h("p", { class: "commit" }, commit),
    ...lines,
    images.length > 0 &&
      h(
        "ul",
        { class: "images", "aria-label": `Images: ${title}` },
        ...images.slice(0, 8).map((image) => h("li", { title: clip(image, 300) }, h("code", {}, imageName(image)))),
      ),
  );
}
