import type { Kube, KubeRefusal } from "../io/kube/kube.ts";
import { applicationLabel, applicationLabelKey, pruneAnnotation } from "../model/application.ts";
import type { InventoryEntry } from "../model/inventory.ts";
import { valueAt } from "../model/json.ts";
import { refOf } from "../model/kube-object.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { refKey, refLabel } from "../model/object-ref.ts";
import type { Plan, PruneStep } from "../model/plan.ts";
import { ProblemError } from "../model/problem.ts";
import type { Problem } from "../model/problem.ts";

/** Kinds that run something or hold data: what would go with a namespace and be missed. */
const missedKinds: readonly (readonly [apiVersion: string, kind: string])[] = [
  ["v1", "ConfigMap"],
  ["v1", "Secret"],
  ["v1", "Service"],
  ["v1", "PersistentVolumeClaim"],
  ["v1", "Pod"],
  ["apps/v1", "Deployment"],
  ["apps/v1", "StatefulSet"],
  ["apps/v1", "DaemonSet"],
  ["batch/v1", "Job"],
  ["batch/v1", "CronJob"],
  ["networking.k8s.io/v1", "Ingress"],
];
const definitions = ["apiextensions.k8s.io/v1", "CustomResourceDefinition"] as const;

/** How many of them are named. */
const namedAtMost = 3;

/**
 * Why an object that is gone from Git must not be deleted yet: with a namespace or the definition of a kind everything in it goes,
 * also what is not the application's, and what was there before is not its own (behaviour D8). Asked only where one of
 * these is to be pruned. What the account may not list is not seen.
 */
export async function guardPrune(
  kube: Kube,
  plan: Plan,
  { entry, live, adopted }: PruneStep,
  allowed: readonly string[],
): Promise<Problem | undefined> {
  const isNamespace = entry.group === "" && entry.kind === "Namespace";
  const isDefinition = `${entry.group}/v1` === definitions[0] && entry.kind === definitions[1];
  const words = `${entry.kind}/${entry.name}`;
  if (allowed.includes(words)) return undefined;
  if (adopted) return wasThereBefore(entry, words);
  if (!(isNamespace || isDefinition)) return undefined;
  const found = isNamespace ? await inNamespace(kube, entry.name) : await instancesOf(kube, live);
  const kept = found.filter((object) => !goesAnyway(plan, object));
  if (kept.length === 0) return undefined;
  const named = kept.slice(0, namedAtMost).map((object) => refLabel(refOf(object)));
  const rest = kept.length > namedAtMost ? ` and ${kept.length - namedAtMost} more` : "";
  return {
    code: "prune-held",
    message: `${entry.kind} ${entry.name} is gone from Git and was not deleted, since ${named.join(", ")}${rest} would go with it`,
    remedy: `if that is meant, write allowPrune: [${words}] in the application's delivery.yaml; else put it back, or move what is to stay`,
  };
}

/** What Plumbline did not create is not its to delete, unless Git says so. */
function wasThereBefore(entry: InventoryEntry, words: string): Problem {
  return {
    code: "prune-held",
    message: `${refLabel(entry)} is gone from Git and was not deleted, since it was there before Plumbline delivered it`,
    remedy: `if it is to go, write allowPrune: [${words}] in the application's delivery.yaml; to leave it for good, annotate it with ${pruneAnnotation}: "false"`,
  };
}

/** What the application delivered and Git does not want any more, and what others clear away, is not missed. */
function goesAnyway({ application, exact }: Plan, object: KubeObject): boolean {
  const { labels, annotations, deletionTimestamp } = object.metadata;
  if (deletionTimestamp !== undefined || valueAt(object.metadata, "ownerReferences", 0) !== undefined) return true;
  if (object.kind === "ConfigMap" && object.metadata.name === "kube-root-ca.crt") return true;
  if (object["type"] === "kubernetes.io/service-account-token") return true;
  const isOwn = labels?.[applicationLabelKey] === applicationLabel(application);
  const key = refKey(refOf(object));
  return isOwn && annotations?.[pruneAnnotation] !== "false" && !exact.entries.some((entry) => refKey(entry) === key);
}

async function inNamespace(kube: Kube, namespace: string): Promise<readonly KubeObject[]> {
  const customs = (await listed(kube, ...definitions)).filter(
    (object) => valueAt(object["spec"], "scope") === "Namespaced",
  );
  const kinds = [...missedKinds, ...customs.flatMap(servedAs)];
  const lists = await Promise.all(kinds.map(([apiVersion, kind]) => listed(kube, apiVersion, kind, namespace)));
  return lists.flat();
}

async function instancesOf(kube: Kube, definition: KubeObject): Promise<readonly KubeObject[]> {
  const [served] = servedAs(definition);
  return served ? listed(kube, ...served) : [];
}

/** The first version in which a definition serves its kind. */
function servedAs(definition: KubeObject): readonly (readonly [apiVersion: string, kind: string])[] {
  const spec = definition["spec"];
  const [group, kind] = [valueAt(spec, "group"), valueAt(spec, "names", "kind")];
  const versions = valueAt(spec, "versions");
  const served = Array.isArray(versions) ? versions.find((version) => valueAt(version, "served") === true) : undefined;
  const version = valueAt(served, "name");
  return typeof group === "string" && typeof kind === "string" && typeof version === "string"
    ? [[`${group}/${version}`, kind]]
    : [];
}

/** Every object of a kind; none where it is not served, or the account may not see it. Rejects when nobody can say. */
async function listed(
  kube: Kube,
  apiVersion: string,
  kind: string,
  namespace?: string,
): Promise<readonly KubeObject[]> {
  const found = await kube.resource(apiVersion, kind);
  if (!found.ok) throw unlisted(kind, found.refusal);
  if (found.value === undefined) return [];
  const answer = await kube.list({ resource: found.value, ...(namespace === undefined ? {} : { namespace }) });
  // Items of a list do not say their kind.
  if (answer.ok) return answer.value.map((object) => ({ ...object, apiVersion, kind }));
  if (answer.refusal.code === 403 || answer.refusal.code === 404) return [];
  throw unlisted(kind, answer.refusal);
}

function unlisted(kind: string, { reason, message }: KubeRefusal): ProblemError {
  return new ProblemError({
    code: "prune-unseen",
    message: `objects of kind ${kind} cannot be listed (${reason}: ${message}), so nobody can say what a deletion would take along`,
    remedy: "it is tried again by itself",
  });
}
