import { headline } from "./frame.ts";
import type { Heard } from "./sources.ts";
import type { StatusDocument } from "./status.ts";
import { clip, standing } from "./words.ts";

/** More changes at once than this are said in one sentence. */
const mostSaid = 3;

/**
 * Makes what tells a screen reader the news: which applications came to another state, once, and nothing that merely moves
 * on. Answers undefined when there is none; the first document is no news.
 */
export function announcer(): (heard: Heard<StatusDocument>) => string | undefined {
  let before: ReadonlyMap<string, string> | undefined;
  let wasLost = false;
  return ({ value, lost }) => {
    const isNews = lost !== wasLost;
    wasLost = lost;
    if (lost) return isNews ? "The connection is lost." : undefined;
    if (!value) return undefined;
    const known = before;
    before = new Map(value.applications.map(({ id, outcome }) => [id, standing(outcome).word]));
    if (known === undefined) return undefined;
    const changed = [...before].filter(([id, word]) => known.get(id) !== word);
    const back = isNews ? "The connection is back. " : "";
    if (changed.length === 0) return isNews ? back.trim() : undefined;
    const words = changed.map(([id, word]) => `${clip(id, 80)}: ${word}.`).join(" ");
    return `${back}${changed.length > mostSaid ? headline(value.applications).text : words}`;
  };
}
