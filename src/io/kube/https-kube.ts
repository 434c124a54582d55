import { setMaxListeners } from "node:events";
import type { Json } from "../../model/json.ts";
import type { KubeObject } from "../../model/kube-object.ts";
import type { Clock } from "../clock/clock.ts";
import type { KubeAccess } from "./access.ts";
import { Discovery } from "./discovery.ts";
import type {
  ApplyOptions,
  Kube,
  KubeAnswer,
  KubeResource,
  RawAnswer,
  RawBounds,
  WatchMessage,
  WatchTarget,
} from "./kube.ts";
import { pathOf, query, targetPath } from "./paths.ts";
import { refusalOf } from "./refusal.ts";
import { sendRetrying } from "./retry.ts";
import type { Sent } from "./retry.ts";
import { Transport } from "./transport.ts";
import type { KubeRequest } from "./transport.ts";
import { Watcher } from "./watcher.ts";
import type { Listed } from "./watcher.ts";

/** What a client is made of. Times are milliseconds. */
export interface HttpsKubeOptions {
  readonly access: KubeAccess;
  readonly clock: Clock;
  /** From 0 up to but not 1; spreads retries. */
  readonly random: () => number;
  /** One request, whole answer included; 30 s. */
  readonly requestTimeoutMs?: number;
  /** How often a request is sent at most; 4. */
  readonly attempts?: number;
  /** The longest wait that a Retry-After may ask for; 10 s. */
  readonly longestWaitMs?: number;
  /** How long one watch stays open; 5 minutes. */
  readonly watchMs?: number;
  /** How long a watch may be silent before it is taken for dead; as long as it stays open. */
  readonly silenceMs?: number;
  /** Objects in one page of a list; 500. */
  readonly pageSize?: number;
}

/** The client of a real API server, over one pool of kept connections. */
export class HttpsKube implements Kube {
  readonly #options: HttpsKubeOptions;
  readonly #transport: Transport;
  readonly #discovery: Discovery;
  readonly #counts = new Map<string, number>();
  readonly #closing = new AbortController();

