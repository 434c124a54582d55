import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { load } from "js-yaml";
import { isJsonObject, valueAt } from "../../model/json.ts";
import type { Json, JsonObject } from "../../model/json.ts";
import { ProblemError } from "../../model/problem.ts";
import type { Problem, Result } from "../../model/problem.ts";
import type { Clock } from "../clock/clock.ts";
import type { KubeAccess } from "./access.ts";
import { tokenFromFile } from "./token-file.ts";

/** Which kubeconfig and which of its contexts; its current context where none is named. */
export interface KubeconfigOptions {
  readonly path: string;
  readonly context?: string;
  readonly clock: Clock;
}

/** The access that a kubeconfig file describes; problems name the file, the entry and the remedy, never a credential. */
export async function kubeconfigAccess(options: KubeconfigOptions): Promise<Result<KubeAccess>> {
  const { path } = options;
  try {
    const text = await readFile(path, "utf8").catch((error: unknown) => {
      const code = (error as NodeJS.ErrnoException).code ?? "unknown error";
      throw refuse(
        path,
        "kubeconfig-unreadable",
        `The kubeconfig cannot be read (${code}).`,
        "name one with --kubeconfig or $KUBECONFIG",
      );
    });
    return { ok: true, value: await accessFrom(parse(path, text), options) };
  } catch (error) {
    if (error instanceof ProblemError) return { ok: false, problems: [error.problem] };
    throw error;
  }
}

function parse(path: string, text: string): JsonObject {
  let document: unknown;
  try {
    document = load(text);
  } catch {
    // The parser's own message quotes the text, and the text holds keys.
    throw refuse(path, "kubeconfig-invalid", "The kubeconfig is not YAML.", "write it again");
  }
  if (!isJsonObject(document)) throw refuse(path, "kubeconfig-invalid", "The kubeconfig is empty.", "write it again");
  return document;
}

async function accessFrom(config: JsonObject, options: KubeconfigOptions): Promise<KubeAccess> {
  const { path, clock } = options;
  const contextName = options.context ?? text(config["current-context"]);
  if (contextName === undefined) {
    throw refuse(path, "kubeconfig-no-context", "The kubeconfig has no current-context.", "set one or name a context");
  }
  const context = named(path, config, "context", contextName);
  const cluster = named(path, config, "cluster", text(context["cluster"]) ?? "");
  const userName = text(context["user"]);
  const user = userName === undefined ? {} : named(path, config, "user", userName);
  const file = (entry: JsonObject, key: string) => pemOf(path, entry, key);
  const authority = await file(cluster, "certificate-authority");
  const certificate = await file(user, "client-certificate");
  const key = await file(user, "client-key");
  const tlsServerName = text(cluster["tls-server-name"]);
  const authorization = authorizationOf(path, user, clock);
  return {
    server: serverOf(path, cluster),
    namespace: text(context["namespace"]) ?? "default",
    ...(authority === undefined ? {} : { authority }),
    ...(certificate === undefined ? {} : { certificate }),
    ...(key === undefined ? {} : { key }),
    ...(tlsServerName === undefined ? {} : { tlsServerName }),
    ...(cluster["insecure-skip-tls-verify"] === true ? { insecure: true } : {}),
    ...(authorization === undefined ? {} : { authorization }),
  };
}

function serverOf(path: string, cluster: JsonObject): URL {
  const server = text(cluster["server"]) ?? "";
  if (!URL.canParse(server) || !/^https?:$/.test(new URL(server).protocol)) {
    throw refuse(
      path,
      "kubeconfig-no-server",
      "The cluster's server is not an https URL.",
      "correct clusters[].server",
    );
  }
  return new URL(server);
}

function authorizationOf(path: string, user: JsonObject, clock: Clock): (() => Promise<string>) | undefined {
  if (user["exec"] !== undefined || user["auth-provider"] !== undefined) {
    const remedy = "use a client certificate, a token or a token file";
    throw refuse(path, "kubeconfig-exec", "The user's credentials come from a plugin, which is not supported.", remedy);
  }
  const tokenFile = text(user["tokenFile"]);
  if (tokenFile !== undefined) return tokenFromFile(resolve(dirname(path), tokenFile), clock);
  const token = text(user["token"]);
  if (token !== undefined) return () => Promise.resolve(`Bearer ${token}`);
  const name = text(user["username"]);
  const basic = Buffer.from(`${name}:${text(user["password"]) ?? ""}`).toString("base64");
  return name === undefined ? undefined : () => Promise.resolve(`Basic ${basic}`);
}

/** `key-data` holds the PEM in base64, `key` names a file relative to the kubeconfig; the data wins, as in kubectl. */
async function pemOf(path: string, entry: JsonObject, key: string): Promise<string | undefined> {
  const data = text(entry[`${key}-data`]);
  if (data !== undefined) return Buffer.from(data, "base64").toString("utf8");
  const name = text(entry[key]);
  if (name === undefined) return undefined;
  return readFile(resolve(dirname(path), name), "utf8").catch(() => {
    throw refuse(path, "kubeconfig-unreadable", `The file of ${key} cannot be read.`, `correct ${key}`);
  });
}

function named(path: string, config: JsonObject, kind: "context" | "cluster" | "user", name: string): JsonObject {
  const entries = config[`${kind}s`];
  const entry = Array.isArray(entries)
    ? entries.find((candidate: Json) => valueAt(candidate, "name") === name)
    : undefined;
  const value = valueAt(entry as Json | undefined, kind);
  if (isJsonObject(value)) return value;
  throw refuse(path, `kubeconfig-no-${kind}`, `The kubeconfig has no ${kind} "${name}".`, `name one of its ${kind}s`);
}

function text(value: Json | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function refuse(file: string, code: string, message: string, remedy: string): ProblemError {
  const problem: Problem = { code, message, where: { file }, remedy };
  return new ProblemError(problem);
}
