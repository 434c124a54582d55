import { adoptAnnotation } from "../model/application.ts";
import type { KubeRefusal } from "../io/kube/kube.ts";
import type { Manifest } from "../model/manifest.ts";
import { refLabel } from "../model/object-ref.ts";
import type { ObjectRef } from "../model/object-ref.ts";
import type { Place, Problem } from "../model/problem.ts";

/** What kept an object from the cluster. `transient`: it says nothing about Git, and asking again may mend it. */
export interface Refused {
  readonly problem: Problem;
  readonly transient: boolean;
}

/** The refusal of an object with its place in Git. Of a Secret only fields are named: the server's words may quote it. */
export function refusedManifest(manifest: Manifest, refusal: KubeRefusal): Refused {
  return refusedObject(manifest.ref, refusal, manifest.where);
}

/** The refusal of anything that is asked for an object. */
export function refusedObject(ref: ObjectRef, refusal: KubeRefusal, where?: Place): Refused {
  const words = ref.kind === "Secret" ? withoutValues(refusal) : refusal.message;
  const remedy = remedyOf(refusal);
  const problem: Problem = {
    code: `kube-${kebab(refusal.reason)}`,
    message: `${refLabel(ref)}: ${words}`,
    ...(where ? { where } : {}),
    ...(remedy === undefined ? {} : { remedy }),
  };
  return { problem, transient: isTransient(refusal) };
}

/** A kind that the server does not serve and the revision does not define. */
export function unknownKind(manifest: Manifest): Refused {
  const { apiVersion, kind } = manifest.object;
  const problem: Problem = {
    code: "unknown-kind",
    message: `${refLabel(manifest.ref)}: the API server does not serve ${kind} of ${apiVersion}`,
    where: manifest.where,
    remedy: "correct apiVersion and kind, or add the CustomResourceDefinition to the application",
  };
  return { problem, transient: false };
}

/** A kind whose scope only the server knows, and which is not the one that it was rendered for (behaviour G2). */
export function wrongScope(manifest: Manifest, namespaced: boolean): Refused {
  const { ref, where } = manifest;
  const kind = ref.group === "" ? ref.kind : `${ref.group}/${ref.kind}`;
  const problem: Problem = namespaced
    ? {
        code: "namespaced-kind",
        message: `${refLabel(ref)}: ${kind} belongs to a namespace, and delivery.yaml allows it as one of the whole cluster`,
        where,
        remedy: `take ${kind} out of allowClusterKinds in delivery.yaml`,
      }
    : {
        code: "cluster-kind-not-allowed",
        message: `${ref.kind} ${ref.name} belongs to the whole cluster, and the application may not deliver that kind`,
        where,
        remedy: `add ${kind} to allowClusterKinds of the environment in delivery.yaml`,
      };
  return { problem, transient: false };
}

/** An object that another application delivers: two that declare the same one would undo each other for ever. */
export function anothersObject(manifest: Manifest, owner: string): Refused {
  const problem: Problem = {
    code: "object-of-another-application",
    message: `${refLabel(manifest.ref)} is delivered by another application (${owner})`,
    where: manifest.where,
    remedy: `declare it in one of the two only, or give it another name; if it moved here, annotate it with ${adoptAnnotation}: ${owner.replace(".", "/")}`,
  };
  return { problem, transient: false };
}

function isTransient(refusal: KubeRefusal): boolean {
  const { code, causes } = refusal;
  if (code === 0 || code === 401 || code === 408 || code === 409 || code === 410 || code === 429) return true;
  // A namespace that is on its way out comes back by its own deletion event.
  if (causes.some((cause) => cause.reason === "NamespaceTerminating")) return true;
  // A webhook that cannot be called may be back soon; any other 500 of server-side apply is about the manifest (a
  // duplicate key), and the rest of 5xx is about the server.
  return code > 500 || (code === 500 && refusal.message.includes("failed calling webhook"));
}

function remedyOf(refusal: KubeRefusal): string | undefined {
  if (refusal.code === 404) return "declare its namespace in the same application, or create it first";
  if (refusal.code === 403) return "allow it to the engine's service account, or take it out of Git";
  if (refusal.message.includes("field is immutable"))
    return "give the object another name, or delete it from Git first";
  return undefined;
}

function withoutValues(refusal: KubeRefusal): string {
  const fields = refusal.causes.map((cause) => cause.field).filter((field) => field !== "");
  return `the API server refused it (${refusal.reason}${fields.length === 0 ? "" : `: ${fields.join(", ")}`})`;
}

function kebab(reason: string): string {
  return reason.replaceAll(/(?<=[a-z])(?=[A-Z])/g, "-").toLowerCase();
}
