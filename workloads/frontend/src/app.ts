import { applicationPart } from "./application.ts";
import { answersKept, backendPart } from "./backend.ts";
import { h, morph } from "./dom.ts";
import { emptyPart, headPart, headline } from "./frame.ts";
import { origin } from "./origin.ts";
import { followBackend, followStatus } from "./sources.ts";
import type { Answer, Heard } from "./sources.ts";
import type { Metadata, StatusDocument } from "./status.ts";
import { standing } from "./words.ts";

/** Everything that the page knows; each event makes a new one and shows it. */
interface State {
  readonly status: Heard<StatusDocument>;
  readonly backend: Heard<Metadata>;
  readonly answers: readonly Answer[];
}

/** With more applications than this, those that are in order start folded. */
const unfolded = 3;

let state: State = { status: { lost: false }, backend: { lost: false }, answers: [] };
let said = "";

function change(next: Partial<State>): void {
  state = { ...state, ...next };
  show();
}

function show(): void {
  const now = Date.now();
  const { status, backend, answers } = state;
  const applications = status.value?.applications ?? [];
  const parts = applications.map((application) =>
    applicationPart(application, now, applications.length <= unfolded || standing(application.outcome).tone !== "true"),
  );
  const hasStatus = origin.status !== undefined;
  morph(place("top"), headPart(hasStatus ? status : backendAsHead(), now));
  morph(
    place("main"),
    h(
      "main",
      {},
      origin.backend && backendPart(backend, answers, status.value, now),
      hasStatus &&
        (applications.length > 0
          ? h("div", { class: "applications", "data-key": "applications" }, ...parts)
          : emptyPart(status)),
    ),
  );
  morph(place("foot"), h("footer", {}, footText()));
  document.body.toggleAttribute("data-lost", status.lost);
  document.title = titleText();
  announce();
}

/** A page that has only the backend still says whether it is connected. */
function backendAsHead(): Heard<StatusDocument> {
  const { lost, contactAt } = state.backend;
  return contactAt === undefined ? { lost } : { lost, contactAt };
}

function footText(): string {
  const version = state.status.value?.engine.version;
  return `${version ? `Plumbline ${version}. ` : ""}What runs is changed in Git, and only there.`;
}

function titleText(): string {
  const { value, lost } = state.status;
  const [only] = value?.applications ?? [];
  const word =
    value?.applications.length === 1 && only ? standing(only.outcome).word : headline(value?.applications ?? []);
  return value ? `${lost ? "Connection lost: " : ""}${word.replace(/\.$/, "")} – Plumbline` : "Plumbline";
}

/** Tells a screen reader what has changed, once, and nothing that merely moves on. */
function announce(): void {
  const { value, lost } = state.status;
  const words = (value?.applications ?? []).map(({ id, outcome }) => `${id}: ${standing(outcome).word}.`);
  const text = lost
    ? "The connection is lost."
    : words.length > 8
      ? headline(value?.applications ?? [])
      : words.join(" ");
  if (text === said) return;
  said = text;
  place("announcer").textContent = text;
}

function place(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no place called ${id}`);
  return element;
}

show();
if (origin.status) {
  followStatus((status) => {
    change({ status });
  });
}
if (origin.backend) {
  void followBackend((backend, answer) => {
    change({ backend, answers: [...state.answers, answer].slice(-answersKept) });
  });
}
// Ages grow while nothing happens.
setInterval(() => {
  if (!document.hidden) show();
}, 1000);
