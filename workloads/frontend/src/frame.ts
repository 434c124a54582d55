import { summaryPart } from "./board.ts";
import type { Board } from "./board.ts";
import { h } from "./dom.ts";
import { mark } from "./plumb-line.ts";
import { commitPart } from "./scene.ts";
import type { Heard } from "./sources.ts";
import type { Application, StatusDocument } from "./status.ts";
import { ago, clip, concernOf, count, sentence } from "./words.ts";
import type { Concern } from "./words.ts";

/** The head of the page: whose state this is, how fresh it is, and what is wrong with the way here. */
export function headPart(heard: Heard<StatusDocument>, board: Board, now: number): HTMLElement {
  const { value } = heard;
  const { concern, text } = headline(value?.applications ?? []);
  const loud = (value?.applications.length ?? 0) > 1 ? "loud" : "";
  return h(
    "header",
    {},
    h("div", { class: "bar" }, h("p", { class: "brand" }, mark(), "Plumbline"), connection(heard, now)),
    value && h("h1", { class: loud, "data-tone": concern === "person" ? "off" : concern }, text),
    !value && h("h1", { class: "unseen" }, "Plumbline"),
    value && repository(value, now),
    heard.lost && value && lostNotice(heard, now),
    value?.repository.trouble !== undefined && troubleNotice(value, now),
    ...(value?.untold ?? []).map(untoldNotice),
    value && summaryPart(board),
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

/** The state of everything in one sentence, and whom it waits for. */
export function headline(applications: readonly Application[]): { readonly concern: Concern; readonly text: string } {
  const of = (concern: Concern): number => applications.filter((each) => concernOf(each) === concern).length;
  const [person, moving] = [of("person"), of("moving")];
  const [only] = applications;
  const all = count(applications.length, "application");
  if (!only) return { concern: "true", text: "Nothing is delivered yet." };
  if (person + moving === 0) return { concern: "true", text: "Everything is as Git says." };
  const concern = person > 0 ? "person" : "moving";
  if (applications.length === 1) return { concern, text: `${clip(only.id, 120)} ${alone(only)}.` };
  const [number, verb] =
    person > 0
      ? [person, person === 1 ? "needs a person" : "need a person"]
      : [moving, moving === 1 ? "is on the move" : "are on the move"];
  return { concern, text: `${number} of ${all} ${verb}.` };
}

/** How the only application is, after its name. */
function alone(application: Application): string {
  if (concernOf(application) === "person") return "needs a person";
  if (application.outcome === "failed") return "is blocked";
  return application.outcome === "rolled-back" ? "is on its way back" : "is on the move";
}

function repository({ repository: { url, branch, commit, fetchedAt } }: StatusDocument, now: number): HTMLElement {
  return h(
    "p",
    { class: "repository quiet" },
    h("span", { class: "url" }, clip(url, 200)),
    ` branch ${clip(branch, 80)}`,
    commit !== undefined && " at ",
    commit !== undefined && commitPart({ now, repository: url }, commit),
    fetchedAt !== undefined && `, fetched ${ago(fetchedAt, now)}`,
  );
}

function lostNotice({ contactAt = 0 }: Heard<StatusDocument>, now: number): HTMLElement {
  const at = new Date(contactAt);
  return h(
    "p",
    { class: "notice", "data-key": "lost" },
    h("strong", {}, "The connection is lost. "),
    "This is the last known state, from ",
    h("time", { datetime: at.toISOString() }, at.toLocaleTimeString()),
    `, ${ago(at.toISOString(), now)}. Trying again.`,
  );
}

/** Why the repository cannot be read, or why what it says as a whole is not delivered. */
function troubleNotice(
  { repository: { trouble = "", fetchedAt, reachable } }: StatusDocument,
  now: number,
): HTMLElement {
  const since = fetchedAt && !reachable ? `, as Git said ${ago(fetchedAt, now)}` : "";
  return h(
    "p",
    { class: "notice", "data-key": "trouble" },
    h("strong", {}, reachable ? "Something in the repository cannot be delivered. " : "Git cannot be reached. "),
    sentence(trouble),
    ` The cluster stays as it is${since}.`,
  );
}

/** Who does not hear of deliveries until a person acts; these go on all the same. */
function untoldNotice({ receiver, message }: NonNullable<StatusDocument["untold"]>[number]): HTMLElement {
  return h(
    "p",
    { class: "notice", "data-key": `untold-${receiver}` },
    h("strong", {}, `${receiver} is not told where deliveries stand. `),
    sentence(message),
    " They go on.",
  );
}

/** What stands where there is no application to show. */
export function emptyPart({ value, lost }: Heard<StatusDocument>): HTMLElement {
  if (value === undefined) {
    const text = lost ? "The engine does not answer. Trying again every second." : "Asking for the status…";
    return h("p", { class: "empty", "data-key": "empty", "aria-busy": "true" }, text);
  }
  return h(
    "p",
    { class: "empty", "data-key": "empty" },
    "No application yet. Commit a directory that fits the layout in ",
    h("code", {}, "delivery.yaml"),
    ", push, and it appears here.",
  );
}
