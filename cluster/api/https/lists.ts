import { ApiError } from "../../client.ts";
import { inVersion } from "../conversion.ts";
import { badRequest, invalid } from "../refusal.ts";
import type { Resource } from "../resource-table.ts";
import { fieldSelector, labelSelector, type Selector } from "../selectors.ts";
import { keyOf } from "../store.ts";
import type { StoredObject } from "../stored-object.ts";
import { forbiddenField, notSupported } from "../validation/causes.ts";
import { readBody } from "./body-text.ts";
import { deleteOptions } from "./delete-options.ts";
import { type Answer, type Exchange } from "./exchange.ts";
import { answer, formOf, renderList } from "./rendering.ts";

/** The label and field selectors of a request, as one. */
export function selectorOf(exchange: Exchange, resource: Resource): { readonly fits: Selector; readonly all: boolean } {
  const labels = exchange.url.searchParams.get("labelSelector") ?? "";
  const fields = exchange.url.searchParams.get("fieldSelector") ?? "";
  if (labels === "" && fields === "") return { fits: () => true, all: true };
  const byLabel = labelSelector(labels);
  const byField = fieldSelector(resource, fields);
  return { fits: (object) => byLabel(object) && byField(object), all: false };
}

/** GET of a collection. */
export function listObjects(exchange: Exchange, resource: Resource, namespace: string): Answer {
  const { api, url, request } = exchange;
  const form = formOf(request.headers.accept);
  const { fits, all } = selectorOf(exchange, resource);
  const page = pageOf(exchange);
  const prefix = namespace === "" ? "" : `${namespace}/`;
  const { revision } = api.store;
  const at = page.revision ?? revision;
  const stored =
    at === revision ? api.store.list(resource.storedAs, prefix) : api.store.listAt(resource.storedAs, prefix, at);
  const objects = stored.map((object) => inVersion(object, resource)).filter((object) => fits(object));
  const from = page.after === undefined ? 0 : objects.findIndex((object) => keyOf(object) > (page.after ?? ""));
  const rest = from < 0 ? [] : objects.slice(from);
  const shown = page.limit > 0 ? rest.slice(0, page.limit) : rest;
  const left = rest.length - shown.length;
  const last = shown.at(-1);
  const metadata = {
    resourceVersion: String(at),
    ...(left > 0 && last ? { continue: token(at, last) } : {}),
    ...(left > 0 && all ? { remainingItemCount: left } : {}),
  };
  return answer(form, 200, renderList(form, resource, shown, metadata, url.searchParams.get("includeObject")));
}

/** Which part of a list is wanted, and as of when. */
interface Page {
  readonly limit: number;
  readonly after: string | undefined;
  readonly revision: number | undefined;
}

const listOptions = { group: "meta.k8s.io", kind: "ListOptions", resource: "", qualifiedName: "" };

function pageOf({ api, url }: Exchange): Page {
  const limit = integer(url.searchParams.get("limit"));
  const version = url.searchParams.get("resourceVersion") ?? "";
  const match = url.searchParams.get("resourceVersionMatch") ?? "";
  const next = url.searchParams.get("continue") ?? "";
  if (next !== "") {
    if (version !== "" && version !== "0") {
      throw badRequest("specifying resource version is not allowed when using continue");
    }
    return { limit, ...readToken(next) };
  }
  checkMatch(version, match);
  if (version === "") return { limit, after: undefined, revision: undefined };
  if (!/^\d+$/.test(version)) {
    const why = `strconv.ParseUint: parsing ${JSON.stringify(version)}: invalid syntax`;
    throw badRequest(`invalid resource version: resourceVersion: Invalid value: ${JSON.stringify(version)}: ${why}`);
  }
  const revision = Number(version);
  if (revision > api.store.revision) throw tooLarge(version, api.store.revision);
  // The watch cache of Kubernetes answers resourceVersion 0 with everything at once.
  if (revision === 0) return { limit: 0, after: undefined, revision: undefined };
  return { limit, after: undefined, revision: match === "Exact" ? revision : undefined };
}

function integer(text: string | null): number {
  if (text === null || text === "") return 0;
  if (!/^-?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

function checkMatch(version: string, match: string): void {
  const field = "resourceVersionMatch";
  if (match === "") return;
  if (version === "") {
    const why = "resourceVersionMatch is forbidden unless resourceVersion is provided";
    throw invalid(listOptions, "", [forbiddenField(field, why)]);
  }
  if (match !== "Exact" && match !== "NotOlderThan") {
    throw invalid(listOptions, "", [notSupported(field, match, ["Exact", "NotOlderThan", ""])]);
  }
  if (match === "Exact" && version === "0") {
    const why = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"';
    throw invalid(listOptions, "", [forbiddenField(field, why)]);
  }
}

function tooLarge(version: string, current: number): ApiError {
  const causes = [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }];
  const details = { causes, retryAfterSeconds: 1 };
  const message = `Timeout: Too large resource version: ${version}, current: ${current}`;
  return new ApiError(504, "Timeout", message, details, 1);
}

function token(revision: number, last: StoredObject): string {
  return Buffer.from(JSON.stringify({ v: "meta.k8s.io/v1", rv: revision, start: keyOf(last) })).toString("base64url");
}

function readToken(text: string): { readonly after: string; readonly revision: number } {
  const decoded = Buffer.from(text, "base64url").toString("utf8");
  try {
    const { rv, start } = JSON.parse(decoded) as { rv?: unknown; start?: unknown };
    if (typeof rv === "number" && typeof start === "string") return { after: start, revision: rv };
  } catch {
    // Said below.
  }
  const found = decoded[0] ?? "";
  throw badRequest(
    `invalid continue token: continue key is not valid: invalid character '${found}' looking for beginning of value`,
  );
}

/** DELETE of a collection: everything that fits goes, or is marked; the answer is the list as it was. */
export async function deleteCollection(exchange: Exchange, resource: Resource, namespace: string): Promise<Answer> {
  const { api, request, url } = exchange;
  const { fits } = selectorOf(exchange, resource);
  const { options, dryRun } = deleteOptions(url, await readBody(request));
  const prefix = namespace === "" ? "" : `${namespace}/`;
  const { revision } = api.store;
  const chosen = api.store
    .list(resource.storedAs, prefix)
    .map((object) => inVersion(object, resource))
    .filter((object) => fits(object));
  for (const { metadata } of chosen) {
    api.delete({ resource, namespace: metadata.namespace ?? "", name: metadata.name ?? "" }, options, dryRun);
  }
  const form = formOf(request.headers.accept);
  return answer(form, 200, renderList(form, resource, chosen, { resourceVersion: String(revision) }, null));
}
