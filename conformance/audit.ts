import { readFile } from "node:fs/promises";
import type { Answered } from "./api.ts";

/** One request as the API server counted it. */
export interface Audited {
  readonly verb: string;
  /** With its subresource, such as services/proxy; the path of what is no resource. */
  readonly resource: string;
  readonly namespace: string;
  readonly dryRun: boolean;
}

/** What an engine asked since a moment, from an audit log of JSON lines (https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/). */
export class Audit {
  readonly #file: string;
  #from = 0;

  constructor(file: string) {
    this.#file = file;
  }

  /** Counts from now on. */
  async begin(): Promise<void> {
    this.#from = (await readFile(this.#file)).length;
  }

  /** Every request of Plumbline's in the order in which they were answered; a watch counts when it is opened. */
  async requests(): Promise<readonly Audited[]> {
    const text = (await readFile(this.#file)).subarray(this.#from).toString("utf8");
    // The last line may still be in the writing.
    const lines = text.slice(0, text.lastIndexOf("\n") + 1).split("\n");
    return lines
      .filter((line) => line !== "")
      .map((line): Answered => JSON.parse(line))
      .filter(({ userAgent, stage, verb }) => {
        return userAgent === "plumbline" && stage === (verb === "watch" ? "ResponseStarted" : "ResponseComplete");
      })
      .map(({ verb, objectRef, requestURI }) => ({
        verb,
        resource: objectRef ? [objectRef.resource, objectRef.subresource].filter(Boolean).join("/") : requestURI,
        namespace: objectRef?.namespace ?? "",
        dryRun: /[?&]dryRun=All/.test(requestURI),
      }));
  }
}

/** How many of each: `patch deployments (dry run)` and the like, in their order. */
export function counted(requests: readonly Audited[]): Readonly<Record<string, number>> {
  const names = requests.map(({ verb, resource, dryRun }) => `${verb} ${resource}${dryRun ? " (dry run)" : ""}`);
  const counts = new Map<string, number>();
  for (const name of names.toSorted()) counts.set(name, (counts.get(name) ?? 0) + 1);
  return Object.fromEntries(counts);
}
