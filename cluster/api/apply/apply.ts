import { ApiError } from "../../client.ts";
import type { Conflict } from "./conflict.ts";
import { deepDifference, emptySet, type FieldSet } from "./field-set.ts";
import { fieldSetOf } from "./field-set-of.ts";
import { equalJson, isObject, type Json, type JsonObject } from "./json.ts";
import { type Managed, type Owner, ownerId } from "./managed-fields.ts";
import { mergeValues } from "./merge.ts";
import { compareStates, ownable, settleOwners } from "./own.ts";
import { prune } from "./prune.ts";
import type { Structure } from "./structure.ts";
import { ownerOf, type Writer } from "./track.ts";
import { joinProblems, problemsOf } from "./validate.ts";

/** What an apply comes to, before its conflicts are judged. */
export interface Applied {
  readonly object: JsonObject;
  /** Whether the object differs from the live one. */
  readonly changed: boolean;
  readonly managed: Managed;
  readonly conflicts: readonly Conflict[];
}

/**
 * Merges what is applied into the live object, takes out what the applier let go, and settles who owns what.
 * @param live the live object, managedFields left out; the kind's zero object on create
 */
export function applyOnto(
  structure: Structure,
  live: JsonObject,
  applied: JsonObject,
  managed: Managed,
  writer: Writer,
  reset: FieldSet,
): Applied {
  const identity = { ...ownerOf(writer), operation: "Apply" as const };
  const id = ownerId(identity);
  const last = managed.get(id);
  const fields = deepDifference(fieldSetOf(structure, applied), reset);
  const owner: Owner = { ...identity, time: last?.time, fields };
  const withSelf = new Map(managed).set(id, owner);
  const merged = mergeValues(structure, live, applied);
  const pruned = prune(structure, merged, last?.fields ?? emptySet, withSelf);
  const object = isObject(pruned) ? pruned : {};
  const settled = settleOwners(withSelf, id, compareStates(structure, live, object, reset));
  const changed = !equalJson(live, object);
  const time = changed ? (writer.now ?? last?.time) : last?.time;
  const own: Owner = { ...identity, time, fields: ownable(fields) };
  return { object, changed, managed: new Map(settled.managed).set(id, own), conflicts: settled.conflicts };
}

/** Throws what Kubernetes answers to an applied object that is not of the kind, or does not fit its schema. */
export function checkApplied(
  structure: Structure,
  applied: JsonObject,
  kind: { apiVersion: string; kind: string },
): void {
  const given = groupVersionKind(applied["apiVersion"], applied["kind"]);
  if (given !== groupVersionKind(kind.apiVersion, kind.kind)) {
    throw new ApiError(400, "BadRequest", `invalid object type: ${given}`);
  }
  const metadata = isObject(applied["metadata"]) ? applied["metadata"] : {};
  if ((metadata["managedFields"] ?? null) !== null) {
    throw new ApiError(400, "BadRequest", "metadata.managedFields must be nil");
  }
  const problems = problemsOf(structure, applied);
  if (problems.length === 0) return;
  const name = `${textOf(metadata["namespace"])}/${textOf(metadata["name"])}; ${given}`;
  throw new ApiError(500, "", `failed to create typed patch object (${name}): ${joinProblems(problems)}`);
}

function groupVersionKind(apiVersion: Json | undefined, kind: Json | undefined): string {
  const version = textOf(apiVersion);
  return `${version.includes("/") ? version : `/${version}`}, Kind=${textOf(kind)}`;
}

function textOf(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}
