import { badRequest } from "../refusal.ts";

/** The parameters of a request, read as Kubernetes reads them. */
export class Query {
  readonly #parameters: URLSearchParams;

  constructor(parameters: URLSearchParams) {
    this.#parameters = parameters;
  }

  /** A text; "" where it is not given. */
  text(name: string): string {
    return this.#parameters.get(name) ?? "";
  }

  /** A number; undefined where it is not given, refused where it is none. */
  integer(name: string): number | undefined {
    const text = this.text(name);
    if (text === "") return undefined;
    if (!/^[+-]?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
    return Number(text);
  }

  /** True for any word but "false" and "0", and for none; undefined where the parameter is not given. */
  flag(name: string): boolean | undefined {
    const text = this.#parameters.get(name);
    return text === null ? undefined : !/^(false|0)$/i.test(text);
  }

  /** Every value that is given. */
  all(name: string): readonly string[] {
    return this.#parameters.getAll(name).filter((value) => value !== "");
  }
}
