import { age } from "./age.ts";
import { numberOf, textOf, valuesAt } from "./json-path.ts";

/** How many of a pod's containers are ready, of how many; init containers that stay count too. */
export function podReady(pod: unknown): string {
  const sidecars = sidecarsOf(pod);
  const lasting = [
    ...valuesAt(pod, "status.containerStatuses[*]"),
    ...valuesAt(pod, "status.initContainerStatuses[*]").filter((status) => sidecars.includes(textOf(status, "name"))),
  ];
  const ready = lasting.filter((status) => textOf(status, "ready") === "true" && textOf(status, "state.running"));
  return `${ready.length}/${valuesAt(pod, "spec.containers[*]").length + sidecars.length}`;
}

/** The names of the init containers that stay while the others run. */
function sidecarsOf(pod: unknown): readonly unknown[] {
  return valuesAt(pod, 'spec.initContainers[?(@.restartPolicy=="Always")].name');
}

/** How many of a pod's readiness gates are passed, of how many; undefined where it has none. */
export function podGates(pod: unknown): string | undefined {
  const gates = valuesAt(pod, "spec.readinessGates[*].conditionType");
  const held = valuesAt(pod, 'status.conditions[?(@.status=="True")].type');
  return gates.length === 0 ? undefined : `${gates.filter((gate) => held.includes(gate)).length}/${gates.length}`;
}

/** How often a pod's containers were restarted, and when last. */
export function podRestarts(pod: unknown, nowMs: number): string {
  const which = initReason(pod) === undefined ? "containerStatuses" : "initContainerStatuses";
  const statuses = valuesAt(pod, `status.${which}[*]`);
  const count = statuses.reduce<number>((sum, status) => sum + numberOf(status, "restartCount"), 0);
  const ends = valuesAt(statuses, "[*].lastState.terminated.finishedAt").map((end) => Date.parse(String(end)));
  return count > 0 && ends.length > 0 ? `${count} (${age(Math.max(...ends), nowMs)} ago)` : String(count);
}

/** A pod's state in a word: what its containers wait for or ended by, else its phase. */
export function podStatus(pod: unknown): string {
  const phase = textOf(pod, "status.phase");
  const given = textOf(pod, "status.reason");
  const reason = initReason(pod) ?? containersReason(pod, given || phase);
  if (!textOf(pod, "metadata.deletionTimestamp")) return reason;
  if (given === "NodeLost") return "Unknown";
  return ["Failed", "Succeeded"].includes(phase) ? reason : "Terminating";
}

function containersReason(pod: unknown, before: string): string {
  let reason =
    valuesAt(pod, 'status.conditions[?(@.reason=="SchedulingGated")]').length > 0 ? "SchedulingGated" : before;
  let isRunning = false;
  for (const status of valuesAt(pod, "status.containerStatuses[*]").toReversed()) {
    if (textOf(status, "state.waiting.reason")) reason = textOf(status, "state.waiting.reason");
    else if (textOf(status, "state.terminated")) reason = terminatedReason(status);
    else if (textOf(status, "ready") === "true" && textOf(status, "state.running")) isRunning = true;
  }
  if (reason !== "Completed" || !isRunning) return reason;
  return textOf(pod, 'status.conditions[?(@.type=="Ready")].status') === "True" ? "Running" : "NotReady";
}

/** What the first init container that is not done is about; undefined when all are. */
function initReason(pod: unknown): string | undefined {
  const total = valuesAt(pod, "spec.initContainers[*]").length;
  for (const [index, status] of valuesAt(pod, "status.initContainerStatuses[*]").entries()) {
    const hasStarted = textOf(status, "started") === "true" && sidecarsOf(pod).includes(textOf(status, "name"));
    if (textOf(status, "state.terminated.exitCode") === "0" || hasStarted) continue;
    if (textOf(status, "state.terminated")) return `Init:${terminatedReason(status)}`;
    const waiting = textOf(status, "state.waiting.reason");
    return waiting && waiting !== "PodInitializing" ? `Init:${waiting}` : `Init:${index}/${total}`;
  }
  return undefined;
}

function terminatedReason(status: unknown): string {
  const signal = numberOf(status, "state.terminated.signal");
  const code = signal > 0 ? `Signal:${signal}` : `ExitCode:${numberOf(status, "state.terminated.exitCode")}`;
  return textOf(status, "state.terminated.reason") || code;
}
