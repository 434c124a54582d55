import { spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { ProblemError } from "../../model/problem.ts";
import { lastWords } from "./git-command.ts";
import type { GitCommand } from "./git-command.ts";

/** One object as `cat-file` answers it; `content` is empty where only the facts were asked for. */
export interface ReadObject {
  readonly id: string;
  readonly type: string;
  readonly size: number;
  readonly content: Buffer;
}

/** Reads objects through one long-lived `git cat-file`, in the order they are asked for. */
export interface ObjectReader {
  /** The object by any plain name ("<commit>:<path>"); undefined when there is none. */
  info(name: string): Promise<ReadObject | undefined>;
  contents(name: string): Promise<ReadObject | undefined>;
  /** Ends the process; the next read starts another. */
  close(): void;
}

interface Waiting {
  readonly withContent: boolean;
  readonly resolve: (object: ReadObject | undefined) => void;
  readonly reject: (error: Error) => void;
}

/** Characters of git's complaints that are kept. */
const mostSaid = 4096;

/** An object reader on the mirror that `git` works on. */
export function objectReader(git: GitCommand): ObjectReader {
  let current: Conversation | undefined;
  const ask = (verb: string, name: string): Promise<ReadObject | undefined> => {
    if (/[\n\r\0]/.test(name)) return Promise.resolve(undefined);
    if (current === undefined || current.ended) current = new Conversation(git);
    return current.ask(verb, name);
  };
  return {
    info: (name) => ask("info", name),
    contents: (name) => ask("contents", name),
    close() {
      current?.end();
      current = undefined;
    },
  };
}

class Conversation {
  ended = false;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting: Waiting[] = [];
  #chunks: Buffer[] = [];
  #size = 0;
  /** The end of what git complained of. */
  #said = "";
  /** Bytes needed before the next answer is whole: with a large blob the pieces are put together once. */
  #needed = 1;

  constructor(git: GitCommand) {
    this.#child = spawn("git", [...git.arguments, "cat-file", "--batch-command"], {
      env: { ...git.env },
      stdio: "pipe",
      detached: true,
    });
    this.#child.stdout.on("data", (chunk: Buffer) => this.#take(chunk));
    this.#child.stderr
      .setEncoding("utf8")
      .on("data", (text: string) => (this.#said = (this.#said + text).slice(-mostSaid)));
    this.#child.stdin.on("error", () => undefined);
    this.#child.on("error", () => this.#fail());
    this.#child.on("close", () => this.#fail());
    // It waits for as long as the mirror is open, and must not keep a program alive that is otherwise done.
    this.#hold();
  }

  ask(verb: string, name: string): Promise<ReadObject | undefined> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ withContent: verb === "contents", resolve, reject });
      this.#hold();
      this.#child.stdin.write(`${verb} ${name}\n`);
    });
  }

  end(): void {
    this.ended = true;
    this.#child.stdin.end();
  }

  /** While an answer, or the end that takes its place, is awaited the program lives; while none is, nothing here holds it. */
  #hold(): void {
    const { stdin, stdout, stderr } = this.#child;
    for (const part of [this.#child, stdin, stdout, stderr]) {
      const handle = part as { ref?: () => void; unref?: () => void };
      if (this.#waiting.length > 0) handle.ref?.();
      else handle.unref?.();
    }
  }

  #fail(): void {
    this.ended = true;
    const why = this.#said === "" ? "" : `: ${lastWords(this.#said)}`;
    const message = `git cat-file ended before it had answered${why}.`;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(new ProblemError({ code: "git-ended", message }));
  }

  #take(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size < this.#needed) return;
    let buffer = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    this.#needed = 1;
    for (;;) {
      const answer = this.#answer(buffer);
      if (answer === undefined) break;
      buffer = buffer.subarray(answer.used);
      this.#waiting.shift()?.resolve(answer.object);
    }
    this.#chunks = buffer.length > 0 ? [buffer] : [];
    this.#size = buffer.length;
    if (this.#waiting.length === 0) this.#hold();
  }

  #answer(buffer: Buffer): { readonly used: number; readonly object: ReadObject | undefined } | undefined {
    const first = this.#waiting[0];
    const end = buffer.indexOf(10);
    if (first === undefined || end < 0) return undefined;
    const header = buffer.toString("utf8", 0, end);
    const match = /^([0-9a-f]{40,64}) (\w+) (\d+)$/.exec(header);
    if (match === null) return { used: end + 1, object: undefined };
    const size = Number(match[3]);
    const facts = { id: match[1] ?? "", type: match[2] ?? "", size };
    if (!first.withContent) return { used: end + 1, object: { ...facts, content: Buffer.alloc(0) } };
    const used = end + 1 + size + 1;
    if (buffer.length < used) {
      this.#needed = used;
      return undefined;
    }
    return { used, object: { ...facts, content: Buffer.from(buffer.subarray(end + 1, end + 1 + size)) } };
  }
}
