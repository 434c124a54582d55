import type { Container } from "kubernetes-types/core/v1.js";
import { BackOff } from "./back-off.ts";
import { parseImageReference } from "./image-reference.ts";
import type { Image } from "./image-store.ts";
import { type PodContext, until } from "./pod-context.ts";

/** Says why a container waits, as the status and the events show it. */
export type Wait = (reason: string, message: string) => void;

/** How long a failed pull is shown as such before it becomes a back-off: about one round of the kubelet. */
const shownMs = 1000;

/**
 * Gets the container's image by its pull policy, telling by events and `wait` what hinders it and trying again with the
 * kubelet's back-off, until it is there or the signal aborts (then undefined).
 */
export async function containerImage(
  container: Container,
  context: PodContext,
  wait: Wait,
  signal: AbortSignal,
): Promise<Image | undefined> {
  const { clock, record, images } = context;
  const text = container.image ?? "";
  const say = (type: "Normal" | "Warning", reason: string, message: string) => {
    record(context.pod(), type, reason, message, { fieldPath: `spec.containers{${container.name}}` });
  };
  const hopeless = async (reason: string, eventReason: string, message: string) => {
    wait(reason, message);
    say("Warning", eventReason, message);
    say("Warning", "Failed", `Error: ${reason}`);
    await aborted(signal);
  };
  const reference = parseImageReference(text);
  if (typeof reference === "string") {
    await hopeless("InvalidImageName", "InspectFailed", reference);
    return undefined;
  }
  const policy = container.imagePullPolicy ?? (reference.tag === "latest" ? "Always" : "IfNotPresent");
  const present = policy === "Always" ? undefined : images.present(reference);
  if (present) {
    say("Normal", "Pulled", `Container image "${text}" already present on machine`);
    return present;
  }
  if (policy === "Never") {
    const message = `Container image "${text}" is not present with pull policy of Never`;
    await hopeless("ErrImageNeverPull", "ErrImageNeverPull", message);
    return undefined;
  }
  const backOff = new BackOff(clock);
  while (!signal.aborted) {
    const begun = clock.now();
    say("Normal", "Pulling", `Pulling image "${text}"`);
    const pulled = await attempt(text, () => images.pull(reference));
    const ms = clock.now() - begun;
    if (typeof pulled !== "string") {
      const size = `Image size: ${pulled.size} bytes.`;
      say("Normal", "Pulled", `Successfully pulled image "${text}" in ${ms}ms (${ms}ms including waiting). ${size}`);
      return pulled;
    }
    say("Warning", "Failed", `Failed to pull image "${text}": ${pulled}`);
    say("Warning", "Failed", "Error: ErrImagePull");
    wait("ErrImagePull", pulled);
    const failed = clock.now();
    backOff.next(failed);
    await until(clock, failed + shownMs, signal);
    if (signal.aborted) break;
    say("Normal", "BackOff", `Back-off pulling image "${text}"`);
    say("Warning", "Failed", "Error: ImagePullBackOff");
    wait("ImagePullBackOff", `Back-off pulling image "${text}": ErrImagePull: ${pulled}`);
    await until(clock, backOff.readyAt(failed), signal);
  }
  return undefined;
}

/** The image, or why there is none, as containerd says it. */
async function attempt(text: string, pull: () => Promise<Image | undefined>): Promise<Image | string> {
  const failure = `failed to pull and unpack image "${text}"`;
  try {
    const image = await pull();
    if (image) return image;
    return `rpc error: code = NotFound desc = ${failure}: failed to resolve reference "${text}": ${text}: not found`;
  } catch (error) {
    return `rpc error: code = Unknown desc = ${failure}: ${(error as Error).message}`;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
