import { readFileSync } from "node:fs";
import type { OutgoingHttpHeaders } from "node:http";
import { Agent, request as requestHttps } from "node:https";
import type { RequestOptions } from "node:https";
import { load } from "js-yaml";

/** Any JSON object of the API. */
// oxlint-disable-next-line typescript/no-explicit-any -- answers are looked into field by field, as a person with kubectl would
export type Answered = any;

/** An answer of the API server: its status code, and its body where that is JSON, else its text. */
export interface Answer {
  readonly status: number;
  readonly body: Answered;
  /** What the server warns of. */
  readonly warning?: string;
}

/** Where a kind is: its apiVersion and plural, and the namespace ("" for none). */
export interface At {
  readonly apiVersion: string;
  readonly plural: string;
  readonly namespace?: string;
}

/** The Kubernetes API as a kubeconfig with certificates or a token in it reaches it. */
export class Api {
  readonly #server: URL;
  readonly #options: RequestOptions;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #agent: Agent;

  constructor(kubeconfig: string) {
    const config = load(readFileSync(kubeconfig, "utf8")) as Answered;
    const byName = (list: Answered, name: string): Answered => list.find((one: Answered) => one.name === name);
    const { context } = byName(config.contexts, config["current-context"]);
    const { cluster } = byName(config.clusters, context.cluster);
    const { user } = byName(config.users, context.user);
    const pem = (data?: string, file?: string): Buffer | undefined =>
      data ? Buffer.from(data, "base64") : file ? readFileSync(file) : undefined;
    this.#server = new URL(cluster.server);
    this.#agent = new Agent({ keepAlive: true });
    this.#options = {
      agent: this.#agent,
      ca: pem(cluster["certificate-authority-data"], cluster["certificate-authority"]),
      cert: pem(user["client-certificate-data"], user["client-certificate"]),
      key: pem(user["client-key-data"], user["client-key"]),
    };
    this.#headers = user.token ? { authorization: `Bearer ${user.token}` } : {};
  }

  /** The same API in the name of a service account (https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation). */
  as(account: string): Pick<Api, "request"> {
    const groups = ["system:serviceaccounts", "system:authenticated"];
    return {
      request: (method, path, body, contentType) =>
        this.request(method, path, body, contentType, { "impersonate-user": account, "impersonate-group": groups }),
    };
  }

  /** One request; rejects when there is no answer. */
  request(
    method: string,
    path: string,
    body?: unknown,
    contentType = "application/json",
    further: OutgoingHttpHeaders = {},
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const text = body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body);
      const headers = {
        ...this.#headers,
        accept: "application/json",
        "content-type": contentType,
        // Without it the body of a DELETE would be taken for the next request.
        "content-length": Buffer.byteLength(text),
        ...further,
      };
      const sent = requestHttps(new URL(path, this.#server), { ...this.#options, method, headers }, (response) => {
        let answer = "";
        response.setEncoding("utf8").on("data", (piece: string) => (answer += piece));
        response.on("error", reject);
        response.on("end", () => {
          const { warning } = response.headers;
          resolve({ status: response.statusCode ?? 0, body: parsed(answer), ...(warning ? { warning } : {}) });
        });
      });
      sent.setTimeout(15_000, () => sent.destroy(new Error(`no answer to ${method} ${path} within 15 s`)));
      sent.on("error", reject);
      sent.end(text);
    });
  }

  /** The object, or undefined where there is none. */
  async get(at: At, name: string): Promise<Answered> {
    const { status, body } = await this.request("GET", pathOf(at, name));
    if (status === 404) return undefined;
    if (status !== 200) throw new Error(`GET ${at.plural} ${name}: ${status} ${body.message}`);
    return body;
  }

  async list(at: At, query = ""): Promise<readonly Answered[]> {
    const { status, body } = await this.request("GET", `${pathOf(at)}${query}`);
    if (status === 404) return [];
    if (status !== 200) throw new Error(`LIST ${at.plural}: ${status} ${body.message}`);
    return body.items ?? [];
  }

  /** Server-side apply as somebody else than the engine; takes over what others own. */
  async apply(at: At, object: Answered, manager: string): Promise<Answered> {
    const path = `${pathOf(at, object.metadata.name)}?fieldManager=${manager}&force=true`;
    const { status, body } = await this.request("PATCH", path, object, "application/apply-patch+yaml");
    if (status > 201) throw new Error(`apply ${at.plural} ${object.metadata.name}: ${status} ${body.message}`);
    return body;
  }

  /** What server-side apply would answer, without doing anything. */
  tryApply(at: At, object: Answered): Promise<Answer> {
    const path = `${pathOf(at, object.metadata.name)}?fieldManager=try&force=true&dryRun=All&fieldValidation=Strict`;
    return this.request("PATCH", path, object, "application/apply-patch+yaml");
  }

  /** A merge patch, as `kubectl edit` and the like send it. */
  async patch(at: At, name: string, change: unknown, manager: string): Promise<Answered> {
    const path = `${pathOf(at, name)}?fieldManager=${manager}`;
    const { status, body } = await this.request("PATCH", path, change, "application/merge-patch+json");
    if (status !== 200) throw new Error(`patch ${at.plural} ${name}: ${status} ${body.message}`);
    return body;
  }

  async delete(at: At, name: string): Promise<void> {
    const { status, body } = await this.request("DELETE", pathOf(at, name));
    if (status > 202 && status !== 404) throw new Error(`delete ${at.plural} ${name}: ${status} ${body.message}`);
  }

  close(): void {
    this.#agent.destroy();
  }
}

function pathOf({ apiVersion, plural, namespace = "" }: At, name?: string): string {
  const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  return [
    root,
    ...(namespace === "" ? [] : ["namespaces", namespace]),
    plural,
    ...(name === undefined ? [] : [name]),
  ].join("/");
}

function parsed(text: string): Answered {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
