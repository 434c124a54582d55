import type { Application } from "../../model/application.ts";
import type { FieldStep, IgnoreRule } from "../../model/ignore-rule.ts";
import { isJsonObject, jsonEqual } from "../../model/json.ts";
import type { Json } from "../../model/json.ts";
import type { FieldChange } from "../../model/plan-document.ts";
import { printPath } from "../../plan/field-path.ts";
import { formatDuration } from "../../source/duration.ts";

/** Who the application is, which two of the same id agree on. */
const identity: ReadonlySet<string> = new Set(["id", "name", "environment"]);

/** The settings of an application that differ between two versions of delivery.yaml, by the names and in the form of that file. */
export function settingsChanges(before: Application, after: Application): readonly FieldChange[] {
  // Through JSON, so that what is left out and what is undefined are the same.
  const [from, to] = [before, after].map((one) => {
    const settings = { ...one, ignore: one.ignore?.map(ruleAsWritten) };
    return asWritten(JSON.parse(JSON.stringify(settings)) as Json);
  });
  return changes(from, to, "").filter(({ field }) => !identity.has(field));
}

function changes(from: Json | undefined, to: Json | undefined, field: string): readonly FieldChange[] {
  // A list that is left out says what an empty one says.
  if (jsonEqual(from ?? [], to ?? [])) return [];
  if (isJsonObject(from) && isJsonObject(to)) {
    const names = [...new Set([...Object.keys(from), ...Object.keys(to)])].toSorted();
    return names.flatMap((name) => changes(from[name], to[name], field === "" ? name : `${field}.${name}`));
  }
  const shown = (value: Json): string => (typeof value === "string" ? value : JSON.stringify(value));
  return [
    {
      field,
      ...(from === undefined ? {} : { from: shown(from) }),
      ...(to === undefined ? {} : { to: shown(to) }),
    },
  ];
}

/** Fields as people write them, and nothing of where the rule stands. */
function ruleAsWritten({ kind, name, fields }: IgnoreRule): Json {
  return { kind, name, fields: fields.map((steps) => printPath(steps.map(segmentOf))) };
}

function segmentOf(step: FieldStep): string {
  if (typeof step === "string") return `f:${step}`;
  return Object.keys(step).length === 0 ? "v:*" : `k:${JSON.stringify(step)}`;
}

/** `deadlineMs: 120000` is `deadline: 2m`, and a canary's `share: 50` is `50%`, to the one who wrote it. */
function asWritten(value: Json): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map(asWritten);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner = null]) => {
      if (typeof inner !== "number") return [name, asWritten(inner)];
      if (name.endsWith("Ms")) return [name.slice(0, -"Ms".length), formatDuration(inner)];
      return [name, name === "share" ? `${inner}%` : inner];
    }),
  );
}
