import type { Clock } from "../clock/clock.ts";
import type { KubeAnswer, KubeRefusal, WatchMessage, WatchTarget } from "./kube.ts";
import type { KubeObject } from "../../model/kube-object.ts";
import { targetPath } from "./paths.ts";
import { refusalOf, unreachable } from "./refusal.ts";
import type { KubeRequest } from "./transport.ts";
import { backOffMs } from "../../model/back-off.ts";
import { waitFor } from "../clock/wait.ts";
import { watchLines } from "./watch-stream.ts";
import type { WatchLine } from "./watch-stream.ts";
import type { IncomingMessage } from "node:http";

/** A whole list with the version that a watch goes on from. */
export interface Listed {
  readonly objects: readonly KubeObject[];
  readonly resourceVersion: string;
}

/** What a watch needs of the client it belongs to. */
export interface WatcherParts {
  readonly clock: Clock;
  readonly random: () => number;
  /** How long the server is asked to keep one watch open. */
  readonly watchMs: number;
  /** How long a watch may say nothing, not even a bookmark, before its connection is taken for dead. */
  readonly silenceMs: number;
  list(target: WatchTarget, signal: AbortSignal): Promise<KubeAnswer<Listed>>;
  open(
    request: KubeRequest,
    timeoutMs: number,
  ): Promise<{ readonly message: IncomingMessage; readonly done: () => void }>;
}

/** How one connection ended: `again` at once, `relist` because its version is gone, or with trouble. */
type Ended = "again" | "relist" | KubeRefusal;

/** One watch that never gives up: list, watch, go on from the last version seen, begin again when that is gone. */
export class Watcher {
  readonly #parts: WatcherParts;
  readonly #target: WatchTarget;
  readonly #onMessage: (message: WatchMessage) => void;
  readonly #signal: AbortSignal;
  #resourceVersion: string | undefined;
  #failures = 0;
  /** The last thing that was said is trouble. */
  #isInTrouble = false;

  constructor(
    parts: WatcherParts,
    target: WatchTarget,
    onMessage: (message: WatchMessage) => void,
    signal: AbortSignal,
  ) {
    this.#parts = parts;
    this.#target = target;
    this.#onMessage = onMessage;
    this.#signal = signal;
  }

  /** Resolves when the signal aborts. */
  async run(): Promise<void> {
    while (!this.#signal.aborted) {
      const ended = this.#resourceVersion === undefined ? await this.#synchronise() : await this.#follow();
      if (this.#signal.aborted) return;
      if (ended === "again") continue;
      if (ended === "relist") this.#resourceVersion = undefined;
      else this.#say({ type: "trouble", refusal: ended });
      // A kind that is not served has no past: when it is served again, its objects are others.
      if (ended !== "relist" && ended.code === 404) this.#resourceVersion = undefined;
      await this.#pause(ended === "relist" ? undefined : ended.retryAfterMs);
    }
  }

  async #synchronise(): Promise<Ended> {
    const answer = await this.#parts.list(this.#target, this.#signal);
    if (this.#signal.aborted) return "again";
    if (!answer.ok) return answer.refusal;
    this.#resourceVersion = answer.value.resourceVersion;
    this.#say({ type: "synced", objects: answer.value.objects });
    return "again";
  }

  async #follow(): Promise<Ended> {
    const { clock, watchMs, silenceMs } = this.#parts;
    const startedAt = clock.now();
    const silence = new Silence(clock, silenceMs, this.#signal);
    try {
      const { message, done } = await this.#parts.open(this.#request(silence.signal), watchMs + 30_000);
      try {
        if (message.statusCode !== 200) return await refusedWatch(message);
        if (this.#isInTrouble) this.#say({ type: "resumed" });
        for await (const line of watchLines(message)) {
          silence.heard();
          const ended = this.#take(line);
          if (ended !== undefined) return ended;
        }
      } finally {
        done();
        message.destroy();
      }
      // A server that ends every watch at once must not be asked in a tight loop.
      return clock.now() - startedAt < 1_000 ? unreachable("the watch was ended at once") : "again";
    } catch (error) {
      if (silence.fellSilent) return unreachable("the watch fell silent");
      return unreachable(error instanceof Error ? error.message : String(error));
    } finally {
      silence.end();
    }
  }

  #take(line: WatchLine): Ended | undefined {
    if (this.#signal.aborted) return "again";
    if (line.type === "ERROR") {
      const refusal = refusalOf(Number(line.object["code"] ?? 500), JSON.stringify(line.object));
      return refusal.code === 410 ? "relist" : refusal;
    }
    const version = line.object.metadata.resourceVersion;
    if (version !== undefined) this.#resourceVersion = version;
    this.#failures = 0;
    if (line.type === "DELETED") this.#say({ type: "deleted", object: line.object });
    else if (line.type !== "BOOKMARK") this.#say({ type: "changed", object: line.object });
    return undefined;
  }

  #say(message: WatchMessage): void {
    this.#isInTrouble = message.type === "trouble";
    this.#onMessage(message);
  }

  #request(signal: AbortSignal): KubeRequest {
    const timeoutSeconds = String(Math.round((this.#parts.watchMs / 1000) * (0.8 + 0.2 * this.#parts.random())));
    const resourceVersion = this.#resourceVersion;
    const members = { watch: "1", allowWatchBookmarks: "true", resourceVersion, timeoutSeconds };
    return { method: "GET", path: targetPath(this.#target, members), signal };
  }

  async #pause(askedMs = 0): Promise<void> {
    const waitMs = backOffMs(this.#failures, 100, 30_000, this.#parts.random);
    this.#failures += 1;
    await waitFor(this.#parts.clock, Math.max(askedMs, waitMs), this.#signal);
  }
}

async function refusedWatch(message: IncomingMessage): Promise<Ended> {
  const pieces: Buffer[] = [];
  for await (const piece of message) pieces.push(piece as Buffer);
  const refusal = refusalOf(message.statusCode ?? 0, Buffer.concat(pieces).toString(), message.headers["retry-after"]);
  return refusal.code === 410 ? "relist" : refusal;
}

/** Aborts its signal when nothing was heard for a while, or when the outer signal aborts. */
class Silence {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal;
  #heardAt: number;
  #cancel: () => void;
  fellSilent = false;

  constructor(clock: Clock, limitMs: number, outer: AbortSignal) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#outer = outer;
    this.#heardAt = clock.now();
    this.#cancel = this.#arm();
    outer.addEventListener("abort", this.#abort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Only notes the time: a busy watch must not start a timer for each event. */
  heard(): void {
    this.#heardAt = this.#clock.now();
  }

  end(): void {
    this.#cancel();
    this.#outer.removeEventListener("abort", this.#abort);
  }

  #abort = (): void => {
    this.#controller.abort();
  };

  #arm(): () => void {
    return this.#clock.at(this.#heardAt + this.#limitMs, () => {
      if (this.#clock.now() - this.#heardAt < this.#limitMs) {
        this.#cancel = this.#arm();
        return;
      }
      this.fellSilent = true;
      this.#controller.abort();
    });
  }
}
