import { h } from "./dom.ts";
import { commitPart } from "./scene.ts";
import type { Scene } from "./scene.ts";
import type { Application } from "./status.ts";
import { clip, count, sentence } from "./words.ts";

/** From where to where something goes, or went. */
interface Flow {
  readonly from: string;
  readonly commit: string;
  readonly to: string;
  readonly outcome: string;
}

/** A promotion as what it is: an arrow from one environment to the next, broken where it has not arrived. */
export function flowPart({ from, commit, to, outcome }: Flow, scene: Scene): HTMLElement {
  return arrow(h("span", {}, `${clip(from, 80)} `, commitPart(scene, commit)), clip(to, 80), outcome);
}

/** A canary on its way to all pods; nothing once the delivery has ended. */
export function canaryPart({ canary, outcome }: Application): HTMLElement | undefined {
  if (canary === undefined || outcome !== "progressing") return undefined;
  const { pods, beside, passedAt } = canary;
  const tried = h("span", {}, `Canary: ${count(pods, "pod")} beside ${beside}`);
  return passedAt === undefined
    ? arrow(tried, "then all pods", "waiting")
    : arrow(tried, "passed: now all pods", "promoted");
}

function arrow(from: HTMLElement, to: string, outcome: string): HTMLElement {
  return h(
    "p",
    { class: "flow", "data-outcome": clip(outcome, 20) },
    from,
    h("span", { class: "flow-arrow", "aria-hidden": "true" }),
    h("span", { class: "unseen" }, " to "),
    h("span", {}, to),
  );
}

/** What comes, or came, from the environment before. */
export function promotionPart({ id, promotion }: Application, scene: Scene): HTMLElement | undefined {
  if (promotion === undefined) return undefined;
  const { from, commit, outcome, message, remedy } = promotion;
  return h(
    "section",
    { class: "promotion", "data-key": "promotion" },
    h("h4", {}, "Promotion"),
    flowPart({ from, commit, to: id, outcome }, scene),
    h("p", {}, h("strong", {}, `${sentence(outcome, 20)} `), sentence(message)),
    remedy !== undefined && h("p", {}, h("strong", {}, "What to do: "), sentence(remedy)),
  );
}
