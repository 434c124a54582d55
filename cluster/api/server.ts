import type { DeleteOptions, KubeObject, ResourceName } from "../client.ts";
import { type Clock, systemClock } from "../clock.ts";
import { deletionIsDue, isNoOp, planDeletion, prepareCreate, prepareUpdate } from "./metadata.ts";
import { startNamespace } from "./namespaces.ts";
import { alreadyExists, conflict, forbidden, internal, invalid, noSuchResource, notFound } from "./refusal.ts";
import { type Resource, ResourceTable } from "./resource-table.ts";
import { Store } from "./store.ts";
import { freeze, type StoredObject } from "./stored-object.ts";

/** How to write. */
export interface WriteOptions {
  readonly fieldManager: string;
  /** Do everything but the write itself. */
  readonly dryRun?: boolean;
  /** The part that is written: "status", "finalize" (of namespaces) or the whole. */
  readonly subresource?: "status" | "finalize";
}

/** Where an object is or shall be. */
export interface Place {
  readonly resource: Resource;
  /** "" for cluster-scoped kinds. */
  readonly namespace: string;
  readonly name: string;
}

/** The API server without its wire: every verb with its rules, over the store. Refusals are thrown as `ApiError`. */
export class ApiServer {
  readonly clock: Clock;
  readonly table = new ResourceTable();
  readonly store = new Store();

  constructor(clock: Clock = systemClock) {
    this.clock = clock;
  }

  /** The resource behind a name, in the version in which it is stored. */
  resource(name: ResourceName): Resource {
    const resource = this.table.named(name);
    if (!resource) throw noSuchResource();
    return resource;
  }

  find(place: Place): StoredObject | undefined {
    return this.store.get(place.resource.storedAs, `${place.namespace}/${place.name}`);
  }

  get(place: Place): StoredObject {
    const object = this.find(place);
    if (!object) throw notFound(place.resource, place.name);
    return object;
  }

  create(resource: Resource, namespace: string, body: KubeObject, options: WriteOptions): StoredObject {
    if (body.metadata.resourceVersion) throw internal("resourceVersion should not be set on objects to be created");
    if (namespace !== "") this.#mustBeOpen(resource, namespace, body.metadata.name ?? "");
    const object = this.#admit(resource, prepareCreate(resource, body as StoredObject, namespace, this.clock.now()));
    const { name } = object.metadata;
    if (name === undefined || name === "") throw invalid(resource, "", [nameRequired]);
    const place = { resource, namespace, name };
    if (this.find(place)) throw alreadyExists(resource, name);
    return this.#write(place, object, options);
  }

  /** Writes what `change` makes of the live object; PUT, every patch and every subresource end here. */
  update(place: Place, change: (live: StoredObject) => KubeObject, options: WriteOptions): StoredObject {
    const { resource, name } = place;
    const live = this.get(place);
    const body = change(live) as StoredObject;
    const { resourceVersion, uid } = body.metadata;
    if (uid && uid !== live.metadata.uid) throw conflict(resource, name, uidDiffers(place, uid, live));
    if (resourceVersion && resourceVersion !== live.metadata.resourceVersion) throw conflict(resource, name);
    const prepared = prepareUpdate(resource, live, body, options.subresource);
    const next = this.#admit(resource, prepared, live);
    if (isNoOp(live, next)) return live;
    if (deletionIsDue(next)) return this.#remove(place, next, options);
    return this.#write(place, next, options);
  }

  /** Deletes, or marks for deletion; the answer is the last state, and whether the object is gone. */
  delete(
    place: Place,
    options: DeleteOptions = {},
    dryRun = false,
  ): { readonly object: StoredObject; readonly gone: boolean } {
    const { resource, name } = place;
    const live = this.get(place);
    if (options.uid !== undefined && options.uid !== live.metadata.uid) {
      throw conflict(resource, name, preconditionFailed("UID", options.uid, live.metadata.uid));
    }
    if (options.resourceVersion !== undefined && options.resourceVersion !== live.metadata.resourceVersion) {
      const why = preconditionFailed("ResourceVersion", options.resourceVersion, live.metadata.resourceVersion);
      throw conflict(resource, name, why);
    }
    const step = planDeletion(resource, live, options, this.clock.now());
    const write = { fieldManager: "", dryRun };
    if (step.remove) return { object: this.#remove(place, step.object, write), gone: true };
    return { object: isNoOp(live, step.object) ? live : this.#write(place, step.object, write), gone: false };
  }

  /** What the server adds to an object before it is written. */
  #admit(resource: Resource, object: StoredObject, live?: StoredObject): StoredObject {
    return resource.qualifiedName === "namespaces" && !live ? startNamespace(object) : object;
  }

  #write(place: Place, object: StoredObject, options: WriteOptions): StoredObject {
    if (options.dryRun === true) return freeze(object);
    return this.store.put(place.resource.storedAs, `${place.namespace}/${place.name}`, object);
  }

  #remove(place: Place, last: StoredObject, options: WriteOptions): StoredObject {
    if (options.dryRun === true) return freeze(last);
    return this.store.remove(place.resource.storedAs, `${place.namespace}/${place.name}`, last);
  }

  /** New content needs a namespace that is there and is not on its way out. */
  #mustBeOpen(resource: Resource, namespace: string, name: string): void {
    const namespaces = this.resource({ group: "", resource: "namespaces" });
    const holder = this.get({ resource: namespaces, namespace: "", name: namespace });
    if (holder.metadata.deletionTimestamp === undefined) return;
    const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
    const message = `namespace ${namespace} is being terminated`;
    throw forbidden(resource, name, why, [{ reason: "NamespaceTerminating", message, field: "metadata.namespace" }]);
  }
}

const nameRequired = {
  reason: "FieldValueRequired",
  message: "Required value: name or generateName is required",
  field: "metadata.name",
};

function preconditionFailed(what: string, given: string, actual: string | undefined): string {
  return `Precondition failed: ${what} in precondition: ${given}, ${what} in object meta: ${actual ?? ""}`;
}

function uidDiffers({ resource, namespace, name }: Place, uid: string, live: StoredObject): string {
  const key = ["/registry", resource.resource, ...(namespace === "" ? [] : [namespace]), name].join("/");
  const failed = preconditionFailed("UID", uid, live.metadata.uid);
  return `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ${failed}`;
}
