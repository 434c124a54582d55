import type { MetricCheck } from "../model/application.ts";
import type { Json } from "../model/json.ts";
import { valueAt } from "../model/json.ts";
import type { Kube } from "../io/kube/kube.ts";
import { because, textAt } from "./conditions.ts";
import { jsonAnswer } from "./json-answer.ts";

/**
 * Asks a Prometheus through the API server's service proxy what a query is now
 * (https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries), and compares every sample. Answers what is
 * wrong, undefined where nothing is. No sample, or one that is no number, is not as it should be.
 */
export async function askMetric(
  kube: Pick<Kube, "raw">,
  check: MetricCheck,
  query: string,
): Promise<string | undefined> {
  const url = new URL(check.prometheus);
  const [service, namespace] = url.hostname.split(".");
  const proxy = `/api/v1/namespaces/${namespace}/services/${service}:${url.port || "80"}/proxy`;
  const base = url.pathname.replace(/\/$/, "");
  const { status, body } = await kube.raw(`${proxy}${base}/api/v1/query?query=${encodeURIComponent(query)}`);
  if (status === 0) return `got no answer${because(body)}`;
  const answer = jsonAnswer(body) ?? null;
  if (status !== 200 || textAt(answer, "status") !== "success") {
    return `answered ${status}${because(textAt(answer, "error") || textAt(answer, "message"))}`;
  }
  const samples = samplesIn(answer);
  if (samples.length === 0) return "has no sample";
  return samples.map((sample) => wrongOf(sample, check)).find((wrong) => wrong !== undefined);
}

function wrongOf(sample: string, { below, above }: MetricCheck): string | undefined {
  const value = sample === "+Inf" ? Infinity : sample === "-Inf" ? -Infinity : Number.parseFloat(sample);
  if (Number.isNaN(value)) return `is ${sample || "no number"}`;
  if (below !== undefined && value >= below) return `is ${sample}, not below ${below}`;
  return above !== undefined && value <= above ? `is ${sample}, not above ${above}` : undefined;
}

/** The values of a vector or a scalar, as Prometheus writes them: in quotes, beside their time. */
function samplesIn(answer: Json): readonly string[] {
  const result = valueAt(answer, "data", "result");
  if (!Array.isArray(result)) return [];
  if (textAt(answer, "data", "resultType") === "scalar") return [textAt(answer, "data", "result", 1)];
  return (result as readonly Json[]).map((one) => textAt(one, "value", 1));
}
