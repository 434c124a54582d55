import type { Application } from "./status.ts";
import { concernOf, concerns, imageName, standing } from "./words.ts";
import type { Concern } from "./words.ts";

/** What the reader has chosen to see. */
export interface Filter {
  /** Words that must all be found: in names, states, subjects, authors, commits and images. */
  readonly text: string;
  readonly concern?: Concern;
}

/** The filter that the page's address carries, so that a screen on a wall can show one team's part. */
export function filterOf(address: URL): Filter {
  return { text: address.searchParams.get("q") ?? "", ...withConcern(address.searchParams.get("show")) };
}

/** The part of a filter that a word names; none for a word that is no concern. */
export function withConcern(word: string | null): Pick<Filter, "concern"> {
  const concern = concerns.find((each) => each === word);
  return concern === undefined ? {} : { concern };
}

/** The page's address with the filter in it. */
export function addressWith(address: URL, { text, concern }: Filter): URL {
  const next = new URL(address);
  for (const [name, value] of [
    ["q", text],
    ["show", concern ?? ""],
  ] as const) {
    if (value === "") next.searchParams.delete(name);
    else next.searchParams.set(name, value);
  }
  return next;
}

/** Those that fit the text of a filter, whatever state they are in. */
export function fitting(applications: readonly Application[], { text }: Filter): readonly Application[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return applications;
  return applications.filter((application) => {
    const haystack = textOf(application);
    return words.every((word) => haystack.includes(word));
  });
}

/** Those that wait for whom the filter names. */
export function ofConcern(applications: readonly Application[], { concern }: Filter): readonly Application[] {
  return concern === undefined ? applications : applications.filter((each) => concernOf(each) === concern);
}

function textOf({ id, environment, cluster, outcome, wanted, live }: Application): string {
  const { commit, subject, author } = wanted.revision;
  const images = wanted.images.map(imageName);
  const parts = [id, environment, cluster, outcome, standing(outcome).word, commit, live?.commit, subject, author];
  return [...parts, ...images].join("\n").toLowerCase();
}
