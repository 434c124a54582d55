import { ApiError } from "../../client.ts";
import { goText } from "../apply/go-text.ts";
import type { Json, JsonObject } from "../apply/json.ts";

/** A directive that is not written as it must be. */
export function badFormat(what: "primitive list" | "retainKeys" | "setElementOrder list"): ApiError {
  const message = what === "retainKeys" ? "invalid patch format of retainKeys" : `invalid patch format of ${what}`;
  return new ApiError(400, "BadRequest", message);
}

/** What Kubernetes can only fail on; it answers 500 without a reason. */
export function failed(message: string): ApiError {
  return new ApiError(500, "", message);
}

/** An item of a merged list that does not say which one it is. */
export function noMergeKey(item: JsonObject, key: string): ApiError {
  return failed(`map: ${goText(item)} does not contain declared merge key: ${key}`);
}

/** A `$patch` that is neither delete nor replace. */
export function badDirective(directive: Json, patch: JsonObject): ApiError {
  return failed(`unknown patch type: ${goText(directive)} in map: ${goText(patch)}`);
}

/** Lists within lists, which cannot be merged. */
export function listOfLists(): ApiError {
  return new ApiError(422, "Invalid", "the server rejected our request due to an error in our request", {});
}
