import type { HttpCheck, MetricCheck } from "../model/application.ts";
import type { CheckOutcome } from "../model/health.ts";
import { isJsonObject, valueAt } from "../model/json.ts";
import type { Json } from "../model/json.ts";
import type { Kube } from "../io/kube/kube.ts";
import { because, textAt } from "./conditions.ts";
import { jsonAnswer } from "./json-answer.ts";
import { askMetric } from "./metric-check.ts";

/**
 * What expected values may name: `{release}` is the source commit that the revision's images were built from, `{tag}` the tag
 * that they share, `{revision}` the commit of the deployment repository. Undefined where there is no such one.
 */
export type CheckNames = { readonly [name in (typeof checkNames)[number]]: string | undefined };

const checkNames = ["release", "tag", "revision"] as const;

/** What is asked, and where: `services` has copies of Services, by their names, that are asked in their stead. */
export interface Checks {
  readonly namespace: string;
  readonly checks: readonly (HttpCheck | MetricCheck)[];
  readonly services?: ReadonlyMap<string, string>;
}

/** Asks every check of an application, services and Prometheus, through the API server's service proxy (behaviour R3), in their order. */
export async function askChecks(
  kube: Pick<Kube, "raw">,
  { namespace, checks, services = new Map() }: Checks,
  names: CheckNames,
): Promise<CheckOutcome> {
  for (const check of checks) {
    const wrong =
      "prometheus" in check
        ? await askPrometheus(kube, check, names)
        : told(`GET ${check.http}`, await ask(kube, namespace, check, names, services));
    if (wrong !== undefined) return { ok: false, message: wrong };
  }
  return { ok: true };
}

async function askPrometheus(
  kube: Pick<Kube, "raw">,
  check: MetricCheck,
  names: CheckNames,
): Promise<string | undefined> {
  const query = fill(check.query, names);
  const what = `${check.query} at ${check.prometheus}`;
  if (query === undefined) return `${what} names what is not known: the images of this revision do not share one`;
  return told(what, await askMetric(kube, check, String(query)));
}

function told(what: string, wrong: string | undefined): string | undefined {
  return wrong === undefined ? undefined : `${what} ${wrong}`;
}

async function ask(
  kube: Pick<Kube, "raw">,
  namespace: string,
  check: HttpCheck,
  names: CheckNames,
  services: ReadonlyMap<string, string>,
): Promise<string | undefined> {
  const url = new URL(check.http);
  const service = `${services.get(url.hostname) ?? url.hostname}:${url.port || "80"}`;
  const path = `/api/v1/namespaces/${namespace}/services/${service}/proxy${url.pathname}${url.search}`;
  const answer = await kube.raw(path);
  const { expect } = check;
  if (answer.status === 0) return `got no answer${because(answer.body)}`;
  if (answer.status !== expect.status) {
    return `answered ${answer.status}, not ${expect.status}${because(textAt(jsonAnswer(answer.body) ?? null, "message"))}`;
  }
  const wanted = Object.entries(expect.json);
  if (wanted.length === 0) return undefined;
  const body = jsonAnswer(answer.body);
  if (body === undefined) return "did not answer JSON";
  for (const [member, value] of wanted) {
    const filled = fill(value, names);
    if (filled === undefined) return `expects ${String(value)}, but the images of this revision do not share one`;
    const found = memberAt(body, member);
    if (found === undefined) return `has no ${member} in its answer, where ${JSON.stringify(filled)} is expected`;
    if (found !== filled) return `has ${member} ${shortened(found)}, not ${JSON.stringify(filled)}`;
  }
  return undefined;
}

/** A member by its dotted path; digits choose an item of a list. */
function memberAt(body: Json, path: string): Json | undefined {
  let found: Json | undefined = body;
  for (const step of path.split(".")) {
    if (Array.isArray(found)) found = /^\d+$/.test(step) ? valueAt(found, Number(step)) : undefined;
    else found = isJsonObject(found) && Object.hasOwn(found, step) ? found[step] : undefined;
  }
  return found;
}

function shortened(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

function fill(value: string | number | boolean, names: CheckNames): string | number | boolean | undefined {
  if (typeof value !== "string") return value;
  const named = checkNames.filter((name) => value.includes(`{${name}}`));
  if (named.some((name) => names[name] === undefined)) return undefined;
  return named.reduce((text, name) => text.replaceAll(`{${name}}`, names[name] ?? ""), value);
}
