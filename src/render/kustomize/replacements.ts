import type { Json, JsonObject } from "../../model/json.ts";
import { isJsonObject } from "../../model/json.ts";
import { ProblemError } from "../../model/problem.ts";
import type { Place } from "../../model/problem.ts";
import type { Replacement, Selector } from "./kustomization.ts";
import type { Budget } from "./budget.ts";
import { plainScalar } from "../kube-schema.ts";
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
      const isRejected = reject.flatMap((one) => rejections(one).map((part) => selects(part, where)));
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

/** kustomize leaves out what fits by its name and kind, and also what fits by its labels and annotations. */
function rejections({ labelSelector, annotationSelector, ...identity }: Selector): readonly Selector[] {
  const isSaid = (part: object): boolean => Object.values(part).some((value) => value !== undefined && value !== "");
  return [identity, { labelSelector, annotationSelector }].filter(isSaid);
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
  if (value === undefined || value === null) throw unusable(where, `its source has no ${fieldPath}`);
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
  const unfit = (): Json => {
    throw unusable(where, `its value does not fit into ${path}, where something of another type is`);
  };
  const steps = split(path);
  const isText = steps[0] === "metadata" && (steps[1] === "labels" || steps[1] === "annotations");
  const written = put(object, steps, { value, options, isText, missing, unfit }) as JsonObject;
  budget.weigh(written);
  return written;
}

/** What is put, and how; the two functions throw. */
interface Putting {
  readonly value: Json;
  readonly options: Options;
  /** What is made there is text, whatever it looks like. */
  readonly isText: boolean;
  readonly missing: () => Json;
  readonly unfit: () => Json;
}

function put(found: Json | undefined, path: readonly string[], putting: Putting): Json {
  const { options, missing } = putting;
  const [step, ...rest] = path;
  if (step === undefined) return found === undefined && !options.create ? missing() : combined(found, putting);
  const made = options.create ? itemOf(step) : undefined;
  if (Array.isArray(found)) {
    const items = found as readonly Json[];
    if (items.some((item, index) => isItem(item, index, step)) || step === "*")
      return items.map((item, index) => (isItem(item, index, step) ? put(item, rest, putting) : item));
    return made ? [...items, put(made, rest, putting)] : missing();
  }
  if (found !== undefined && found !== null && !isJsonObject(found)) return missing();
  if (made && found === undefined) return [put(made, rest, putting)];
  const members = isJsonObject(found) ? found : {};
  if (!Object.hasOwn(members, step) && !options.create) return missing();
  return { ...members, [step]: put(members[step], rest, putting) };
}

/** The item that `[name=value]` asks for, where there is none yet. */
function itemOf(step: string): JsonObject | undefined {
  const [, key, value] = /^\[([^=]+)=(.*)\]$/.exec(step) ?? [];
  return key === undefined || value === undefined ? undefined : { [key]: plainScalar(value) };
}

/** The value, or the text that is there with one of its parts replaced. */
function combined(found: Json | undefined, putting: Putting): Json {
  const { value } = putting;
  const { delimiter, index = 0 } = putting.options;
  if (delimiter === undefined || delimiter === "") return typed(found, putting);
  const parts = typeof found === "string" ? found.split(delimiter) : [];
  if (index < 0) return [asText(value), ...parts].join(delimiter);
  if (index >= parts.length) return [...parts, asText(value)].join(delimiter);
  return parts.with(index, asText(value)).join(delimiter);
}

/** The value as what is there is: a number goes into a text as text, and what is made anew is what its text means in YAML. */
function typed(found: Json | undefined, { value, isText, unfit }: Putting): Json {
  if (typeof found === "object" && found !== null) return value;
  if (typeof value === "object") return found === undefined || found === null ? value : unfit();
  if (typeof found === "string" || (isText && found === undefined)) return asText(value);
  const meant = typeof value === "string" && value !== "" ? plainScalar(value) : value;
  return found === undefined || found === null || typeof found === typeof meant ? meant : unfit();
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
