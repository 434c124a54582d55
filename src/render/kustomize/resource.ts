import type { Json, JsonObject } from "../../model/json.ts";
import { isJsonObject, valueAt } from "../../model/json.ts";
import { ProblemError } from "../../model/problem.ts";
import type { Place } from "../../model/problem.ts";

/** What an object is found by. A missing namespace is "", which is not told from "default". */
export interface Identity {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
}

/** An object on its way through kustomizations. */
export interface Resource {
  readonly object: JsonObject;
  readonly where: Place;
  /** What it was called before, oldest first: others still refer to it by these. */
  readonly former: readonly Identity[];
  /** What was put before and after its name, innermost first: that tells two objects of one former name apart. */
  readonly prefixes: readonly string[];
  readonly suffixes: readonly string[];
  /** Its name gets a hash of its content at the end, so that a change of content is a change of what uses it. */
  readonly isHashed: boolean;
}

/** Present and former identities. */
export function identitiesOf(resource: Resource): readonly Identity[] {
  return [...resource.former, identityOf(resource.object)];
}

/** What an object is called now. */
export function identityOf(object: JsonObject): Identity {
  const apiVersion = text(object["apiVersion"]);
  const slash = apiVersion.indexOf("/");
  return {
    group: slash < 0 ? "" : apiVersion.slice(0, slash),
    version: apiVersion.slice(slash + 1),
    kind: text(object["kind"]),
    name: text(valueAt(object, "metadata", "name")),
    namespace: text(valueAt(object, "metadata", "namespace")),
  };
}

/** Whether a resource is, or once was, the object that something names; the version does not count. */
export function isCalled(named: Identity): (resource: Resource) => boolean {
  return (resource) =>
    identitiesOf(resource).some(
      (one) =>
        one.kind === named.kind &&
        one.group === named.group &&
        one.name === named.name &&
        (one.namespace || "default") === (named.namespace || "default"),
    );
}

/** A resource as a file has it; a value that is not an object is refused. */
export function toResource(value: Json, where: Place, isHashed = false): Resource {
  if (!isJsonObject(value) || typeof value["kind"] !== "string" || typeof value["apiVersion"] !== "string") {
    throw new ProblemError({
      code: "manifest-not-object",
      message: "This document is not a Kubernetes object.",
      where,
      remedy: "Write apiVersion, kind and metadata, or take the file out of resources.",
    });
  }
  if (identityOf(value).name === "") {
    throw new ProblemError({
      code: "manifest-name",
      message: `A ${value["kind"]} has no metadata.name, by which kustomizations know objects.`,
      where,
      remedy: "Give it a name of its own.",
    });
  }
  return { object: value, where, former: [], prefixes: [], suffixes: [], isHashed };
}

/** The resource with another object; where that is called differently, the old name is remembered. */
export function become(resource: Resource, object: JsonObject): Resource {
  const [before, now] = [identityOf(resource.object), identityOf(object)];
  const isSame = before.kind === now.kind && before.name === now.name && before.namespace === now.namespace;
  return { ...resource, object, former: isSame ? resource.former : [...resource.former, before] };
}

/** `Deployment web`, for messages. */
export function labelOf({ object }: Resource): string {
  const { kind, name } = identityOf(object);
  return `${kind} ${name}`;
}

/** The value with what `change` makes of the value at each place that the path leads to; lists on the way are gone through. */
export function changeAt(
  value: Json | undefined,
  path: readonly string[],
  change: (found: Json | undefined) => Json | undefined,
  create: boolean,
): Json | undefined {
  const [step, ...rest] = path;
  if (step === undefined) return change(value);
  if (Array.isArray(value)) {
    return (value as readonly Json[]).map((item) => changeAt(item, path, change, create) ?? item);
  }
  if (!isJsonObject(value) && !(create && (value === undefined || value === null))) return value;
  const members = isJsonObject(value) ? value : {};
  const key = step.replace(/\[\]$/, "");
  // A list is never made, and what should be one and is not stays as it is.
  if (key !== step && !Array.isArray(members[key])) return value;
  const before = Object.hasOwn(members, key) ? members[key] : undefined;
  if (before === undefined && !create) return value;
  const after = changeAt(before, rest, change, create);
  return after === undefined || after === before ? value : { ...members, [key]: after };
}

/** A path as kustomize writes it, `spec/template/metadata`, with `\/` for a slash within a step. */
export function steps(path: string): readonly string[] {
  return path.split(/(?<!\\)\//).map((step) => step.replaceAll("\\/", "/"));
}

function text(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}
