import { h } from "./dom.ts";
import type { Delivery, Drift } from "./status.ts";
import { ago, clip, duration, sentence, shortId, standing } from "./words.ts";

/** The last deliveries, newest first, as a line in time. */
export function deliveriesPart(history: readonly Delivery[], now: number): HTMLElement {
  return h(
    "section",
    { class: "deliveries", "data-key": "deliveries" },
    h("h3", {}, "Deliveries"),
    history.length === 0
      ? h("p", { class: "quiet" }, "None has ended yet.")
      : h("ol", {}, ...history.slice(0, 12).map((delivery) => entry(delivery, now))),
  );
}

function entry({ revision, outcome, message, startedAt, durationMs, rollback }: Delivery, now: number): HTMLElement {
  const { word } = standing(outcome);
  // As the state of an application it is on its way back; as a delivery it has failed.
  const tone = outcome === "rolled-back" ? "off" : standing(outcome).tone;
  // What is still under way is said above already.
  const says = tone !== "true" && outcome !== "progressing" && message !== "";
  return h(
    "li",
    { "data-key": `${revision.commit} ${startedAt}`, "data-tone": tone },
    h(
      "p",
      { class: "delivery-head" },
      h("strong", { class: "tone" }, word),
      h("code", {}, shortId(revision.commit)),
      h("time", { class: "quiet", datetime: startedAt, title: startedAt }, ago(startedAt, now)),
      durationMs !== undefined &&
        outcome !== "progressing" &&
        h("span", { class: "quiet" }, `took ${duration(durationMs)}`),
    ),
    h("p", { class: "delivery-subject" }, clip(revision.subject, 160)),
    says && h("p", { class: "quiet" }, sentence(message, 400)),
    rollback !== undefined &&
      h(
        "p",
        { class: "rollback" },
        "Rolled back by commit ",
        h("code", {}, shortId(rollback.commit)),
        ", which restores ",
        h("code", {}, shortId(rollback.restores.commit)),
        ".",
      ),
  );
}

/** What was changed behind Git's back, and undone. */
export function driftPart(drift: readonly Drift[], now: number): HTMLElement | undefined {
  if (drift.length === 0) return undefined;
  return h(
    "section",
    { class: "drift", "data-key": "drift" },
    h("h3", {}, "Drift undone"),
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
            ` ${fields.length > 0 ? `${clip(fields.join(", "), 160)} changed` : "deleted"} by ${clip(manager || "someone", 80)}, restored in ${duration(undoneMs)}, `,
            h("time", { class: "quiet", datetime: at, title: at }, ago(at, now)),
            leftAloneUntil !== undefined &&
              `; again and again, so that the next is left alone until ${clip(leftAloneUntil, 30)}`,
          ),
        ),
    ),
  );
}
