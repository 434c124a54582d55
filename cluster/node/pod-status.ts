import type { Container, ContainerStatus } from "kubernetes-types/core/v1.js";
import { timeText } from "../clock.ts";
import { type Condition, isSidecar, type LostContainer, type Pod, type Status } from "./pod.ts";

/** What the node knows of a pod. */
export interface PodView {
  readonly hostIP: string;
  readonly podIP: string | undefined;
  readonly startedMs: number;
  /** Whether the pod has its address and folder, and something of it may run. */
  readonly sandbox: boolean;
  /** Nothing runs any more and nothing will. */
  readonly ended: boolean;
  readonly containers: readonly ContainerStatus[];
  readonly initContainers: readonly ContainerStatus[];
  /** Set when the node ended the pod itself, as at its deadline. */
  readonly failure: { readonly reason: string; readonly message: string } | undefined;
}

/** The status that the kubelet would write, with the conditions that others own left as they are. */
export function podStatus(pod: Pod, view: PodView, nowMs: number): Status {
  const { podIP, hostIP, ended, failure, initContainers } = view;
  const { generation } = pod.metadata;
  const observed = generation === undefined ? {} : { observedGeneration: generation };
  const phase = podPhase(pod, view);
  const ours = conditions(pod, view, phase).map((condition) => ({ ...condition, ...observed }));
  const isLost = ended && initialized(pod, view, phase).status === "True";
  const main = view.containers.map((status) => (isLost ? found(status) : status));
  const init = initContainers.map((status) => {
    // One that did its work is ready.
    const done = status.state?.terminated?.exitCode === 0;
    return { ...status, ready: status.ready || done };
  });
  const statusOf = <S extends ContainerStatus | LostContainer>(container: Container, status: S): S => ({
    ...status,
    ...mountsOf(container),
  });
  return {
    ...pod.status,
    ...observed,
    phase,
    ...failure,
    conditions: mergeConditions(pod.status?.conditions ?? [], ours, timeText(nowMs)),
    hostIP,
    hostIPs: [{ ip: hostIP }],
    ...(podIP === undefined ? {} : { podIP, podIPs: [{ ip: podIP }] }),
    startTime: pod.status?.startTime ?? timeText(view.startedMs),
    ...(initContainers.length === 0
      ? {}
      : { initContainerStatuses: zip(pod.spec.initContainers ?? [], init, statusOf) }),
    // As the kubelet lists them: by name.
    containerStatuses: zip(pod.spec.containers, main, statusOf).toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

function zip<A, B, C>(left: readonly A[], right: readonly B[], make: (a: A, b: B) => C): C[] {
  return right.flatMap((b, at) => left.slice(at, at + 1).map((a) => make(a, b)));
}

/** A container that had not begun when its initialized pod ended was never found. */
function found(status: ContainerStatus): ContainerStatus | LostContainer {
  if (!status.state?.waiting || status.lastState?.terminated) return status;
  const message = "The container could not be located when the pod was terminated";
  const terminated = { exitCode: 137, reason: "ContainerStatusUnknown", message, startedAt: null, finishedAt: null };
  return { ...status, state: { terminated } };
}

function mountsOf({ volumeMounts = [] }: Container): object {
  if (volumeMounts.length === 0) return {};
  return {
    volumeMounts: volumeMounts.map(({ name, mountPath, readOnly }) => ({
      name,
      mountPath,
      ...(readOnly && { readOnly, recursiveReadOnly: "Disabled" }),
    })),
  };
}

/** Pending until every container was started once; then Running until all are over; then as they ended. */
function podPhase(pod: Pod, { containers, initContainers, failure, ended }: PodView): string {
  if (failure && ended) return "Failed";
  const initFailed = zip(
    pod.spec.initContainers ?? [],
    initContainers,
    (container, { state }) => !isSidecar(container) && (state?.terminated?.exitCode ?? 0) !== 0,
  ).includes(true);
  if (ended && initFailed) return "Failed";
  const begun = containers.every(({ state, lastState }) => !state?.waiting || lastState?.terminated);
  if (!ended) return begun ? "Running" : "Pending";
  return containers.every(({ state }) => state?.terminated?.exitCode === 0) ? "Succeeded" : "Failed";
}

interface Verdict {
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

function conditions(pod: Pod, view: PodView, phase: string): readonly Condition[] {
  const ready = readiness(pod, view, phase);
  return [
    { type: "PodReadyToStartContainers", status: view.sandbox && !view.ended ? "True" : "False" },
    { type: "Initialized", ...initialized(pod, view, phase) },
    { type: "Ready", ...(ready.status === "True" ? gates(pod) : ready) },
    { type: "ContainersReady", ...ready },
    { type: "PodScheduled", status: "True" },
  ];
}

function initialized({ spec }: Pod, { initContainers }: PodView, phase: string): Verdict {
  if (phase === "Succeeded") return { status: "True", reason: "PodCompleted" };
  const open = (spec.initContainers ?? []).filter((container, at) => {
    const status = initContainers[at];
    return isSidecar(container) ? !status?.started : status?.state?.terminated?.exitCode !== 0;
  });
  return complete("ContainersNotInitialized", "incomplete", open);
}

function readiness({ spec }: Pod, { containers }: PodView, phase: string): Verdict {
  if (phase === "Succeeded") return { status: "False", reason: "PodCompleted" };
  if (phase === "Failed") return { status: "False", reason: "PodFailed" };
  const open = spec.containers.filter((_, at) => !containers[at]?.ready);
  return complete("ContainersNotReady", "unready", open);
}

function complete(reason: string, what: string, open: readonly Container[]): Verdict {
  if (open.length === 0) return { status: "True" };
  const message = `containers with ${what} status: [${open.map(({ name }) => name).join(" ")}]`;
  return { status: "False", reason, message };
}

/** Whether the conditions that the pod's author asks for hold. */
function gates({ spec, status }: Pod): Verdict {
  const open = (spec.readinessGates ?? []).flatMap(({ conditionType: gate }) => {
    const found = status?.conditions?.find(({ type }) => type === gate);
    if (found?.status === "True") return [];
    if (found) return [`the status of pod readiness gate "${gate}" is not "True", but ${found.status}`];
    return [`corresponding condition of pod readiness gate "${gate}" does not exist.`];
  });
  if (open.length === 0) return { status: "True" };
  return { status: "False", reason: "ReadinessGatesNotReady", message: open.join(", ") };
}

/** A condition keeps its time while its status stays. */
function mergeConditions(before: readonly Condition[], ours: readonly Condition[], now: string): readonly Condition[] {
  const merged = ours.map((condition) => {
    const old = before.find(({ type }) => type === condition.type);
    const since = old?.status === condition.status ? old.lastTransitionTime : undefined;
    return { lastProbeTime: null, ...condition, lastTransitionTime: since ?? now };
  });
  return [...merged, ...before.filter(({ type }) => !ours.some((condition) => condition.type === type))];
}
