import { closeSync, existsSync, openSync, readSync, renameSync, writeSync } from "node:fs";
import { rm } from "node:fs/promises";
import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import type { LogOptions } from "../api/hooks.ts";
import type { Clock } from "../clock.ts";

/** A longer line is several records. */
const piece = /[^]{1,16384}/g;
/** A file of more is put aside and a new one begun, as the kubelet does; the one that was put aside before is lost. */
const longestFile = 10 * 2 ** 20;

/**
 * A container's log of one run, one line a record: `<RFC 3339 time> <stdout|stderr> <F|P> <text>`, P where a line goes on
 * in the next record. At most 20 MiB are kept, in two files.
 */
export class ContainerLog {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #listeners = new Set<() => void>();
  #file: number | undefined;
  /** Where the present file and the one put aside begin, counted from the log's first byte. */
  #start = 0;
  #startAside = 0;
  #end = 0;

  /** A new log at `path`, whose folder exists. */
  constructor(path: string, clock: Clock) {
    this.#path = path;
    this.#clock = clock;
    this.#file = openSync(path, "w", 0o600);
  }

  /** Takes what comes from a stream, line by line. */
  take(stream: Readable, name: "stdout" | "stderr"): void {
    const decoder = new StringDecoder("utf8");
    let tail = "";
    stream.on("data", (chunk: Buffer) => {
      const lines = (tail + decoder.write(chunk)).split("\n");
      tail = lines.pop() ?? "";
      const pieces = tail.match(piece) ?? [];
      tail = pieces.pop() ?? "";
      const parts = pieces.map((text) => `P ${text}`);
      this.#append(name, [...lines.flatMap(recordsOf), ...parts]);
    });
    stream.on("end", () => {
      const rest = tail + decoder.end();
      if (rest !== "") this.#append(name, [`P ${rest}`]);
    });
    stream.on("error", () => undefined);
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
    for (const tell of this.#listeners) tell();
  }

  /** Closes it and removes its files. */
  async remove(): Promise<void> {
    this.close();
    for (const path of [this.#path, `${this.#path}.aside`]) await rm(path, { force: true });
  }

  /** The wanted part of the log as it comes; with `follow`, until the container's run is over. */
  async *read(wanted: LogOptions): AsyncGenerator<Buffer> {
    const { follow, signal, tailLines, sinceSeconds = Infinity, sinceTime, timestamps } = wanted;
    const sinceMs = sinceTime === undefined ? this.#clock.now() - sinceSeconds * 1000 : Date.parse(sinceTime);
    let left = wanted.limitBytes ?? Infinity;
    for (let offset = 0, first = true; ; first = false) {
      const records = this.#records(offset);
      offset = this.#end;
      const changed = follow && this.#file !== undefined ? this.#change(signal) : undefined;
      // To milliseconds, which is as fine as the clock is.
      const isSince = (record: string) => Date.parse(`${record.slice(0, 23)}Z`) >= sinceMs;
      const since = sinceMs === -Infinity ? records : records.filter(isSince);
      const shown = first && tailLines !== undefined ? since.slice(Math.max(0, since.length - tailLines)) : since;
      const bytes = Buffer.from(display(shown, timestamps)).subarray(0, left);
      left -= bytes.length;
      if (bytes.length > 0) yield bytes;
      if (!changed || signal.aborted || left <= 0) return;
      await changed;
    }
  }

  /** The last lines, at most as many and as many bytes as the kubelet takes for a message. */
  lastWords(): string {
    const bytes = Buffer.from(display(this.#records(0).slice(-80), false));
    return bytes.subarray(Math.max(0, bytes.length - 2048)).toString();
  }

  #append(stream: string, records: readonly string[]): void {
    if (this.#file === undefined || records.length === 0) return;
    const time = new Date(this.#clock.now()).toISOString().replace("Z", "000000Z");
    try {
      if (this.#end - this.#start > longestFile) this.#rotate(this.#file);
      this.#end += writeSync(this.#file, records.map((record) => `${time} ${stream} ${record}\n`).join(""));
    } catch {
      // A full disk must not end the cluster; the log then simply stops.
      this.close();
    }
    for (const tell of this.#listeners) tell();
  }

  #rotate(file: number): void {
    closeSync(file);
    this.#file = undefined;
    renameSync(this.#path, `${this.#path}.aside`);
    this.#startAside = this.#start;
    this.#start = this.#end;
    this.#file = openSync(this.#path, "w", 0o600);
  }

  /** What is kept of the records from a place on. */
  #records(from: number): readonly string[] {
    const text = [
      { path: `${this.#path}.aside`, start: this.#startAside, end: this.#start },
      { path: this.#path, start: this.#start, end: this.#end },
    ].map(({ path, start, end }) => {
      const bytes = Buffer.alloc(Math.max(0, end - Math.max(from, start)));
      if (bytes.length === 0) return bytes;
      if (!existsSync(path)) return Buffer.alloc(0);
      const file = openSync(path, "r");
      try {
        return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, Math.max(from, start) - start));
      } finally {
        closeSync(file);
      }
    });
    return Buffer.concat(text).toString().split("\n").slice(0, -1);
  }

  /** Settles when lines are added, the log is closed, or the signal aborts. */
  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const heard = () => {
        this.#listeners.delete(heard);
        signal.removeEventListener("abort", heard);
        resolve();
      };
      this.#listeners.add(heard);
      signal.addEventListener("abort", heard, { once: true });
    });
  }
}

function recordsOf(line: string): readonly string[] {
  const pieces = line.match(piece) ?? [""];
  return pieces.map((text, at) => `${at === pieces.length - 1 ? "F" : "P"} ${text}`);
}

/** Records as the reader sees them, each line with or without its time. */
function display(records: readonly string[], timestamps: boolean): string {
  let isNewLine = true;
  const texts = records.map((record) => {
    const [time = "", , tag] = record.split(" ", 3);
    const head = timestamps && isNewLine ? `${time} ` : "";
    isNewLine = tag !== "P";
    return `${head}${record.slice(record.indexOf(` ${tag} `) + 3)}${isNewLine ? "\n" : ""}`;
  });
  return texts.join("");
}
