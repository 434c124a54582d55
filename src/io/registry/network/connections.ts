import http from "node:http";
import https from "node:https";
import { createSecureContext } from "node:tls";
import type { SecureContext } from "node:tls";
import { HttpsProxyAgent } from "https-proxy-agent";
import { ProblemError } from "../../../model/problem.ts";
import { proxyFor } from "../../http/proxy-for.ts";
import { isLoopback } from "./address.ts";
import { noAnswer, Passing } from "./passing.ts";
import { trustFor } from "./trust.ts";

/** One request, to any server that a registry sends us to. */
export interface HttpRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: URL;
  readonly headers: { readonly [name: string]: string };
  readonly body?: Buffer | undefined;
}

interface ConnectionOptions {
  readonly environment: { readonly [name: string]: string | undefined };
  /** Hosts that may be spoken to without TLS, besides this machine. */
  readonly insecure: readonly string[];
  readonly signal: AbortSignal | undefined;
  /** How long a request may take to the end of its answer; for ever where it is undefined, as long as it goes on. */
  readonly requestMs?: number | undefined;
}

/** A server that says nothing for this long is not there. */
const silenceMs = 60_000;
/** A connection that nobody uses for so long is closed: a node pulls for years, and not every server ends them by itself. */
const idleMs = 30_000;
const pool = { keepAlive: true, keepAliveMsecs: 15_000, timeout: idleMs, maxSockets: 8, scheduling: "lifo" } as const;

/** Kept connections to the servers of one or more registries: TLS but where plain http is allowed, through proxies. */
export class Connections {
  readonly #options: ConnectionOptions;
  readonly #agents = new Map<string, http.Agent>();
  readonly #contexts = new Map<string, Promise<SecureContext>>();
  readonly #origins = new Map<string, Promise<URL>>();

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /**
   * Where a registry's host is spoken to: https, or http where that is allowed and the host speaks nothing better. Asked of
   * the host once.
   */
  originOf(host: string): Promise<URL> {
    const known = this.#origins.get(host);
    if (known !== undefined) return known;
    const found = this.#findOrigin(host);
    this.#origins.set(host, found);
    // What could not be found out may be found out next time.
    found.catch(() => this.#origins.delete(host));
    return found;
  }

  async #findOrigin(host: string): Promise<URL> {
    const secure = new URL(`https://${host}`);
    const plain = new URL(`http://${host}`);
    if (!this.mayBePlain(plain)) return secure;
    try {
      const answer = await this.open({ method: "GET", url: new URL("/v2/", secure), headers: {} });
      answer.destroy();
      return secure;
    } catch (error) {
      if (!(error instanceof Passing) || !speaksNoTls(error.cause)) throw error;
      return plain;
    }
  }

  mayBePlain(url: URL): boolean {
    return isLoopback(url) || this.#options.insecure.includes(url.host);
  }

  /** Sends a request and hands back the answer when its head is here. Rejects with `Passing` where there is none. */
  async open({ method, url, headers, body }: HttpRequest): Promise<http.IncomingMessage> {
    if (url.protocol !== "https:" && !(url.protocol === "http:" && this.mayBePlain(url))) throw unsafe(url);
    const secure = url.protocol === "https:";
    const secureContext = secure ? await this.#contextFor(url.host) : undefined;
    const { signal, requestMs } = this.#options;
    signal?.throwIfAborted();
    const timeout = requestMs === undefined ? undefined : AbortSignal.timeout(requestMs);
    const ending = signal && timeout ? AbortSignal.any([signal, timeout]) : (signal ?? timeout);
    return new Promise((resolve, reject) => {
      const outgoing = (secure ? https : http).request(url, {
        method,
        headers: {
          "user-agent": "plumbline",
          ...headers,
          ...(body === undefined ? {} : { "content-length": String(body.length) }),
        },
        agent: this.#agentFor(url),
        ...(secureContext === undefined ? {} : { secureContext }),
        ...(ending === undefined ? {} : { signal: ending }),
      });
      outgoing.setTimeout(silenceMs, () => outgoing.destroy(new Error(`silent for ${silenceMs / 1000} s`)));
      outgoing.on("error", (error) => reject(signal?.aborted === true ? signal.reason : failure(url, error)));
      outgoing.on("response", resolve);
      outgoing.end(body);
    });
  }

  #agentFor(url: URL): http.Agent {
    const known = this.#agents.get(url.origin);
    if (known !== undefined) return known;
    const proxy = proxyFor(url, this.#options.environment);
    const agent =
      proxy !== undefined
        ? new HttpsProxyAgent(proxy, pool)
        : url.protocol === "https:"
          ? new https.Agent(pool)
          : new http.Agent(pool);
    this.#agents.set(url.origin, agent);
    return agent;
  }

  #contextFor(host: string): Promise<SecureContext> {
    const known = this.#contexts.get(host);
    if (known !== undefined) return known;
    // Reading a hundred and more authorities takes longer than a handshake: once for each host.
    const made = trustFor(host, this.#options.environment).then((trust) =>
      createSecureContext({ ...trust, ca: [...trust.ca] }),
    );
    this.#contexts.set(host, made);
    return made;
  }
}

/** What a TLS handshake ends with when the other side speaks plain http. */
function speaksNoTls(error: unknown): boolean {
  const { code = "", message } = error as NodeJS.ErrnoException;
  return code === "EPROTO" || /wrong.version.number|packet.length.too.long/i.test(`${code} ${message}`);
}

/** Failures of trust: trying again changes nothing. */
const distrust =
  /^(CERT_|ERR_TLS_CERT|SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED|UNABLE_TO_(VERIFY|GET)|HOSTNAME_MISMATCH)/;

function failure(url: URL, error: NodeJS.ErrnoException): ProblemError {
  const { code = "" } = error;
  if (distrust.test(code)) {
    return new ProblemError(
      {
        code: "registry-untrusted",
        message: `The certificate of ${url.host} is not trusted: ${error.message}.`,
        remedy: `Name its authority in $SSL_CERT_FILE, or put it into certs.d/${url.host}/ca.crt below docker's configuration.`,
      },
      error,
    );
  }
  return noAnswer(url.host, reason(error), error);
}

function reason(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(reason).join("; ");
  return error instanceof Error
    ? error.message || ((error as NodeJS.ErrnoException).code ?? error.name)
    : String(error);
}

function unsafe(url: URL): ProblemError {
  return new ProblemError({
    code: "registry-insecure",
    message: `The registry sends us to ${url.origin}, where all could be read and changed on the way.`,
    remedy: `Let it be reached by https; or write registry: { name: …, insecure: true } if ${url.host} is to be trusted without.`,
  });
}
