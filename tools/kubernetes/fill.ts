import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

/** The path of a file in this room's `data` or `go`, which are not compiled. */
export function roomFile(name: string): string {
  return fileURLToPath(new URL(`../../../tools/kubernetes/${name}`, import.meta.url));
}

/** A file of `data` with each `{{name}}` replaced. */
export async function filled(name: string, values: Readonly<Record<string, string>>): Promise<string> {
  return fill(await readFile(roomFile(`data/${name}`), "utf8"), values);
}

/** Replaces each `{{name}}`; a name without a value is an error. */
export function fill(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`there is no value for {{${name}}}`);
    return value;
  });
}
