import type { Application } from "../model/application.ts";
import { applicationLabel, applicationLabelKey } from "../model/application.ts";
import type { Json, JsonObject } from "../model/json.ts";
import { isJsonObject, valueAt } from "../model/json.ts";
import type { KubeObject, ObjectMeta } from "../model/kube-object.ts";
import { refOf } from "../model/kube-object.ts";
import type { Manifest } from "../model/manifest.ts";
import type { Place, Problem, Result } from "../model/problem.ts";
import { kindKey } from "./cluster-kinds.ts";
import { encodedSecret } from "./encoded-secret.ts";
import type { ReadValue } from "./read-documents.ts";

/** Checks one value and makes the object that the application delivers: in its namespace, with its label. */
export function makeManifest(
  read: ReadValue,
  application: Application,
  cluster: ReadonlySet<string>,
): Result<Manifest> {
  const shaped = shape(read.value, read.where);
  if (!shaped.ok) return shaped;
  const placed = place(shaped.value, read.where, application, cluster);
  if (!placed.ok) return placed;
  const object = encodedSecret(placed.value);
  return { ok: true, value: { ref: refOf(object), object, where: read.where } };
}

function refuse(
  code: string,
  message: string,
  where: Place,
  remedy: string,
): { readonly ok: false; readonly problems: readonly Problem[] } {
  return { ok: false, problems: [{ code, message, where, remedy }] };
}

/** Any Kubernetes object has an apiVersion, a kind and a name; labels and annotations are text. */
function shape(value: Json, where: Place): Result<KubeObject> {
  if (!isJsonObject(value)) {
    return refuse(
      "manifest-not-object",
      "This document is not a Kubernetes object.",
      where,
      "Write apiVersion, kind and metadata, or move the file out of the directory.",
    );
  }
  const { apiVersion, kind } = value;
  if (typeof apiVersion !== "string" || !/^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[a-z][a-z0-9]*$/.test(apiVersion)) {
    return refuse(
      "manifest-api-version",
      `${saidOf(value)} has no usable apiVersion${shown(apiVersion)}.`,
      where,
      "Write for example apiVersion: v1, or apps/v1.",
    );
  }
  if (typeof kind !== "string" || !/^[A-Z][A-Za-z0-9]*$/.test(kind)) {
    return refuse(
      "manifest-kind",
      `${saidOf(value)} has no usable kind${shown(kind)}.`,
      where,
      "Write for example kind: Deployment.",
    );
  }
  const name = valueAt(value, "metadata", "name");
  if (typeof name !== "string" || name === "" || name.length > 253 || !/^[^\s/%]+$/.test(name)) {
    const generated = valueAt(value, "metadata", "generateName") !== undefined;
    return refuse(
      "manifest-name",
      `A ${kind} has no usable metadata.name${generated ? ": generateName makes a new object each time" : shown(name)}.`,
      where,
      "Give it a name of its own; quote it if it looks like a number.",
    );
  }
  for (const field of ["labels", "annotations"]) {
    const wrong = firstNotText(valueAt(value, "metadata", field));
    if (wrong !== undefined) {
      return refuse(
        "manifest-metadata",
        `${kind} ${name}: metadata.${field}${wrong} is not text.`,
        where,
        "Quote the value.",
      );
    }
  }
  const namespace = valueAt(value, "metadata", "namespace");
  if (namespace !== undefined && namespace !== null && typeof namespace !== "string") {
    return refuse(
      "manifest-metadata",
      `${kind} ${name}: metadata.namespace is not text.`,
      where,
      "Quote the value, or leave it out.",
    );
  }
  return { ok: true, value: value as KubeObject };
}

function saidOf(value: JsonObject): string {
  const kind = value["kind"];
  return typeof kind === "string" && /^\w{1,60}$/.test(kind) ? `A ${kind}` : "This document";
}

function shown(value: Json | undefined): string {
  return typeof value === "string" && value.length < 100 ? ` (${JSON.stringify(value)})` : "";
}

function firstNotText(value: Json | undefined): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isJsonObject(value)) return "";
  const wrong = Object.entries(value).find(([, member]) => typeof member !== "string");
  return wrong && `.${wrong[0]}`;
}

/** Behaviour G2: an application's objects stay in its namespace, and cluster-scoped kinds are allowed by name. */
function place(
  object: KubeObject,
  where: Place,
  application: Application,
  cluster: ReadonlySet<string>,
): Result<KubeObject> {
  const key = kindKey(object.apiVersion, object.kind);
  const { name, namespace } = object.metadata;
  const given = namespace ?? "";
  if (!cluster.has(key)) {
    if (given === "" || given === application.namespace)
      return label(object, where, application, application.namespace);
    return refuse(
      "namespace-not-allowed",
      `${object.kind} ${name} asks for the namespace ${given}, but ${application.id} may only use ${application.namespace}.`,
      where,
      "Leave metadata.namespace out, or change the environment's namespace in delivery.yaml.",
    );
  }
  if (given !== "") {
    return refuse(
      "namespace-on-cluster-kind",
      `${object.kind} ${name} belongs to the whole cluster and takes no namespace.`,
      where,
      "Remove metadata.namespace.",
    );
  }
  const own = key === "/Namespace" && name === application.namespace;
  if (own || application.allowClusterKinds.includes(key)) return label(object, where, application, "");
  return refuse(
    "cluster-kind-not-allowed",
    `${object.kind} ${name} belongs to the whole cluster, and ${application.id} may not deliver that kind.`,
    where,
    `Add ${key.startsWith("/") ? key.slice(1) : key} to allowClusterKinds of environments.${application.environment} in delivery.yaml.`,
  );
}

function label(object: KubeObject, where: Place, application: Application, namespace: string): Result<KubeObject> {
  const owner = applicationLabel(application.id);
  const { namespace: _given, labels, ...rest } = object.metadata;
  const given = labels?.[applicationLabelKey];
  if (given !== undefined && given !== owner) {
    return refuse(
      "label-reserved",
      `${object.kind} ${object.metadata.name} carries the label ${applicationLabelKey} of another application.`,
      where,
      "Remove the label; it is set by the delivery.",
    );
  }
  const metadata: ObjectMeta = {
    ...rest,
    name: object.metadata.name,
    ...(namespace === "" ? {} : { namespace }),
    labels: { ...labels, [applicationLabelKey]: owner },
  };
  return { ok: true, value: { ...object, metadata } };
}
