import type { Json, JsonObject } from "../../model/json.ts";
import { isJsonObject } from "../../model/json.ts";
import { ProblemError } from "../../model/problem.ts";
import type { Place } from "../../model/problem.ts";
import type { Replacement } from "./kustomization.ts";
import type { Budget } from "./budget.ts";
import { become } from "./resource.ts";
import type { Resource } from "./resource.ts";
import { selects } from "./select.ts";

type Options = {
  readonly delimiter?: string | undefined;
  readonly index?: number | undefined;
  readonly create?: boolean | undefined;
};

/** The resources with a value of one object copied into fields of others. */
export function replaceValues(
  resources: readonly Resource[],
  replacement: Replacement,
  where: Place,
  budget: Budget,
): readonly Resource[] {
  const value = sourceOf(resources, replacement, where);
  return replacement.targets.reduce<readonly Resource[]>(
    (changed, { select, reject = [], fieldPaths = ["metadata.name"], options = {} }) => {
      const isSelected = selects(select, where);
      const isRejected = reject.map((one) => selects(one, where));
      return changed.map((resource) => {
        if (!isSelected(resource) || isRejected.some((rejects) => rejects(resource))) return resource;
        const object = fieldPaths.reduce<JsonObject>(
          (written, path) => write(written, path, value, options, where, budget),
          resource.object,
        );
        return become(resource, object);
      });
    },
    resources,
  );
}

function sourceOf(resources: readonly Resource[], { source, sourceValue }: Replacement, where: Place): Json {
  if (source === undefined) {
    if (sourceValue === undefined) throw unusable(where, "it has no source");
    return sourceValue;
  }
  const { fieldPath = "metadata.name", options = {}, ...selector } = source;
  const found = resources.filter(selects(selector, where));
  const [first] = found;
  if (first === undefined || found.length > 1)
    throw unusable(where, `its source is ${found.length} objects, and not one`);
  const value = read(first.object, split(fieldPath));
  if (value === undefined) throw unusable(where, `its source has no ${fieldPath}`);
  if (options.delimiter === undefined || options.delimiter === "") return value;
  const part = asText(value).split(options.delimiter)[options.index ?? 0];
  if (part === undefined) throw unusable(where, `its source has no part ${options.index ?? 0}`);
  return part;
}

/** The steps of a field path: members by name, list items by number, by `[name=value]`, or `*` for all. */
function split(path: string): readonly string[] {
  const found = path.match(/\[[^\]]*\]|(?:\\.|[^.[\]])+/g) ?? [];
  // Without = between the brackets it is a name with dots in it.
  return found.map((step) => step.replace(/^\[([^=]*)\]$/, "$1").replaceAll("\\.", "."));
}

function read(value: Json | undefined, path: readonly string[]): Json | undefined {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (Array.isArray(value)) {
    const item = (value as readonly Json[]).find((one, index) => isItem(one, index, step));
    return item === undefined ? undefined : read(item, rest);
  }
  return isJsonObject(value) && Object.hasOwn(value, step) ? read(value[step], rest) : undefined;
}

function isItem(item: Json, index: number, step: string): boolean {
  const condition = /^\[([^=]+)=(.*)\]$/.exec(step);
  if (!condition) return step === "*" || step === String(index);
  const [, key = "", wanted = ""] = condition;
  return isJsonObject(item) && asText(item[key]) === wanted;
}

/** What each write makes is weighed: a text that takes itself in doubles each time. */
function write(
  object: JsonObject,
  path: string,
  value: Json,
  options: Options,
  where: Place,
  budget: Budget,
): JsonObject {
  const missing = (): Json => {
    throw unusable(where, `a target has no ${path}; options.create: true makes it`);
  };
  const written = put(object, split(path), value, options, missing) as JsonObject;
  budget.weigh(written);
  return written;
}

function put(
  found: Json | undefined,
  path: readonly string[],
  value: Json,
  options: Options,
  missing: () => Json,
): Json {
  const [step, ...rest] = path;
  if (step === undefined) return found === undefined && !options.create ? missing() : combined(found, value, options);
  if (Array.isArray(found)) {
    const items = found as readonly Json[];
    if (!items.some((item, index) => isItem(item, index, step)) && step !== "*") return missing();
    return items.map((item, index) => (isItem(item, index, step) ? put(item, rest, value, options, missing) : item));
  }
  if (found !== undefined && found !== null && !isJsonObject(found)) return missing();
  const members = isJsonObject(found) ? found : {};
  if (!Object.hasOwn(members, step) && !options.create) return missing();
  return { ...members, [step]: put(members[step], rest, value, options, missing) };
}

/** The value, or the text that is there with one of its parts replaced. */
function combined(found: Json | undefined, value: Json, { delimiter, index = 0 }: Options): Json {
  if (delimiter === undefined || delimiter === "") return value;
  const parts = typeof found === "string" ? found.split(delimiter) : [];
  if (index < 0) return [asText(value), ...parts].join(delimiter);
  if (index >= parts.length) return [...parts, asText(value)].join(delimiter);
  return parts.with(index, asText(value)).join(delimiter);
}

function unusable(where: Place, why: string): ProblemError {
  return new ProblemError({
    code: "kustomization-replacement",
    message: `The replacement cannot be used: ${why}.`,
    where,
    remedy: "Correct its source, or its targets.",
  });
}

/** A value as part of a text. */
function asText(value: Json | undefined): string {
  return typeof value === "string" ? value : JSON.stringify(value ?? "");
}
