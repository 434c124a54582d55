import assert from "node:assert/strict";
import { logFiles } from "../cli/log-files.ts";
import { systemClock } from "../io/clock/clock.ts";
import type { Problem } from "../model/problem.ts";
import type { DeliveryRecord } from "../model/record.ts";
import type { StatusDocument } from "../model/status-document.ts";
import { statusDocument } from "../status/document.ts";
import { Engine } from "./engine.ts";
import type { EngineOptions } from "./engine.ts";
import type { Snapshot } from "./snapshot.ts";

/** For tests: an engine in this process, with what it said. */
export interface TestEngine {
  readonly engine: Engine;
  readonly decisions: readonly DeliveryRecord[];
  readonly troubles: readonly Problem[];
  /** The first snapshot that fits; rejects after 30 s with what was seen last. */
  readonly until: (what: string, fits: (snapshot: Snapshot) => boolean) => Promise<Snapshot>;
  /** The record of an application as soon as it fits. */
  readonly untilRecord: (
    id: string,
    what: string,
    fits: (record: DeliveryRecord) => boolean,
  ) => Promise<DeliveryRecord>;
  readonly stop: () => Promise<void>;
}

/** Starts an engine whose delivery log has the status document beside the records, as the real one's has. */
export async function startEngine(
  options: Partial<EngineOptions> & Pick<EngineOptions, "git" | "kube">,
  close: () => void = () => undefined,
): Promise<TestEngine> {
  const decisions: DeliveryRecord[] = [];
  const troubles: Problem[] = [];
  const listeners = new Set<() => void>();
  const changed = (): void => {
    for (const listener of listeners) listener();
  };
  const engine = new Engine({
    logFiles: (snapshot, id) => logFiles({ assets: new Map(), documentOf }, snapshot, id),
    clock: systemClock,
    random: Math.random,
    onChange: changed,
    onDecision: (record) => {
      decisions.push(record);
      changed();
    },
    onTrouble: (_, problem) => {
      troubles.push(problem);
      changed();
    },
    ...options,
  });
  const until: TestEngine["until"] = (what, fits) => untilFits(engine, listeners, troubles, what, fits);
  let ended: Promise<void> | undefined;
  await engine.start();
  return {
    engine,
    decisions,
    troubles,
    until,
    async untilRecord(id, what, fits) {
      const recordOf = (snapshot: Snapshot) =>
        snapshot.applications.find(({ application }) => application.id === id)?.record;
      const found = recordOf(
        await until(what, (snapshot) => {
          const record = recordOf(snapshot);
          return record !== undefined && fits(record);
        }),
      );
      assert.ok(found);
      return found;
    },
    stop: () => (ended ??= engine.stop().then(close)),
  };
}

function untilFits(
  engine: Engine,
  listeners: Set<() => void>,
  troubles: readonly Problem[],
  what: string,
  fits: (snapshot: Snapshot) => boolean,
): Promise<Snapshot> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const snapshot = engine.snapshot();
      if (!fits(snapshot)) return;
      listeners.delete(look);
      clearTimeout(timer);
      resolve(snapshot);
    };
    const timer = setTimeout(() => {
      listeners.delete(look);
      const { repository, applications } = engine.snapshot();
      const seen = applications.map(
        ({ record }) => `${record.application} ${record.outcome} ${record.reason}: ${record.message}`,
      );
      const last = troubles.slice(-3).map(({ message }) => message);
      const said = [repository.trouble?.message ?? "", ...seen, ...last].join("; ");
      reject(new Error(`${what}: not seen within 30 s; ${said}`));
    }, 30_000);
    listeners.add(look);
    look();
  });
}

/** The status document of a snapshot, as text. */
export function statusText(snapshot: Snapshot): string {
  return JSON.stringify(documentOf(snapshot));
}

function documentOf(snapshot: Snapshot): StatusDocument {
  const engine = { version: "test", startedAt: new Date(0).toISOString() };
  return statusDocument({ engine, ...snapshot }, Date.now());
}
