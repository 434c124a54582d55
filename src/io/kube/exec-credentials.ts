import { dirname, resolve } from "node:path";
import { z } from "zod";
import type { JsonObject } from "../../model/json.ts";
import type { Clock } from "../clock/clock.ts";
import type { Processes } from "../process/process.ts";
import type { CredentialSource } from "./access.ts";
import { remembered } from "./credentials.ts";
import type { Lent } from "./credentials.ts";

/** A user's `exec` entry of a kubeconfig, and what it is run with. */
export interface ExecPlugin {
  readonly exec: z.infer<typeof execEntry>;
  /** The kubeconfig: a command with a slash in it is relative to its folder. */
  readonly path: string;
  /** Told to the plugin where the entry asks for it (`provideClusterInfo`). */
  readonly cluster: JsonObject;
  readonly processes: Processes;
  readonly environment: { readonly [name: string]: string | undefined };
  readonly clock: Clock;
}

const timeoutMs = 60_000;

const text = z.string().optional();

/** A user's `exec` entry; what it has beyond this counts for nothing. */
export const execEntry = z.object({
  command: z.string("must be the name of a program").min(1),
  apiVersion: z.enum(["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"]),
  args: z.array(z.string()).nullish(),
  env: z.array(z.object({ name: z.string(), value: z.string() })).nullish(),
  interactiveMode: z.enum(["Never", "IfAvailable"], 'must not be "Always": nobody is there to be asked').optional(),
  installHint: text,
  provideClusterInfo: z.boolean().optional(),
});

const answered = z.object({
  apiVersion: z.string(),
  status: z.object({
    token: text,
    clientCertificateData: text,
    clientKeyData: text,
    expirationTimestamp: z.string().nullish(),
  }),
});

/**
 * Credentials from a plugin, as managed clusters want it
 * (https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins): kept until they run
 * out or are refused.
 */
export function execCredentials(plugin: ExecPlugin): CredentialSource {
  return remembered(() => ask(plugin), plugin.clock);
}

async function ask({ exec, path, cluster, processes, environment, clock }: ExecPlugin): Promise<Lent> {
  const { command, apiVersion, args, env, installHint, provideClusterInfo } = exec;
  const plugin = `the credential plugin ${command}`;
  const spec = { interactive: false, ...(provideClusterInfo === true ? { cluster } : {}) };
  const finished = await processes.run({
    file: command.includes("/") ? resolve(dirname(path), command) : command,
    args: args ?? [],
    env: {
      ...defined(environment),
      ...Object.fromEntries((env ?? []).map(({ name, value }) => [name, value])),
      KUBERNETES_EXEC_INFO: JSON.stringify({ apiVersion, kind: "ExecCredential", spec }),
    },
    timeoutMs,
    maxOutputBytes: 1_000_000,
  });
  if (finished.missing) throw new Error(`${plugin} is not there${installHint ? `: ${installHint.trim()}` : ""}`);
  if (finished.timedOut) throw new Error(`${plugin} gave no answer within ${timeoutMs / 1000} s`);
  if (finished.code !== 0) {
    // What a plugin prints may hold a credential, so that only how it ended is told.
    const how = finished.code ?? finished.signal ?? "an error";
    throw new Error(`${plugin} ended with ${how}; run it by hand to see why`);
  }
  const answer = answered.safeParse(parse(finished.stdout.toString("utf8")));
  if (!answer.success) throw new Error(`${plugin} did not answer an ExecCredential with a status`);
  if (answer.data.apiVersion !== apiVersion)
    throw new Error(`${plugin} answered in another version than ${apiVersion}`);
  return lentBy(plugin, answer.data.status, clock);
}

function lentBy(plugin: string, status: z.infer<typeof answered>["status"], clock: Clock): Lent {
  const { token, clientCertificateData: certificate, clientKeyData: key, expirationTimestamp } = status;
  if (!token && !(certificate && key)) throw new Error(`${plugin} gave neither a token nor a certificate with its key`);
  const untilMs = Date.parse(expirationTimestamp ?? "");
  return {
    credentials: {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(certificate && key ? { certificate, key } : {}),
    },
    // One that has run out already would be asked for before every request: it is used once and refused.
    ...(Number.isNaN(untilMs) || untilMs <= clock.now() ? {} : { untilMs }),
  };
}

/** Undefined where it is no JSON: the parser's message quotes the text, and the text holds a credential. */
function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function defined(environment: ExecPlugin["environment"]): { readonly [name: string]: string } {
  return Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