  constructor(options: HttpsKubeOptions) {
    this.#options = options;
    // Every watch listens for the end of the client: as many listeners as kinds are no leak.
    setMaxListeners(0, this.#closing.signal);
    this.#transport = new Transport(options.access, options.clock, options.requestTimeoutMs ?? 30_000);
    this.#discovery = new Discovery((path) => this.#json<Json>({ method: "GET", path }, true, "discovery"));
  }

  resource(apiVersion: string, kind: string): Promise<KubeAnswer<KubeResource | undefined>> {
    return this.#discovery.resource(apiVersion, kind);
  }

  get(resource: KubeResource, namespace: string, name: string): Promise<KubeAnswer<KubeObject>> {
    return this.#json({ method: "GET", path: pathOf(resource, namespace, name) }, true, resource.resource);
  }

  async list(target: WatchTarget): Promise<KubeAnswer<readonly KubeObject[]>> {
    const answer = await this.#listAll(target);
    return answer.ok ? { ...answer, value: answer.value.objects } : answer;
  }

  create(resource: KubeResource, object: KubeObject): Promise<KubeAnswer<KubeObject>> {
    const path = pathOf(resource, object.metadata.namespace);
    return this.#json({ method: "POST", path, body: JSON.stringify(object) }, false, resource.resource);
  }

  replace(resource: KubeResource, object: KubeObject): Promise<KubeAnswer<KubeObject>> {
    const path = pathOf(resource, object.metadata.namespace, object.metadata.name);
    return this.#json({ method: "PUT", path, body: JSON.stringify(object) }, false, resource.resource);
  }

  apply(resource: KubeResource, object: KubeObject, options: ApplyOptions): Promise<KubeAnswer<KubeObject>> {
    const members = {
      fieldManager: options.fieldManager,
      force: options.force ? "true" : undefined,
      dryRun: options.dryRun ? "All" : undefined,
      fieldValidation: "Strict",
    };
    const path = pathOf(resource, object.metadata.namespace, object.metadata.name) + query(members);
    const contentType = "application/apply-patch+yaml";
    return this.#json({ method: "PATCH", path, body: JSON.stringify(object), contentType }, true, resource.resource);
  }

  delete(
    resource: KubeResource,
    namespace: string,
    name: string,
    options: { readonly uid?: string } = {},
  ): Promise<KubeAnswer<Json>> {
    const preconditions = options.uid === undefined ? {} : { preconditions: { uid: options.uid } };
    const body = { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy: "Background", ...preconditions };
    const path = pathOf(resource, namespace, name);
    // Without a uid, a second delete could meet an object that came since.
    const repeatable = options.uid !== undefined;
    return this.#json({ method: "DELETE", path, body: JSON.stringify(body) }, repeatable, resource.resource);
  }

  watch(target: WatchTarget, onMessage: (message: WatchMessage) => void, signal: AbortSignal): void {
    const { clock, random, watchMs = 300_000, silenceMs = watchMs } = this.#options;
    const either = anyOf(signal, this.#closing.signal);
    const parts = {
      clock,
      random,
      watchMs,
      silenceMs,
      list: (target: WatchTarget, signal: AbortSignal) => this.#listAll(target, signal),
      open: async (request: KubeRequest, timeoutMs: number) => {
        const opened = this.#transport.open(request, timeoutMs);
        const code = await opened.then(
          ({ message }) => message.statusCode ?? 0,
          () => 0,
        );
        this.#count("WATCH", target.resource.resource, code);
        return opened;
      },
    };
    void new Watcher(parts, target, onMessage, either).run();
  }

  async raw(path: string, bounds?: RawBounds): Promise<RawAnswer> {
    if (!bounds) return rawAnswer(await this.#send({ method: "GET", path }, true, "raw"));
    const { withinMs, mostBytes } = bounds;
    const { clock } = this.#options;
    const late = new AbortController();
    const cancel = clock.at(clock.now() + withinMs, () => late.abort());
    const signal = anyOf(late.signal, this.#closing.signal);
    const answer = rawAnswer(await this.#send({ method: "GET", path, mostBytes, signal }, true, "raw"));
    cancel();
    const isLate = answer.status === 0 && late.signal.aborted;
    // The client outlives its requests, and would keep a listener for each.
    late.abort();
    return isLate ? { ...answer, body: `no whole answer within ${withinMs / 1000} s` } : answer;
  }

  requestCounts(): ReadonlyMap<string, number> {
    return new Map(this.#counts);
  }

  close(): void {
    this.#closing.abort();
    this.#transport.close();
  }

  async #listAll(target: WatchTarget, signal?: AbortSignal): Promise<KubeAnswer<Listed>> {
    const limit = String(this.#options.pageSize ?? 500);
    const objects: KubeObject[] = [];
    const warnings: string[] = [];
    let next: string | undefined;
    let restarts = 0;
    for (;;) {
      const path = targetPath(target, { limit, continue: next });
      const answer = await this.#json<KubeList>(
        { method: "GET", path, ...(signal ? { signal } : {}) },
        true,
        target.resource.resource,
        "LIST",
      );
      if (!answer.ok) {
        // The pages are of one moment; when the server has forgotten it, only a new list is consistent.
        if (answer.refusal.code !== 410 || next === undefined || restarts >= 2) return answer;
        restarts += 1;
        next = undefined;
        objects.length = 0;
        continue;
      }
      const list = answer.value;
      warnings.push(...answer.warnings);
      for (const item of list.items ?? []) objects.push(withKind(item, target.resource));
      next = list.metadata.continue || undefined;
      if (next === undefined)
        return { ok: true, value: { objects, resourceVersion: list.metadata.resourceVersion }, warnings };
    }
  }

  async #json<T>(
    request: KubeRequest,
    repeatable: boolean,
    counted: string,
    verb: string = request.method,
  ): Promise<KubeAnswer<T>> {
    const sent = await this.#send(request, repeatable, counted, verb);
    if (!sent.ok) return sent;
    const { status, body, headers } = sent.response;
    if (status < 200 || status > 299) {
      const refusal = refusalOf(status, body, headers["retry-after"]);
      this.#discovery.heard(request.path, refusal);
      return { ok: false, refusal };
    }
    if (request.method !== "GET") this.#discovery.wrote(request.path);
    try {
      return { ok: true, value: JSON.parse(body) as T, warnings: warningsOf(headers["warning"]) };
    } catch {
      return { ok: false, refusal: { ...refusalOf(status, ""), message: "the API server's answer is not JSON" } };
    }
  }

  #send(request: KubeRequest, repeatable: boolean, counted: string, verb: string = request.method) {
    const { clock, random, attempts = 4, longestWaitMs = 10_000 } = this.#options;
    const signal = request.signal ?? this.#closing.signal;
    const bounds = { clock, random, attempts, longestWaitMs };
    return sendRetrying(this.#transport, { ...request, signal }, repeatable, bounds, (code) => {
      this.#count(verb, counted, code);
    });
  }

  #count(verb: string, counted: string, code: number): void {
    const key = `${verb} ${counted} ${code}`;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }
}

function rawAnswer(sent: Sent): RawAnswer {
  if (!sent.ok) return { status: 0, body: sent.refusal.message, headers: {} };
  const { status, body, headers } = sent.response;
  return { status, body, headers };
}

interface KubeList {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items?: readonly KubeObject[] | null;
}

/** The items of a list leave out what the list says for all of them. */
function withKind(item: KubeObject, resource: KubeResource): KubeObject {
  const apiVersion = resource.group === "" ? resource.version : `${resource.group}/${resource.version}`;
  return item.kind ? item : { ...item, apiVersion, kind: resource.kind };
}

/** The texts of Warning headers: `299 - "text"`, several joined by commas. */
function warningsOf(header: string | string[] | undefined): readonly string[] {
  const text = Array.isArray(header) ? header.join(", ") : (header ?? "");
  return [...text.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map((match) => (match[1] ?? "").replaceAll(/\\(.)/g, "$1"));
}

/** AbortSignal.any, without its leak: each watch ends with one of the two. */
function anyOf(one: AbortSignal, other: AbortSignal): AbortSignal {
  const controller = new AbortController();
  for (const signal of [one, other]) {
    if (signal.aborted) controller.abort();
    else signal.addEventListener("abort", () => controller.abort(), { once: true, signal: controller.signal });
  }
  return controller.signal;
}
