import type { Kube } from "../io/kube/kube.ts";
import type { Observation } from "../model/health.ts";
import type { Json } from "../model/json.ts";
import { valueAt } from "../model/json.ts";
import { because, listAt, numberAt, textAt } from "./conditions.ts";
import { answerBounds, jsonAnswer } from "./json-answer.ts";
import type { LiveState } from "./owned-pods.ts";
import { hiding, secretsAmong } from "./without-secrets.ts";

/** So much of a log is read, and so much of it is told, in letters. */
const readAtMost = 64 * 1024;
const toldAtMost = 1000;

/** Escape sequences of terminals, and whatever else is no text. */
// oxlint-disable-next-line no-control-regex
const noText = /\u001b\[[0-9;?]*[ -/]*[@-~]|[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029]/g;

/**
 * The last lines of the log of the first new pod that is not ready, of the container that keeps it so, for people; undefined
 * where no such container has started. Read only where Git asks for it: what a program writes may be anything. No value of a
 * Secret that is delivered is in it.
 */
export async function lastWords(
  kube: Pick<Kube, "raw">,
  live: Pick<LiveState, "get">,
  observation: Observation,
  { namespace, lines }: { readonly namespace: string; readonly lines: number },
): Promise<string | undefined> {
  const candidates = observation.pods.filter(
    ({ generation, ready, phase }) => generation === "new" && !ready && phase !== "Terminating",
  );
  const found = candidates
    .map(({ name }) => ({ name, container: troubled(live.get({ group: "", kind: "Pod", namespace, name })) }))
    .find(({ container }) => container !== undefined);
  if (!found?.container) return undefined;
  const { name, container } = found;
  const bounds = `tailLines=${lines}&limitBytes=${readAtMost}&previous=${container.isPrevious}`;
  const path = `/api/v1/namespaces/${namespace}/pods/${name}/log?container=${container.name}&${bounds}`;
  const { status, body } = await kube.raw(path, answerBounds);
  if (status !== 200) return `the log of container ${container.name} cannot be read${because(refusalIn(status, body))}`;
  const words = hiding(secretsAmong(observation, live))(body)
    .replaceAll(noText, "")
    .split("\n")
    .map((line) => line.replaceAll(/\s+/g, " ").trim())
    .filter((line) => line !== "")
    .slice(-lines)
    .join(" / ");
  if (words === "") return `container ${container.name} logged nothing`;
  return `container ${container.name} logged last: ${words.length > toldAtMost ? `…${words.slice(-toldAtMost)}` : words}`;
}

interface Troubled {
  readonly name: string;
  /** It was started again since. */
  readonly isPrevious: boolean;
}

/** The container that has ended, or that runs and is not ready; init containers first, since the others wait for them. */
function troubled(pod: Json | undefined): Troubled | undefined {
  const statuses = ["initContainerStatuses", "containerStatuses"].flatMap((list) =>
    listAt(pod ?? null, "status", list),
  );
  const hasEnded = (status: Json): boolean => {
    const ended = valueAt(status, "state", "terminated") ?? valueAt(status, "lastState", "terminated");
    return ended !== undefined && valueAt(status, "state", "terminated", "exitCode") !== 0;
  };
  const isStuck = (status: Json): boolean =>
    valueAt(status, "ready") !== true && valueAt(status, "state", "running") !== undefined;
  const status = statuses.find((one) => valueAt(one, "ready") !== true && hasEnded(one)) ?? statuses.find(isStuck);
  if (status === undefined) return undefined;
  const runsAgain = valueAt(status, "state", "running") !== undefined && numberAt(status, 0, "restartCount") > 0;
  return { name: textAt(status, "name"), isPrevious: runsAgain };
}

function refusalIn(status: number, body: string): string {
  return textAt(jsonAnswer(body) ?? null, "message") || (status === 0 ? body : `it answered ${status}`);
}
