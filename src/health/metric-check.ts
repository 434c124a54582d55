import type { Comparison, MetricCheck } from "../model/application.ts";
import type { Json } from "../model/json.ts";
import { valueAt } from "../model/json.ts";
import type { Kube } from "../io/kube/kube.ts";
import { because, textAt } from "./conditions.ts";
import { answerBounds, jsonAnswer } from "./json-answer.ts";
import { servicePath } from "./service-path.ts";

/** The names of the pods that are new, and of the old ones. */
export interface PodNames {
  readonly now: readonly string[];
  readonly before: readonly string[];
  /** When the old ones served, in milliseconds since the epoch; absent: they serve now, beside the new ones. */
  readonly beforeMs?: number;
}

/** Where nobody knows of any. */
export const noPods: PodNames = { now: [], before: [] };

/** What a check came to: what is wrong, undefined where nothing is, or what could not be asked. */
export interface Said {
  readonly wrong?: string | undefined;
  readonly note?: string;
}

/** In a query it stands for a pattern of the pods' names, which matches each of them and nothing else. */
const podsName = "{pods}";

/**
 * Asks a Prometheus through the API server's service proxy what a query is now
 * (https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries). Every sample must keep the bounds; no sample,
 * or one that is no number, does not. What is compared is asked about the old pods as well, as of the time when they served: a
 * Prometheus remembers pods that are gone, and those of a StatefulSet have the names of the new ones. Where they say nothing,
 * as without traffic, only the bounds count.
 */
export async function askMetric(kube: Pick<Kube, "raw">, check: MetricCheck, pods: PodNames): Promise<Said> {
  const { query, compare } = check;
  const isBound = check.below !== undefined || check.above !== undefined;
  const before = compare ? await valuesOf(kube, check, pods.before, pods.beforeMs) : [];
  if (typeof before === "string") return { wrong: `of the old pods ${before}` };
  const [old = Number.NaN] = before.map(numberOf);
  if (before.length > 1)
    return { wrong: `of the old pods has ${before.length} samples, of which none can be compared` };
  const note = pods.before.length === 0 ? "there were no old pods" : "the old pods have no sample";
  const isCompared = compare !== undefined && !Number.isNaN(old);
  if (compare && !isCompared && !isBound) return { note: `was not compared: ${note}` };
  if (query.includes(podsName) && pods.now.length === 0) return { wrong: "names the new pods, and there is none" };

  const samples = await valuesOf(kube, check, pods.now);
  if (typeof samples === "string") return { wrong: samples };
  if (samples.length === 0) return { wrong: "has no sample" };
  if (isCompared && samples.length > 1)
    return { wrong: `has ${samples.length} samples, of which none can be compared` };
  const wrong = samples
    .map((sample) => outOfBounds(sample, check) ?? (isCompared ? worseThan(sample, old, compare) : undefined))
    .find((one) => one !== undefined);
  return { wrong, ...(compare && !isCompared ? { note: `was not compared: ${note}` } : {}) };
}

/** The samples of a query about these pods, or why there is no answer; without a pod there is nothing to ask. */
async function valuesOf(
  kube: Pick<Kube, "raw">,
  { prometheus, query }: MetricCheck,
  pods: readonly string[],
  atMs?: number,
): Promise<readonly string[] | string> {
  const named = query.includes(podsName);
  if (named && pods.length === 0) return [];
  const url = new URL(prometheus);
  const [service = "", namespace = ""] = url.hostname.split(".");
  const proxy = servicePath(url, namespace, service);
  const base = url.pathname.replace(/\/$/, "");
  // A dot is the only letter of a name that means something in a pattern.
  const asked = query.replaceAll(podsName, pods.map((pod) => pod.replaceAll(".", "[.]")).join("|"));
  const time = atMs === undefined ? "" : `&time=${atMs / 1000}`;
  const path = `${proxy}${base}/api/v1/query?query=${encodeURIComponent(asked)}${time}`;
  const { status, body } = await kube.raw(path, answerBounds);
  if (status === 0) return `got no answer${because(body)}`;
  const answer = jsonAnswer(body) ?? null;
  if (status !== 200 || textAt(answer, "status") !== "success") {
    return `answered ${status}${because(textAt(answer, "error") || textAt(answer, "message"))}`;
  }
  return samplesIn(answer);
}

function outOfBounds(sample: string, { below, above }: MetricCheck): string | undefined {
  const value = numberOf(sample);
  if (Number.isNaN(value)) return `is ${sample || "no number"}`;
  if (below !== undefined && value >= below) return `is ${sample}, not below ${below}`;
  return above !== undefined && value <= above ? `is ${sample}, not above ${above}` : undefined;
}

function worseThan(sample: string, old: number, compare: Comparison): string | undefined {
  const { atMost, atLeast, orBelow = -Infinity, orAbove = Infinity } = compare;
  const value = numberOf(sample);
  if (value < orBelow || value > orAbove) return undefined;
  const told = (most: string, factor: number): string =>
    `is ${sample} of the new pods, ${most} ${factor} times the ${old} of the old ones`;
  if (atMost !== undefined && value > atMost * old) return told("more than", atMost);
  return atLeast !== undefined && value < atLeast * old ? told("less than", atLeast) : undefined;
}

function numberOf(sample: string): number {
  return sample === "+Inf" ? Infinity : sample === "-Inf" ? -Infinity : Number.parseFloat(sample);
}

/** The values of a vector or a scalar, as Prometheus writes them: in quotes, beside their time. */
function samplesIn(answer: Json): readonly string[] {
  const result = valueAt(answer, "data", "result");
  if (!Array.isArray(result)) return [];
  if (textAt(answer, "data", "resultType") === "scalar") return [textAt(answer, "data", "result", 1)];
  return (result as readonly Json[]).map((one) => textAt(one, "value", 1));
}
