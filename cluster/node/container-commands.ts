import { placeCommand, type PlaceOptions } from "./command.ts";
import { type RunningProcess, startProcess } from "./process.ts";

/** Commands that run beside a container's program, for its probes and hooks. */
export interface ContainerCommands {
  /** Runs one and answers what it printed; rejects when it cannot be run, or takes longer. */
  run(words: readonly string[], timeoutMs: number): Promise<{ readonly exitCode: number; readonly output: string }>;
  /** Kills those that still run; settles when they are gone. From then on none is started. */
  end(): Promise<void>;
}

/** The most of a command's output that is kept, as the kubelet does. */
const longestOutput = 10_240;

/** The commands of a container at this place. */
export function containerCommands(place: PlaceOptions): ContainerCommands {
  const running = new Map<Promise<unknown>, { process: RunningProcess | undefined }>();
  let ended = false;

  async function run(
    words: readonly string[],
    timeoutMs: number,
    entry: { process: RunningProcess | undefined },
  ): Promise<{ readonly exitCode: number; readonly output: string }> {
    const command = await placeCommand(words, place);
    const process = await startProcess(command);
    entry.process = process;
    if (ended) process.signal("SIGKILL");
    let output = "";
    for (const stream of [process.stdout, process.stderr]) {
      stream.setEncoding("utf8");
      stream.on("data", (text: string) => {
        if (output.length < longestOutput) output += text;
      });
    }
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      process.signal("SIGKILL");
    }, timeoutMs);
    const { exitCode } = await process.exited;
    clearTimeout(timer);
    if (!late) return { exitCode, output };
    throw new Error(`command timed out: ${JSON.stringify(words.join(" "))} timed out after ${timeoutMs / 1000}s`);
  }

  return {
    run(words, timeoutMs) {
      if (ended) return Promise.reject(new Error("container not found"));
      const entry: { process: RunningProcess | undefined } = { process: undefined };
      const done = run(words, timeoutMs, entry);
      running.set(done, entry);
      const forget = () => running.delete(done);
      done.then(forget, forget);
      return done;
    },
    async end() {
      ended = true;
      for (const { process } of running.values()) process?.signal("SIGKILL");
      await Promise.allSettled(running.keys());
    },
  };
}
