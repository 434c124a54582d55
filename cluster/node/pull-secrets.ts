import type { Secret } from "kubernetes-types/core/v1.js";
import type { KubeObject } from "../client.ts";
import type { PodContext } from "./pod-context.ts";

/**
 * What the pod's pull secrets hold, in its order, as docker configurations in JSON. One that is not there, or is none, is
 * told of in the kubelet's words and left out: the image may be for everyone.
 */
export function pullLogins({ pod, client, record }: Pick<PodContext, "pod" | "client" | "record">): readonly string[] {
  const { metadata, spec } = pod();
  const secrets = (spec.imagePullSecrets ?? []).map(({ name = "" }) => {
    const secret = client.get<KubeObject & Pick<Secret, "data">>(
      { group: "", resource: "secrets" },
      metadata.namespace ?? "",
      name,
    );
    return { name, login: secret && loginOf(secret) };
  });
  const missing = secrets.filter(({ login }) => login === undefined).map(({ name }) => name);
  if (missing.length > 0) {
    const message = `Unable to retrieve some image pull secrets (${missing.join(", ")}); attempting to pull the image may not succeed.`;
    record(pod(), "Warning", "FailedToRetrieveImagePullSecret", message);
  }
  return secrets.flatMap(({ login }) => (login === undefined ? [] : [login]));
}

function loginOf({ data = {} }: Pick<Secret, "data">): string | undefined {
  const decode = (text: string): string => Buffer.from(text, "base64").toString();
  const { ".dockerconfigjson": config, ".dockercfg": accounts } = data;
  if (config !== undefined) return decode(config);
  // The older form is the inner part of the newer one.
  return accounts === undefined ? undefined : `{"auths":${decode(accounts)}}`;
}
