import { dump } from "js-yaml";
import { ApiError, type KubeObject } from "../../client.ts";
import { jsonOf, without } from "../json.ts";
import { badRequest } from "../refusal.ts";
import type { Resource } from "../resource-table.ts";
import { columnsOf, rowOf } from "../table/table.ts";
import type { Answer, Exchange } from "./exchange.ts";

/** How a client wants objects: as they are, as rows of a table, or their metadata alone. */
interface View {
  readonly exchange: Exchange;
  readonly resource: Resource;
  readonly as: "object" | "Table" | "PartialObjectMetadata" | "PartialObjectMetadataList";
  /** Of meta.k8s.io. */
  readonly version: string;
  readonly yaml: boolean;
}

const forms = ["Table", "PartialObjectMetadata", "PartialObjectMetadataList"] as const;
const known = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];

/** The first form of an Accept header that this server speaks; 406 when there is none. */
function viewOf(exchange: Exchange, resource: Resource): View {
  const given = exchange.request.headers.accept ?? "*/*";
  for (const range of given.split(",")) {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim());
    const { as, g, v = "" } = Object.fromEntries(parameters.map((part) => part.split("="))) as Record<string, string>;
    const form: View["as"] | undefined = as === undefined ? "object" : forms.find((one) => one === as);
    const isMeta = g === "meta.k8s.io" && ["v1", "v1beta1"].includes(v);
    if (!form || (form !== "object" && !isMeta)) continue;
    const view = { exchange, resource, as: form, version: v };
    if (["application/json", "*/*", "application/*", ""].includes(type)) return { ...view, yaml: false };
    if (type === "application/yaml") return { ...view, yaml: true };
  }
  if ([...known, "*/*", "application/*"].some((type) => given.includes(type))) {
    throw notAcceptable(`only the following media types are accepted: ${known.join(", ")}`);
  }
  throw notAcceptable(`406: Not Acceptable\n\nAvailable representations: ${known.join(", ")}`, {});
}

function notAcceptable(message: string, details?: Readonly<Record<string, unknown>>): ApiError {
  return new ApiError(406, "NotAcceptable", message, details);
}

/** 406 for one where a list is wanted, or the other way round; Kubernetes names the type in Go. */
function otherForm({ as, resource: { group, kind } }: View, isNot: string, suffix: string): ApiError {
  const type = `*${group === "" ? "core" : (group.split(".")[0] ?? "")}.${kind}${suffix}`;
  return notAcceptable(`you requested ${as}, but the requested object ${isNot} a list (${type})`);
}

/** The answer with one object. */
export function show(exchange: Exchange, resource: Resource, status: number, object: KubeObject): Answer {
  const view = viewOf(exchange, resource);
  if (view.as === "PartialObjectMetadataList") throw otherForm(view, "is not", "");
  return written(view, status, textOf(view, object, true));
}

/** The answer with a list; the texts of its items are made once for each version of an object. */
export function showList(
  exchange: Exchange,
  resource: Resource,
  objects: readonly KubeObject[],
  metadata: object,
): Answer {
  const view = viewOf(exchange, resource);
  if (view.as === "PartialObjectMetadata") throw otherForm(view, "is", "List");
  if (view.as === "Table") return written(view, 200, table(view, objects, metadata, true));
  if (view.as === "PartialObjectMetadataList") {
    const items = objects.map((object) => partial(view, object));
    return written(view, 200, JSON.stringify({ ...head(view, view.as), metadata, items }));
  }
  // Lists of custom objects come from another encoder, which tells also that there is no more.
  const told = resource.custom ? { continue: "", ...metadata } : metadata;
  const start = JSON.stringify({ kind: `${resource.kind}List`, apiVersion: resource.apiVersion, metadata: told });
  const items = objects.map((object) => (resource.custom ? jsonOf(object) : itemText(object)));
  return written(view, 200, `${start.slice(0, -1)},"items":[${items.join(",")}]}`);
}

/** Writes the events of one watch; the columns of a table stand in its first event only. */
export function eventWriter(exchange: Exchange, resource: Resource): (type: string, object: KubeObject) => string {
  const view = viewOf(exchange, resource);
  let isFirst = true;
  return (type, object) => {
    const text = textOf(view, object, isFirst);
    isFirst = false;
    return `{"type":"${type}","object":${text}}\n`;
  };
}

function written({ yaml }: View, status: number, text: string): Answer {
  if (yaml) return { status, type: "application/yaml", body: dump(JSON.parse(text)) };
  return { status, type: "application/json", body: text };
}

const itemTexts = new WeakMap<object, string>();

/** Items of typed lists carry no kind and apiVersion. */
function itemText(object: KubeObject): string {
  let text = itemTexts.get(object);
  if (text === undefined) itemTexts.set(object, (text = JSON.stringify(without(object, "kind", "apiVersion"))));
  return text;
}

function textOf(view: View, object: KubeObject, withColumns: boolean): string {
  const { resourceVersion = "" } = object.metadata;
  if (view.as === "Table") return table(view, [object], { resourceVersion }, withColumns);
  return view.as === "object" ? jsonOf(object) : JSON.stringify(partial(view, object));
}

function head({ version }: View, kind: string): object {
  return { kind, apiVersion: `meta.k8s.io/${version}` };
}

function partial(view: View, { metadata }: KubeObject): object {
  return { ...head(view, "PartialObjectMetadata"), metadata };
}

function table(view: View, objects: readonly KubeObject[], metadata: object, withColumns: boolean): string {
  const { exchange, resource } = view;
  const include = exchange.query.text("includeObject");
  if (!["", "None", "Metadata", "Object"].includes(include)) {
    const why = `Invalid value: ${JSON.stringify(include)}: must be 'Metadata', 'Object', 'None', or empty`;
    throw badRequest(`Unable to convert to Table as requested: includeObject: ${why}`);
  }
  const now = exchange.api.clock.now();
  const rows = objects.map((object) => {
    const shown = include === "Object" ? object : include === "None" ? null : partial(view, object);
    return { ...rowOf(resource, object, now), object: shown };
  });
  const columnDefinitions = withColumns ? columnsOf(resource) : null;
  return JSON.stringify({ ...head(view, "Table"), metadata, columnDefinitions, rows });
}
