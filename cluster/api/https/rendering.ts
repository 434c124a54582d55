import { dump } from "js-yaml";
import { ApiError } from "../../client.ts";
import { badRequest } from "../refusal.ts";
import type { Resource } from "../resource-table.ts";
import { jsonOf, type StoredObject } from "../stored-object.ts";
import { columnsOf, rowOf } from "../table/table.ts";
import { type Answer } from "./exchange.ts";

/** How a client wants objects: as they are, as rows of a table, or their metadata alone. */
export interface Form {
  readonly kind: "object" | "Table" | "PartialObjectMetadata" | "PartialObjectMetadataList";
  /** Of meta.k8s.io. */
  readonly version: "v1" | "v1beta1";
  readonly yaml: boolean;
}

const asJson: Form = { kind: "object", version: "v1", yaml: false };
const forms = ["Table", "PartialObjectMetadata", "PartialObjectMetadataList"] as const;

/** The first form of an Accept header that this server speaks; 406 when there is none. */
export function formOf(accept: string | undefined): Form {
  for (const range of (accept ?? "*/*").split(",")) {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim());
    const given = new Map(parameters.map((part) => part.split("=") as [string, string]));
    const kind = forms.find((form) => form === given.get("as"));
    const version = given.get("v") === "v1beta1" ? "v1beta1" : "v1";
    const isKnown = kind !== undefined && given.get("g") === "meta.k8s.io" && given.has("v");
    if (given.has("as") && !isKnown) continue;
    const form = kind === undefined ? asJson : ({ kind, version, yaml: false } as const);
    if (["application/json", "*/*", "application/*", ""].includes(type)) return form;
    if (type === "application/yaml") return { ...form, yaml: true };
  }
  const types = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
  throw new ApiError(406, "NotAcceptable", `only the following media types are accepted: ${types}`);
}

/** One object in the form that is wanted. */
export function renderObject(form: Form, resource: Resource, object: StoredObject, include: string | null): string {
  if (form.kind === "PartialObjectMetadataList") {
    const kind = goType(resource, "");
    const message = `you requested PartialObjectMetadataList, but the requested object is not a list (${kind})`;
    throw new ApiError(406, "NotAcceptable", message);
  }
  if (form.kind === "Table") {
    const metadata = { resourceVersion: object.metadata.resourceVersion ?? "" };
    return table(form, resource, [object], metadata, include, true);
  }
  return form.kind === "object" ? jsonOf(object) : JSON.stringify(partial(form, object));
}

/** A list in the form that is wanted; the texts of its items are made once for each version of an object. */
export function renderList(
  form: Form,
  resource: Resource,
  objects: readonly StoredObject[],
  metadata: object,
  include: string | null,
): string {
  if (form.kind === "PartialObjectMetadata") {
    const message = `you requested PartialObjectMetadata, but the requested object is a list (${goType(resource, "List")})`;
    throw new ApiError(406, "NotAcceptable", message);
  }
  if (form.kind === "Table") return table(form, resource, objects, metadata, include, true);
  if (form.kind === "PartialObjectMetadataList") {
    const items = objects.map((object) => partial(form, object));
    return JSON.stringify({ kind: form.kind, apiVersion: `meta.k8s.io/${form.version}`, metadata, items });
  }
  const head = JSON.stringify({ kind: `${resource.kind}List`, apiVersion: resource.apiVersion, metadata });
  const items = objects.map((object) => (resource.custom ? jsonOf(object) : itemText(object)));
  return `${head.slice(0, -1)},"items":[${items.join(",")}]}`;
}

/** One event of a watch. */
export function renderEvent(
  form: Form,
  resource: Resource,
  type: string,
  object: StoredObject,
  include: string | null,
  isFirst: boolean,
): string {
  const metadata = { resourceVersion: object.metadata.resourceVersion ?? "" };
  const text =
    form.kind === "Table"
      ? table(form, resource, [object], metadata, include, isFirst)
      : form.kind === "object"
        ? jsonOf(object)
        : JSON.stringify(partial(form, object));
  return `{"type":"${type}","object":${text}}\n`;
}

/** An answer of text that is JSON, turned to YAML where that is wanted. */
export function answer(form: Form, status: number, text: string): Answer {
  if (form.yaml) return { status, type: "application/yaml", body: dump(JSON.parse(text)) };
  return { status, type: "application/json", body: text };
}

function goType(resource: Resource, suffix: string): string {
  const group = resource.group === "" ? "core" : (resource.group.split(".")[0] ?? "");
  return `*${group}.${resource.kind}${suffix}`;
}

const itemTexts = new WeakMap<object, string>();

/** Items of typed lists carry no kind and apiVersion. */
function itemText(object: StoredObject): string {
  let text = itemTexts.get(object);
  if (text === undefined) {
    const { kind: _kind, apiVersion: _version, ...rest } = object;
    text = JSON.stringify(rest);
    itemTexts.set(object, text);
  }
  return text;
}

function partial(form: Form, { metadata }: StoredObject): object {
  return { kind: "PartialObjectMetadata", apiVersion: `meta.k8s.io/${form.version}`, metadata };
}

function table(
  form: Form,
  resource: Resource,
  objects: readonly StoredObject[],
  metadata: object,
  include: string | null,
  withColumns: boolean,
): string {
  if (include !== null && !["", "None", "Metadata", "Object"].includes(include)) {
    throw badRequest(`unrecognized includeObject value: "${include}"`);
  }
  const rows = objects.map((object) => {
    const shown = include === "Object" ? object : include === "None" ? null : partial(form, object);
    return { ...rowOf(resource, object), object: shown };
  });
  const columnDefinitions = withColumns ? columnsOf(resource) : null;
  return JSON.stringify({
    kind: "Table",
    apiVersion: `meta.k8s.io/${form.version}`,
    metadata,
    columnDefinitions,
    rows,
  });
}
