import type { LogOptions } from "../api/hooks.ts";
import { ApiError } from "../client.ts";
import type { Clock } from "../clock.ts";
import type { ContainerWorker } from "./container-worker.ts";
import { readLog } from "./log-reader.ts";

/** A container's log, or the kubelet's reason why there is none. */
export function podLogs(
  pod: string,
  worker: ContainerWorker | undefined,
  request: LogOptions,
  clock: Clock,
): AsyncIterable<Buffer> | ApiError {
  const { container, previous } = request;
  if (!worker) return badRequest(`container "${container}" in pod "${pod}" is waiting to start: ContainerCreating`);
  const { state, lastState } = worker.view;
  if (previous && !lastState.terminated) {
    return badRequest(`previous terminated container "${container}" in pod "${pod}" not found`);
  }
  // While it waits for its restart, the run that ended last is meant either way.
  const log = worker.log(previous && !state.waiting);
  if (log) return readLog(log, request, clock.now());
  const reason = state.waiting?.reason ?? "ContainerCreating";
  const why = { ErrImagePull: "image can't be pulled", ImagePullBackOff: "trying and failing to pull image" }[reason];
  return badRequest(`container "${container}" in pod "${pod}" is waiting to start: ${why ?? reason}`);
}

function badRequest(message: string): ApiError {
  return new ApiError(400, "BadRequest", message);
}
