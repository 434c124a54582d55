import { open } from "node:fs/promises";
import type { LogOptions } from "../api/hooks.ts";
import type { ContainerLog } from "./container-log.ts";

/** The wanted part of a log as it comes; with `follow`, until the container's run is over. */
export async function* readLog(log: ContainerLog, wanted: LogOptions, nowMs: number): AsyncGenerator<Buffer> {
  const { follow, signal, tailLines } = wanted;
  const sinceMs =
    wanted.sinceTime === undefined ? nowMs - (wanted.sinceSeconds ?? Infinity) * 1000 : Date.parse(wanted.sinceTime);
  let left = wanted.limitBytes ?? Infinity;
  let changed = false;
  let wake: () => void = () => undefined;
  const heard = () => {
    changed = true;
    wake();
  };
  const stopListening = log.onChange(heard);
  signal.addEventListener("abort", heard, { once: true });
  try {
    let offset = 0;
    for (let first = true; ; first = false) {
      changed = false;
      // Looked at before reading: what is written before the end is then surely read.
      const more = follow && log.open;
      const read = await readRecords(log.path, offset);
      offset = read.offset;
      const lines = read.records.filter((record) => isSince(record, sinceMs));
      const shown = first && tailLines !== undefined ? lines.slice(Math.max(0, lines.length - tailLines)) : lines;
      const text = shown
        .map((record) => `${wanted.timestamps ? record.replace(/ \S+/, "") : withoutHead(record)}\n`)
        .join("");
      const bytes = Buffer.from(text).subarray(0, left);
      left -= bytes.length;
      if (bytes.length > 0) yield bytes;
      if (!more || signal.aborted || left <= 0) return;
      if (!changed) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    stopListening();
    signal.removeEventListener("abort", heard);
  }
}

/** The whole records after an offset, and the offset behind them. */
async function readRecords(
  path: string,
  offset: number,
): Promise<{ readonly records: readonly string[]; readonly offset: number }> {
  const file = await open(path).catch(() => undefined);
  if (!file) return { records: [], offset };
  try {
    const { size } = await file.stat();
    const bytes = Buffer.alloc(Math.max(0, size - offset));
    await file.read(bytes, 0, bytes.length, offset);
    const end = bytes.lastIndexOf(10) + 1;
    return { records: bytes.subarray(0, end).toString("utf8").split("\n").slice(0, -1), offset: offset + end };
  } finally {
    await file.close();
  }
}

function isSince(record: string, sinceMs: number): boolean {
  if (sinceMs === -Infinity) return true;
  // To milliseconds, which is as fine as the clock is.
  return Date.parse(`${record.slice(0, 23)}Z`) >= sinceMs;
}

/** A record's text: what comes after its time and stream. */
function withoutHead(record: string): string {
  return record.slice(record.indexOf(" ", record.indexOf(" ") + 1) + 1);
}
