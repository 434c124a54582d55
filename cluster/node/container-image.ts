import type { Container } from "kubernetes-types/core/v1.js";
import { type Clock, until } from "../clock.ts";
import { BackOff } from "./back-off.ts";
import { lookAgainMs } from "./pod-context.ts";
import { parseImageReference } from "./image-reference.ts";
import type { Image, ImageStore } from "./image-store.ts";

/** How a container's worker tells what it does: events about it, and why it waits, as its status shows it. */
export interface Telling {
  readonly say: (type: "Normal" | "Warning", reason: string, message: string) => void;
  readonly wait: (reason: string, message: string) => void;
}

/** What getting an image goes through. */
export interface ImageDoors {
  readonly clock: Clock;
  readonly images: ImageStore;
  /** What the pod's pull secrets hold now. */
  readonly logins: () => readonly string[];
}

/** How long a failure is shown as such before it becomes a back-off: about one round of the kubelet. */
export const shownMs = 1000;

/**
 * Gets the container's image by its pull policy, telling what hinders it and trying again with the kubelet's back-off,
 * until it is there or the signal aborts (then undefined).
 */
export async function containerImage(
  { image: text = "", imagePullPolicy }: Container,
  { clock, images, logins }: ImageDoors,
  { say, wait }: Telling,
  signal: AbortSignal,
): Promise<Image | undefined> {
  const hopeless = async (reason: string, eventReason: string, message: string): Promise<undefined> => {
    while (!signal.aborted) {
      wait(reason, message);
      say("Warning", eventReason, message);
      say("Warning", "Failed", `Error: ${reason}`);
      await until(clock, clock.now() + lookAgainMs, signal);
    }
  };
  const reference = parseImageReference(text);
  if (typeof reference === "string") return hopeless("InvalidImageName", "InspectFailed", reference);
  const policy = imagePullPolicy ?? (reference.tag === "latest" ? "Always" : "IfNotPresent");
  const present = policy === "Always" ? undefined : images.present(reference);
  if (present) {
    say("Normal", "Pulled", `Container image "${text}" already present on machine`);
    return present;
  }
  if (policy === "Never") {
    const message = `Container image "${text}" is not present with pull policy of Never`;
    return hopeless("ErrImageNeverPull", "ErrImageNeverPull", message);
  }
  const backOff = new BackOff(clock);
  while (!signal.aborted) {
    const begun = clock.now();
    say("Normal", "Pulling", `Pulling image "${text}"`);
    const pulling = images.pull(reference, { logins: logins(), signal }).catch((error: unknown) => error as Error);
    const pulled = await Promise.race([pulling, until(clock, Infinity, signal)]);
    if (signal.aborted) break;
    const failedMs = clock.now();
    if (pulled && !(pulled instanceof Error)) {
      const ms = failedMs - begun;
      const size = `Image size: ${pulled.size} bytes.`;
      say("Normal", "Pulled", `Successfully pulled image "${text}" in ${ms}ms (${ms}ms including waiting). ${size}`);
      return pulled;
    }
    // As containerd says it.
    const code = pulled ? "Unknown" : "NotFound";
    const why = pulled ? pulled.message : `failed to resolve reference "${text}": ${text}: not found`;
    const failure = `rpc error: code = ${code} desc = failed to pull and unpack image "${text}": ${why}`;
    say("Warning", "Failed", `Failed to pull image "${text}": ${failure}`);
    say("Warning", "Failed", "Error: ErrImagePull");
    wait("ErrImagePull", failure);
    backOff.next(failedMs);
    await until(clock, failedMs + shownMs, signal);
    if (signal.aborted) break;
    say("Normal", "BackOff", `Back-off pulling image "${text}"`);
    say("Warning", "Failed", "Error: ImagePullBackOff");
    wait("ImagePullBackOff", `Back-off pulling image "${text}": ErrImagePull: ${failure}`);
    await until(clock, backOff.readyAt(failedMs), signal);
  }
  return undefined;
}
