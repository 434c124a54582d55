import type { Container } from "kubernetes-types/core/v1.js";
import { commandLine } from "./command.ts";
import { ContainerConfigError, containerEnvironment, type Variables } from "./environment.ts";
import type { Image } from "./image-store.ts";
import { podTitle } from "./pod.ts";
import type { PodContext } from "./pod-context.ts";

/** What to run in a container, before it is placed on this machine. */
export interface ContainerConfig {
  readonly image: Image;
  readonly words: readonly string[];
  readonly environment: Variables;
}

/** What the pod and the image say of a container. Throws ContainerConfigError when it cannot be had, or not now. */
export function containerConfig(container: Container, image: Image, context: PodContext): ContainerConfig {
  const pod = context.pod();
  const wrong = whyRoot(container, image, context);
  if (wrong) throw new ContainerConfigError(`${wrong} (pod: "${podTitle(pod)}", container: ${container.name})`);
  const own = containerEnvironment(pod, container, context);
  const words = commandLine(container, image.config, own);
  if (words.length === 0) throw new ContainerConfigError("no command specified");
  const fromImage = (image.config.Env ?? []).map((text) => /^([^=]*)=?([^]*)$/.exec(text)?.slice(1) ?? []);
  const variables = { HOSTNAME: pod.metadata.name ?? "", ...(Object.fromEntries(fromImage) as Variables), ...own };
  return { image, words, environment: { ...variables, ...context.addressVariables(context.podIP, variables) } };
}

/** runAsNonRoot is checked as the kubelet does, though the process runs as the user of this machine all the same. */
function whyRoot(container: Container, image: Image, context: PodContext): string | undefined {
  const { runAsNonRoot, runAsUser } = { ...context.pod().spec.securityContext, ...container.securityContext };
  if (runAsNonRoot !== true) return undefined;
  if (runAsUser === 0) return "container's runAsUser breaks non-root policy";
  const user = image.config.User?.split(":")[0] ?? "";
  if (runAsUser !== undefined || /^0*[1-9]\d*$/.test(user)) return undefined;
  if (/^0*$/.test(user)) return "container has runAsNonRoot and image will run as root";
  return `container has runAsNonRoot and image has non-numeric user (${user}), cannot verify user is non-root`;
}
