import { applicationPart, anchorOf } from "./application.ts";
import { h } from "./dom.ts";
import type { Filter } from "./filter.ts";
import { fitting, ofConcern } from "./filter.ts";
import { podDots } from "./pods.ts";
import type { Scene } from "./scene.ts";
import type { Application } from "./status.ts";
import { ago, authorName, clip, concernOf, concerns, count, nextWords, sentence, shortId, standing } from "./words.ts";
import type { Concern } from "./words.ts";

/** What the board is drawn from; `opened` holds the ids of the lines that the reader has opened. */
export interface Board {
  readonly applications: readonly Application[];
  readonly filter: Filter;
  readonly opened: ReadonlySet<string>;
}

/** Up to so many applications are all shown whole; of more, so many of those that are not in order. */
const mostWhole = 3;

/** All applications: those that need a person first, then those on the move, then the rest by environment. */
export function boardPart(board: Board, scene: Scene): HTMLElement {
  const { applications, filter } = board;
  const shown = ofConcern(fitting(applications, filter), filter);
  const of = (concern: Concern): readonly Application[] => shown.filter((each) => concernOf(each) === concern);
  const [person, moving, calm] = [of("person"), of("moving"), of("true")];
  if (applications.length <= mostWhole) {
    const parts = [...person, ...moving, ...calm].map((each) =>
      applicationPart(each, scene, { size: "large", open: true }),
    );
    return h(
      "div",
      { class: "groups", "data-key": "groups" },
      h("h2", { class: "unseen" }, "Applications"),
      h("div", { class: "whole", "data-key": "whole" }, ...parts),
    );
  }
  // Those on the move are whole or lines, all of them: they come and go, and nothing should jump.
  const room = mostWhole - person.length;
  const environments = [...new Set(calm.map(({ environment }) => environment))];
  return h(
    "div",
    { class: "groups", "data-key": "groups" },
    group("Needs a person", "person", person, mostWhole, board, scene),
    group("On the move", "moving", moving, moving.length <= room ? room : 0, board, scene),
    ...environments.map((environment) => {
      const inIt = calm.filter((each) => each.environment === environment);
      return group(clip(environment, 80), `in ${environment}`, inIt, 0, board, scene);
    }),
    shown.length === 0 && h("p", { class: "empty", "data-key": "empty" }, "No application fits the filter."),
  );
}

function group(
  title: string,
  key: string,
  applications: readonly Application[],
  whole: number,
  board: Board,
  scene: Scene,
): HTMLElement | undefined {
  if (applications.length === 0) return undefined;
  const isCalm = key.startsWith("in ");
  const cards = applications.slice(0, whole);
  const lines = applications.slice(whole);
  return h(
    "section",
    { class: "group", "data-key": key, "data-calm": isCalm ? "" : undefined },
    h("h2", {}, title, h("span", { class: "quiet" }, ` ${applications.length}${isCalm ? ", as Git says" : ""}`)),
    cards.length > 0 &&
      h(
        "div",
        { class: "whole", "data-key": "whole" },
        ...cards.map((each) => applicationPart(each, scene, { size: "small", open: false })),
      ),
    lines.length > 0 &&
      h("div", { class: "lines", "data-key": "lines" }, ...lines.map((each) => line(each, isCalm, board, scene))),
  );
}

/** One application in one line, which opens to all of it. */
function line(application: Application, isCalm: boolean, { opened }: Board, scene: Scene): HTMLElement {
  const { id, name, environment, outcome, pods, wanted } = application;
  const { word, tone } = standing(outcome);
  const { commit, subject, author } = wanted.revision;
  const isOpen = opened.has(id);
  return h(
    "details",
    {
      id: anchorOf(id),
      class: "line",
      "data-key": id,
      "data-id": id,
      "data-tone": tone,
      ...(isOpen ? { open: "" } : {}),
    },
    h(
      "summary",
      {},
      h("span", { class: "shape", "aria-hidden": "true" }),
      h(
        "span",
        { class: "line-name" },
        !isCalm && h("span", { class: "environment" }, clip(environment, 80)),
        !isCalm && " ",
        h("span", { class: "name" }, clip(name, 80)),
      ),
      h("span", { class: isCalm ? "unseen" : "line-word tone" }, `${word} `),
      h("code", {}, shortId(commit)),
      h(
        "span",
        { class: "line-says" },
        isCalm ? clip(subject, 120) : sentence(application.message, 240),
        isCalm ? h("span", { class: "quiet" }, ` ${authorName(author)}`) : podDots(pods),
        !isCalm && nextText(application, scene),
      ),
      h("span", { class: "line-age quiet" }, ageOf(application, scene)),
    ),
    isOpen && applicationPart(application, scene, { size: "small", open: true }),
  );
}

function nextText(application: Application, { now }: Scene): HTMLElement | undefined {
  const next = nextWords(application, now);
  return next && h("span", { class: "line-next" }, h("strong", {}, next.lead), sentence(next.text, 240));
}

/** Since when it is as it is. */
function ageOf({ startedAt, decidedAt, live, outcome }: Application, { now }: Scene): string {
  return ago(outcome === "healthy" ? (live?.healthyAt ?? decidedAt) : (decidedAt ?? startedAt), now);
}

const said: { readonly [concern in Concern]: (number: number) => string } = {
  person: (number) => (number === 1 ? "needs a person" : "need a person"),
  moving: () => "on the move",
  true: () => "as Git says",
};

/** How many there are of each concern, large; each is a switch that shows only those. */
export function summaryPart({ applications, filter }: Board): HTMLElement | undefined {
  if (applications.length <= mostWhole) return undefined;
  const fit = fitting(applications, filter);
  return h(
    "div",
    { class: "summary", "data-key": "summary", role: "group", "aria-label": "Show only" },
    ...concerns.map((concern) => {
      const number = fit.filter((each) => concernOf(each) === concern).length;
      return h(
        "button",
        {
          type: "button",
          "data-key": concern,
          "data-concern": concern,
          "data-tone": number === 0 ? "quiet" : concern === "person" ? "off" : concern,
          "aria-pressed": String(filter.concern === concern),
        },
        h("span", { class: "shape", "aria-hidden": "true" }),
        h("span", { class: "number tone" }, String(number)),
        ` ${said[concern](number)}`,
      );
    }),
    applications.length > mostWhole * 2 &&
      h(
        "label",
        { class: "filter", "data-key": "filter" },
        h("span", {}, "Filter ", h("kbd", {}, "/")),
        h("input", {
          id: "filter",
          type: "search",
          value: filter.text,
          placeholder: `${count(applications.length, "application")}: name, state, author, commit`,
          autocomplete: "off",
          spellcheck: "false",
        }),
      ),
  );
}
