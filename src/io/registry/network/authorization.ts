import { z } from "zod";
import { ProblemError } from "../../../model/problem.ts";
import type { Clock } from "../../clock/clock.ts";
import { readAll } from "../content.ts";
import type { Address } from "./address.ts";
import type { Challenge } from "./challenge.ts";
import type { Connections } from "./connections.ts";
import type { Login } from "./docker-config.ts";
import { noAnswer, Passing } from "./passing.ts";
import { refusalOf } from "./refusal.ts";

/** What a request is to be allowed: `repository:team/backend:pull,push`. */
export type Scopes = readonly string[];

interface AuthorizationOptions {
  readonly connections: Connections;
  readonly clock: Clock;
  readonly loginFor: (address: Address) => Promise<Login | undefined>;
}

interface Held {
  readonly header: string;
  /** By the clock, in milliseconds. */
  readonly until: number;
}

const tokenSchema = z.object({
  token: z.string().optional(),
  access_token: z.string().optional(),
  expires_in: z.number().optional(),
});

/** A token is given up this long before it ends, so that it does not end on its way. */
const marginMs = 10_000;
const mostTokenBytes = 1024 * 1024;

/** The Authorization headers for registries, by what they are asked for; kept until they end or are refused. */
export class Authorization {
  readonly #options: AuthorizationOptions;
  readonly #held = new Map<string, Held>();
  readonly #asking = new Map<string, Promise<Held | undefined>>();

  constructor(options: AuthorizationOptions) {
    this.#options = options;
  }

  /** The header that was good before, if it is still. */
  headerFor(address: Address, scopes: Scopes): string | undefined {
    const held = this.#held.get(keyOf(address, scopes));
    return held !== undefined && held.until > this.#options.clock.now() ? held.header : undefined;
  }

  /** The header that answers a challenge in place of `refused`; undefined when there is nothing (more) to show. */
  async answer(
    address: Address,
    scopes: Scopes,
    challenge: Challenge,
    refused: string | undefined,
  ): Promise<string | undefined> {
    const key = keyOf(address, scopes);
    const current = this.headerFor(address, scopes);
    // Of many requests that were refused at once, the first one asks for all.
    if (current !== undefined && current !== refused) return current;
    const asking =
      this.#asking.get(key) ?? this.#ask(address, scopes, challenge).finally(() => this.#asking.delete(key));
    this.#asking.set(key, asking);
    const held = await asking;
    if (held !== undefined) this.#held.set(key, held);
    return held?.header === refused ? undefined : held?.header;
  }

  async #ask(address: Address, scopes: Scopes, challenge: Challenge): Promise<Held | undefined> {
    const login = await this.#options.loginFor(address);
    if (challenge.scheme === "bearer") return this.#token(address, scopes, challenge, login);
    return login?.kind === "password" ? { header: basic(login), until: Number.POSITIVE_INFINITY } : undefined;
  }

  async #token(
    { registry }: Address,
    scopes: Scopes,
    { realm, service }: Challenge & { scheme: "bearer" },
    login: Login | undefined,
  ): Promise<Held> {
    const { connections, clock } = this.#options;
    if (!URL.canParse(realm)) throw noToken(registry, "the server that gives them has no usable address");
    const url = new URL(realm);
    // An account by name is only ever sent where nobody reads along; `open` sees to that.
    const form = new URLSearchParams(service === undefined ? [] : [["service", service]]);
    const byToken = login?.kind === "identity";
    if (byToken) {
      form.set("grant_type", "refresh_token");
      form.set("client_id", "plumbline");
      form.set("refresh_token", login.token);
      form.set("scope", scopes.join(" "));
    } else {
      for (const scope of scopes) form.append("scope", scope);
      for (const [name, value] of form) url.searchParams.append(name, value);
    }
    const answer = await connections.open({
      method: byToken ? "POST" : "GET",
      url,
      headers: {
        accept: "application/json",
        ...(byToken ? { "content-type": "application/x-www-form-urlencoded" } : {}),
        ...(login?.kind === "password" ? { authorization: basic(login) } : {}),
      },
      ...(byToken ? { body: Buffer.from(form.toString()) } : {}),
    });
    const body = await readAll(answer, mostTokenBytes, `The token server ${url.host}`).catch((error: unknown) => {
      throw error instanceof ProblemError ? error : noAnswer(url.host, "its answer broke off", error);
    });
    const { statusCode: status = 0, headers } = answer;
    if (status !== 200) {
      throw refusalOf({ registry, what: "give a token", status, headers, body, now: clock.now() });
    }
    const parsed = tokenSchema.safeParse(json(body));
    const token = parsed.success ? (parsed.data.token ?? parsed.data.access_token) : undefined;
    // A torn answer is no token either; the next one may be whole.
    if (!parsed.success || token === undefined) throw noToken(registry, `${url.host} answered with none`);
    const seconds = parsed.data.expires_in ?? 60;
    return { header: `Bearer ${token}`, until: clock.now() + Math.max(seconds * 1000 - marginMs, 1000) };
  }
}

function keyOf({ host }: Address, scopes: Scopes): string {
  return [host, ...scopes].join(" ");
}

function basic({ username, password }: Login & { kind: "password" }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

function json(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined;
  }
}

function noToken(registry: string, why: string): Passing {
  return new Passing({
    code: "registry-no-token",
    message: `The registry ${registry} asks for a token, and ${why}.`,
    remedy: "Ask whoever runs the registry.",
  });
}
