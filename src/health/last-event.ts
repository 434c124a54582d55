import type { Kube } from "../io/kube/kube.ts";
import type { Observation } from "../model/health.ts";
import type { Json } from "../model/json.ts";
import { fieldManager } from "../model/application.ts";
import { because, listAt, textAt } from "./conditions.ts";
import { answerBounds, jsonAnswer } from "./json-answer.ts";
import type { LiveState } from "./owned-pods.ts";
import { hiding, secretsAmong } from "./without-secrets.ts";

/** What is asked for: no more events than a namespace in trouble has, and none that say that all is well. */
const query = "fieldSelector=type%3DWarning&limit=500";

/** What the status of a pod says too. */
const saidAnyway: ReadonlySet<string> = new Set(["BackOff", "Failed", "FailedScheduling"]);

/**
 * The newest warning that Kubernetes has recorded of the first new pod that is not ready, or else of an object that is not
 * healthy: what a probe answered, why a volume is not mounted or a pod not created is in no status. Undefined where there is none,
 * or it may not be read. No value of a Secret that is delivered is in it.
 */
export async function lastEvent(
  kube: Pick<Kube, "raw">,
  live: Pick<LiveState, "get">,
  observation: Observation,
  namespace: string,
): Promise<string | undefined> {
  const pods = observation.pods.filter(
    ({ generation, ready, phase }) => generation === "new" && !ready && phase !== "Terminating",
  );
  const unhealthy = observation.objects.filter(({ health }) => health.status !== "Current").map(({ ref }) => ref);
  const subjects = [...pods.map(({ name }) => ({ group: "", kind: "Pod", namespace, name })), ...unhealthy];
  if (subjects.length === 0) return undefined;
  const { status, body } = await kube.raw(`/api/v1/namespaces/${namespace}/events?${query}`, answerBounds);
  const events = status === 200 ? listAt(jsonAnswer(body) ?? null, "items").filter(isNews) : [];
  for (const ref of subjects) {
    const uid = live.get(ref)?.metadata.uid;
    const newest = events
      .filter((event) => isAbout(event, ref, uid))
      .toSorted(byTime)
      .at(-1);
    if (newest === undefined) continue;
    const what = `${ref.kind === "Pod" ? "pod" : ref.kind} ${ref.name}`;
    const told = `Kubernetes says of ${what}: ${textAt(newest, "reason")}${because(withoutOutput(textAt(newest, "message")))}`;
    return hiding(secretsAmong(observation, live))(told);
  }
  return undefined;
}

function isNews(event: Json): boolean {
  return !saidAnyway.has(textAt(event, "reason")) && textAt(event, "reportingComponent") !== fieldManager;
}

/** What a program of the container printed may be anything; what a kubelet says of a request that it made itself may be told. */
function withoutOutput(message: string): string {
  const [, probe, answer = ""] = /^(\w+ probe (?:failed|errored)[^:]*)(: .*)$/s.exec(message) ?? [];
  if (probe !== undefined)
    return /^: (HTTP probe failed|Get "|dial tcp|command timed out)/.test(answer) ? message : probe;
  return message.replace(/, message: ".*$/s, "");
}

/** Of one name there may have been others before. */
function isAbout(event: Json, { kind, name }: { readonly kind: string; readonly name: string }, uid?: string): boolean {
  const about = (member: string): string => textAt(event, "involvedObject", member);
  return about("kind") === kind && about("name") === name && (uid === undefined || about("uid") === uid);
}

function byTime(a: Json, b: Json): number {
  const [left, right] = [timeOf(a), timeOf(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** When an event was last seen: each way of recording has a member of its own for that. */
function timeOf(event: Json): string {
  const own =
    textAt(event, "series", "lastObservedTime") || textAt(event, "lastTimestamp") || textAt(event, "eventTime");
  return own || textAt(event, "metadata", "creationTimestamp");
}
