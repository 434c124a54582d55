/** A JSON object whose shape is not known here. */
export type JsonMap = { readonly [key: string]: unknown };

/** True for a JSON object: no list, and not null. */
export function isMap(value: unknown): value is JsonMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a value is a JSON list; `Array.isArray` alone would make its items `any`. */
export function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

/** What stands at a path such as `spec.template.metadata`; undefined where there is nothing. */
export function valueAt(object: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((inner, key) => (isMap(inner) ? inner[key] : undefined), object);
}

/** A text in an object; empty where there is none. */
export function textAt(object: unknown, key: string): string {
  const value = isMap(object) ? object[key] : undefined;
  return typeof value === "string" ? value : "";
}

/** A map in an object; empty where there is none. */
export function mapAt(object: unknown, key: string): JsonMap {
  const value = isMap(object) ? object[key] : undefined;
  return isMap(value) ? value : {};
}

/** The maps of a list in an object; none where there is no list. */
export function listAt(object: unknown, key: string): readonly JsonMap[] {
  const value = isMap(object) ? object[key] : undefined;
  return isList(value) ? value.filter(isMap) : [];
}

/** Freezes a value and everything in it; values that are frozen already are taken to be so all the way down. */
export function freeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const inner of Object.values(value)) freeze(inner);
  return Object.freeze(value);
}

/** True when both are the same JSON value; a property that is undefined counts as absent. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return (
      Array.isArray(a) &&
      Array.isArray(b) &&
      a.length === b.length &&
      a.every((item, index) => sameJson(item, b[index]))
    );
  }
  const left = Object.entries(a).filter(([, value]) => value !== undefined);
  const right = Object.entries(b).filter(([, value]) => value !== undefined);
  return left.length === right.length && left.every(([key, value]) => sameJson(value, (b as JsonMap)[key]));
}

/** A copy without some of its properties. */
export function without<T extends object, K extends string>(object: T, ...keys: readonly K[]): Omit<T, K> {
  const copy = { ...object };
  for (const key of keys) delete (copy as Record<string, unknown>)[key];
  return copy;
}

const serialised = new WeakMap<object, string>();

/** The JSON text of a frozen object, made once. */
export function jsonOf(object: object): string {
  let text = serialised.get(object);
  if (text === undefined) {
    text = JSON.stringify(object);
    serialised.set(object, text);
  }
  return text;
}
