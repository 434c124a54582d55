import { valueAt } from "../model/json.ts";
import type { Json } from "../model/json.ts";
import type { Manifest } from "../model/manifest.ts";

/** Where a pod's specification is, by kind; other kinds run nothing. */
const podSpecPaths: { readonly [kind: string]: readonly string[] } = {
  Pod: ["spec"],
  Deployment: ["spec", "template", "spec"],
  ReplicaSet: ["spec", "template", "spec"],
  StatefulSet: ["spec", "template", "spec"],
  DaemonSet: ["spec", "template", "spec"],
  Job: ["spec", "template", "spec"],
  CronJob: ["spec", "jobTemplate", "spec", "template", "spec"],
};

/** The images that manifests run, each once, in their order. */
export function imagesOf(manifests: readonly Manifest[]): readonly string[] {
  const images = manifests.flatMap(({ object }) => {
    const path = podSpecPaths[object.kind];
    if (!path) return [];
    const spec = valueAt(object, ...path);
    return ["initContainers", "containers"].flatMap((list) => {
      const containers = valueAt(spec, list);
      return Array.isArray(containers) ? containers.map((container: Json) => valueAt(container, "image")) : [];
    });
  });
  return [...new Set(images.filter((image) => typeof image === "string"))].toSorted();
}

/** The tag of an image reference: `host:5000/name:tag@sha256:…` -> `tag`; undefined where it has none. */
export function tagOf(image: string): string | undefined {
  const name = image.split("@")[0] ?? "";
  const last = name.slice(name.lastIndexOf("/") + 1);
  const colon = last.indexOf(":");
  return colon < 0 ? undefined : last.slice(colon + 1);
}
