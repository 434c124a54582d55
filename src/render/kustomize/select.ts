import { RE2JS } from "re2js";
import type { JsonObject } from "../../model/json.ts";
import { isJsonObject, valueAt } from "../../model/json.ts";
import { ProblemError } from "../../model/problem.ts";
import type { Place } from "../../model/problem.ts";
import { identitiesOf } from "./resource.ts";
import type { Identity, Resource } from "./resource.ts";
import type { Selector } from "./kustomization.ts";

/** True when the resource is, or once was, what the selector describes. `where` is the file of the selector. */
export function selects(selector: Selector, where: Place): (resource: Resource) => boolean {
  const name = whole(selector.name, where);
  const namespace = whole(selector.namespace, where);
  const group = whole(selector.group, where);
  const version = whole(selector.version, where);
  const kind = whole(selector.kind, where);
  const labels = matcher(selector.labelSelector, where);
  const annotations = matcher(selector.annotationSelector, where);
  const fits = (identity: Identity): boolean =>
    name(identity.name) &&
    (namespace(identity.namespace) || (identity.namespace === "" && namespace("default"))) &&
    group(identity.group) &&
    version(identity.version) &&
    kind(identity.kind);
  return (resource) =>
    identitiesOf(resource).some(fits) &&
    labels(mapAt(resource.object, "labels")) &&
    annotations(mapAt(resource.object, "annotations"));
}

function mapAt(object: JsonObject, member: string): JsonObject {
  const found = valueAt(object, "metadata", member);
  return isJsonObject(found) ? found : {};
}

/** A regular expression for the whole of a name, in Go's dialect and as Go runs it: in time that grows with the name alone. */
function whole(pattern: string | undefined, where: Place): (value: string) => boolean {
  if (pattern === undefined || pattern === "") return () => true;
  if (/^[\w-]+$/.test(pattern)) return (value) => value === pattern;
  if (pattern.length > longest) throw wrong(pattern, where, "it is too long");
  try {
    const expression = RE2JS.compile(`^(?:${pattern})$`);
    return (value) => expression.test(value);
  } catch {
    throw wrong(pattern, where, "it is no regular expression");
  }
}

const longest = 1000;

/** Kubernetes' label selectors: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors */
function matcher(selector: string | undefined, where: Place): (labels: JsonObject) => boolean {
  if (selector === undefined || selector.trim() === "") return () => true;
  if (selector.length > longest) throw wrong(selector, where, "it is too long");
  const terms = selector.split(/,(?![^(]*\))/).map((term) => requirement(term.trim(), where));
  return (labels) => terms.every((term) => term(labels));
}

function requirement(term: string, where: Place): (labels: JsonObject) => boolean {
  const set = /^(\S+)\s+(in|notin)\s*\(([^)]*)\)$/.exec(term);
  if (set) {
    const [, key = "", operator, list = ""] = set;
    const values = list.split(",").map((value) => value.trim());
    return (labels) => {
      const value = labels[key];
      return (typeof value === "string" && values.includes(value)) === (operator === "in");
    };
  }
  const equal = /^([^\s=!]+)\s*(==|=|!=)\s*(\S*)$/.exec(term);
  if (equal) {
    const [, key = "", operator, value = ""] = equal;
    return (labels) => (labels[key] === value) === (operator !== "!=");
  }
  const bare = /^(!?)\s*([^\s=!]+)$/.exec(term);
  if (!bare) throw wrong(term, where, "it is no label selector");
  const [, not, key = ""] = bare;
  return (labels) => Object.hasOwn(labels, key) === (not === "");
}

function wrong(text: string, where: Place, why: string): ProblemError {
  return new ProblemError({
    code: "kustomization-selector",
    message: `The selector ${JSON.stringify(text.slice(0, 80))} cannot be used: ${why}.`,
    where,
    remedy: "Correct it.",
  });
}
