import { h } from "./dom.ts";
import type { Pod } from "./status.ts";
import { clip, count } from "./words.ts";

/** The pods of an application, one row a workload, the old ones before the new ones that replace them. */
export function podsPart(pods: readonly Pod[]): HTMLElement | undefined {
  if (pods.length === 0) return undefined;
  const workloads = [...new Set(pods.map(({ workload }) => workload))];
  return h(
    "section",
    { class: "pods", "data-key": "pods" },
    h("h4", {}, "Pods"),
    ...workloads.map((workload) =>
      workloadRow(
        workload,
        pods.filter((pod) => pod.workload === workload),
      ),
    ),
  );
}

function workloadRow(workload: string, pods: readonly Pod[]): HTMLElement {
  const fresh = pods.filter(({ generation }) => generation === "new");
  const old = pods.filter(({ generation }) => generation === "old");
  return h(
    "div",
    { class: "workload", "data-key": workload },
    h(
      "h5",
      {},
      h("span", { class: "name" }, clip(workload, 80)),
      h("span", { class: "quiet" }, progressText(fresh, old)),
    ),
    h(
      "div",
      { class: old.length > 0 ? "generations changing" : "generations" },
      old.length > 0 && generation("Old", workload, old),
      old.length > 0 && h("span", { class: "arrow", "aria-hidden": "true" }, "→"),
      (fresh.length > 0 || old.length > 0) && generation(old.length > 0 ? "New" : "", workload, fresh),
    ),
  );
}

function progressText(fresh: readonly Pod[], old: readonly Pod[]): string {
  const ready = fresh.filter((pod) => pod.ready).length;
  if (old.length === 0) return `${ready} of ${count(fresh.length, "pod")} ready`;
  const serving = old.filter((pod) => pod.ready).length;
  const leaving = old.length - serving;
  return [
    `${ready} of ${fresh.length} new ready`,
    serving > 0 ? `${serving} old still ${serving === 1 ? "serves" : "serve"}` : "",
    leaving > 0 ? `${leaving} old ${leaving === 1 ? "leaves" : "leave"}` : "",
  ]
    .filter((part) => part !== "")
    .join(", ");
}

/** More pods of one generation than this are counted, those that are not ready first. */
const mostTiles = 12;

function generation(label: string, workload: string, pods: readonly Pod[]): HTMLElement {
  const telling =
    pods.length > mostTiles ? pods.toSorted((one, other) => Number(one.ready) - Number(other.ready)) : pods;
  const rest = pods.length - mostTiles;
  return h(
    "div",
    { "data-key": label || "pods" },
    label !== "" && h("p", { class: "quiet generation", "aria-hidden": "true" }, label),
    h(
      "ul",
      { "aria-label": `${label || "All"} pods of ${clip(workload, 80)}` },
      ...telling.slice(0, mostTiles).map(podTile),
    ),
    rest > 0 && h("p", { class: "quiet" }, `and ${rest} more`),
  );
}

/** Each pod as a dot, for a line among many: the old ones, then the new ones that replace them. */
export function podDots(pods: readonly Pod[]): HTMLElement | undefined {
  if (pods.length === 0) return undefined;
  const fresh = pods.filter(({ generation }) => generation === "new");
  const old = pods.filter(({ generation }) => generation === "old");
  const dots = [...old, ...fresh].slice(0, 24);
  return h(
    "span",
    { class: "dots" },
    ...dots.map((pod) =>
      h("i", { "data-key": pod.name, "data-state": stateOf(pod), "data-generation": pod.generation }),
    ),
    h("span", { class: "unseen" }, progressText(fresh, old)),
  );
}

function stateOf(pod: Pod): "ready" | "off" | "moving" {
  return pod.ready ? "ready" : looksBroken(pod) ? "off" : "moving";
}

function podTile(pod: Pod): HTMLElement {
  const state = stateOf(pod);
  const restarts = pod.restarts > 0 ? `, ${count(pod.restarts, "restart")}` : "";
  return h(
    "li",
    { class: "pod", "data-key": pod.name, "data-state": state, "data-generation": pod.generation },
    h("span", { class: "pod-name" }, clip(pod.name, 80)),
    h("span", { class: "pod-state" }, `${glyph(state)} ${stateWord(pod)}${restarts}`),
    !pod.ready && pod.message !== "" && h("span", { class: "pod-message" }, ownWords(pod)),
  );
}

/** Whether waiting alone will hardly mend it; the phase of a pod that crashes again and again is still Running. */
function looksBroken({ phase, message }: Pod): boolean {
  return /fail|error|crash|backoff|invalid|keeps ending|cannot (be|start)/i.test(`${phase} ${message}`);
}

/** A pod that runs is not yet one that serves. */
function stateWord({ ready, phase }: Pod): string {
  if (ready) return "Ready";
  return phase === "Running" ? "Not ready" : clip(phase || "Starting", 40);
}

/** The pod's message without what stands above it already: its name, and that it is not ready. */
function ownWords({ name, message }: Pod): string {
  const own = message.startsWith(`pod ${name}`)
    ? message.slice(`pod ${name}`.length).replace(/^( is not ready)?[:,]?\s*/, "")
    : message;
  return clip(own, 200);
}

function glyph(state: string): string {
  return state === "ready" ? "✓" : state === "off" ? "✕" : "…";
}
