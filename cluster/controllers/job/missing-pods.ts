import type { Container, PodTemplateSpec } from "kubernetes-types/core/v1.js";
import type { Job, Pod } from "../objects.ts";
import { newPod } from "../pod-control.ts";
import { endedMs, nextTryMs, policyOf, replacesFailedOnly } from "./failure.ts";
import { failuresBefore, failuresName, ignoredName, indexName, indexOf, isIndexed } from "./indexes.ts";
import { trackingFinalizer, type Tally } from "./tally.ts";

/** The variable that tells a container the index that it works on. */
const indexVariable = {
  name: "JOB_COMPLETION_INDEX",
  valueFrom: { fieldRef: { fieldPath: `metadata.labels['${indexName}']` } },
};

/**
 * The pods that are `missing`: in an indexed Job of the lowest indexes for which nothing is done or under way, and where
 * failures count by index, of those whose wait is over; if it is for none, `nextTryMs` is when it will be.
 */
export function missingPods(
  tally: Tally,
  missing: number,
  nowMs: number,
): { readonly pods: readonly Pod[]; readonly nextTryMs: number } {
  const { job, active, terminating, toReplace } = tally;
  if (!isIndexed(job)) {
    const pod = newPod(job, tracked(job.spec.template));
    return { pods: Array.from({ length: missing }, () => pod), nextTryMs: 0 };
  }
  const there = [...active, ...(replacesFailedOnly(job) ? terminating : [])].map(indexOf);
  const taken = new Set([...tally.succeededIndexes, ...(tally.failedIndexes ?? []), ...there]);
  const all = Array.from({ length: job.spec.completions ?? 0 }, (_, index) => index);
  const wanted = all.filter((index) => !taken.has(index)).slice(0, missing);
  const tryMs = (index: number): number => {
    const pod = toReplace.get(index);
    return pod ? nextTryMs({ count: failuresBefore(pod, false) + 1, lastMs: endedMs(pod) }) : 0;
  };
  const now = wanted.filter((index) => tryMs(index) <= nowMs);
  const pods = now.map((index) => newPod(job, tracked(indexed(job, index, toReplace.get(index))), `${index}-`));
  return { pods, nextTryMs: now.length > 0 ? 0 : Math.min(...wanted.map(tryMs)) };
}

function tracked({ metadata, ...template }: PodTemplateSpec): PodTemplateSpec {
  return { ...template, metadata: { ...metadata, finalizers: [...(metadata?.finalizers ?? []), trackingFinalizer] } };
}

/** The template for an index; where failures count by index, its pod takes over the count of the one it replaces. */
function indexed(job: Job, index: number, replaced: Pod | undefined): PodTemplateSpec {
  const { metadata, spec } = job.spec.template;
  const isIgnored = replaced && policyOf(job, replaced).action === "Ignore";
  const failures = replaced ? failuresBefore(replaced, true) + (isIgnored ? 0 : 1) : 0;
  const ignored = replaced ? failuresBefore(replaced, false) + 1 - failures : 0;
  return {
    metadata: {
      ...metadata,
      labels: { ...metadata?.labels, [indexName]: String(index) },
      annotations: {
        ...metadata?.annotations,
        [indexName]: String(index),
        ...(job.spec.backoffLimitPerIndex !== undefined && { [failuresName]: String(failures) }),
        ...(ignored > 0 && { [ignoredName]: String(ignored) }),
      },
    },
    spec: {
      ...spec,
      ...(spec?.initContainers && { initContainers: spec.initContainers.map(told) }),
      containers: (spec?.containers ?? []).map(told),
      hostname: `${job.metadata.name ?? ""}-${index}`,
    },
  };
}

function told(container: Container): Container {
  const { env = [] } = container;
  return env.some(({ name }) => name === indexVariable.name)
    ? container
    : { ...container, env: [...env, indexVariable] };
}
