import { applicationLabelKey } from "../model/application.ts";
import { isJsonObject, valueAt } from "../model/json.ts";
import type { Json, JsonObject } from "../model/json.ts";
import type { KubeObject, ObjectMeta } from "../model/kube-object.ts";
import type { Manifest } from "../model/manifest.ts";
import { waveAnnotation } from "../model/plan.ts";
import { configurationKey, renameReferences } from "./configuration-references.ts";

/** The label of everything that exists only for a canary, its pods included. */
export const canaryLabelKey = "plumbline.dev/canary";
const canaryLabel = { [canaryLabelKey]: "true" };

/** The name of the copy of an object that a canary has for itself. */
export function canaryName(name: string): string {
  return `${name}-canary`;
}

/** A Service whose name is longer has no room for its copy's. */
export const longestService = 63 - canaryName("").length;

/** True for what exists only for a canary. */
export function isCanary(object: KubeObject): boolean {
  return object.metadata.labels?.[canaryLabelKey] !== undefined;
}

/**
 * The Deployment that tries a template: its pods carry all labels of the others, so that the same Services select them, and
 * one more, by which it knows its own. It reads the copies of the ConfigMaps and Secrets that are `renamed`.
 */
export function canaryDeployment(manifest: Manifest, replicas: number, renamed: ReadonlySet<string>): Manifest {
  const { object } = manifest;
  const spec = asObject(object["spec"]);
  const template = asObject(spec["template"]);
  const metadata = asObject(template["metadata"]);
  const selector = asObject(spec["selector"]);
  const readsCopies = renameReferences(template["spec"] ?? null, (kind, name) =>
    renamed.has(configurationKey(kind, name)) ? canaryName(name) : name,
  );
  return copy(manifest, asObject(object.metadata.labels), {
    spec: {
      ...spec,
      replicas,
      selector: { ...selector, matchLabels: { ...asObject(selector["matchLabels"]), ...canaryLabel } },
      template: {
        ...template,
        metadata: { ...metadata, labels: { ...asObject(metadata["labels"]), ...canaryLabel } },
        spec: readsCopies,
      },
    },
  });
}

/** The Service that only the canary's pods answer, for the checks. It has none of the labels by which monitoring finds Services. */
export function canaryService(manifest: Manifest): Manifest {
  const ports = valueAt(manifest.object, "spec", "ports");
  const list = Array.isArray(ports) ? (ports as readonly Json[]).filter(isJsonObject) : [];
  const selector = { ...asObject(valueAt(manifest.object, "spec", "selector")), ...canaryLabel };
  const plain = list.map((port) => Object.fromEntries(Object.entries(port).filter(([key]) => key !== "nodePort")));
  return copy(manifest, {}, { spec: { selector, ports: plain } });
}

/** The new content of a ConfigMap or Secret under a name of its own; it may be changed, whatever the original says. */
export function canaryOfConfiguration(manifest: Manifest): Manifest {
  const { apiVersion: _, kind: __, metadata: ___, immutable: ____, ...content } = manifest.object;
  return copy(manifest, asObject(manifest.object.metadata.labels), content);
}

/** Of the annotations only the wave is meant for a copy: it must not stay, nor be taken over from anybody. */
function copy({ ref, object, where }: Manifest, labels: JsonObject, content: JsonObject): Manifest {
  const { namespace, annotations } = object.metadata;
  const name = canaryName(ref.name);
  const owner = object.metadata.labels?.[applicationLabelKey];
  const wave = annotations?.[waveAnnotation];
  const metadata = {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    labels: { ...labels, ...(owner === undefined ? {} : { [applicationLabelKey]: owner }), ...canaryLabel },
    ...(wave === undefined ? {} : { annotations: { [waveAnnotation]: wave } }),
  } as ObjectMeta;
  const { apiVersion, kind } = object;
  return { ref: { ...ref, name }, object: { apiVersion, kind, metadata, ...content }, where };
}

function asObject(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}
