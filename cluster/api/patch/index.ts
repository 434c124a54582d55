import { ApiError, type KubeObject } from "../../client.ts";
import { goText, isList, jsonType } from "../apply/json.ts";
import type { Schema } from "../schema.ts";
import { isMap, type JsonMap } from "../stored-object.ts";
import { jsonPatch } from "./json-patch.ts";
import { mergePatch } from "./merge-patch.ts";
import { strategicMerge } from "./strategic-merge.ts";

/** The kinds of patches that change an object without owning fields, by their media type. */
export const patchMediaTypes = [
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
] as const;

/** One of the media types of patches. */
export type PatchMediaType = (typeof patchMediaTypes)[number];

/** A patch, decoded but otherwise as it was sent. */
export interface Patch {
  readonly mediaType: PatchMediaType;
  readonly live: KubeObject;
  readonly patch: unknown;
  /** The kind's schema, for strategic merge. */
  readonly schema: Schema | undefined;
}

/** The object after a patch, not defaulted or validated yet. Throws the ApiError that the request is answered with. */
export function patchObject({ mediaType, live, patch, schema }: Patch): KubeObject {
  const target = live as unknown as JsonMap;
  const patched =
    mediaType === "application/json-patch+json"
      ? jsonPatch(target, operationsOf(patch))
      : mediaType === "application/merge-patch+json"
        ? mergePatch(target, mapOf(patch ?? refuse("Invalid JSON Patch"), decoding))
        : strategicMerge(schema, target, mapOf(patch ?? {}, ""));
  if (!isMap(patched)) throw new ApiError(422, "Invalid", "the patch makes something else of the object", {});
  return patched as unknown as KubeObject;
}

const decoding = "error decoding patch: ";

/** More operations than this Kubernetes does not take in one patch. */
const maxOperations = 10_000;

function operationsOf(patch: unknown): readonly JsonMap[] {
  const list = isList(patch) ? patch : mistyped(decoding, patch, "[]handlers.jsonPatchOp");
  if (list.length > maxOperations) {
    const message = `The allowed maximum operations in a JSON patch is ${maxOperations}, got ${list.length}`;
    throw new ApiError(413, "RequestEntityTooLarge", message);
  }
  return list.map((operation) => {
    const given = operation ?? {};
    return isMap(given) ? given : mistyped(decoding, given, "handlers.jsonPatchOp");
  });
}

function mapOf(patch: unknown, prefix: string): JsonMap {
  return isMap(patch) ? patch : mistyped(prefix, patch, "map[string]interface {}");
}

function mistyped(prefix: string, value: unknown, type: string): never {
  return refuse(`${prefix}json: cannot unmarshal ${jsonType(value)} into Go value of type ${type}`);
}

function refuse(message: string): never {
  throw new ApiError(400, "BadRequest", message);
}

/** How refusals show what a patch made: strategic ones by the patch itself, the others by the whole object. */
export function shownPatch({ mediaType, patch }: Pick<Patch, "mediaType" | "patch">, patched: object): string {
  return mediaType === "application/strategic-merge-patch+json" ? goText(patch) : JSON.stringify(patched);
}
