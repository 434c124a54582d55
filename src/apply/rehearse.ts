import { wasThere, withMark } from "../model/adoption.ts";
import type { Kube, KubeRefusal } from "../io/kube/kube.ts";
import { isJsonObject, valueAt } from "../model/json.ts";
import type { InventoryEntry } from "../model/inventory.ts";
import type { KubeObject } from "../model/kube-object.ts";
import type { Manifest } from "../model/manifest.ts";
import { refKey } from "../model/object-ref.ts";
import type { ObjectRef } from "../model/object-ref.ts";
import type { ApplyStep } from "../model/plan.ts";
import type { Takeover } from "../model/record.ts";
import { applyObject } from "./apply-object.ts";
import { inParallel } from "./in-parallel.ts";
import { refusedManifest } from "./refused.ts";
import type { Refused } from "./refused.ts";
import { resourceOf } from "./resource-of.ts";
import { sameObject } from "./same-object.ts";

/** What the dry run of one step says. `later`: it needs what the same revision creates first, and is asked again then. */
type Rehearsed =
  | {
      readonly kind: "fits";
      readonly step: ApplyStep;
      readonly answer: KubeObject;
      readonly takeovers: readonly Takeover[];
      readonly equal: boolean;
      /** The uid of what was there before Plumbline. */
      readonly adopts: string | undefined;
    }
  | { readonly kind: "later"; readonly step: ApplyStep }
  | { readonly kind: "refused"; readonly refused: Refused };

/** What the dry run of many steps says. */
export interface Rehearsal {
  /** In the order of the plan. */
  readonly later: ReadonlySet<ApplyStep>;
  readonly takeovers: readonly Takeover[];
  /** Objects that the apply would not change at all. */
  readonly equal: readonly ObjectRef[];
  /** What the others would be afterwards, by the key of the reference. */
  readonly answers: ReadonlyMap<string, KubeObject>;
  /** Steps whose objects were there before Plumbline, as they are to be applied: they say so. */
  readonly adopted: ReadonlyMap<ApplyStep, { readonly step: ApplyStep; readonly uid: string }>;
  readonly refused: readonly Refused[];
}

/**
 * Asks the API server what it would say to each step, without changing anything (behaviour D3). `all` are the steps of the
 * whole plan, which may create the namespace or define the kind that a step needs, and `defined` the groups of
 * which it has defined kinds already; `known` is what the inventory knows.
 */
export async function rehearse(
  kube: Kube,
  steps: readonly ApplyStep[],
  all: readonly ApplyStep[],
  parallel: number,
  defined: ReadonlySet<string> = new Set(),
  known: readonly InventoryEntry[] = [],
): Promise<Rehearsal> {
  const coming = comingWith(all);
  const entries = new Map(known.map((entry) => [refKey(entry), entry]));
  const answers = await inParallel(steps, parallel, (step) => rehearseStep(kube, step, coming, defined, entries));
  return {
    later: new Set(answers.flatMap((each) => (each.kind === "later" ? [each.step] : []))),
    takeovers: answers.flatMap((each) => (each.kind === "fits" ? each.takeovers : [])),
    equal: answers.flatMap((each) => (each.kind === "fits" && each.equal ? [each.step.manifest.ref] : [])),
    answers: new Map(
      answers.flatMap((each) =>
        each.kind === "fits" && !each.equal ? [[refKey(each.step.manifest.ref), each.answer]] : [],
      ),
    ),
    adopted: new Map(
      answers.flatMap((each) =>
        each.kind === "fits" && each.adopts !== undefined
          ? [[each.step, { step: adopting(each.step), uid: each.adopts }]]
          : [],
      ),
    ),
    refused: answers.flatMap((each) => (each.kind === "refused" ? [each.refused] : [])),
  };
}

async function rehearseStep(
  kube: Kube,
  step: ApplyStep,
  coming: Coming,
  defined: ReadonlySet<string>,
  entries: ReadonlyMap<string, InventoryEntry>,
): Promise<Rehearsed> {
  const { manifest, live } = step;
  const found = await resourceOf(kube, manifest, defined);
  if (!found.ok) {
    if (found.unknown && coming.kinds.has(kindKey(manifest.ref))) return { kind: "later", step };
    return { kind: "refused", refused: found.refused };
  }
  if (coming.namespaces.has(manifest.ref.namespace)) {
    const refused = await tryElsewhere(kube, manifest);
    return refused ? { kind: "refused", refused } : { kind: "later", step };
  }
  const { answer, takeovers } = await applyObject(kube, found.resource, manifest, true);
  if (!answer.ok) return { kind: "refused", refused: refusedManifest(manifest, answer.refusal) };
  const isThere = wasThere(answer.value, live, entries.get(refKey(manifest.ref)));
  const adopts = isThere ? answer.value.metadata.uid : undefined;
  const equal = live !== undefined && sameObject(answer.value, live);
  return { kind: "fits", step, answer: answer.value, takeovers, adopts, equal };
}

function adopting(step: ApplyStep): ApplyStep {
  return { ...step, manifest: withMark(step.manifest), adopts: true };
}

/**
 * An object whose namespace is yet to come is tried in the namespace `default`, where only what is wrong with the object
 * itself counts. What is there under the same name already would be another question, so then nothing is said.
 */
async function tryElsewhere(kube: Kube, manifest: Manifest): Promise<Refused | undefined> {
  const { object, ref } = manifest;
  const found = await kube.resource(object.apiVersion, object.kind);
  if (!found.ok || found.value === undefined) return undefined;
  const elsewhere = { ...object, metadata: { ...object.metadata, namespace: "default" } };
  const { answer } = await applyObject(kube, found.value, { ...manifest, object: elsewhere }, true);
  if (answer.ok || !isAboutTheObject(answer.refusal)) return undefined;
  const there = await kube.get(found.value, "default", ref.name);
  return there.ok ? undefined : refusedManifest(manifest, answer.refusal);
}

/** A field that the schema does not have is answered as an internal error by some versions of the API server. */
function isAboutTheObject({ reason, message }: KubeRefusal): boolean {
  return reason === "Invalid" || reason === "BadRequest" || message.includes("failed to create typed patch object");
}

/** What a plan creates that other objects of it need. */
interface Coming {
  readonly namespaces: ReadonlySet<string>;
  readonly kinds: ReadonlySet<string>;
}

function comingWith(steps: readonly ApplyStep[]): Coming {
  const namespaces = steps.filter(({ manifest, action }) => action === "create" && isNamespace(manifest.ref));
  const definitions = steps.filter(({ stage }) => stage === "definitions");
  return {
    namespaces: new Set(namespaces.map(({ manifest }) => manifest.ref.name)),
    kinds: new Set(definitions.map(({ manifest }) => definedKind(manifest))),
  };
}

function isNamespace(ref: ObjectRef): boolean {
  return refKey({ ...ref, name: "" }) === "/Namespace//";
}

function definedKind(definition: Manifest): string {
  const spec = valueAt(definition.object["spec"]);
  const kind = valueAt(spec, "names", "kind");
  const group = isJsonObject(spec) ? spec["group"] : undefined;
  return `${typeof group === "string" ? group : ""}/${typeof kind === "string" ? kind : ""}`;
}

function kindKey(ref: ObjectRef): string {
  return `${ref.group}/${ref.kind}`;
}
