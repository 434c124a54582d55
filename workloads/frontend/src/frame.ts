import { anchorOf } from "./application.ts";
import { h } from "./dom.ts";
import { mark } from "./plumb-line.ts";
import type { Heard } from "./sources.ts";
import type { Application, StatusDocument } from "./status.ts";
import { ago, clip, count, shortId, standing } from "./words.ts";

/** The head of the page: whose state this is, how fresh it is, and what is wrong with the way here. */
export function headPart(heard: Heard<StatusDocument>, now: number): HTMLElement {
  const { value } = heard;
  return h(
    "header",
    {},
    h("div", { class: "bar" }, h("p", { class: "brand" }, mark(), "Plumbline"), connection(heard, now)),
    value && h("h1", {}, headline(value.applications)),
    !value && h("h1", { class: "unseen" }, "Plumbline"),
    value && repository(value, now),
    heard.lost && value && lostNotice(heard, now),
    value && !value.repository.reachable && unreachableNotice(value, now),
    value && value.applications.length > 1 && board(value.applications),
  );
}

function connection({ lost, value, contactAt, dated }: Heard<StatusDocument>, now: number): HTMLElement {
  const [state, text] = lost
    ? ["lost", contactAt === undefined ? "No connection" : "Connection lost"]
    : value === undefined
      ? ["waiting", "Connecting"]
      : dated
        ? ["dated", `As of ${ago(value.generatedAt, now)}`]
        : ["live", "Live"];
  return h(
    "p",
    { class: "connection", "data-state": state ?? "" },
    h("span", { class: "dot", "aria-hidden": "true" }),
    text ?? "",
  );
}

/** The state of everything in one sentence. */
export function headline(applications: readonly Application[]): string {
  const off = applications.filter(({ outcome }) => standing(outcome).tone === "off").length;
  const moving = applications.filter(({ outcome }) => standing(outcome).tone === "moving").length;
  if (applications.length === 0) return "Nothing is delivered yet.";
  const [only] = applications;
  if (applications.length === 1 && only) return alone(only);
  if (off > 0)
    return `${off} of ${count(applications.length, "application")} ${off === 1 ? "hangs" : "hang"} out of true.`;
  if (moving > 0)
    return `${moving} of ${count(applications.length, "application")} ${moving === 1 ? "is" : "are"} on the move.`;
  return applications.every(({ inSync }) => inSync) ? "Everything is as Git says." : "Not everything is as Git says.";
}

function alone({ id, outcome, inSync }: Application): string {
  const { tone } = standing(outcome);
  if (tone === "off") return `${clip(id, 120)} hangs out of true.`;
  if (tone === "moving") return `${clip(id, 120)} is on the move.`;
  return inSync ? "Everything is as Git says." : `${clip(id, 120)} is not as Git says.`;
}

function repository({ repository: { url, branch, commit, fetchedAt } }: StatusDocument, now: number): HTMLElement {
  return h(
    "p",
    { class: "repository quiet" },
    h("span", { class: "url" }, clip(url, 200)),
    ` branch ${clip(branch, 80)}`,
    commit !== undefined && " at ",
    commit !== undefined && h("code", {}, shortId(commit)),
    fetchedAt !== undefined && `, fetched ${ago(fetchedAt, now)}`,
  );
}

function lostNotice({ contactAt }: Heard<StatusDocument>, now: number): HTMLElement {
  const at = new Date(contactAt ?? now);
  return h(
    "p",
    { class: "notice", "data-key": "lost" },
    h("strong", {}, "The connection is lost. "),
    "This is the last known state, from ",
    h("time", { datetime: at.toISOString() }, at.toLocaleTimeString()),
    `, ${ago(at.toISOString(), now)}. Trying again.`,
  );
}

function unreachableNotice({ repository: { trouble, fetchedAt } }: StatusDocument, now: number): HTMLElement {
  return h(
    "p",
    { class: "notice", "data-key": "unreachable" },
    h("strong", {}, "Git cannot be reached. "),
    clip(trouble ?? ""),
    ` The cluster stays as it is${fetchedAt ? `, as Git said ${ago(fetchedAt, now)}` : ""}.`,
  );
}

function board(applications: readonly Application[]): HTMLElement {
  return h(
    "nav",
    { class: "board", "aria-label": "Applications", "data-key": "board" },
    h(
      "ul",
      {},
      ...applications.map(({ id, outcome }) => {
        const { word, tone } = standing(outcome);
        return h(
          "li",
          { "data-key": id, "data-tone": tone },
          h(
            "a",
            { href: `#${anchorOf(id)}` },
            h("span", { class: "name" }, clip(id, 120)),
            " ",
            h("span", { class: "tone" }, word),
          ),
        );
      }),
    ),
  );
}

/** What stands where there is no application to show. */
export function emptyPart({ value, lost }: Heard<StatusDocument>): HTMLElement {
  if (value === undefined) {
    const text = lost ? "The engine does not answer. Trying again every second." : "Asking for the status…";
    return h("p", { class: "empty", "data-key": "empty" }, text);
  }
  return h(
    "p",
    { class: "empty", "data-key": "empty" },
    "No application yet. Commit a directory that fits the layout in ",
    h("code", {}, "delivery.yaml"),
    ", push, and it appears here.",
  );
}
