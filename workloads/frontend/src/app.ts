import { anchorOf } from "./application.ts";
import { announcer } from "./announce.ts";
import { answersKept, backendPart } from "./backend.ts";
import { boardPart } from "./board.ts";
import { h, morph } from "./dom.ts";
import { addressWith, filterOf, withConcern } from "./filter.ts";
import type { Filter } from "./filter.ts";
import { emptyPart, headPart } from "./frame.ts";
import { origin } from "./origin.ts";
import { followBackend, followStatus } from "./sources.ts";
import type { Answer, Heard } from "./sources.ts";
import type { Metadata, StatusDocument } from "./status.ts";
import { iconAddress, titleText } from "./title.ts";

/** Everything that the page knows; each event makes a new one and shows it. */
interface State {
  readonly status: Heard<StatusDocument>;
  readonly backend: Heard<Metadata>;
  readonly answers: readonly Answer[];
  readonly filter: Filter;
  /** The lines that the reader has opened, by application. */
  readonly opened: ReadonlySet<string>;
}

let state: State = {
  status: { lost: false },
  backend: { lost: false },
  answers: [],
  filter: filterOf(new URL(location.href)),
  opened: new Set(),
};
const news = announcer();

function change(next: Partial<State>): void {
  state = { ...state, ...next };
  show();
}

function show(): void {
  const now = Date.now();
  const { status, backend, answers, filter, opened } = state;
  const { applications = [], repository } = status.value ?? {};
  const board = { applications, filter, opened };
  const hasStatus = origin.status !== undefined;
  morph(place("top"), headPart(hasStatus ? status : backendAsHead(), board, now));
  morph(
    place("main"),
    h(
      "main",
      {},
      origin.backend && backendPart(backend, answers, status.value, now),
      hasStatus &&
        (applications.length > 0 ? boardPart(board, { now, repository: repository?.url ?? "" }) : emptyPart(status)),
    ),
  );
  morph(place("foot"), h("footer", {}, footText()));
  document.body.toggleAttribute("data-lost", status.lost);
  document.title = titleText(status);
  const icon = document.querySelector("link[rel=icon]");
  const address = iconAddress(hasStatus ? status : backendAsHead());
  if (icon?.getAttribute("href") !== address) icon?.setAttribute("href", address);
  const said = news(status);
  if (said !== undefined) place("announcer").textContent = said;
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

function place(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no place called ${id}`);
  return element;
}

function choose(filter: Filter): void {
  history.replaceState(null, "", addressWith(new URL(location.href), filter));
  change({ filter });
}

/** Opens what the address points at, once it is there. */
function goToAnchor(): void {
  const wanted = (state.status.value?.applications ?? []).find(({ id }) => `#${anchorOf(id)}` === location.hash);
  const line = wanted && document.getElementById(anchorOf(wanted.id));
  if (line instanceof HTMLDetailsElement) line.open = true;
  line?.scrollIntoView();
}

document.addEventListener("input", ({ target }) => {
  if (target instanceof HTMLInputElement && target.id === "filter") choose({ ...state.filter, text: target.value });
});
document.addEventListener("click", ({ target }) => {
  const button = target instanceof Element ? target.closest("button[data-concern]") : null;
  if (!button) return;
  const chosen = withConcern(button.getAttribute("data-concern"));
  const { text, concern } = state.filter;
  choose({ text, ...(chosen.concern === concern ? {} : chosen) });
});
document.addEventListener("keydown", (event) => {
  const filter = document.getElementById("filter");
  if (!(filter instanceof HTMLInputElement) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/" && event.target !== filter) {
    event.preventDefault();
    filter.focus();
    filter.select();
  } else if (event.key === "Escape" && (state.filter.text !== "" || state.filter.concern)) {
    filter.value = "";
    choose({ text: "" });
  }
});
// A line's content is drawn only while it is open. The event does not bubble.
document.addEventListener(
  "toggle",
  ({ target }) => {
    const id = target instanceof HTMLDetailsElement ? target.getAttribute("data-id") : null;
    if (id === null || !(target instanceof HTMLDetailsElement) || target.open === state.opened.has(id)) return;
    const others = [...state.opened].filter((each) => each !== id);
    change({ opened: new Set(target.open ? [...others, id] : others) });
  },
  true,
);
addEventListener("hashchange", goToAnchor);

show();
if (origin.status) {
  let isFirst = true;
  followStatus((status) => {
    change({ status });
    if (isFirst && status.value) {
      isFirst = false;
      goToAnchor();
    }
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
