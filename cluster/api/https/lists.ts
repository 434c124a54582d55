import { ApiError } from "../../client.ts";
import { inVersion } from "../conversion.ts";
import { badRequest, internal } from "../refusal.ts";
import { fieldSelector, labelSelector, type Selector } from "../selectors.ts";
import type { Place } from "../server.ts";
import { keyOf } from "../store.ts";
import type { StoredObject } from "../stored-object.ts";
import { readBody } from "./bodies.ts";
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

/** GET of a collection. */
export function listObjects(exchange: Exchange, place: Place): Answer {
  const { api } = exchange;
  const { resource } = place;
  const { prefix, fits, all } = choiceOf(exchange, place);
  const { limit, after, revision } = pageOf(exchange);
  const at = revision ?? api.store.revision;
  const stored =
    at === api.store.revision
      ? api.store.list(resource.storedAs, prefix)
      : api.store.listAt(resource.storedAs, prefix, at);
  const rest = stored
    .filter((object) => keyOf(object) > after)
    .map((object) => inVersion(object, resource))
    .filter((object) => fits(object));
  const shown = limit > 0 ? rest.slice(0, limit) : rest;
  const left = rest.length - shown.length;
  const last = shown.at(-1);
  return showList(exchange, resource, shown, {
    resourceVersion: String(at),
    ...(left > 0 && last ? { continue: token(at, last) } : {}),
    ...(left > 0 && all ? { remainingItemCount: left } : {}),
  });
}

/** Which part of a list is wanted, and as of when. */
interface Page {
  readonly limit: number;
  /** The key after which it begins. */
  readonly after: string;
  /** Undefined is now. */
  readonly revision: number | undefined;
}

function pageOf({ api, query }: Exchange): Page {
  const limit = query.integer("limit") ?? 0;
  const [version, next] = [query.text("resourceVersion"), query.text("continue")];
  checkListOptions(query, false);
  if (next !== "") {
    if (version === "" || version === "0") return { limit, ...readToken(next) };
    throw badRequest("specifying resource version is not allowed when using continue");
  }
  if (version === "") return { limit, after: "", revision: undefined };
  if (!/^\d+$/.test(version)) throw badRequest(`invalid resource version: ${invalidVersion(version)}`);
  if (Number(version) > api.store.revision) throw tooLarge(version, api.store.revision);
  // The watch cache of Kubernetes answers resourceVersion 0 with everything at once.
  if (Number(version) === 0) return { limit: 0, after: "", revision: undefined };
  const isExact = query.text("resourceVersionMatch") === "Exact";
  return { limit, after: "", revision: isExact ? Number(version) : undefined };
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

function token(revision: number, last: StoredObject): string {
  return Buffer.from(JSON.stringify({ v: "meta.k8s.io/v1", rv: revision, start: keyOf(last) })).toString("base64url");
}

function readToken(text: string): Pick<Page, "after" | "revision"> {
  const decoded = Buffer.from(text, "base64url").toString("utf8");
  try {
    const { rv, start } = JSON.parse(decoded) as { rv?: unknown; start?: unknown };
    if (typeof rv === "number" && typeof start === "string") return { after: start, revision: rv };
  } catch {
    // Said below.
  }
  const why = `invalid character '${decoded[0] ?? ""}' looking for beginning of value`;
  throw badRequest(`invalid continue token: continue key is not valid: ${why}`);
}

/** DELETE of a collection: everything that fits goes, or is marked; the answer is the list as it was. */
export async function deleteCollection(exchange: Exchange, place: Place): Promise<Answer> {
  const { api, query } = exchange;
  const { resource } = place;
  const { prefix, fits } = choiceOf(exchange, place);
  const { options, dryRun } = deleteOptions(query, await readBody(exchange));
  const { revision } = api.store;
  const chosen = api.store
    .list(resource.storedAs, prefix)
    .map((object) => inVersion(object, resource))
    .filter((object) => fits(object));
  for (const { metadata } of chosen) {
    api.delete({ resource, namespace: metadata.namespace ?? "", name: metadata.name ?? "" }, options, dryRun);
  }
  return showList(exchange, resource, chosen, { resourceVersion: String(revision) });
}
