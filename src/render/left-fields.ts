import type { Application } from "../model/application.ts";
import type { IgnoredField, IgnoreRule } from "../model/ignore-rule.ts";
import { valueAt } from "../model/json.ts";
import type { Manifest } from "../model/manifest.ts";
import { groupOf, refLabel } from "../model/object-ref.ts";
import type { ObjectRef } from "../model/object-ref.ts";
import type { Problem } from "../model/problem.ts";

/**
 * The manifests with the fields that are left to others (behaviour D5): those that delivery.yaml names, and the replicas of what an
 * autoscaler of the same revision scales, since the two would undo each other for ever.
 */
export function withLeftFields(manifests: readonly Manifest[], { ignore = [] }: Application): readonly Manifest[] {
  const scaled = manifests.filter(({ ref }) => ref.group === "autoscaling" && ref.kind === "HorizontalPodAutoscaler");
  return manifests.map((manifest) => {
    const said = ignore.filter((rule) => fits(rule, manifest.ref)).flatMap(({ fields }) => fields);
    const scaler = scaled.find((one) => scales(one, manifest.ref));
    const declares = valueAt(manifest.object, "spec", "replicas") !== undefined;
    const ignored: readonly IgnoredField[] = [
      ...said.map((steps) => ({ steps })),
      ...(scaler && declares ? [{ steps: ["spec", "replicas"], leftTo: refLabel(scaler.ref) }] : []),
    ];
    return ignored.length === 0 ? manifest : { ...manifest, ignored };
  });
}

/** An application's own rules that fit no object of it: a name that is misspelt would leave nothing to anybody. */
export function idleRules(manifests: readonly Manifest[], { ignore = [] }: Application): readonly Problem[] {
  return ignore
    .filter((rule) => rule.where && !manifests.some(({ ref }) => fits(rule, ref)))
    .map(({ kind, name, where }) => ({
      code: "ignore-fits-nothing",
      message: `ignore names ${kind} ${name}, and the application has no such object.`,
      ...(where ? { where } : {}),
      remedy: "Correct kind and name, or take the rule out.",
    }));
}

function fits({ kind, name }: IgnoreRule, ref: ObjectRef): boolean {
  if (kind !== ref.kind && kind !== `${ref.group}/${ref.kind}`) return false;
  return isLike(ref.name, name);
}

/** Whether a name is as the pattern says, in which a star stands for any text; each step of it is looked for once. */
function isLike(name: string, pattern: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop();
  if (last === undefined) return name === pattern;
  if (!name.startsWith(first)) return false;
  let at = first.length;
  for (const text of rest) {
    const found = name.indexOf(text, at);
    if (found < 0) return false;
    at = found + text.length;
  }
  return name.length - last.length >= at && name.endsWith(last);
}

function scales({ object, ref: { namespace } }: Manifest, ref: ObjectRef): boolean {
  const [version, kind, name] = ["apiVersion", "kind", "name"].map((key) =>
    valueAt(object, "spec", "scaleTargetRef", key),
  );
  const group = typeof version === "string" ? groupOf(version) : undefined;
  return ref.namespace === namespace && ref.kind === kind && ref.name === name && ref.group === group;
}
