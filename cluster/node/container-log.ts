import { createWriteStream, type WriteStream } from "node:fs";
import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import type { Clock } from "../clock.ts";

/** A container's log of one run: a file with one line a record, `<RFC 3339 time> <stdout|stderr> <text>`. */
export interface ContainerLog {
  readonly path: string;
  /** Whether more may come. */
  readonly open: boolean;
  /** Calls `then` when lines were added or the log was closed; returns a function that ends it. */
  onChange(then: () => void): () => void;
  /** Takes what comes from a stream, line by line. */
  take(stream: Readable, name: "stdout" | "stderr"): void;
  /** Waits until everything is in the file. */
  close(): Promise<void>;
}

/** A line that never ends is cut, so that it cannot fill the memory. */
const longestLine = 16_384;

/** A new log at `path`, whose folder exists. */
export function openContainerLog(path: string, clock: Clock): ContainerLog {
  const file: WriteStream = createWriteStream(path, { flags: "w", mode: 0o600 });
  const listeners = new Set<() => void>();
  let open = true;
  // A full disk must not end the cluster; the log then simply stops.
  file.on("error", () => {
    open = false;
  });
  const changed = () => {
    for (const listener of listeners) listener();
  };
  return {
    path,
    get open() {
      return open;
    },
    onChange(then) {
      listeners.add(then);
      return () => listeners.delete(then);
    },
    take(stream, name) {
      const decoder = new StringDecoder("utf8");
      let tail = "";
      const write = (lines: readonly string[]) => {
        if (!open || lines.length === 0) return;
        const time = new Date(clock.now()).toISOString().replace("Z", "000000Z");
        const text = lines.map((line) => `${time} ${name} ${line}\n`).join("");
        const ready = file.write(text, changed);
        if (ready) return;
        stream.pause();
        file.once("drain", () => stream.resume());
      };
      stream.on("data", (chunk: Buffer) => {
        const lines = (tail + decoder.write(chunk)).split("\n");
        tail = lines.pop() ?? "";
        while (tail.length > longestLine) {
          lines.push(tail.slice(0, longestLine));
          tail = tail.slice(longestLine);
        }
        write(lines);
      });
      stream.on("end", () => {
        const rest = tail + decoder.end();
        if (rest !== "") write([rest]);
      });
      stream.on("error", () => undefined);
    },
    close() {
      return new Promise((resolve) => {
        const done = () => {
          open = false;
          changed();
          resolve();
        };
        if (file.closed || file.destroyed) done();
        else file.end(done);
      });
    },
  };
}
