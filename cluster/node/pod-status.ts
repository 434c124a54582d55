import type { Container, ContainerStatus } from "kubernetes-types/core/v1.js";
import { apiTime, type Condition, type ContainerState, isSidecar, type Pod, type Status } from "./pod.ts";

/** What the node knows of one container. */
export interface ContainerView {
  readonly name: string;
  readonly image: string;
  readonly imageID: string;
  readonly containerID: string | undefined;
  readonly state: ContainerState;
  readonly lastState: ContainerState;
  readonly restartCount: number;
  /** The startup probe passed, or there is none and it runs. */
  readonly started: boolean;
  /** The readiness probe passed, or there is none and it is started. */
  readonly ready: boolean;
}

/** What the node knows of a pod. */
export interface PodView {
  readonly hostIP: string;
  readonly podIP: string | undefined;
  readonly startedMs: number;
  /** Whether the pod has its address and folder, and something of it may run. */
  readonly sandbox: boolean;
  /** Nothing runs any more and nothing will. */
  readonly ended: boolean;
  readonly containers: readonly ContainerView[];
  readonly initContainers: readonly ContainerView[];
  /** Set when the node ended the pod itself, as at its deadline. */
  readonly failure: { readonly reason: string; readonly message: string } | undefined;
}

/** The status that the kubelet would write, with the conditions that others own left as they are. */
export function podStatus(pod: Pod, view: PodView, nowMs: number): Status {
  const phase = podPhase(pod, view);
  const generation = pod.metadata.generation;
  const observed = generation === undefined ? {} : { observedGeneration: generation };
  const { podIP, hostIP } = view;
  return {
    ...pod.status,
    ...observed,
    phase,
    ...view.failure,
    conditions: mergeConditions(
      pod.status?.conditions ?? [],
      conditions(pod, view, phase).map((condition) => ({ ...condition, ...observed })),
      apiTime(nowMs),
    ),
    hostIP,
    hostIPs: [{ ip: hostIP }],
    ...(podIP === undefined ? {} : { podIP, podIPs: [{ ip: podIP }] }),
    startTime: pod.status?.startTime ?? apiTime(view.startedMs),
    ...(view.initContainers.length === 0 ? {} : { initContainerStatuses: view.initContainers.map(containerStatus) }),
    containerStatuses: view.containers.map(containerStatus),
  };
}

/** Pending until every container was started once; then Running until all are over; then as they ended. */
function podPhase(pod: Pod, { containers, initContainers, failure, ended }: PodView): string {
  if (failure && ended) return "Failed";
  const initOf = new Map((pod.spec.initContainers ?? []).map((container) => [container.name, container]));
  const initFailed = initContainers.some((view) => {
    const container = initOf.get(view.name);
    return container && !isSidecar(container) && (view.state.terminated?.exitCode ?? 0) !== 0;
  });
  if (ended && initFailed) return "Failed";
  if (containers.some(({ state, lastState }) => state.waiting && !lastState.terminated))
    return ended ? "Failed" : "Pending";
  if (!ended) return "Running";
  return containers.every(({ state }) => state.terminated?.exitCode === 0) ? "Succeeded" : "Failed";
}

function conditions(pod: Pod, view: PodView, phase: string): readonly Condition[] {
  const main = readiness(pod.spec.containers, view.containers, phase);
  const gates = pod.spec.readinessGates ?? [];
  const openGates = gates.filter(
    (gate) => pod.status?.conditions?.find(({ type }) => type === gate.conditionType)?.status !== "True",
  );
  const ready: Verdict =
    main.status === "True" && openGates.length > 0
      ? {
          status: "False",
          reason: "ReadinessGatesNotReady",
          message: openGates
            .map((gate) => {
              const found = pod.status?.conditions?.some(({ type }) => type === gate.conditionType);
              return found
                ? `the status of pod readiness gate "${gate.conditionType}" is not "True", but False`
                : `corresponding condition of pod readiness gate "${gate.conditionType}" does not exist.`;
            })
            .join(", "),
        }
      : main;
  return [
    { type: "PodReadyToStartContainers", status: view.sandbox && !view.ended ? "True" : "False" },
    { type: "Initialized", ...initialized(pod, view, phase) },
    { type: "Ready", ...ready },
    { type: "ContainersReady", ...main },
    { type: "PodScheduled", status: "True" },
  ];
}

interface Verdict {
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

function initialized(pod: Pod, { initContainers }: PodView, phase: string): Verdict {
  if (phase === "Succeeded") return { status: "True", reason: "PodCompleted" };
  const open = (pod.spec.initContainers ?? []).filter((container, at) => {
    const view = initContainers[at];
    return isSidecar(container) ? !view?.started : view?.state.terminated?.exitCode !== 0;
  });
  return open.length === 0 ? { status: "True" } : incomplete("ContainersNotInitialized", "incomplete", open);
}

function readiness(containers: readonly Container[], views: readonly ContainerView[], phase: string): Verdict {
  if (phase === "Succeeded") return { status: "False", reason: "PodCompleted" };
  if (phase === "Failed") return { status: "False", reason: "PodFailed" };
  const open = containers.filter((_, at) => !views[at]?.ready);
  return open.length === 0 ? { status: "True" } : incomplete("ContainersNotReady", "unready", open);
}

function incomplete(reason: string, what: string, open: readonly Container[]): Verdict {
  const message = `containers with ${what} status: [${open.map(({ name }) => name).join(" ")}]`;
  return { status: "False", reason, message };
}

/** A condition keeps its time while its status stays. */
function mergeConditions(before: readonly Condition[], ours: readonly Condition[], now: string): readonly Condition[] {
  const merged = ours.map((condition) => {
    const old = before.find(({ type }) => type === condition.type);
    const since = old?.status === condition.status ? old.lastTransitionTime : undefined;
    return { lastProbeTime: null as unknown as string, ...condition, lastTransitionTime: since ?? now };
  });
  return [...merged, ...before.filter(({ type }) => !ours.some((condition) => condition.type === type))];
}

function containerStatus(view: ContainerView): ContainerStatus {
  const { name, state, lastState, ready, restartCount, image, imageID, containerID, started } = view;
  const id = containerID === undefined ? {} : { containerID };
  return { name, state, lastState, ready, restartCount, image, imageID, ...id, started };
}
