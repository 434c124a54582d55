import { fieldManager } from "../model/application.ts";
import { jsonEqual } from "../model/json.ts";
import type { Json, JsonObject } from "../model/json.ts";
import { managedFieldsOf } from "../model/kube-object.ts";
import type { KubeObject } from "../model/kube-object.ts";

/** True when an apply's answer says what is live already, the fields that Plumbline owns included; status does not count. */
export function sameObject(answered: KubeObject, live: KubeObject): boolean {
  return jsonEqual(stateOf(answered), stateOf(live)) && jsonEqual(ownedIn(answered), ownedIn(live));
}

function stateOf(object: KubeObject): JsonObject {
  const { status: _status, metadata, ...fields } = object;
  const { managedFields: _fields, resourceVersion: _version, generation: _generation, ...rest } = metadata;
  return { ...fields, metadata: rest };
}

function ownedIn(object: KubeObject): Json | undefined {
  const ours = managedFieldsOf(object).filter((entry) => entry.manager === fieldManager && entry.operation === "Apply");
  return ours.map((entry) => entry.fieldsV1 ?? {});
}
