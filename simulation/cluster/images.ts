import { createHash } from "node:crypto";

/**
 * What becomes of a container, by the tag of its image: `ready` a moment after its start; `slow` only after twenty seconds;
 * `flaky` crashes once and is ready then; `crash` at each start; `never` runs and is never ready; `missing` cannot be pulled;
 * `faint` is ready and crashes seconds later, again and again; `picky` is ready, but crashes in production; `expiring` is ready
 * as long as its first pod is young, and crashes in each that is made later; `unwell` is ready and answers requests with an error.
 * A Job's container that would get ready completes instead.
 */
export const behaviours = [
  "ready",
  "slow",
  "flaky",
  "crash",
  "never",
  "missing",
  "faint",
  "picky",
  "expiring",
  "unwell",
] as const;
export type Behaviour = (typeof behaviours)[number];

/** The image of a behaviour in a version, by digest: `example.test/app:crash-3@sha256:…`. */
export function imageOf(behaviour: Behaviour, version: number, name: "app" | "hook" | "base" = "app"): string {
  const tag = `${behaviour}-${version}`;
  return `example.test/${name}:${tag}@sha256:${createHash("sha256").update(tag).digest("hex")}`;
}

/** What an image does in a namespace. */
export function behaviourOf(image: string, namespace: string): Behaviour {
  const word = /:([a-z]+)-\d+@/.exec(image)?.[1];
  const found = behaviours.find((one) => one === word) ?? "missing";
  if (found !== "picky") return found;
  return namespace.endsWith("production") ? "crash" : "ready";
}

/** Whether a pod of this behaviour gets through a gate in the end, which may ask it something; undefined where the time decides. */
export function isGood(behaviour: Behaviour, isAsked = false): boolean | undefined {
  if (behaviour === "expiring") return undefined;
  if (behaviour === "unwell") return !isAsked;
  return behaviour === "ready" || behaviour === "slow" || behaviour === "flaky";
}
