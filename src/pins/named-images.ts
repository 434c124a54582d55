import { isJsonObject, valueAt } from "../model/json.ts";
import type { Json } from "../model/json.ts";
import type { Manifest } from "../model/manifest.ts";

/** An image as a manifest names it, and what runs or mounts it: `container app`, `init container wait`, `image volume models`. */
export interface NamedImage {
  readonly manifest: Manifest;
  readonly user: string;
  readonly image: string;
}

/** The lists of a pod's specification that name images, with what their entries are called. */
const lists: { readonly [key: string]: string } = {
  containers: "container",
  initContainers: "init container",
  ephemeralContainers: "ephemeral container",
};

/** What Kubernetes itself defines has `image` only where pods have it; others' kinds hand theirs on to pods of their own. */
const builtIn = /^$|^(apps|batch|autoscaling|policy|events)$|\.k8s\.io$/;

/** Text for programs: whatever is called like an image in there is none. */
const dataKinds: ReadonlySet<string> = new Set(["/ConfigMap", "/Secret"]);

/**
 * Every image that manifests name, in their order: of containers of each sort and of image volumes, wherever in an object a
 * pod's specification is, and in kinds that Kubernetes does not define itself also what stands under a key `image`.
 */
export function namedImages(manifests: readonly Manifest[]): readonly NamedImage[] {
  return manifests.flatMap((manifest) => {
    const { group, kind } = manifest.ref;
    if (dataKinds.has(`${group}/${kind}`)) return [];
    const found = new Map<string, NamedImage>();
    collect(manifest.object, !builtIn.test(group), (user, image) => {
      found.set(`${user} ${image}`, { manifest, user, image });
    });
    return [...found.values()];
  });
}

type Note = (user: string, image: string) => void;

function collect(value: Json | undefined, anywhere: boolean, note: Note): void {
  if (Array.isArray(value)) {
    for (const item of value as readonly Json[]) collect(item, anywhere, note);
    return;
  }
  if (!isJsonObject(value)) return;
  for (const [key, inner] of Object.entries(value)) {
    const entries = Array.isArray(inner) ? (inner as readonly Json[]) : [];
    const sort = Object.hasOwn(lists, key) ? lists[key] : undefined;
    if (sort !== undefined) for (const entry of entries) noteImage(sort, entry, valueAt(entry, "image"), note);
    if (key === "volumes") {
      for (const entry of entries) noteImage("image volume", entry, valueAt(entry, "image", "reference"), note);
    }
    // Containers are noted by their names already.
    const isNoted = sort !== undefined && entries.length > 0;
    if (anywhere && key === "image" && typeof inner === "string") note("its image", inner);
    for (const each of isNoted ? entries.map(withoutImage) : [inner]) collect(each, anywhere, note);
  }
}

function noteImage(sort: string, entry: Json, image: Json | undefined, note: Note): void {
  const name = valueAt(entry, "name");
  if (typeof image === "string") note(typeof name === "string" ? `${sort} ${name}` : sort, image);
}

function withoutImage(entry: Json): Json {
  if (!isJsonObject(entry)) return entry;
  const { image: _, ...rest } = entry;
  return rest;
}
