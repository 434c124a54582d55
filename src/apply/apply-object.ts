import type { Kube, KubeAnswer, KubeRefusal, KubeResource } from "../io/kube/kube.ts";
import { fieldManager } from "../model/application.ts";
import type { KubeObject } from "../model/kube-object.ts";
import type { Manifest } from "../model/manifest.ts";
import type { Takeover } from "../model/record.ts";

/** The answer to one server-side apply, with the fields that had to be taken over from others (behaviour D5). */
export interface ObjectAnswer {
  readonly answer: KubeAnswer<KubeObject>;
  readonly takeovers: readonly Takeover[];
}

/**
 * Applies one object, or only tries to. A conflict with another field manager is noted and the object applied with force:
 * what Git declares is Git's.
 */
export async function applyObject(
  kube: Kube,
  resource: KubeResource,
  manifest: Manifest,
  dryRun: boolean,
): Promise<ObjectAnswer> {
  const answer = await kube.apply(resource, manifest.object, { fieldManager, force: false, dryRun });
  const takeovers = answer.ok ? [] : takeoversOf(manifest, answer.refusal);
  if (takeovers.length === 0) return { answer, takeovers };
  return { answer: await kube.apply(resource, manifest.object, { fieldManager, force: true, dryRun }), takeovers };
}

function takeoversOf(manifest: Manifest, refusal: KubeRefusal): readonly Takeover[] {
  return refusal.causes
    .filter((cause) => cause.reason === "FieldManagerConflict")
    .map((cause) => ({
      ref: manifest.ref,
      manager: /^conflict with "(.*?)"/.exec(cause.message)?.[1] ?? "unknown",
      field: cause.field.replace(/^\./, ""),
    }));
}
