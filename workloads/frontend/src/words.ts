import type { Application } from "./status.ts";

/** How an application's delivery stands, in the words and the tone of the page. */
export interface Standing {
  readonly word: string;
  readonly tone: "true" | "moving" | "off" | "quiet";
}

const standings: Readonly<Record<string, Standing>> = {
  healthy: { word: "Healthy", tone: "true" },
  progressing: { word: "Rolling out", tone: "moving" },
  failed: { word: "Blocked", tone: "off" },
  "rolled-back": { word: "Rolled back", tone: "moving" },
  held: { word: "Held", tone: "off" },
  refused: { word: "Refused", tone: "off" },
  superseded: { word: "Superseded", tone: "quiet" },
};

/** The word for an outcome; an unknown one is shown as it is. */
export function standing(outcome: string): Standing {
  return standings[outcome] ?? { word: clip(outcome, 40), tone: "quiet" };
}

/** Whom an application waits for: a person, the engine that is at work on it, or nobody. */
export const concerns = ["person", "moving", "true"] as const;
export type Concern = (typeof concerns)[number];

/** Whom an application waits for. Documents of older engines do not say what comes next. */
export function concernOf({ outcome, inSync, next }: Application): Concern {
  const { tone } = standing(outcome);
  if (next ? next.who === "person" : tone === "off" && outcome !== "failed") return "person";
  return tone === "true" && inSync ? "true" : "moving";
}

/** Whether what Git wants is what is live, in one plain sentence. */
export function agreement({ inSync, live, wanted, outcome }: Application): string {
  if (inSync) return "Git and the cluster agree.";
  if (!live) return "Nothing has been proved healthy yet.";
  if (outcome === "refused") return "The cluster was not touched; the last healthy revision keeps serving.";
  if (live.tree === wanted.revision.tree) return "Git asks for what was last healthy; it is being proved again.";
  return "Git and the cluster differ; the last healthy revision keeps serving.";
}

/** The first eight hex digits of a commit. */
export function shortId(id: string): string {
  return clip(id, 8, "");
}

/** Controls and direction marks: invisible, and able to make a text look like another one. */
const unseen = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** At most `length` characters, none of them unseen, so that no text from outside can drown or turn around the page. */
export function clip(text: string, length = 600, ellipsis = "…"): string {
  const characters = Array.from(text.slice(0, length * 4).replaceAll(unseen, ""));
  return characters.length > length ? `${characters.slice(0, length).join("")}${ellipsis}` : characters.join("");
}

/** The name without the mail address behind it. */
export function authorName(author: string): string {
  return clip(author.replace(/\s*<[^<>]*>$/, "") || author, 80);
}

/** A text that came as a clause, as a sentence of at most `length` characters. */
export function sentence(text: string, length?: number): string {
  const clipped = clip(text, length);
  // A path or a name that begins it stays as it is written.
  const isWord = /^\p{Ll}+(?:[\s,;]|$)/u.test(clipped);
  const first = isWord ? clipped.charAt(0).toUpperCase() + clipped.slice(1) : clipped;
  return /[.!?…]$/.test(first) ? first : `${first}.`;
}

/** A duration in milliseconds as people say it: `240 ms`, `4.2 s`, `3 min 5 s`, `2 h`. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return "an unknown time";
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min${seconds % 60 ? ` ${seconds % 60} s` : ""}`;
  const hours = Math.floor(seconds / 3600);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} days`;
}

/** How long ago a moment was, coarsely, so that no running clock distracts the reader. */
export function ago(iso: string | undefined, now: number): string {
  const ms = now - Date.parse(iso ?? "");
  if (!Number.isFinite(ms)) return "at an unknown time";
  if (ms < 5000) return "just now";
  if (ms < 60_000) return `${Math.floor(ms / 5000) * 5} s ago`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min ago`;
  return `${duration(ms)} ago`;
}

/** `1 pod`, `2 pods`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** `registry/team/backend:tag@sha256:…` as `backend:tag`, short enough to compare by eye. */
export function imageName(image: string): string {
  const name = (image.split("@")[0] ?? "").split("/").at(-1) ?? "";
  const [repository = "", tag] = name.split(":");
  if (tag === undefined) return clip(repository, 60);
  return `${clip(repository, 60)}:${/^[0-9a-f]{40}$/.test(tag) ? shortId(tag) : clip(tag, 40)}`;
}

/** What happens next, as a lead and a text: what a person must do, or what the engine does, and in how long. */
export function nextWords(
  { next, remedy }: Pick<Application, "next" | "remedy">,
  now: number,
): { readonly who: "engine" | "person"; readonly lead: string; readonly text: string } | undefined {
  const text = next?.message ?? remedy;
  if (text === undefined) return undefined;
  if (next?.who !== "engine") return { who: "person", lead: "What to do: ", text };
  const left = Date.parse(next.at ?? "") - now;
  const when = left > 0 ? `, in ${duration(Math.ceil(left / 1000) * 1000)}` : "";
  return { who: "engine", lead: `Next${when}: `, text };
}
