import { readFile } from "node:fs/promises";
import { delimiter, dirname, resolve } from "node:path";
import { load } from "js-yaml";
import { isJsonObject, valueAt } from "../../model/json.ts";
import type { Json, JsonObject } from "../../model/json.ts";
import { ProblemError } from "../../model/problem.ts";
import type { Problem, Result } from "../../model/problem.ts";
import type { Clock } from "../clock/clock.ts";
import { proxyFor } from "../http/proxy-for.ts";
import type { Processes } from "../process/process.ts";
import { systemProcesses } from "../process/system-processes.ts";
import type { CredentialSource, KubeAccess } from "./access.ts";
import { fileCredentials, fixedCredentials, tokenOf } from "./credentials.ts";
import { execCredentials, execEntry } from "./exec-credentials.ts";

/** Which kubeconfig and which of its contexts; its current context where none is named. */
export interface KubeconfigOptions {
  /** One file, or several as in $KUBECONFIG: of entries of one name the first counts. */
  readonly path: string;
  readonly context?: string;
  readonly clock: Clock;
  /** Credential plugins get these variables and proxies come from them; default none. */
  readonly environment?: { readonly [name: string]: string | undefined };
  readonly processes?: Processes;
}

type Kind = "context" | "cluster" | "user";

/** One kubeconfig file. */
interface File {
  readonly path: string;
  readonly config: JsonObject;
}

/** An entry and the file that it stands in: paths in it are relative to that. */
interface Entry {
  readonly value: JsonObject;
  readonly path: string;
}

/** The access that a kubeconfig describes; problems name the file, the entry and the remedy, never a credential. */
export async function kubeconfigAccess(options: KubeconfigOptions): Promise<Result<KubeAccess>> {
  try {
    const files = await readFiles(options.path);
    const access = await accessFrom(files, options);
    const said = JSON.stringify([files, access.authority]);
    return { ok: true, value: { ...access, again: () => changed(options, said) } };
  } catch (error) {
    if (error instanceof ProblemError) return { ok: false, problems: [error.problem] };
    throw error;
  }
}

/** What the kubeconfig says now, where that is no longer what it `said`: certificates are renewed and clusters made anew in place. */
async function changed(options: KubeconfigOptions, said: string): Promise<KubeAccess | undefined> {
  try {
    const files = await readFiles(options.path);
    const { authority } = await accessFrom(files, options);
    if (JSON.stringify([files, authority]) === said) return undefined;
  } catch (error) {
    // Perhaps somebody is about to write it.
    if (error instanceof ProblemError) return undefined;
    throw error;
  }
  const now = await kubeconfigAccess(options);
  return now.ok ? now.value : undefined;
}

