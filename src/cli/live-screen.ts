/** A whole terminal: how big it is now, and who wants to know when that changes. */
export interface ScreenDoor {
  readonly write: (text: string) => void;
  readonly size: () => { readonly columns: number; readonly rows: number };
  /** Calls `changed` at each resize until the returned function is called. */
  readonly onResize: (changed: () => void) => () => void;
}

const enter = "\u001B[?1049h\u001B[?25l\u001B[?7l";
const leave = "\u001B[?7h\u001B[?25h\u001B[?1049l";

/** Draws lines over the whole terminal, again and again; closed, it leaves what was there before as it was. */
export class LiveScreen {
  readonly #door: ScreenDoor;
  readonly #endResize: () => void;
  #lines: readonly string[] = [];

  constructor(door: ScreenDoor) {
    this.#door = door;
    door.write(enter);
    this.#endResize = door.onResize(() => {
      this.draw(this.#lines);
    });
  }

  /** Shows the lines from the top; the terminal cuts what is too wide, and of what is too long the number is told. */
  draw(lines: readonly string[]): void {
    this.#lines = lines;
    const { rows } = this.#door.size();
    const shown =
      lines.length <= rows ? lines : [...lines.slice(0, rows - 1), `… ${lines.length - rows + 1} more lines`];
    this.#door.write(`\u001B[H${shown.map((line) => `${line}\u001B[K`).join("\r\n")}\u001B[J`);
  }

  close(): void {
    this.#endResize();
    this.#door.write(leave);
  }
}
