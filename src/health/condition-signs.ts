import type { Health } from "../model/health.ts";
import { isJsonObject, valueAt } from "../model/json.ts";
import type { Json } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { because, condition, conditionsIn, conditionsOf, current, failed, inProgress, listAt } from "./conditions.ts";
import type { Condition } from "./conditions.ts";

const hopes =
  "Ready|Available|Healthy|Synced|Synchronized|Established|Accepted|Programmed|ResolvedRefs|Reconciled|Installed|" +
  "Deployed|Released|Initialized|Configured|Provisioned|Provided|Valid|Admitted|Applied|Offered|Bound|UpToDate|" +
  "Complete|Completed|Succeeded|Success";
/** Types that are to be True, by how they end: `Available`, `AllReplicasReady`, `ACK.ResourceSynced`; some write them small. */
const hoped = new RegExp(`(${hopes})$|^(${hopes.toLowerCase()})$`);
/** Types that are to be anything but True. */
const feared = new RegExp(
  `^(Failed|Error)[A-Z]|^InvalidSpec$|Not(${hopes})$|` +
    "(Degraded|Failed|Failure|Failing|Errors?|Errored|Unhealthy|Unavailable|Unsupported|Invalid|Terminal|OutOfSync|Conflict(ed)?|Irreconcilable|Denied|Dangling|Missing|Orphan)$",
);
/** Types that are True for as long as something is being done. `Progressing` is none: many leave it True for ever. */
const passing =
  /(Updating|Upgrading|Installing|Provisioning|Deploying|Creating|Issuing|Initializing|Migrating|RollingOut|ScalingUp|ScalingDown|Remediating|Restarting|Deleting|Pending|Waiting|[a-z]Progressing)$/;
/** Words about a time before this one. */
const past = /^(Last|Previous)/;

/** What not even an object that calls itself Ready can have against it: Ready sums up, but not in every project these. */
const fearedBesideReady = /(^|[./])(Degraded|Failed|Failure|Failing|Error|Unhealthy|Terminal|InvalidSpec)$/;
const hopedBesideReady = /^(Available|Healthy|Synced)$/;

/** Lists of a status whose entries have conditions of their own, each by another controller or for another door. */
const parties = ["parents", "ancestors", "listeners", "ingress"];

/** What is told of once for all conditions of an object, since there can be thousands of them. */
interface Looked {
  readonly generation: Json | undefined;
  /** That the controller has seen this generation. */
  readonly hasLooked: boolean;
}

/** True of a number that was put into a condition for want of a better place, as of the addresses that a pool has left. */
const isCount = ({ status, message }: Condition): boolean => status === "Unknown" && /^\d+$/.test(message);

/**
 * What an object's conditions say of its health by the meaning of their types, each as a verdict; types that are no known words
 * say nothing. Where there is a Ready condition it is the sum of the others, which are asked only for what contradicts it.
 */
export function conditionSigns(object: KubeObject): readonly Health[] {
  const all = conditionsOf(object);
  const own = all.filter((one) => !past.test(one.type) && !isCount(one));
  const looked = lookedOf(object, all);
  if (condition(object, "Ready")) return own.flatMap((one) => besideReady(one, looked));
  const hasDegraded = own.some(({ type }) => type === "Degraded") && own.some(({ type }) => type === "Available");
  return [
    ...own.flatMap((one) => signOf(one, looked)),
    ...own.flatMap((one) => (hasDegraded && one.type === "Progressing" && one.status === "True" ? [busy(one)] : [])),
    ...parties.flatMap((list) => partySigns(object, list, looked)),
  ];
}

function besideReady(one: Condition, looked: Looked): readonly Health[] {
  const speaks =
    one.status === "True"
      ? fearedBesideReady.test(one.type) || passing.test(one.type)
      : one.status === "False" && hopedBesideReady.test(one.type);
  return speaks ? signOf(one, looked) : [];
}

function signOf(one: Condition, looked: Looked): readonly Health[] {
  // That it progresses no more may mean that it has arrived; why it does not says whether it has given up.
  if (one.type === "Progressing" && one.status === "False" && isTriedInVain(one)) return [bad(one)];
  if (feared.test(one.type)) {
    if (one.status === "False") return [current("Present", "nothing is held against it")];
    return one.status === "True" ? [isOld(one, looked) ? old(one) : bad(one)] : [];
  }
  if (passing.test(one.type)) return one.status === "True" ? [busy(one)] : [];
  if (!hoped.test(one.type)) return [];
  if (isOld(one, looked)) return [old(one)];
  return [one.status === "True" ? current(one.reason || one.type, `its condition ${one.type} is True`) : unmet(one)];
}

/** Entries of an older generation count only where there are no others: who no longer has a part in it leaves them behind. */
function partySigns(object: KubeObject, list: string, looked: Looked): readonly Health[] {
  const { generation } = looked;
  const entries = listAt(object, "status", list).filter(isJsonObject).map(conditionsFrom);
  const isFresh = ({ observedGeneration }: Condition): boolean =>
    generation === undefined || observedGeneration === undefined || observedGeneration === generation;
  const fresh = entries.filter((conditions) => conditions.some(isFresh));
  return fresh.length > 0 ? fresh.flat().flatMap((one) => signOf(one, looked)) : entries.flat().map(old);
}

function conditionsFrom(entry: Json): readonly Condition[] {
  return conditionsIn(valueAt(entry, "conditions"));
}

/**
 * True of a condition by a controller that has not looked at the object as it is now. Where another condition, or the status as a
 * whole, is of this generation, it has looked, and left what did not change as it was.
 */
function isOld({ observedGeneration }: Condition, { generation, hasLooked }: Looked): boolean {
  if (observedGeneration === undefined || generation === undefined || observedGeneration === generation) return false;
  return !hasLooked;
}

function lookedOf(object: KubeObject, all: readonly Condition[]): Looked {
  const generation = valueAt(object, "metadata", "generation");
  const isSeen = valueAt(object, "status", "observedGeneration") !== undefined;
  return { generation, hasLooked: isSeen || all.some((one) => one.observedGeneration === generation) };
}

function old({ type }: Condition): Health {
  return inProgress("LatestGenerationNotObserved", `its ${type} condition is of an older generation`);
}

function bad(one: Condition): Health {
  return failed(one.reason || one.type, `${words(one)}${because(one.message)}`);
}

function busy(one: Condition): Health {
  return inProgress(one.reason || one.type, `${words(one)}${because(one.message)}`);
}

/** Not so yet; where the reason says that it was tried in vain, a failure, which later tries may mend. */
function unmet(one: Condition): Health {
  return one.status === "False" && isTriedInVain(one) ? bad(one) : busy(one);
}

function isTriedInVain({ reason }: Condition): boolean {
  return /(Failed|Failure|Error|Errored|Invalid|Rejected|Denied|Aborted|DeadlineExceeded)$/.test(reason);
}

function words({ type, status }: Condition): string {
  return `its condition ${type} is ${status || "not told"}`;
}
