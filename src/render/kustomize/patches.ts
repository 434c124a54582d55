import type { Json, JsonObject } from "../../model/json.ts";
import { isJsonObject } from "../../model/json.ts";
import { ProblemError } from "../../model/problem.ts";
import type { Place } from "../../model/problem.ts";
import type { Budget } from "./budget.ts";
import { operate } from "./operations.ts";
import { become, identityOf, isCalled, labelOf } from "./resource.ts";
import type { Resource } from "./resource.ts";
import type { PatchSpec } from "./kustomization.ts";
import { selects } from "./select.ts";
import { mergeStrategically } from "./strategic-merge.ts";

/** A patch as it was read: the values of its text, and where that stands. */
export interface ReadPatch {
  readonly spec: PatchSpec;
  readonly values: readonly Json[];
  readonly where: Place;
}

/** The resources with one patch: strategic where it looks like an object, RFC 6902 where it is a list of operations. */
export function patchResources(resources: readonly Resource[], patch: ReadPatch, budget: Budget): readonly Resource[] {
  const operations = patch.values.flatMap((value) => (Array.isArray(value) ? (value as readonly Json[]) : []));
  if (operations.length > 0) return patchByOperations(resources, patch, operations, budget);
  if (patch.spec.target !== undefined && patch.values.length > 1)
    throw unusable(patch.where, "it is several objects, and has a target");
  return patch.values.reduce<readonly Resource[]>((patched, value) => {
    if (!isJsonObject(value)) throw unusable(patch.where, "it is neither an object nor a list of operations");
    return patchByMerge(patched, patch, value, budget);
  }, resources);
}

function patchByOperations(
  resources: readonly Resource[],
  { spec, where }: ReadPatch,
  operations: readonly Json[],
  budget: Budget,
): readonly Resource[] {
  if (spec.target === undefined) throw unusable(where, "a list of operations needs a target");
  const isTarget = selects(spec.target, where);
  return targeted(resources, isTarget, where, true).map((resource) => {
    if (!isTarget(resource)) return resource;
    const object = operate(withAnnotations(resource.object), operations, budget);
    if (typeof object === "string") throw unusable(where, `it does not fit ${labelOf(resource)}: ${object}`);
    // Operations may change what an object is called; whether it may be that is checked of what comes out.
    return become(resource, withoutNothing(object));
  });
}

/** kustomize keeps notes of its own in annotations, so that operations find a mapping of them everywhere. */
function withAnnotations(object: JsonObject): JsonObject {
  const { metadata } = object;
  if (!isJsonObject(metadata) || isJsonObject(metadata["annotations"])) return object;
  return { ...object, metadata: { ...metadata, annotations: {} } };
}

function withoutNothing(object: JsonObject): JsonObject {
  const { metadata } = object;
  if (!isJsonObject(metadata)) return object;
  const { annotations, ...rest } = metadata;
  return isJsonObject(annotations) && Object.keys(annotations).length === 0 ? { ...object, metadata: rest } : object;
}

function patchByMerge(
  resources: readonly Resource[],
  { spec, where }: ReadPatch,
  patch: JsonObject,
  budget: Budget,
): readonly Resource[] {
  // Without a target it is for the object that it names, by any name that it had.
  const isTarget = spec.target === undefined ? isCalled(identityOf(patch)) : selects(spec.target, where);
  return targeted(resources, isTarget, where, spec.target !== undefined).flatMap((resource) => {
    if (!isTarget(resource)) return resource;
    const merged = mergeStrategically(resource.object, patch, where, budget);
    return merged === undefined ? [] : renamed(resource, merged, spec);
  });
}

/** kustomize takes it for a mistake when a patch does not find one object, unless it was looking by a target. */
function targeted(
  resources: readonly Resource[],
  isTarget: (resource: Resource) => boolean,
  where: Place,
  mayMiss: boolean,
): readonly Resource[] {
  if (mayMiss) return resources;
  const count = resources.filter(isTarget).length;
  if (count === 0) throw unusable(where, "nothing here is what it is for");
  if (count > 1)
    throw unusable(where, `${count} objects are, or once were, called as it says; a target tells them apart`);
  return resources;
}

/** A strategic patch changes neither kind nor name, unless its options say so. */
function renamed(resource: Resource, object: JsonObject, { options = {} }: PatchSpec): Resource {
  const [before, after] = [resource.object, object];
  const metadata = isJsonObject(after["metadata"]) ? after["metadata"] : {};
  const { name, namespace } = identityOf(before);
  const kept: JsonObject = {
    ...after,
    ...(options.allowKindChange ? {} : { apiVersion: before["apiVersion"], kind: before["kind"] }),
    metadata: options.allowNameChange ? metadata : { ...metadata, name, ...(namespace === "" ? {} : { namespace }) },
  };
  return become(resource, kept);
}

function unusable(where: Place, why: string): ProblemError {
  return new ProblemError({
    code: "patch-unusable",
    message: `The patch cannot be used: ${why}.`,
    where,
    remedy: "Correct the patch or its target.",
  });
}
