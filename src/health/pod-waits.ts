import { isJsonObject, valueAt } from "../model/json.ts";
import type { Json } from "../model/json.ts";
import { because, condition, listAt, textAt } from "./conditions.ts";

/** Sources of volumes that must be there before a pod can start, with the member that names the object. */
const sources = [
  ["secret", "secretName", "Secret"],
  ["configMap", "name", "ConfigMap"],
  ["persistentVolumeClaim", "claimName", "PersistentVolumeClaim"],
] as const;

/** What a pod that has its place and does not run yet waits for, in plain words. */
export function startWords(pod: Json, name: string): string {
  const init = listAt(pod, "status", "initContainerStatuses").find(
    (status) => valueAt(status, "ready") !== true && valueAt(status, "state", "running") !== undefined,
  );
  if (init !== undefined) {
    const container = textAt(init, "name");
    return isSidecar(pod, container)
      ? `${name} waits for its sidecar: ${unreadyWords(pod, container)}`
      : `${name} waits for its init container ${container} to end`;
  }
  const statuses = [...listAt(pod, "status", "initContainerStatuses"), ...listAt(pod, "status", "containerStatuses")];
  const isPrepared = statuses.some((status) => textAt(status, "state", "waiting", "reason") !== "ContainerCreating");
  const mounted = isPrepared ? [] : mounts(pod);
  const what = mounted.length === 0 ? "" : `; it mounts ${mounted.join(", ")}`;
  return `${name} is being started${what}`;
}

/** Which containers keep a pod that runs from being ready, in plain words; else what its Ready condition says. */
export function notReadyWords(pod: Json, name: string): string {
  const unready = (list: string): readonly string[] =>
    listAt(pod, "status", list)
      .filter((status) => valueAt(status, "ready") !== true)
      .map((status) => textAt(status, "name"));
  const sidecars = unready("initContainerStatuses").filter((container) => isSidecar(pod, container));
  const names = [...sidecars, ...unready("containerStatuses")];
  if (names.length > 0) return `${name} is not ready: ${names.map((one) => unreadyWords(pod, one)).join("; ")}`;
  const ready = condition(pod, "Ready");
  const isCut = ready?.reason === "NodeNotReady" || textAt(pod, "status", "reason") === "NodeLost";
  if (isCut) return `${name} is not ready: its node${nodeOf(pod)} is not`;
  return `${name} runs but is not ready${because(ready?.message ?? "")}`;
}

function nodeOf(pod: Json): string {
  const node = textAt(pod, "spec", "nodeName");
  return node === "" ? "" : ` ${node}`;
}

/** An init container that is to run on beside the others. */
function isSidecar(pod: Json, container: string): boolean {
  const spec = listAt(pod, "spec", "initContainers").find((one) => valueAt(one, "name") === container) ?? null;
  return textAt(spec, "restartPolicy") === "Always";
}

/** Which probe a container has not passed, as its manifest describes it; what it answered is in no status. */
function unreadyWords(pod: Json, container: string): string {
  const named = (lists: readonly [string, string][]): Json =>
    lists.flatMap((path) => listAt(pod, ...path)).find((one) => valueAt(one, "name") === container) ?? null;
  const spec = named([
    ["spec", "containers"],
    ["spec", "initContainers"],
  ]);
  const started = named([
    ["status", "containerStatuses"],
    ["status", "initContainerStatuses"],
  ]);
  const kind =
    valueAt(spec, "startupProbe") !== undefined && valueAt(started, "started") !== true ? "startup" : "readiness";
  const probe = valueAt(spec, `${kind}Probe`);
  if (probe === undefined) return `container ${container} runs but is not ready`;
  const path = textAt(probe, "httpGet", "path");
  const asks = path === "" ? "" : ` (GET ${path})`;
  return `container ${container} does not pass its ${kind} probe${asks}`;
}

function mounts(pod: Json): readonly string[] {
  return listAt(pod, "spec", "volumes").flatMap((volume) =>
    sources.flatMap(([member, naming, kind]) => {
      const source = valueAt(volume, member);
      const isNeeded = isJsonObject(source) && source["optional"] !== true;
      return isNeeded ? [`${kind} ${textAt(source, naming)}`] : [];
    }),
  );
}
