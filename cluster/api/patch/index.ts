import { ApiError, type KubeObject } from "../../client.ts";
import { isObject, type Json, type JsonObject } from "../apply/json.ts";
import type { SchemaNode } from "../apply/structure.ts";
import { jsonPatch } from "./json-patch.ts";
import { mergePatch } from "./merge-patch.ts";
import { strategicMerge } from "./strategic-merge.ts";

export { checkPatchOptions, type PatchOptions } from "./patch-options.ts";

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
  readonly schema: SchemaNode | undefined;
}

/** The object after a patch, not defaulted or validated yet. Throws the ApiError that the request is answered with. */
export function patchObject({ mediaType, live, patch, schema }: Patch): KubeObject {
  const target = live as unknown as JsonObject;
  const patched = run(mediaType, target, patch as Json, schema);
  if (!isObject(patched)) throw new ApiError(422, "Invalid", "the patch makes something else of the object", {});
  return patched as unknown as KubeObject;
}

function run(mediaType: PatchMediaType, target: JsonObject, patch: Json, schema: SchemaNode | undefined): Json {
  if (mediaType === "application/json-patch+json") return jsonPatch(target, patch);
  if (mediaType === "application/merge-patch+json") return mergePatch(target, mapOf(patch, "error decoding patch: "));
  return strategicMerge(schema, target, mapOf(patch, ""));
}

function mapOf(patch: Json, prefix: string): JsonObject {
  if (isObject(patch)) return patch;
  if (patch === null) return {};
  const given = Array.isArray(patch) ? "array" : typeof patch === "boolean" ? "bool" : typeof patch;
  const message = `${prefix}json: cannot unmarshal ${given} into Go value of type map[string]interface {}`;
  throw new ApiError(400, "BadRequest", message);
}
