import { styleText } from "node:util";
import type { ScreenDoor } from "./live-screen.ts";

/** What the terminal can do and where it is: a door, so that tests and scripts get plain text. */
export interface TerminalOptions {
  readonly write: (text: string) => void;
  /** False for NO_COLOR, pipes and dumb terminals (https://no-color.org). */
  readonly colour: boolean;
  /** True where a line can be drawn over: a terminal, and not CI. */
  readonly moving: boolean;
  readonly columns: number;
  /** The whole of it, where it can be drawn over; none in a pipe. */
  readonly screen?: ScreenDoor;
}

/** One piece of work that takes a while: a line that moves in a terminal, plain lines elsewhere. */
export interface Step {
  update(detail: string): void;
  done(detail: string): void;
  failed(detail: string): void;
}

/** How a word is painted where that shows. */
export type Style = "good" | "bad" | "quiet" | "strong";

const styles = { good: "green", bad: "red", quiet: "dim", strong: "bold" } as const;
const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/** What stands on the last line of the screen for the moment, and how it is taken away. */
interface Screen {
  erase?: () => void;
}

/** Prints for people: steps with progress, paragraphs, tables. */
export class Terminal {
  readonly #options: TerminalOptions;
  #screen: Screen = {};
  #drawing: NodeJS.Timeout | undefined;

  constructor(options: TerminalOptions) {
    this.#options = options;
  }

  /** The terminal behind stdout or stderr of this process. */
  static of(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Terminal {
    const tty = stream.isTTY;
    const moving = tty && !env["CI"] && env["TERM"] !== "dumb";
    return new Terminal({
      write: (text) => stream.write(text),
      colour: (tty && !env["NO_COLOR"] && env["TERM"] !== "dumb") || env["FORCE_COLOR"] === "1",
      moving,
      columns: stream.columns ?? 100,
      ...(moving ? { screen: screenOf(stream) } : {}),
    });
  }

  /** The terminals behind stdout and stderr: one screen, on which either takes away what the other has drawn. */
  static pair(out: NodeJS.WriteStream, err: NodeJS.WriteStream, env: NodeJS.ProcessEnv): readonly [Terminal, Terminal] {
    const terminals = [Terminal.of(out, env), Terminal.of(err, env)] as const;
    terminals[1].#screen = terminals[0].#screen;
    return terminals;
  }

  style(style: Style, text: string): string {
    return this.#options.colour ? styleText(styles[style], text, { validateStream: false }) : text;
  }

  /** The whole terminal, to draw over; undefined where there is none. */
  screen(): ScreenDoor | undefined {
    this.#erase();
    return this.#options.screen;
  }

  line(text = ""): void {
    this.#erase();
    this.#options.write(`${text}\n`);
  }

  /** Begins a step; end it with `done` or `failed`. */
  step(title: string): Step {
    let detail = "";
    let frame = 0;
    const draw = (): void => {
      if (!this.#options.moving) return;
      this.#erase();
      const text = `${frames[frame % frames.length]} ${title}${detail ? `  ${detail}` : ""}`;
      frame += 1;
      this.#options.write(text.slice(0, this.#options.columns - 1));
      this.#screen.erase = () => this.#options.write("\r\u001B[2K");
    };
    // A step that was given up without a word leaves the line to the next one.
    clearInterval(this.#drawing);
    const timer = this.#options.moving ? setInterval(draw, 100).unref() : undefined;
    this.#drawing = timer;
    if (!this.#options.moving) this.line(`… ${title}`);
    draw();
    const end = (mark: string, text: string): void => {
      clearInterval(timer);
      this.line(`${mark} ${title}${text ? `  ${this.style("quiet", text)}` : ""}`);
    };
    return {
      update(next) {
        detail = next;
        draw();
      },
      done: (text) => {
        end(this.style("good", "✓"), text);
      },
      failed: (text) => {
        end(this.style("bad", "✗"), text);
      },
    };
  }

  /** Rows in columns as wide as their widest cell; the last column takes what it needs. */
  table(header: readonly string[], rows: readonly (readonly string[])[]): void {
    const widths = header.map((title, column) =>
      Math.max(title.length, ...rows.map((row) => (row[column] ?? "").length)),
    );
    const print = (row: readonly string[], style?: Style): void => {
      const cells = row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)));
      const text = cells.join("  ");
      this.line(style ? this.style(style, text) : text);
    };
    print(header, "strong");
    for (const row of rows) print(row);
  }

  #erase(): void {
    this.#screen.erase?.();
    delete this.#screen.erase;
  }
}

function screenOf(stream: NodeJS.WriteStream): ScreenDoor {
  return {
    write: (text) => stream.write(text),
    size: () => ({ columns: stream.columns, rows: stream.rows }),
    onResize(changed) {
      stream.on("resize", changed);
      return () => stream.off("resize", changed);
    },
  };
}
