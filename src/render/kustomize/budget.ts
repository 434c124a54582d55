import type { Json } from "../../model/json.ts";
import { limits } from "../limits.ts";
import type { Portion } from "../limits.ts";

/** What one build may cost; far above honest use. A short file could ask for more work or memory than any machine has. */
export class Budget {
  readonly #portion: Portion;
  readonly #exhausted: (what: string) => Error;
  #bytes = 0;
  #looks = 0;

  /** `exhausted` makes the error that says what there was too much of. */
  constructor(portion: Portion, exhausted: (what: string) => Error) {
    this.#portion = portion;
    this.#exhausted = exhausted;
  }

  /** Counts bytes that were read; a file that is named twice counts twice. */
  read(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > this.#portion.bytes) throw this.#exhausted(`it reads more than ${this.#portion.bytes} bytes`);
  }

  /** Counts values that are looked at. */
  look(values: number): void {
    this.#looks += values;
    if (this.#looks > this.#portion.looks) throw this.#exhausted(`it looks at more than ${this.#portion.looks} values`);
  }

  /** Refuses a value that has grown beyond what one document may be, and counts the looking; answers how many values it is. */
  weigh(value: Json): number {
    let [values, letters] = [0, 0];
    const visit = (item: Json | undefined): void => {
      values += 1;
      if (typeof item === "string") letters += item.length;
      if (values > limits.values || letters > limits.fileBytes)
        throw this.#exhausted(`an object grows beyond ${limits.values} values or ${limits.fileBytes} letters`);
      if (typeof item !== "object" || item === null) return;
      for (const [key, member] of Object.entries(item) as [string, Json | undefined][]) {
        letters += key.length;
        visit(member);
      }
    };
    visit(value);
    this.look(values);
    return values;
  }
}
