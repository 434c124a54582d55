import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { mended } from "./recorder.ts";

/** One request of a recording, with placeholders where values are volatile. */
export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** What was answered to it. */
export interface RecordedResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** A request and its answer. */
export interface Step {
  readonly id: string;
  readonly title: string;
  /** What the recorder remarked, also how it shortened the answer. */
  readonly note?: string;
  readonly request: RecordedRequest;
  readonly response: RecordedResponse;
  /** What was answered of the object before and after, where the recorder changed this answer itself. */
  readonly around?: readonly unknown[];
}

/** A request that prepares a scenario; its answer is not judged. */
export interface SetupRequest {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly type?: string;
}

/** One line of a stream: something done, something seen, or a mark of the recorder. */
export interface StreamEntry {
  readonly ms: number;
  readonly resourceVersion?: string;
  readonly action?: string;
  readonly request?: RecordedRequest;
  readonly status?: number;
  readonly response?: unknown;
  readonly watch?: string;
  readonly type?: "ADDED" | "MODIFIED" | "DELETED";
  readonly name?: string;
  readonly object?: Readonly<Record<string, unknown>>;
  readonly mergePatch?: Readonly<Record<string, unknown>>;
  /** Of an Event: its object as Kind/name, and what it says. */
  readonly about?: string;
  readonly event?: Readonly<Record<string, unknown>>;
}

/** Steps in order in a fresh namespace, and what watches saw meanwhile. */
export interface Scenario {
  readonly id: string;
  readonly title: string;
  readonly namespace?: string;
  readonly setup?: readonly SetupRequest[];
  readonly stream?: { readonly entries: readonly StreamEntry[] };
  readonly steps: readonly Step[];
}

/** One file of a folder of traces. */
export interface Group {
  readonly group: string;
  readonly scenarios: readonly Scenario[];
}

/** Reads the groups of a folder, in the order of their names; files without scenarios are none. */
export function readTraces(folder: string): readonly Group[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as Partial<Group>)
    .flatMap(({ group, scenarios }) =>
      group !== undefined && scenarios ? [{ group, scenarios: scenarios.map(mended) }] : [],
    );
}
