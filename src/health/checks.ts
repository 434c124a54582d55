import type { HttpCheck, MetricCheck } from "../model/application.ts";
import type { CheckOutcome } from "../model/health.ts";
import { isJsonObject, valueAt } from "../model/json.ts";
import type { Json } from "../model/json.ts";
import type { Kube } from "../io/kube/kube.ts";
import { because, textAt } from "./conditions.ts";
import { answerBounds, isCut, jsonAnswer } from "./json-answer.ts";
import { askMetric, noPods } from "./metric-check.ts";
import type { PodNames, Said } from "./metric-check.ts";
import { servicePath } from "./service-path.ts";

/**
 * What expected values may name: `{release}` is the source commit that the revision's images were built from, `{tag}` the tag
 * that they share, `{revision}` the commit of the deployment repository. Undefined where there is no such one.
 */
export type CheckNames = { readonly [name in (typeof checkNames)[number]]: string | undefined };

const checkNames = ["release", "tag", "revision"] as const;

/** Why nobody knows what `{release}` or `{tag}` is. */
const unshared = "this revision has no images that share one";

/** What is asked, and where. */
export interface Checks {
  readonly namespace: string;
  readonly checks: readonly (HttpCheck | MetricCheck)[];
  /** Copies of Services, by the names of those that they are asked in the stead of. */
  readonly services?: ReadonlyMap<string, string>;
  /** The names of the pods that are new, and of the old ones. */
  readonly pods?: PodNames;
}

/** Asks every check of an application, services and Prometheus, through the API server's service proxy (behaviour R3), in their order. */
export async function askChecks(kube: Pick<Kube, "raw">, asked: Checks, names: CheckNames): Promise<CheckOutcome> {
  const notes: string[] = [];
  for (const check of asked.checks) {
    const { failAfterMs } = check;
    const said =
      "prometheus" in check ? await askPrometheus(kube, check, asked, names) : await ask(kube, check, asked, names);
    const message = `${"prometheus" in check ? `${check.query} at ${check.prometheus}` : `GET ${check.http}`} `;
    if (said.wrong !== undefined) {
      return { ok: false, message: message + said.wrong, ...(failAfterMs === undefined ? {} : { failAfterMs }) };
    }
    if (said.note !== undefined) notes.push(message + said.note);
  }
  return { ok: true, ...(notes.length > 0 ? { note: notes.join(", ") } : {}) };
}

async function askPrometheus(
  kube: Pick<Kube, "raw">,
  check: MetricCheck,
  { pods = noPods }: Checks,
  names: CheckNames,
): Promise<Said> {
  const query = fill(check.query, names);
  if (query === undefined) return { wrong: `names what is not known: ${unshared}` };
  return askMetric(kube, { ...check, query: String(query) }, pods);
}

async function ask(
  kube: Pick<Kube, "raw">,
  check: HttpCheck,
  { namespace, services = new Map() }: Checks,
  names: CheckNames,
): Promise<Said> {
  const url = new URL(check.http);
  const service = services.get(url.hostname) ?? url.hostname;
  const path = `${servicePath(url, namespace, service)}${url.pathname}${url.search}`;
  return { wrong: wrongOf(await kube.raw(path, answerBounds), check, names) };
}

function wrongOf(
  answer: { readonly status: number; readonly body: string },
  { expect }: HttpCheck,
  names: CheckNames,
): string | undefined {
  if (answer.status === 0) return `got no answer${because(answer.body)}`;
  if (answer.status !== expect.status) {
    return `answered ${answer.status}, not ${expect.status}${because(textAt(jsonAnswer(answer.body) ?? null, "message"))}`;
  }
  const wanted = Object.entries(expect.json);
  if (wanted.length === 0) return undefined;
  const body = jsonAnswer(answer.body);
  if (body === undefined) {
    return isCut(answer.body) ? "answered more than 1 MiB, of which no JSON is read" : "did not answer JSON";
  }
  for (const [member, value] of wanted) {
    const filled = fill(value, names);
    if (filled === undefined) return `expects ${String(value)}, which is not known: ${unshared}`;
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
