import type { Job, Pod } from "../objects.ts";

/** Annotation and label that name the index a pod works on. */
export const indexName = "batch.kubernetes.io/job-completion-index";
/** Annotations that count how often an index failed before a pod, and how often that was ignored. */
export const failuresName = "batch.kubernetes.io/job-index-failure-count";
export const ignoredName = "batch.kubernetes.io/job-index-ignored-failure-count";

/** Whether a Job wants one success for each index instead of a number of any. */
export function isIndexed({ spec }: Job): boolean {
  return spec.completionMode === "Indexed";
}

/** The index that a pod works on; -1 for none. */
export function indexOf({ metadata }: Pod): number {
  const text = metadata.annotations?.[indexName] ?? "";
  return /^\d+$/.test(text) ? Number(text) : -1;
}

/** Whether a pod counts for its Job: in an indexed one by an index that is wanted. */
export function isCountable(job: Job, pod: Pod): boolean {
  return !isIndexed(job) || (indexOf(pod) >= 0 && indexOf(pod) < (job.spec.completions ?? 0));
}

/** Reads indexes as a status or a policy writes them, "0,2-4"; those that are not wanted any more are left out. */
export function parseIndexes(text: string | undefined, completions: number): ReadonlySet<number> {
  const indexes = (text ?? "").split(",").flatMap((part) => {
    const [first = Number.NaN, last = first] = part.split("-").map(Number);
    return part === "" ? [] : Array.from({ length: last - first + 1 || 0 }, (_, offset) => first + offset);
  });
  return new Set(indexes.filter((index) => index < completions));
}

/** Indexes in order, three or more in a row as a range. */
export function indexesText(indexes: Iterable<number>): string {
  const sorted = [...indexes].toSorted((a, b) => a - b);
  const starts = sorted.filter((index) => !sorted.includes(index - 1));
  const ends = sorted.filter((index) => !sorted.includes(index + 1));
  return starts
    .map((first, row) => [first, ends[row] ?? first] as const)
    .map(([first, last]) => (last === first ? `${first}` : `${first}${last === first + 1 ? "," : "-"}${last}`))
    .join(",");
}

/** How often an index has failed before this pod; `counted` leaves out what a policy ignored. */
export function failuresBefore({ metadata: { annotations = {} } }: Pod, counted: boolean): number {
  return (Number(annotations[failuresName]) || 0) + (counted ? 0 : Number(annotations[ignoredName]) || 0);
}

/** Pods of an index that another active one works on too, or of an index that is not wanted. */
export function surplusPods(job: Job, active: readonly Pod[]): readonly Pod[] {
  if (!isIndexed(job)) return [];
  return active.filter(
    (pod, at) => !isCountable(job, pod) || active.findIndex((other) => indexOf(other) === indexOf(pod)) < at,
  );
}
