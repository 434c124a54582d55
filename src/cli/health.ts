import { readFile } from "node:fs/promises";
import { observe } from "../health/observe.ts";
import type { HealthContext } from "../health/pods.ts";
import type { ObjectHealth } from "../model/health.ts";
import type { HealthRule } from "../model/health-rule.ts";
import { refOf } from "../model/kube-object.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { refKey, refLabel } from "../model/object-ref.ts";
import type { ObjectRef } from "../model/object-ref.ts";
import { formatProblem, ProblemError } from "../model/problem.ts";
import { healthSchema, toHealthRules } from "../source/health-schema.ts";
import { readConfiguration } from "../model/read-configuration.ts";
import { readObjects, unreadable } from "./read-objects.ts";
import { exitCodes } from "./world.ts";
import type { World } from "./world.ts";

/** Options of `plumb health`, as the command line gives them. */
export interface HealthCommandOptions {
  readonly filename: string;
  readonly maxRestarts?: number;
  readonly rules?: string;
  readonly json?: boolean;
}

/**
 * `plumb health`: judges objects offline, by the very code that gates deliveries. Pods and ReplicaSets among them speak for
 * the workloads that own them. Exit code 0 when every object is Current, 1 otherwise, and where there is none: a program before
 * this one that failed must not pass for a cluster in order.
 */
export async function healthCommand(world: World, options: HealthCommandOptions): Promise<number> {
  const objects = await readObjects(options.filename);
  const rules = options.rules === undefined ? [] : await readRules(options.rules);
  const { maxRestarts } = options;
  const context = { nowMs: world.clock.now(), rules, ...(maxRestarts === undefined ? {} : { maxRestarts }) };
  const verdicts = judge(objects, context);
  for (const { ref, health } of verdicts) {
    if (options.json === true) world.out.line(JSON.stringify({ ...ref, ...health }));
    else world.out.line(`${health.status.padEnd(11)} ${refLabel(ref)}: ${health.message}`);
  }
  if (objects.length === 0) world.err.line("there is no object to judge");
  return verdicts.length > 0 && verdicts.every(({ health }) => health.status === "Current")
    ? exitCodes.done
    : exitCodes.failed;
}

/** The rules of a file, by the schema of `health` in delivery.yaml; rejects with `ProblemError` that names the line. */
export async function readRules(file: string): Promise<readonly HealthRule[]> {
  const parsed = readConfiguration(file, await readFile(file).catch(unreadable(file)), healthSchema);
  if (parsed.ok) return toHealthRules(parsed.value);
  const message = parsed.problems.map((one) => formatProblem({ ...one, remedy: "" })).join("; ");
  throw new ProblemError({
    code: "rules-invalid",
    message,
    remedy: "write the list that stands under `health` in delivery.yaml",
  });
}

/** One verdict an object, in their order. Objects of one name stand each for itself. */
export function judge(objects: readonly KubeObject[], context: HealthContext): readonly ObjectHealth[] {
  const keyOf = ({ group, kind, namespace }: Omit<ObjectRef, "name">): string => `${group}/${kind}/${namespace}`;
  const byKey = new Map(objects.map((object) => [refKey(refOf(object)), object]));
  const byKind = new Map<string, KubeObject[]>();
  for (const object of objects) {
    const key = keyOf(refOf(object));
    byKind.set(key, byKind.get(key) ?? []);
    byKind.get(key)?.push(object);
  }
  return objects.flatMap((object) => {
    const ref = refOf(object);
    const live = {
      get: (wanted: ObjectRef) => (refKey(wanted) === refKey(ref) ? object : byKey.get(refKey(wanted))),
      list: (group: string, kind: string, namespace: string) => byKind.get(keyOf({ group, kind, namespace })) ?? [],
    };
    return observe([{ ref }], live, context).objects;
  });
}