/** Of several files those that are not there count for nothing, as in kubectl. */
async function readFiles(path: string): Promise<readonly File[]> {
  const paths = path.split(delimiter).filter((part) => part !== "");
  const files: File[] = [];
  for (const one of paths) {
    const text = await readFile(one, "utf8").catch((error: unknown) => {
      const code = (error as NodeJS.ErrnoException).code ?? "unknown error";
      if (code === "ENOENT" && paths.length > 1) return undefined;
      const message = `The kubeconfig cannot be read (${code}).`;
      throw refuse(one, "kubeconfig-unreadable", message, "name one with --kubeconfig or $KUBECONFIG");
    });
    if (text !== undefined) files.push({ path: one, config: parse(one, text) });
  }
  if (files.length > 0) return files;
  throw refuse(
    path,
    "kubeconfig-unreadable",
    "None of the kubeconfig files is there.",
    "name one with --kubeconfig or $KUBECONFIG",
  );
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

async function accessFrom(files: readonly File[], options: KubeconfigOptions): Promise<KubeAccess> {
  const current = files.map(({ config }) => text(config["current-context"])).find((name) => name !== undefined);
  const contextName = options.context ?? current;
  if (contextName === undefined) {
    const message = "The kubeconfig has no current-context.";
    throw refuse(options.path, "kubeconfig-no-context", message, "set one or name a context");
  }
  const context = named(files, options.path, "context", contextName);
  const cluster = named(files, context.path, "cluster", text(context.value["cluster"]) ?? "");
  const userName = text(context.value["user"]);
  const user =
    userName === undefined ? { value: {}, path: context.path } : named(files, context.path, "user", userName);
  const server = serverOf(cluster);
  const proxy = proxyOf(cluster, server, options);
  const authority = await pemOf(cluster, "certificate-authority");
  const tlsServerName = text(cluster.value["tls-server-name"]);
  return {
    server,
    namespace: text(context.value["namespace"]) ?? "default",
    credentials: await credentialsOf(user, { ...options, cluster: cluster.value }),
    ...(proxy === undefined ? {} : { proxy }),
    ...(authority === undefined ? {} : { authority }),
    ...(tlsServerName === undefined ? {} : { tlsServerName }),
    ...(cluster.value["insecure-skip-tls-verify"] === true ? { insecure: true } : {}),
  };
}

function serverOf({ value, path }: Entry): URL {
  const server = text(value["server"]) ?? "";
  if (URL.canParse(server) && /^https?:$/.test(new URL(server).protocol)) return new URL(server);
  throw refuse(path, "kubeconfig-no-server", "The cluster's server is not an https URL.", "correct clusters[].server");
}

/** The cluster's own word stands before the environment's. */
function proxyOf({ value, path }: Entry, server: URL, { environment = {} }: KubeconfigOptions): URL | undefined {
  const given = text(value["proxy-url"]);
  if (given === undefined) return proxyFor(server, environment);
  if (URL.canParse(given) && /^https?:$/.test(new URL(given).protocol)) return new URL(given);
  const message = "The cluster's proxy-url is not an http or https URL.";
  throw refuse(path, "kubeconfig-proxy", message, "give an http proxy; SOCKS is not supported");
}

/** As in kubectl a token goes before a password, and a client certificate beside either. */
async function credentialsOf(
  user: Entry,
  options: KubeconfigOptions & { readonly cluster: JsonObject },
): Promise<CredentialSource> {
  const { value, path } = user;
  const { clock, cluster, environment = {}, processes = systemProcesses } = options;
  if (value["auth-provider"] !== undefined) {
    const remedy = "use an exec plugin, a client certificate, a token or a token file";
    throw refuse(path, "kubeconfig-auth-provider", "auth-provider was removed from Kubernetes clients.", remedy);
  }
  const exec = value["exec"];
  if (exec !== undefined) {
    const entry = execEntry.safeParse(exec);
    if (entry.success) return execCredentials({ exec: entry.data, path, cluster, processes, environment, clock });
    const [issue] = entry.error.issues;
    const where = ["users[].user.exec", ...(issue?.path ?? [])].join(".");
    throw refuse(
      path,
      "kubeconfig-exec",
      `The credential plugin cannot be used: ${where}: ${issue?.message}.`,
      "correct it",
    );
  }
  const tokenFile = text(value["tokenFile"]);
  const read = async () => ({
    ...(await certificateOf(user)),
    ...(tokenFile === undefined ? headerOf(value) : await tokenOf(resolve(dirname(path), tokenFile))),
  });
  const first = await read().catch((error: unknown) => {
    if (error instanceof ProblemError) throw error;
    throw refuse(
      path,
      "kubeconfig-unreadable",
      "The user's tokenFile cannot be read.",
      "correct users[].user.tokenFile",
    );
  });
  const inFiles = tokenFile ?? value["client-certificate"] ?? value["client-key"];
  return inFiles === undefined ? fixedCredentials(first) : fileCredentials(clock, read);
}

async function certificateOf(user: Entry) {
  const certificate = await pemOf(user, "client-certificate");
  const key = await pemOf(user, "client-key");
  return { ...(certificate === undefined ? {} : { certificate }), ...(key === undefined ? {} : { key }) };
}

function headerOf(user: JsonObject) {
  const token = text(user["token"]);
  if (token !== undefined) return { authorization: `Bearer ${token}` };
  const name = text(user["username"]);
  if (name === undefined) return {};
  return { authorization: `Basic ${Buffer.from(`${name}:${text(user["password"]) ?? ""}`).toString("base64")}` };
}

/** `key-data` holds the PEM in base64, `key` names a file relative to the kubeconfig; the data wins, as in kubectl. */
async function pemOf({ value, path }: Entry, key: string): Promise<string | undefined> {
  const data = text(value[`${key}-data`]);
  if (data !== undefined) return Buffer.from(data, "base64").toString("utf8");
  const name = text(value[key]);
  if (name === undefined) return undefined;
  return readFile(resolve(dirname(path), name), "utf8").catch(() => {
    throw refuse(path, "kubeconfig-unreadable", `The file of ${key} cannot be read.`, `correct ${key}`);
  });
}

function named(files: readonly File[], from: string, kind: Kind, name: string): Entry {
  for (const { path, config } of files) {
    const entries = config[`${kind}s`];
    const entry = Array.isArray(entries)
      ? entries.find((candidate: Json) => valueAt(candidate, "name") === name)
      : undefined;
    const value = valueAt(entry as Json | undefined, kind);
    if (isJsonObject(value)) return { value, path };
  }
  throw refuse(from, `kubeconfig-no-${kind}`, `The kubeconfig has no ${kind} "${name}".`, `name one of its ${kind}s`);
}

function text(value: Json | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function refuse(file: string, code: string, message: string, remedy: string): ProblemError {
  const problem: Problem = { code, message, where: { file }, remedy };
  return new ProblemError(problem);
}
