import { h } from "./dom.ts";
import type { Application } from "./status.ts";
import { clip, count } from "./words.ts";

/** The objects of an application, folded: how many are current and as Git says, and which. */
export function objectsPart({ objects }: Application): HTMLElement | undefined {
  if (objects.length === 0) return undefined;
  const isGood = ({ inSync, health }: Application["objects"][number]): boolean => inSync && health.status === "Current";
  const good = objects.filter(isGood).length;
  // What is wrong first: a long list must not hide the one that matters.
  const sorted = objects.toSorted((one, other) => Number(isGood(one)) - Number(isGood(other)));
  const rows = sorted.slice(0, 200).map((object) => {
    const { ref, health, inSync } = object;
    const says = health.status !== "Current" && health.message !== "";
    return h(
      "li",
      { "data-key": `${ref.kind} ${ref.namespace} ${ref.name}`, "data-good": String(isGood(object)) },
      h("strong", {}, `${clip(ref.kind, 60)} ${clip(ref.name, 80)}`),
      ` ${clip(health.status, 40)}${inSync ? "" : ", not as Git says"}`,
      says && h("span", { class: "quiet" }, ` ${clip(health.message, 200)}`),
    );
  });
  return h(
    "section",
    { class: "objects", "data-key": "objects" },
    h("h4", {}, "Objects"),
    h(
      "details",
      {},
      h("summary", {}, `${good} of ${count(objects.length, "object")} current and as Git says`),
      h("ul", {}, ...rows),
    ),
  );
}
