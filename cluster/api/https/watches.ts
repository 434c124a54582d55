import { ApiError } from "../../client.ts";
import { inVersion } from "../conversion.ts";
import { internal, invalid, statusOf } from "../refusal.ts";
import type { Resource } from "../resource-table.ts";
import type { Selector } from "../selectors.ts";
import type { Change } from "../store.ts";
import { freeze, type StoredObject } from "../stored-object.ts";
import { forbiddenField } from "../validation/causes.ts";
import type { Exchange } from "./exchange.ts";
import { selectorOf } from "./lists.ts";
import { formOf, renderEvent } from "./rendering.ts";

/** How often a quiet watch is told how far it has seen. */
const bookmarkEveryMs = 60_000;
/** A watch of which no end was said ends by itself, as Kubernetes' do, so that nobody relies on it for ever. */
const longestSeconds = 3600;
/** A client that does not read is let go rather than remembered. */
const mostBufferedBytes = 64 * 1024 * 1024;

/** What a watch asks for. */
interface WatchRequest {
  readonly resource: Resource;
  readonly prefix: string;
  readonly fits: Selector;
  /** Events after this revision; undefined begins with everything that is. */
  readonly since: number | undefined;
  readonly bookmarks: boolean;
  /** Whether the end of the initial events is marked. */
  readonly marksEnd: boolean;
}

/** Streams the events of a collection until the client, the timeout or a lost history ends it. */
export function watchObjects(exchange: Exchange, resource: Resource, namespace: string): void {
  const { url, response } = exchange;
  const asked = watchRequest(exchange, resource, namespace);
  const form = formOf(exchange.request.headers.accept);
  const include = url.searchParams.get("includeObject");
  let isFirst = true;
  const send = (type: string, object: StoredObject): void => {
    if (response.writableLength > mostBufferedBytes) {
      response.destroy();
      return;
    }
    response.write(renderEvent(form, resource, type, object, include, isFirst));
    isFirst = false;
  };
  response.writeHead(200, { "content-type": "application/json", "cache-control": "no-cache, private" });
  response.flushHeaders();
  const timeout = Number(url.searchParams.get("timeoutSeconds") ?? 0);
  if (timeout < 0) {
    sendError(exchange, new ApiError(500, "InternalError", "context deadline exceeded"));
    return;
  }
  try {
    const stop = follow(exchange, asked, send);
    endLater(exchange, timeout, asked, send, stop);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    sendError(exchange, error);
  }
}

function sendError({ response }: Exchange, error: ApiError): void {
  response.end(`${JSON.stringify({ type: "ERROR", object: statusOf(error) })}\n`);
}

function watchRequest({ url, ...exchange }: Exchange, resource: Resource, namespace: string): WatchRequest {
  const version = url.searchParams.get("resourceVersion") ?? "";
  if (version !== "" && !/^\d+$/.test(version)) {
    const why = `strconv.ParseUint: parsing ${JSON.stringify(version)}: invalid syntax`;
    throw internal(`resourceVersion: Invalid value: ${JSON.stringify(version)}: ${why}`);
  }
  const bookmarks = isTrue(url.searchParams.get("allowWatchBookmarks"));
  const initial = url.searchParams.get("sendInitialEvents");
  const match = url.searchParams.get("resourceVersionMatch") ?? "";
  checkInitial(initial, match);
  const fromStart = version === "" || version === "0";
  const isList = initial !== null && isTrue(initial);
  return {
    resource,
    prefix: namespace === "" ? "" : `${namespace}/`,
    fits: selectorOf({ url, ...exchange }, resource).fits,
    since: isList || (fromStart && initial === null) ? undefined : Number(version),
    bookmarks,
    marksEnd: bookmarks && (isList || (fromStart && initial === null)),
  };
}

const listOptions = { group: "meta.k8s.io", kind: "ListOptions", resource: "", qualifiedName: "" };

function checkInitial(initial: string | null, match: string): void {
  if (initial !== null && match !== "NotOlderThan") {
    const why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
    throw invalid(listOptions, "", [forbiddenField("resourceVersionMatch", why)]);
  }
  if (initial === null && match !== "") {
    const why = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
    throw invalid(listOptions, "", [forbiddenField("resourceVersionMatch", why)]);
  }
}

function isTrue(text: string | null): boolean {
  return text !== null && text !== "false" && text !== "0";
}

type Send = (type: string, object: StoredObject) => void;

function follow({ api }: Exchange, asked: WatchRequest, send: Send): () => void {
  const { resource, prefix, fits, since } = asked;
  const tell = (change: Change): void => {
    if (!change.key.startsWith(prefix)) return;
    const event = seenBy(resource, fits, change);
    if (event) send(event.type, event.object);
  };
  if (since === undefined) {
    const stop = api.store.subscribe(resource.storedAs, tell);
    for (const stored of api.store.list(resource.storedAs, prefix)) {
      const object = inVersion(stored, resource);
      if (fits(object)) send("ADDED", object);
    }
    if (asked.marksEnd) send("BOOKMARK", bookmark(resource, api.store.revision, true));
    return stop;
  }
  const missed = api.store.changesSince(resource.storedAs, since);
  // A watch from the future sees nothing until then.
  const stop = api.store.subscribe(resource.storedAs, (change) => {
    if (change.revision > since) tell(change);
  });
  for (const change of missed) tell(change);
  return stop;
}

/** A change as one who sees only some of the objects sees it: what begins to fit appears, what no longer fits goes. */
function seenBy(
  resource: Resource,
  fits: Selector,
  change: Change,
): { readonly type: Change["type"]; readonly object: StoredObject } | undefined {
  const object = inVersion(change.object, resource);
  const previous = change.previous && inVersion(change.previous, resource);
  const did = previous !== undefined && fits(previous);
  if (change.type === "DELETED") return did ? { type: "DELETED", object } : undefined;
  if (fits(object)) return { type: did ? "MODIFIED" : "ADDED", object };
  if (!did) return undefined;
  const { resourceVersion = "" } = object.metadata;
  return { type: "DELETED", object: freeze({ ...previous, metadata: { ...previous.metadata, resourceVersion } }) };
}

function bookmark(resource: Resource, revision: number, isEnd: boolean): StoredObject {
  const annotations = isEnd ? { annotations: { "k8s.io/initial-events-end": "true" } } : {};
  const metadata = { resourceVersion: String(revision), ...annotations };
  return freeze({ kind: resource.kind, apiVersion: resource.apiVersion, metadata });
}

function endLater(
  { api, response }: Exchange,
  timeout: number,
  asked: WatchRequest,
  send: Send,
  stop: () => void,
): void {
  const endsAt = api.clock.now() + (timeout > 0 ? timeout : longestSeconds) * 1000;
  const cancelEnd = api.clock.at(endsAt, () => response.end());
  let cancelBookmark = (): void => undefined;
  const remind = (): void => {
    cancelBookmark = api.clock.at(api.clock.now() + bookmarkEveryMs, () => {
      send("BOOKMARK", bookmark(asked.resource, api.store.revision, false));
      remind();
    });
  };
  if (asked.bookmarks) remind();
  response.once("close", () => {
    stop();
    cancelEnd();
    cancelBookmark();
  });
}
