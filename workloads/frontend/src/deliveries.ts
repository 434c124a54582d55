import { h, svg } from "./dom.ts";
import { arcParts } from "./lanes.ts";
import type { ArcPart } from "./lanes.ts";
import { flowPart } from "./promotion.ts";
import { commitPart } from "./scene.ts";
import type { Scene } from "./scene.ts";
import type { Application, Delivery, Drift } from "./status.ts";
import { ago, authorName, clip, duration, sentence, standing } from "./words.ts";

/** Deliveries that the line shows. */
const mostShown = 12;

/** The last deliveries, newest first, as a line in time, with an arc from each rollback back to what it restores. */
export function deliveriesPart({ id, history }: Application, scene: Scene): HTMLElement {
  const shown = history.slice(0, mostShown);
  const arcs = arcParts(shown);
  const lanes = 1 + Math.max(-1, ...arcs.flat().map(({ lane }) => lane));
  const longest = Math.max(1, ...shown.map(({ durationMs }) => durationMs ?? 0));
  const entries = shown.map((delivery, index) => entry(delivery, { id, arcs: arcs[index] ?? [], longest, scene }));
  return h(
    "section",
    { class: "deliveries", "data-key": "deliveries" },
    h("h4", {}, "Deliveries"),
    history.length === 0
      ? h("p", { class: "quiet" }, "None has ended yet.")
      : h("ol", { "data-lanes": String(lanes) }, ...entries),
  );
}

/** What an entry is drawn with; `longest` is in milliseconds. */
interface Row {
  readonly id: string;
  readonly arcs: readonly ArcPart[];
  readonly longest: number;
  readonly scene: Scene;
}

function entry(delivery: Delivery, { id, arcs, longest, scene }: Row): HTMLElement {
  const { revision, outcome, message, startedAt, durationMs, rollback, promotedFrom } = delivery;
  const { word } = standing(outcome);
  // As the state of an application it is on its way back; as a delivery it has failed.
  const tone = outcome === "rolled-back" ? "off" : standing(outcome).tone;
  // What is still under way is said above already.
  const says = tone !== "true" && outcome !== "progressing" && message !== "";
  const took = outcome === "progressing" ? undefined : durationMs;
  return h(
    "li",
    { "data-key": `${revision.commit} ${startedAt}`, "data-tone": tone },
    ...arcs.map(({ part, lane }) =>
      h("span", { class: "arc", "data-part": part, "data-lane": String(lane), "aria-hidden": "true" }),
    ),
    h("span", { class: "shape", "aria-hidden": "true" }),
    h(
      "p",
      { class: "delivery-head" },
      h("strong", { class: "tone" }, word),
      commitPart(scene, revision.commit),
      h("time", { class: "quiet", datetime: startedAt, title: startedAt }, ago(startedAt, scene.now)),
    ),
    h(
      "p",
      { class: "delivery-subject" },
      clip(revision.subject, 160),
      h("span", { class: "quiet" }, ` ${authorName(revision.author)}`),
    ),
    took !== undefined && tookPart(took, longest),
    says && h("p", { class: "quiet" }, sentence(message, 400)),
    rollback !== undefined &&
      h(
        "p",
        { class: "rollback" },
        "Rolled back by commit ",
        commitPart(scene, rollback.commit),
        ", which restores ",
        commitPart(scene, rollback.restores.commit),
        ".",
      ),
    promotedFrom && flowPart({ ...promotedFrom, to: id, outcome: "promoted" }, scene),
  );
}

/** How long it took, as a text and as a bar beside those of the others. */
function tookPart(ms: number, longest: number): HTMLElement {
  const width = String(Math.max(1, (ms / longest) * 100));
  return h(
    "p",
    { class: "took quiet" },
    svg(
      "svg",
      { class: "bar-of-time", viewBox: "0 0 100 1", preserveAspectRatio: "none", "aria-hidden": "true" },
      svg("rect", { width, height: "1" }),
    ),
    `took ${duration(ms)}`,
  );
}

/** Nothing where the server did not tell, as of what was deleted. */
function byWhom(manager: string): string {
  return manager === "" || manager === "unknown" ? "" : ` by ${clip(manager, 80)}`;
}

/** What was changed behind Git's back, and undone. */
export function driftPart(drift: readonly Drift[], { now }: Scene): HTMLElement | undefined {
  if (drift.length === 0) return undefined;
  return h(
    "section",
    { class: "drift", "data-key": "drift" },
    h("h4", {}, "Drift undone"),
    h(
      "ul",
      {},
      ...drift
        .slice(0, 6)
        .map(({ ref, manager, fields, at, undoneMs, leftAloneUntil }) =>
          h(
            "li",
            { "data-key": `${at} ${ref.kind} ${ref.name}` },
            h("strong", {}, `${clip(ref.kind, 60)} ${clip(ref.name, 80)}`),
            ` ${fields.length > 0 ? `${clip(fields.join(", "), 160)} changed` : "deleted"}${byWhom(manager)}, restored in ${duration(undoneMs)}, `,
            h("time", { class: "quiet", datetime: at, title: at }, ago(at, now)),
            leftAloneUntil !== undefined &&
              `; again and again, so that the next is left alone until ${clip(leftAloneUntil, 30)}`,
          ),
        ),
    ),
  );
}
