import { dump } from "js-yaml";
import { ApiError } from "../../client.ts";
import { badRequest } from "../refusal.ts";
import type { Resource } from "../resource-table.ts";
import { jsonOf, type StoredObject } from "../stored-object.ts";
import { columnsOf, rowOf } from "../table/table.ts";
import type { Answer, Exchange } from "./exchange.ts";

/** How a client wants objects: as they are, as rows of a table, or their metadata alone. */
interface Form {
  readonly kind: "object" | "Table" | "PartialObjectMetadata" | "PartialObjectMetadataList";
  /** Of meta.k8s.io. */
  readonly version: string;
  readonly yaml: boolean;
}

const forms = ["Table", "PartialObjectMetadata", "PartialObjectMetadataList"] as const;

/** The first form of an Accept header that this server speaks; 406 when there is none. */
function formOf({ request }: Exchange): Form {
  for (const range of (request.headers.accept ?? "*/*").split(",")) {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim());
    const { as, g, v = "" } = Object.fromEntries(parameters.map((part) => part.split("="))) as Record<string, string>;
    const kind = as === undefined ? "object" : forms.find((form) => form === as);
    if (!kind || (kind !== "object" && (g !== "meta.k8s.io" || !["v1", "v1beta1"].includes(v)))) continue;
    if (["application/json", "*/*", "application/*", ""].includes(type)) return { kind, version: v, yaml: false };
    if (type === "application/yaml") return { kind, version: v, yaml: true };
  }
  const known = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];
  const given = request.headers.accept ?? "";
  if ([...known, "*/*", "application/*"].some((type) => given.includes(type))) {
    throw notAcceptable(`only the following media types are accepted: ${known.join(", ")}`);
  }
  const message = `406: Not Acceptable\n\nAvailable representations: ${known.join(", ")}`;
  throw new ApiError(406, "NotAcceptable", message, {});
}

function notAcceptable(message: string): ApiError {
  return new ApiError(406, "NotAcceptable", message);
}

/** The answer with one object. */
export function show(exchange: Exchange, resource: Resource, status: number, object: StoredObject): Answer {
  const form = formOf(exchange);
  if (form.kind === "PartialObjectMetadataList") {
    const kind = goType(resource);
    throw notAcceptable(`you requested PartialObjectMetadataList, but the requested object is not a list (${kind})`);
  }
  return written(form, status, viewOf(exchange, form, resource, object, true));
}

/** The answer with a list; the texts of its items are made once for each version of an object. */
export function showList(
  exchange: Exchange,
  resource: Resource,
  objects: readonly StoredObject[],
  metadata: object,
): Answer {
  const form = formOf(exchange);
  if (form.kind === "PartialObjectMetadata") {
    const kind = `${goType(resource)}List`;
    throw notAcceptable(`you requested PartialObjectMetadata, but the requested object is a list (${kind})`);
  }
  if (form.kind === "Table") return written(form, 200, table(exchange, form, resource, objects, metadata, true));
  if (form.kind === "PartialObjectMetadataList") {
    const items = objects.map((object) => partial(form, object));
    const list = { kind: form.kind, apiVersion: `meta.k8s.io/${form.version}`, metadata, items };
    return written(form, 200, JSON.stringify(list));
  }
  const head = JSON.stringify({ kind: `${resource.kind}List`, apiVersion: resource.apiVersion, metadata });
  const items = objects.map((object) => (resource.custom ? jsonOf(object) : itemText(object)));
  return written(form, 200, `${head.slice(0, -1)},"items":[${items.join(",")}]}`);
}

/** Writes the events of one watch; the columns of a table stand in its first event only. */
export function eventWriter(exchange: Exchange, resource: Resource): (type: string, object: StoredObject) => string {
  const form = formOf(exchange);
  let isFirst = true;
  return (type, object) => {
    const text = viewOf(exchange, form, resource, object, isFirst);
    isFirst = false;
    return `{"type":"${type}","object":${text}}\n`;
  };
}

function written({ yaml }: Form, status: number, text: string): Answer {
  if (yaml) return { status, type: "application/yaml", body: dump(JSON.parse(text)) };
  return { status, type: "application/json", body: text };
}

function goType({ group, kind }: Resource): string {
  return `*${group === "" ? "core" : (group.split(".")[0] ?? "")}.${kind}`;
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

function viewOf(
  exchange: Exchange,
  form: Form,
  resource: Resource,
  object: StoredObject,
  withColumns: boolean,
): string {
  const { resourceVersion = "" } = object.metadata;
  if (form.kind === "Table") return table(exchange, form, resource, [object], { resourceVersion }, withColumns);
  return form.kind === "object" ? jsonOf(object) : JSON.stringify(partial(form, object));
}

function partial({ version }: Form, { metadata }: StoredObject): object {
  return { kind: "PartialObjectMetadata", apiVersion: `meta.k8s.io/${version}`, metadata };
}

function table(
  { api, query }: Exchange,
  form: Form,
  resource: Resource,
  objects: readonly StoredObject[],
  metadata: object,
  withColumns: boolean,
): string {
  const include = query.text("includeObject");
  if (!["", "None", "Metadata", "Object"].includes(include)) {
    const why = `Invalid value: ${JSON.stringify(include)}: must be 'Metadata', 'Object', 'None', or empty`;
    throw badRequest(`Unable to convert to Table as requested: includeObject: ${why}`);
  }
  const rows = objects.map((object) => {
    const shown = include === "Object" ? object : include === "None" ? null : partial(form, object);
    return { ...rowOf(resource, object, api.clock.now()), object: shown };
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
