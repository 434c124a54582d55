import { ApiError, type KubeObject } from "../../client.ts";
import { inVersion } from "../conversion.ts";
import { badRequest, internal } from "../refusal.ts";
import { labelSelector } from "../label-selector.ts";
import { fieldSelector, type Selector } from "../selectors.ts";
import type { Place } from "../server.ts";
import { keyOf } from "../store.ts";
import { parseJson } from "./bodies.ts";
import type { Answer, Exchange } from "./exchange.ts";
import { checkListOptions, deleteOptions } from "./options.ts";
import { showList } from "./rendering.ts";

/** Which objects of a kind a request is about. */
export interface Choice {
  /** What the keys of its objects begin with. */
  readonly prefix: string;
  readonly fits: Selector;
  /** Whether the place alone chooses, without selectors. */
  readonly all: boolean;
}

/** What the namespace and the selectors of a request choose; a name in the place chooses too. */
export function choiceOf({ query }: Exchange, { resource, namespace, name }: Place): Choice {
  const labels = labelSelector(query.text("labelSelector"));
  const fields = fieldSelector(resource, query.text("fieldSelector"));
  return {
    prefix: namespace === "" ? "" : `${namespace}/`,
    fits: (object) => labels(object) && fields(object) && (name === "" || object.metadata.name === name),
    all: query.text("labelSelector") === "" && query.text("fieldSelector") === "",
  };
}

/** A part of a list, and what is told of it. */
interface Page {
  readonly shown: readonly KubeObject[];
  readonly metadata: object;
}

/** GET of a collection. */
export function listObjects(exchange: Exchange, place: Place): Answer {
  const { shown, metadata } = pageOf(exchange, place);
  return showList(exchange, place.resource, shown, metadata);
}

function pageOf(exchange: Exchange, place: Place): Page {
  const { api, query } = exchange;
  const { resource } = place;
  checkListOptions(query, false);
  const { prefix, fits, all } = choiceOf(exchange, place);
  const { after, revision } =
    query.text("continue") === "" ? { after: "", revision: revisionOf(exchange) } : readToken(exchange);
  // The watch cache of Kubernetes answers resourceVersion 0 with everything at once.
  const limit = query.text("resourceVersion") === "0" ? 0 : (query.integer("limit") ?? 0);
  const at = revision ?? api.store.revision;
  const isNow = at === api.store.revision;
  const stored = isNow ? api.store.list(resource.storedAs, prefix) : api.store.listAt(resource.storedAs, prefix, at);
  const rest = stored
    .filter((object) => keyOf(object) > after)
    .map((object) => inVersion(object, resource))
    .filter((object) => fits(object));
  const shown = limit > 0 ? rest.slice(0, limit) : rest;
  const left = rest.length - shown.length;
  const last = shown.at(-1);
  const next = left > 0 && last ? { continue: token(at, keyOf(last)) } : {};
  const remaining = left > 0 && all ? { remainingItemCount: left } : {};
  return { shown, metadata: { resourceVersion: String(at), ...next, ...remaining } };
}

/** The revision that a list is wanted of; undefined is now. */
function revisionOf({ api, query }: Exchange): number | undefined {
  const version = query.text("resourceVersion");
  if (version !== "" && !/^\d+$/.test(version))
    throw badRequest(`invalid resource version: ${invalidVersion(version)}`);
  if (Number(version) > api.store.revision) throw tooLarge(version, api.store.revision);
  return query.text("resourceVersionMatch") === "Exact" ? Number(version) : undefined;
}

function invalidVersion(version: string): string {
  const quoted = JSON.stringify(version);
  return `resourceVersion: Invalid value: ${quoted}: strconv.ParseUint: parsing ${quoted}: invalid syntax`;
}

/** The revision that a watch begins at; undefined where none is said. */
export function watchedRevision({ query }: Exchange): number | undefined {
  const version = query.text("resourceVersion");
  if (version !== "" && !/^\d+$/.test(version)) throw internal(invalidVersion(version));
  return Number(version) > 0 ? Number(version) : undefined;
}

/** 504 for a revision that has not been yet. */
export function tooLarge(version: string, current: number): ApiError {
  const causes = [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }];
  const message = `Timeout: Too large resource version: ${version}, current: ${current}`;
  return new ApiError(504, "Timeout", message, { causes, retryAfterSeconds: 1 }, 1);
}

const tokenVersion = "meta.k8s.io/v1";

function token(revision: number, start: string): string {
  return Buffer.from(JSON.stringify({ v: tokenVersion, rv: revision, start })).toString("base64url");
}

function readToken({ query }: Exchange): { readonly after: string; readonly revision: number } {
  const decoded = Buffer.from(query.text("continue"), "base64url").toString("utf8");
  const refuse = (why: string): never => {
    throw badRequest(`invalid continue token: continue key is not valid: ${why}`);
  };
  let read: { readonly v?: unknown; readonly rv?: unknown; readonly start?: unknown } = {};
  try {
    read = parseJson(decoded) as typeof read;
  } catch (error) {
    refuse((error as Error).message);
  }
  const { v = "", rv, start } = read;
  if (v !== tokenVersion) refuse(`server does not recognize this encoded version ${String(v)}`);
  if (typeof rv !== "number" || typeof start !== "string") return refuse("encoded start key empty or invalid");
  const version = query.text("resourceVersion");
  if (version !== "" && version !== "0")
    throw badRequest("specifying resource version is not allowed when using continue");
  return { after: start, revision: rv };
}

/** DELETE of a collection: everything that fits goes, or is marked; the answer is the list as it was. */
export async function deleteCollection(exchange: Exchange, place: Place): Promise<Answer> {
  const { api } = exchange;
  const { resource } = place;
  const { options, dryRun } = await deleteOptions(exchange);
  const { shown, metadata } = pageOf(exchange, place);
  for (const { metadata: chosen } of shown) {
    api.delete({ resource, namespace: chosen.namespace ?? "", name: chosen.name ?? "" }, options, dryRun);
  }
  return showList(exchange, resource, shown, metadata);
}
