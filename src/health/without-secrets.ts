import type { Observation } from "../model/health.ts";
import type { Json } from "../model/json.ts";
import type { KubeObject } from "../model/kube-object.ts";
import type { LiveState } from "./owned-pods.ts";

/** Shorter values are words like `true` or `5432`, without which no sentence could be read. */
const shortest = 8;

/**
 * What is seen, with no value of these Secrets in any sentence (behaviour G4): a program that cannot start tells in its last
 * words what it tried, and these stand on pages and in commits.
 */
export function withoutSecrets(observation: Observation, secrets: readonly KubeObject[]): Observation {
  if (secrets.length === 0) return observation;
  const hide = hiding(secrets);
  return {
    objects: observation.objects.map(({ ref, health }) => ({
      ref,
      health: { ...health, message: hide(health.message) },
    })),
    pods: observation.pods.map((pod) => ({ ...pod, message: hide(pod.message) })),
  };
}

/** Takes a text and leaves no value of these Secrets in it. */
export function hiding(secrets: readonly KubeObject[]): (text: string) => string {
  const values = [...new Set(secrets.flatMap(valuesOf))].toSorted((a, b) => b.length - a.length);
  return (text) => values.reduce((rest, value) => rest.replaceAll(value, "***"), text);
}

/** The Secrets among the objects that were seen, as they are live. */
export function secretsAmong({ objects }: Observation, live: Pick<LiveState, "get">): readonly KubeObject[] {
  const refs = objects.map(({ ref }) => ref).filter(({ group, kind }) => group === "" && kind === "Secret");
  return refs.map((ref) => live.get(ref)).filter((secret) => secret !== undefined);
}

/** Each value as it stands in the Secret, as programs see it, and line by line, since sentences have one line. */
function valuesOf({ data }: KubeObject): readonly string[] {
  const encoded = Object.values((data ?? {}) as { readonly [key: string]: Json });
  return encoded
    .filter((value) => typeof value === "string")
    .flatMap((value) => {
      const plain = Buffer.from(value, "base64").toString("utf8");
      return [value, plain, ...plain.split("\n")].map((text) => text.trim());
    })
    .filter((text) => text.length >= shortest);
}
