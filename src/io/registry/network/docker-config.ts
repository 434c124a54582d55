import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { ProblemError } from "../../../model/problem.ts";
import type { Processes } from "../../process/process.ts";
import type { Address } from "./address.ts";

/** Who asks: a name with its password, or a token that stands for an account. */
export type Login =
  | { readonly kind: "password"; readonly username: string; readonly password: string }
  | { readonly kind: "identity"; readonly token: string };

interface LoginSource {
  /** Docker configurations as JSON that go before the one of `environment`. */
  readonly configurations: readonly string[];
  readonly environment: { readonly [name: string]: string | undefined };
  readonly processes: Processes;
}

const configSchema = z.object({
  auths: z
    .record(
      z.string(),
      z.object({
        auth: z.string().optional(),
        username: z.string().optional(),
        password: z.string().optional(),
        identitytoken: z.string().optional(),
      }),
    )
    .optional(),
  credHelpers: z.record(z.string(), z.string()).optional(),
  credsStore: z.string().optional(),
});

type Config = z.infer<typeof configSchema>;

/** The file that a configuration was read from; none where it was given. */
interface Place {
  readonly file?: string;
}

const answerSchema = z.object({ Username: z.string(), Secret: z.string() });
const helperMs = 60_000;

/** The folder of docker's own configuration: `$DOCKER_CONFIG`, or `.docker` at home. */
export function dockerFolder(environment: LoginSource["environment"]): string | undefined {
  const { DOCKER_CONFIG: given, HOME: home } = environment;
  return given || (home === undefined ? undefined : join(home, ".docker"));
}

/**
 * The account for a repository: the first that a given configuration names, else that of docker's config.json. Undefined when
 * there is none.
 */
export async function loginFor(address: Address, source: LoginSource): Promise<Login | undefined> {
  for (const text of source.configurations) {
    const login = accountIn(parseConfig(text, {}), address, {});
    if (login !== undefined) return login;
  }
  const folder = dockerFolder(source.environment);
  if (folder === undefined) return undefined;
  const where = { file: join(folder, "config.json") };
  const text = await readConfig(where.file);
  if (text === undefined) return undefined;
  const config = parseConfig(text, where);
  const helpers = Object.entries(config.credHelpers ?? {});
  const named = keysOf(address).flatMap((key) => helpers.filter(([name]) => bare(name) === key));
  const helper = named.at(0)?.[1] ?? config.credsStore;
  const lent = helper === undefined || helper === "" ? undefined : await askHelper(helper, address, source);
  return lent ?? accountIn(config, address, where);
}

/** The account in a configuration itself, for the registry or for the longest path that the repository lies below. */
function accountIn(config: Config, address: Address, where: Place): Login | undefined {
  const entries = Object.entries(config.auths ?? {});
  const entry = keysOf(address)
    .flatMap((key) => entries.filter(([name]) => bare(name) === key))
    .at(0)?.[1];
  if (entry === undefined) return undefined;
  if (entry.identitytoken) return { kind: "identity", token: entry.identitytoken };
  const [, username, password] =
    /^([^:]*):([^]*)$/.exec(Buffer.from(entry.auth ?? "", "base64").toString("utf8")) ?? [];
  if (username !== undefined && password !== undefined) return passwordLogin(username, password);
  if (entry.username !== undefined && entry.password !== undefined)
    return passwordLogin(entry.username, entry.password);
  // `docker login` with a store leaves empty entries behind; they say nothing.
  if (!entry.auth) return undefined;
  throw unusable(where, `its entry for ${address.registry} is not a name and a password`);
}

function passwordLogin(username: string, password: string): Login {
  // Some editors of the file end the password with a NUL.
  return { kind: "password", username, password: password.replace(/\0+$/, "") };
}

async function readConfig(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw unusable({ file: path }, `it cannot be read (${code})`);
  }
}

function parseConfig(text: string, where: Place): Config {
  try {
    return configSchema.parse(JSON.parse(text));
  } catch {
    // The parser's own message could quote a password.
    throw unusable(where, "it is not JSON of the form that docker writes");
  }
}

/** The keys that may name an account, the nearest first. */
function keysOf({ registry, path }: Address): readonly string[] {
  const parts = path.split("/");
  const below = parts.map((_, index) => `${registry}/${parts.slice(0, parts.length - index).join("/")}`);
  return [...below, registry, ...(registry === "docker.io" ? ["index.docker.io"] : [])];
}

/** Docker writes some keys as URLs. */
function bare(key: string): string {
  return key.replace(/^https?:\/\//, "").replace(/\/(v[12]\/?)?$/, "");
}

async function askHelper(
  name: string,
  { registry }: Address,
  { processes, environment }: Pick<LoginSource, "processes" | "environment">,
): Promise<Login | undefined> {
  const file = `docker-credential-${name}`;
  const refuse = (why: string): ProblemError =>
    new ProblemError({
      code: "credential-helper-failed",
      message: `The credential helper ${file}, which docker's config.json names, ${why}.`,
      remedy: `Try it: echo ${registry} | ${file} get; or take it out of config.json.`,
    });
  if (!/^[\w.-]+$/.test(name)) throw refuse("has a name that no program has");
  const env = Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const finished = await processes.run({
    file,
    args: ["get"],
    env: Object.fromEntries(env),
    stdin: registry === "docker.io" ? "https://index.docker.io/v1/" : registry,
    timeoutMs: helperMs,
    maxOutputBytes: 1024 * 1024,
  });
  const said = finished.stdout.toString("utf8");
  if (finished.missing) throw refuse("is not on the PATH");
  if (finished.timedOut) throw refuse(`did not answer within ${helperMs / 1000} s`);
  if (finished.code !== 0) {
    if (/credentials not found/i.test(said + finished.stderr)) return undefined;
    throw refuse(`ended with code ${finished.code ?? "none"}`);
  }
  const answer = answerSchema.safeParse(json(said));
  if (!answer.success) throw refuse("did not answer with a name and a secret");
  const { Username: username, Secret: secret } = answer.data;
  return username === "<token>" ? { kind: "identity", token: secret } : passwordLogin(username, secret);
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unusable(where: Place, why: string): ProblemError {
  return new ProblemError({
    code: "docker-config-invalid",
    message: `${where.file === undefined ? "A given docker configuration" : "Docker's configuration"} cannot be used: ${why}.`,
    ...(where.file === undefined ? {} : { where: { file: where.file } }),
    remedy: "Log in again with docker login, or correct the file.",
  });
}
