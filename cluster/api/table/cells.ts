import type { JsonMap, StoredObject } from "../stored-object.ts";
import { listAt, mapAt, textAt } from "../validation/causes.ts";

/** A duration as kubectl shows ages: "4s", "3m20s", "26h", "12d". */
export function age(fromMs: number, nowMs: number): string {
  const seconds = Math.max(0, Math.floor((nowMs - fromMs) / 1000));
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return withRest(minutes, "m", seconds % 60, "s");
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return withRest(hours, "h", minutes % 60, "m");
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (days < 8) return withRest(days, "d", hours % 24, "h");
  if (days < 730) return `${days}d`;
  const years = Math.floor(days / 365);
  return years < 8 ? withRest(years, "y", days % 365, "d") : `${years}y`;
}

function withRest(whole: number, unit: string, rest: number, restUnit: string): string {
  return rest === 0 ? `${whole}${unit}` : `${whole}${unit}${rest}${restUnit}`;
}

/** How long ago a time was, or "<unknown>". */
export function since(time: unknown, nowMs: number): string {
  const at = typeof time === "string" ? Date.parse(time) : Number.NaN;
  return Number.isNaN(at) ? "<unknown>" : age(at, nowMs);
}

/** A label selector in one line. */
export function selectorText(selector: JsonMap | undefined): string {
  const labels = mapAt(selector, "matchLabels");
  const parts = Object.keys(labels)
    .sort()
    .map((key) => `${key}=${textAt(labels, key)}`);
  for (const { key, operator, values } of listAt(selector, "matchExpressions")) {
    const list = `(${((values ?? []) as string[]).join(",")})`;
    const name = String(key);
    if (operator === "Exists") parts.push(name);
    else if (operator === "DoesNotExist") parts.push(`!${name}`);
    else parts.push(`${name} ${operator === "In" ? "in" : "notin"} ${list}`);
  }
  return parts.length === 0 ? "<none>" : parts.join(",");
}

/** A map of labels in one line. */
export function mapText(map: JsonMap): string {
  const parts = Object.keys(map)
    .sort()
    .map((key) => `${key}=${textAt(map, key)}`);
  return parts.length === 0 ? "<none>" : parts.join(",");
}

/** The names and the images of a template's containers. */
export function containerCells(spec: JsonMap): readonly string[] {
  const containers = listAt(mapAt(mapAt(spec, "template"), "spec"), "containers");
  return ["name", "image"].map((key) => containers.map((container) => textAt(container, key)).join(","));
}

/** What kubectl shows of a pod: how many containers are ready, its state in a word, and its restarts. */
export function podCells(pod: StoredObject, nowMs: number): readonly unknown[] {
  const spec = pod.spec ?? {};
  const status = pod.status ?? {};
  const statuses = listAt(status, "containerStatuses");
  const ready = statuses.filter((container) => container["ready"] === true && mapAt(container, "state")["running"]);
  const ips = listAt(status, "podIPs").map((entry) => textAt(entry, "ip"));
  const gates = listAt(spec, "readinessGates");
  const conditions = listAt(status, "conditions");
  const passed = gates.filter((gate) =>
    conditions.some((condition) => condition["type"] === gate["conditionType"] && condition["status"] === "True"),
  );
  return [
    pod.metadata.name ?? "",
    `${ready.length}/${listAt(spec, "containers").length}`,
    podReason(pod),
    restarts(pod, nowMs),
    since(pod.metadata.creationTimestamp, nowMs),
    ips[0] || textAt(status, "podIP") || "<none>",
    textAt(spec, "nodeName") || "<none>",
    textAt(status, "nominatedNodeName") || "<none>",
    gates.length === 0 ? "<none>" : `${passed.length}/${gates.length}`,
  ];
}

function restarts(pod: StoredObject, nowMs: number): string {
  const statuses = listAt(pod.status, "containerStatuses");
  const count = statuses.reduce((sum, container) => sum + Number(container["restartCount"] ?? 0), 0);
  const ends = statuses.map((container) =>
    Date.parse(textAt(mapAt(mapAt(container, "lastState"), "terminated"), "finishedAt")),
  );
  const last = Math.max(...ends.filter((end) => !Number.isNaN(end)));
  return count > 0 && Number.isFinite(last) ? `${count} (${age(last, nowMs)} ago)` : String(count);
}

function podReason(pod: StoredObject): string {
  const status = pod.status ?? {};
  let reason = textAt(status, "reason") || textAt(status, "phase");
  const initializing = initReason(pod);
  if (initializing !== undefined) reason = initializing;
  else {
    let hasRunning = false;
    for (const container of listAt(status, "containerStatuses").toReversed()) {
      const state = mapAt(container, "state");
      if (state["waiting"] && textAt(mapAt(state, "waiting"), "reason"))
        reason = textAt(mapAt(state, "waiting"), "reason");
      else if (state["terminated"]) reason = terminatedReason(mapAt(state, "terminated"));
      else if (container["ready"] === true && state["running"]) hasRunning = true;
    }
    if (reason === "Completed" && hasRunning) reason = isReady(status) ? "Running" : "NotReady";
  }
  if (pod.metadata.deletionTimestamp === undefined) return reason;
  if (textAt(status, "reason") === "NodeLost") return "Unknown";
  return ["Failed", "Succeeded"].includes(textAt(status, "phase")) ? reason : "Terminating";
}

function isReady(status: JsonMap): boolean {
  return listAt(status, "conditions").some(({ type, status: state }) => type === "Ready" && state === "True");
}

function initReason(pod: StoredObject): string | undefined {
  const total = listAt(pod.spec, "initContainers").length;
  const statuses = listAt(pod.status, "initContainerStatuses");
  for (const [index, container] of statuses.entries()) {
    const state = mapAt(container, "state");
    const terminated = mapAt(state, "terminated");
    if (state["terminated"] && terminated["exitCode"] === 0) continue;
    if (container["started"] === true) continue;
    if (state["terminated"]) return `Init:${terminatedReason(terminated)}`;
    const waiting = textAt(mapAt(state, "waiting"), "reason");
    return waiting && waiting !== "PodInitializing" ? `Init:${waiting}` : `Init:${index}/${total}`;
  }
  return undefined;
}

function terminatedReason(terminated: JsonMap): string {
  const { signal, exitCode } = terminated;
  return textAt(terminated, "reason") || (signal ? `Signal:${Number(signal)}` : `ExitCode:${Number(exitCode ?? 0)}`);
}
