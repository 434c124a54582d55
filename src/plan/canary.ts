import type { CanaryPolicy } from "../model/application.ts";
import { isJsonObject, jsonEqual, valueAt } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";
import type { Manifest } from "../model/manifest.ts";
import { compareRefs, refKey } from "../model/object-ref.ts";
import type { ObjectRef } from "../model/object-ref.ts";
import { hookOf } from "../model/plan.ts";
import { canaryDeployment, canaryName, canaryOfConfiguration, canaryService, longestService } from "./canary-copies.ts";
import { configurationKey, referencesIn } from "./configuration-references.ts";
import { stageOf } from "./stage-order.ts";

/** What a revision looks like while a share of its pods tries it first. */
export interface Canary {
  /** What is to be live meanwhile, in the total order of references. */
  readonly manifests: readonly Manifest[];
  /** What of the revision waits until the canary has passed: it is live as it was, or not yet. */
  readonly later: readonly Manifest[];
  /** Services with a copy that only the canary answers, and that copy's name. */
  readonly services: ReadonlyMap<string, string>;
  /** The Deployments that are tried, by the names of their canaries. */
  readonly deployments: ReadonlyMap<string, string>;
  /** The canary's pods, and those that they try the new template beside. */
  readonly pods: number;
  readonly beside: number;
}

/** Stages of which a changed object is applied with the canary, since its pods may need it; configuration has a rule of its own. */
const atOnce: ReadonlySet<string> = new Set(["namespaces", "definitions", "configuration"]);
const configurationKinds: ReadonlySet<string> = new Set(["ConfigMap", "Secret"]);

/**
 * How the change from `before`, which is live and healthy, to `wanted` is tried by a share of the pods; undefined where no
 * pod of a Deployment would change. Beside each Deployment with a changed template, which stays as it is, stands a copy with
 * the new one, whose pods the same Services select. A changed ConfigMap or Secret stays as it is for the pods that have it:
 * the canary reads a copy, unless something new reads it too. Pure: `live` only says how many replicas there are now.
 */
export function canaryOf(
  before: readonly Manifest[],
  wanted: readonly Manifest[],
  live: (ref: ObjectRef) => KubeObject | undefined,
  { share }: CanaryPolicy,
): Canary | undefined {
  const old = new Map(before.map((manifest) => [refKey(manifest.ref), manifest]));
  const taken = new Set([...old.keys(), ...wanted.map(({ ref }) => refKey(ref))]);
  const isFree = (ref: ObjectRef): boolean => !taken.has(refKey({ ...ref, name: canaryName(ref.name) }));
  const tried = wanted.flatMap((manifest) => {
    const was = old.get(refKey(manifest.ref));
    if (!was || !isTried(was, manifest) || !isFree(manifest.ref)) return [];
    const beside = replicasOf(live(manifest.ref) ?? was.object);
    return beside === 0 ? [] : [{ manifest, beside, pods: Math.ceil((share * beside) / 100) }];
  });
  if (tried.length === 0) return undefined;

  const isNew = ({ ref }: Manifest): boolean => !old.has(refKey(ref));
  const isLast = ({ object }: Manifest): boolean => hookOf(object) === "after";
  const newcomers = wanted.filter((one) => isNew(one) && !isLast(one) && stageOf(one.ref) === "workloads");
  const readByNewcomers = referencesIn(newcomers.map(({ object }) => object));
  const isKept = (one: Manifest): boolean => {
    const was = old.get(refKey(one.ref));
    if (!was) return isLast(one);
    if (jsonEqual(was.object, one.object)) return false;
    if (!isConfiguration(one)) return !atOnce.has(stageOf(one.ref));
    return isFree(one.ref) && !readByNewcomers.has(configurationKey(one.ref.kind, one.ref.name));
  };
  const later = wanted.filter(isKept);
  const readByCanary = referencesIn(tried.map(({ manifest }) => manifest.object));
  const copied = later.filter(
    (one) => isConfiguration(one) && readByCanary.has(configurationKey(one.ref.kind, one.ref.name)),
  );
  const renamed = new Set(copied.map(({ ref }) => configurationKey(ref.kind, ref.name)));
  const selecting = wanted.filter(
    (one) =>
      one.ref.kind === "Service" &&
      one.ref.name.length <= longestService &&
      isFree(one.ref) &&
      tried.some(({ manifest }) => selects(one.object, manifest.object)),
  );
  const keys = new Set(later.map(({ ref }) => refKey(ref)));
  const now = wanted.flatMap((one) => (keys.has(refKey(one.ref)) ? (old.get(refKey(one.ref)) ?? []) : [one]));
  const manifests = [
    ...now,
    ...copied.map(canaryOfConfiguration),
    ...selecting.map(canaryService),
    ...tried.map(({ manifest, pods }) => canaryDeployment(manifest, pods, renamed)),
  ];
  return {
    manifests: manifests.toSorted((a, b) => compareRefs(a.ref, b.ref)),
    later,
    services: new Map(selecting.map(({ ref }) => [ref.name, canaryName(ref.name)])),
    deployments: new Map(tried.map(({ manifest: { ref } }) => [canaryName(ref.name), ref.name])),
    pods: tried.reduce((sum, { pods }) => sum + pods, 0),
    beside: tried.reduce((sum, { beside }) => sum + beside, 0),
  };
}

/** Pods of two templates may run at once, as the Deployment itself would let them. */
function isTried({ object: was }: Manifest, { object, ref }: Manifest): boolean {
  if (ref.group !== "apps" || ref.kind !== "Deployment") return false;
  if (valueAt(object, "spec", "strategy", "type") === "Recreate") return false;
  return !jsonEqual(valueAt(was, "spec", "template"), valueAt(object, "spec", "template"));
}

function replicasOf(deployment: KubeObject): number {
  const replicas = valueAt(deployment, "spec", "replicas");
  return typeof replicas === "number" ? replicas : 1;
}

function isConfiguration({ ref }: Manifest): boolean {
  return ref.group === "" && configurationKinds.has(ref.kind);
}

function selects(service: KubeObject, deployment: KubeObject): boolean {
  const selector = valueAt(service, "spec", "selector");
  const labels = valueAt(deployment, "spec", "template", "metadata", "labels");
  if (!isJsonObject(selector) || !isJsonObject(labels)) return false;
  const wanted = Object.entries(selector);
  return wanted.length > 0 && wanted.every(([key, value]) => labels[key] === value);
}
