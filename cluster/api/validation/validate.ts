import type { KubeObject } from "../../client.ts";
import { customCauses } from "../custom/structure.ts";
import { type Cause, invalid } from "../refusal.ts";
import type { Resource } from "../resource-table.ts";
import { metadataSchema } from "../schema.ts";
import { formCauses, typeCauses } from "./rules.ts";

/** Throws the refusal of an object that is not as its kind must be; `live` is what an update starts from. */
export function validate(resource: Resource, object: KubeObject, live: KubeObject | undefined): void {
  const { schema, custom } = resource;
  const ofKind = custom ? customCauses(resource, object, live) : schema ? typeCauses(schema, object, live, "") : [];
  const causes = [...metadataCauses(resource, object, live), ...ofKind];
  if (causes.length === 0) return;
  // What two groups serve is refused as it is stored.
  const group = custom ? resource.group : resource.storedAs.split(".").slice(1).join(".");
  throw invalid({ ...resource, group }, object.metadata.name ?? "", causes);
}

function metadataCauses(resource: Resource, { metadata }: KubeObject, live?: KubeObject): readonly Cause[] {
  const { name = "", generateName } = metadata;
  const base = generateName?.replace(/-+$/, "a");
  const generated = formCauses("metadata.generateName", base, resource.names).map((cause) => ({
    ...cause,
    message: cause.message.replace(JSON.stringify(base), JSON.stringify(generateName)),
  }));
  const named = generateName && name.length > 63 ? [] : formCauses("metadata.name", name, resource.names);
  const causes = typeCauses(metadataSchema, metadata, live?.metadata, "metadata");
  if (!live) return [...generated, ...named, ...causes];
  // An update is checked as what it becomes and as a change, by the server and again by the kind.
  const asChange = causes.filter(({ message }) => !message.includes("finalizer name"));
  const asObject = [...generated, ...named, ...causes.filter(({ message }) => !message.includes("new finalizers"))];
  return [...asObject, ...asChange, ...asChange, ...asObject];
}
