import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import type { ForgeKind } from "./forge.ts";

/** One status as a double keeps it. */
export interface KeptStatus {
  readonly commit: string;
  readonly context: string;
  readonly state: string;
  readonly description: string;
  readonly target: string | undefined;
}

/** For tests: a forge that takes commit statuses as its API is documented, and refuses everything else. */
export interface ForgeDouble {
  /** Where its API is, as a person gives it. */
  readonly api: string;
  readonly kept: readonly KeptStatus[];
  /** Requests as "METHOD /path?query". */
  readonly seen: readonly string[];
  /** What was wrong with requests, in words; must stay empty. */
  readonly complaints: readonly string[];
  /** Answers the next requests by these instead; `hang` never answers. */
  next(...answers: readonly (Answer | "hang")[]): void;
}

/** A scripted answer. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** The only token that is let in. */
export const token = "the-token-of-the-forge";

interface Shape {
  readonly prefix: string;
  readonly authorization: readonly [string, string];
  readonly accept: string;
  readonly post: RegExp;
  readonly list: RegExp;
  /** The member that names a status, and that of its state in answers. */
  readonly name: string;
  readonly answered: string;
  readonly states: readonly string[];
  readonly mostDescription: number;
}

const sha = "([0-9a-f]{40})";
/** From the forges' own documentation of their APIs. */
const shapes: Readonly<Record<ForgeKind, Shape>> = {
  github: {
    prefix: "/api/v3",
    authorization: ["authorization", `Bearer ${token}`],
    accept: "application/vnd.github+json",
    post: new RegExp(`^/repos/team/shop/statuses/${sha}$`),
    list: new RegExp(`^/repos/team/shop/commits/${sha}/statuses\\?per_page=(?:[1-9]\\d?|100)$`),
    name: "context",
    answered: "state",
    states: ["error", "failure", "pending", "success"],
    mostDescription: 140,
  },
  gitlab: {
    prefix: "/api/v4",
    authorization: ["private-token", token],
    accept: "application/json",
    post: new RegExp(`^/projects/team%2Fshop/statuses/${sha}$`),
    list: new RegExp(`^/projects/team%2Fshop/repository/commits/${sha}/statuses\\?name=[^&]+&per_page=100$`),
    name: "name",
    answered: "status",
    states: ["pending", "running", "success", "failed", "canceled", "skipped"],
    mostDescription: 255,
  },
  gitea: {
    prefix: "/api/v1",
    authorization: ["authorization", `token ${token}`],
    accept: "application/json",
    post: new RegExp(`^/repos/team/shop/statuses/${sha}$`),
    list: new RegExp(`^/repos/team/shop/commits/${sha}/statuses\\?sort=recentupdate&limit=50$`),
    name: "context",
    answered: "status",
    states: ["pending", "success", "error", "failure", "warning"],
    mostDescription: 255,
  },
};

/** Starts the double of a forge on a free port; it ends with the test. */
export async function startForge(t: Pick<TestContext, "after">, kind: ForgeKind): Promise<ForgeDouble> {
  const shape = shapes[kind];
  const kept: KeptStatus[] = [];
  const seen: string[] = [];
  const complaints: string[] = [];
  let scripted: readonly (Answer | "hang")[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    const [first, ...rest] = scripted;
    scripted = rest;
    if (first === "hang") return;
    void read(request).then((body) => answer(response, first ?? judge(kind, shape, kept, complaints, request, body)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    api: `http://127.0.0.1:${(server.address() as AddressInfo).port}${shape.prefix}`,
    kept,
    seen,
    complaints,
    next(...answers) {
      scripted = answers;
    },
  };
}

async function read(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const piece of request) text += String(piece);
  return text;
}

function answer(response: ServerResponse, { status, headers = {}, body = "{}" }: Answer): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(body);
}

function judge(
  kind: ForgeKind,
  shape: Shape,
  kept: KeptStatus[],
  complaints: string[],
  { method, url = "", headers }: IncomingMessage,
  text: string,
): Answer {
  const complain = (status: number, what: string): Answer => {
    complaints.push(`${method} ${url}: ${what}`);
    return { status, body: JSON.stringify({ message: what }) };
  };
  const [header, value] = shape.authorization;
  if (headers[header] !== value) return { status: 401, body: JSON.stringify({ message: `Bad credentials ${token}` }) };
  if (headers.accept !== shape.accept) return complain(415, `accept: ${headers.accept}`);
  if ((headers["user-agent"] ?? "") === "") return complain(403, "a user-agent is asked for");
  if (kind === "github" && headers["x-github-api-version"] !== "2022-11-28") return complain(400, "the API version");
  const below = url.slice(shape.prefix.length);
  if (!url.startsWith(shape.prefix)) return complain(404, "not below the API");
  const listed = method === "GET" ? shape.list.exec(below)?.[1] : undefined;
  if (listed !== undefined) return { status: 200, body: JSON.stringify(listOf(shape, kept, listed, below)) };
  const commit = method === "POST" ? shape.post.exec(below)?.[1] : undefined;
  if (commit === undefined) return complain(404, "no such path");
  if (headers["content-type"] !== "application/json") return complain(415, `content-type ${headers["content-type"]}`);
  return take(kind, shape, kept, complain, commit, JSON.parse(text) as Readonly<Record<string, unknown>>);
}

function listOf(shape: Shape, kept: readonly KeptStatus[], commit: string, path: string): readonly object[] {
  const name = new URLSearchParams(path.split("?")[1]).get("name");
  const ours = kept.filter((one) => one.commit === commit && (name === null || one.context === name)).toReversed();
  const last = shape.name === "name" ? ours.slice(0, 1) : ours;
  return last.map(({ context, state, description, target }) => ({
    [shape.name]: context,
    [shape.answered]: state,
    description,
    target_url: target ?? null,
  }));
}

function take(
  kind: ForgeKind,
  shape: Shape,
  kept: KeptStatus[],
  complain: (status: number, what: string) => Answer,
  commit: string,
  body: Readonly<Record<string, unknown>>,
): Answer {
  const wrong = kind === "gitlab" ? 400 : 422;
  const allowed = new Set(["state", "description", "target_url", shape.name]);
  const unknown = Object.keys(body).filter((key) => !allowed.has(key));
  if (unknown.length > 0) return complain(wrong, `members that are not documented: ${unknown.join(", ")}`);
  const { state, description, target_url: target } = body;
  const context = body[shape.name];
  if (typeof state !== "string" || !shape.states.includes(state)) return complain(wrong, `state ${String(state)}`);
  if (typeof context !== "string" || context.length > 255) return complain(wrong, `context ${String(context)}`);
  if (typeof description !== "string" || description.length > shape.mostDescription)
    return complain(wrong, `description is too long (maximum is ${shape.mostDescription} characters)`);
  if (target !== undefined && (typeof target !== "string" || !/^https?:\/\/[^ ]+$/.test(target) || target.length > 255))
    return complain(wrong, `target_url ${JSON.stringify(target)}`);
  const before = kept.findLast((one) => one.commit === commit && one.context === context);
  if (kind === "gitlab" && state === "pending" && before?.state === "pending") {
    const message =
      'Cannot transition status via :enqueue from :pending (Reason(s): Status cannot transition via "enqueue")';
    return { status: 400, body: JSON.stringify({ message }) };
  }
  kept.push({ commit, context, state, description, target });
  return { status: 201, body: JSON.stringify({ id: kept.length }) };
}
