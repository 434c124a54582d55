import { ApiError, type DeleteOptions, type KubeObject, type ResourceName } from "../client.ts";
import { type Clock, systemClock } from "../clock.ts";
import { refuseDeletion, refuseUnlessOpen, refuseUnmet, takeOfQuota, withAccountsSecrets } from "./admission.ts";
import { serverSideApply, trackUpdate, type Write } from "./apply/index.ts";
import { decodeBody } from "./decode.ts";
import { inVersion } from "./conversion.ts";
import { heldForObjects, serveDefinitions } from "./custom/definitions.ts";
import { withAdmitted, withDefaults } from "./defaults.ts";
import { freeze, without } from "./json.ts";
import {
  type Chance,
  deletionIsDue,
  inOrder,
  isNoOp,
  planDeletion,
  prepareCreate,
  prepareUpdate,
  realChance,
  timeText,
} from "./metadata.ts";
import { alreadyExists, conflict, internal, invalid, noSuchResource, notFound } from "./refusal.ts";
import { type Resource, ResourceTable } from "./resource-table.ts";
import { withAddresses, withoutOldPorts } from "./service-addresses.ts";
import { Store } from "./store.ts";
import { invalidValue, required } from "./validation/causes.ts";
import { validate } from "./validation/validate.ts";

/** How to write. */
export interface WriteOptions {
  readonly fieldManager: string;
  /** Do everything but the write itself. */
  readonly dryRun?: boolean;
  /** The part that is written: "status", "finalize" (of namespaces) or the whole. */
  readonly subresource?: "status" | "finalize";
  /** The owners of the object are settled already, as by a write of its Scale. */
  readonly isTracked?: boolean;
  /** What to do about fields that the kind does not have; Ignore where it is not said. */
  readonly fieldValidation?: "Strict" | "Warn" | "Ignore";
  /** How refusals show the patch that the body was made by. */
  readonly patch?: (patched: object) => string;
  /** What is wrong with the body's text itself: Strict refuses it, Warn tells. */
  readonly mistakes?: readonly string[];
  /** Hears what the client should be told beside the answer. */
  readonly warn?: (text: string) => void;
}

/** How to apply; `force` takes fields over from their managers. */
export interface ApplyOptions extends WriteOptions {
  readonly force: boolean;
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
  /** The first two numbers of service addresses, as in "127.40". */
  readonly servicePrefix: string;

  /** New objects that get some default only when they are read: their next write is one even if it changes nothing. */
  readonly #storedShort = new WeakSet<KubeObject>();

  readonly #chance: Chance;

  constructor(clock: Clock = systemClock, servicePrefix = "127.31", chance = realChance) {
    this.clock = clock;
    this.#chance = chance;
    this.servicePrefix = servicePrefix;
    serveDefinitions(this);
  }

  /** The resource behind a name, in the version in which it is stored. */
  resource(name: ResourceName): Resource {
    const resource = this.table.named(name);
    if (!resource) throw noSuchResource();
    return resource;
  }

  find({ resource, namespace, name }: Place): KubeObject | undefined {
    const object = this.store.get(resource.storedAs, `${namespace}/${name}`);
    return object && inVersion(object, resource);
  }

  get(place: Place): KubeObject {
    const object = this.find(place);
    if (!object) throw notFound(place.resource, place.name);
    return object;
  }

  create(resource: Resource, namespace: string, body: KubeObject, options: WriteOptions): KubeObject {
    return this.#create(resource, namespace, decodeBody(resource, body, options), options, true);
  }

  /** Writes what `change` makes of the live object; PUT, every patch and every subresource end here. */
  update(place: Place, change: (live: KubeObject) => KubeObject, options: WriteOptions): KubeObject {
    const live = this.get(place);
    return this.#update(place, live, decodeBody(place.resource, change(live), options), options, !options.isTracked);
  }

  /** Server-side apply of a body as it was sent; creates what is not there. */
  apply(
    place: Place,
    applied: KubeObject,
    options: ApplyOptions,
  ): { readonly object: KubeObject; readonly created: boolean } {
    const live = options.subresource ? this.get(place) : this.find(place);
    const { uid } = applied.metadata ?? {};
    if (uid && uid !== live?.metadata.uid) {
      throw immutableUid(place, uid);
    }
    const request = { ...this.#write(place.resource, live, options), applied, force: options.force };
    const result = serverSideApply(request);
    const body = decodeBody(place.resource, result, options);
    if (live) return { object: this.#update(place, live, body, options, false), created: false };
    const unversioned = { ...body, metadata: { ...without(body.metadata, "resourceVersion"), name: place.name } };
    return { object: this.#create(place.resource, place.namespace, unversioned, options, false), created: true };
  }

  #create(resource: Resource, namespace: string, body: KubeObject, options: WriteOptions, track: boolean): KubeObject {
    if (body.metadata.resourceVersion) throw internal("resourceVersion should not be set on objects to be created");
    if (namespace !== "") refuseUnlessOpen(this, resource, namespace, body.metadata.name ?? "");
    const prepared = prepareCreate(resource, body, namespace, this.clock.now(), this.#chance);
    const { name } = prepared.metadata;
    if (name === undefined || name === "")
      throw invalid(resource, "", [required("metadata.name", "name or generateName is required")]);
    const whole = withDefaults(resource.schema, prepared);
    const tracked = track ? this.#tracked(resource, undefined, whole, options) : whole;
    const admitted = withAccountsSecrets(this, resource, withAdmitted(resource.schema, tracked, true));
    refuseUnmet(this, resource, admitted);
    validate(resource, admitted, undefined);
    const place = { resource, namespace, name };
    const there = this.find(place);
    if (there) throw alreadyExists(resource, name, there.metadata.deletionTimestamp !== undefined);
    if (namespace !== "") takeOfQuota(this, resource, admitted, options.dryRun);
    const written = this.#addressed(resource, admitted, undefined, options);
    const read = withDefaults(resource.schema, written);
    const stored = this.#keep("put", place, read, options);
    if (read !== written) this.#storedShort.add(stored);
    return stored;
  }

  #addressed(resource: Resource, object: KubeObject, live: KubeObject | undefined, options: WriteOptions): KubeObject {
    if (resource.qualifiedName !== "services") return object;
    return withAddresses(this, resource, object, live, options.dryRun === true);
  }

  #update(place: Place, live: KubeObject, body: KubeObject, options: WriteOptions, track: boolean): KubeObject {
    const { resource, name } = place;
    const { resourceVersion, uid } = body.metadata;
    if (resourceVersion && !/^\d+$/.test(resourceVersion)) {
      throw internal(`strconv.ParseUint: parsing ${JSON.stringify(resourceVersion)}: invalid syntax`);
    }
    if (resource.versionedUpdate && !resourceVersion) {
      const cause = invalidValue("metadata.resourceVersion", 0, "must be specified for an update");
      throw invalid({ ...resource, kind: resource.resource }, name, [cause]);
    }
    if (uid && uid !== live.metadata.uid) {
      throw options.patch ? immutableUid(place, uid) : conflict(resource, name, uidDiffers(place, uid, live));
    }
    if (resourceVersion && resourceVersion !== live.metadata.resourceVersion) throw conflict(resource, name);
    const whole = options.subresource ? body : withDefaults(resource.schema, body);
    const prepared = prepareUpdate(resource, live, whole, options.subresource);
    const tracked = track ? this.#tracked(resource, live, prepared, options) : prepared;
    const kept = resource.qualifiedName === "services" ? withoutOldPorts(tracked, live) : tracked;
    const admitted = options.subresource ? tracked : withAdmitted(resource.schema, kept, false);
    validate(resource, admitted, live);
    const next = options.subresource ? admitted : this.#addressed(resource, admitted, live, options);
    if (isNoOp(live, next) && !this.#storedShort.has(live)) return live;
    if (deletionIsDue(next)) {
      // The answer is the write that let it go, which was never kept; watches tell what was there last.
      this.#keep("remove", place, live, options);
      return freeze(next);
    }
    return this.#keep("put", place, next, options);
  }

  #tracked(resource: Resource, live: KubeObject | undefined, next: KubeObject, options: WriteOptions): KubeObject {
    // What an Event says by null or by nothing has no owner.
    const unsaid = Object.keys(next).filter((key) => next[key] === null || next[key] === "");
    const said = without(next, ...unsaid) as KubeObject;
    return { ...next, metadata: trackUpdate({ ...this.#write(resource, live, options), next: said }).metadata };
  }

  /** The write as the tracking of managedFields wants it told. */
  #write(resource: Resource, live: KubeObject | undefined, options: WriteOptions): Write {
    return {
      live,
      manager: options.fieldManager,
      subresource: options.subresource ?? "",
      apiVersion: resource.apiVersion,
      kind: resource.kind,
      schema: resource.schema,
      hasStatus: resource.subresources.includes("status"),
      now: timeText(this.clock.now()),
    };
  }

  /** Deletes, or marks for deletion; the answer is the last state, and whether the object is gone. */
  delete(
    place: Place,
    options: DeleteOptions = {},
    dryRun = false,
  ): { readonly object: KubeObject; readonly gone: boolean } {
    const { resource, name } = place;
    const live = this.get(place);
    const { uid, resourceVersion } = live.metadata;
    for (const [what, given, actual] of [
      ["UID", options.uid, uid],
      ["ResourceVersion", options.resourceVersion, resourceVersion],
    ] as const) {
      if (given !== undefined && given !== actual) throw preconditionDiffers(resource, name, what, given, actual);
    }
    refuseDeletion(resource, name);
    const held = resource.kind === "CustomResourceDefinition" ? heldForObjects(live, this.clock.now()) : live;
    const step = planDeletion(resource, held, options, this.clock.now());
    const write = { fieldManager: "", dryRun };
    if (step.remove) return { object: this.#keep("remove", place, step.object, write), gone: true };
    return { object: isNoOp(live, step.object) ? live : this.#keep("put", place, step.object, write), gone: false };
  }

  #keep(
    what: "put" | "remove",
    { resource, namespace, name }: Place,
    object: KubeObject,
    { dryRun }: WriteOptions,
  ): KubeObject {
    if (dryRun === true) return freeze(object);
    const kept = this.store[what](resource.storedAs, `${namespace}/${name}`, inOrder(this.#stored(resource, object)));
    return inVersion(kept, resource);
  }

  /** The object in the version in which its kind is kept. */
  #stored(resource: Resource, object: KubeObject): KubeObject {
    const version = resource.custom?.storageVersion;
    const kept =
      version === undefined
        ? this.table.all().find((other) => other.qualifiedName === resource.storedAs)
        : this.table.find(resource.group, version, resource.resource);
    return kept === undefined || kept === resource ? object : inVersion(object, kept);
  }
}

/** Kubernetes names the kind here, where other conflicts name the resource. */
function preconditionDiffers(
  { kind }: Resource,
  name: string,
  what: "UID" | "ResourceVersion",
  given: string,
  actual: string | undefined,
): ApiError {
  const guess = what === "UID" ? "deleted and then recreated" : "modified";
  const why = `the ${what} in the precondition (${given}) does not match the ${what} in record (${actual ?? ""})`;
  const message = `Operation cannot be fulfilled on ${kind} "${name}": ${why}. The object might have been ${guess}`;
  return new ApiError(409, "Conflict", message, { name, kind });
}

/** Kubernetes says it twice. */
function immutableUid({ resource, name }: Place, uid: string): ApiError {
  const cause = invalidValue("metadata.uid", uid, "field is immutable");
  return invalid(resource, name, [cause, cause]);
}

function uidDiffers({ resource, namespace, name }: Place, uid: string, live: KubeObject): string {
  const key = ["/registry", resource.resource, ...(namespace === "" ? [] : [namespace]), name].join("/");
  const failed = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${live.metadata.uid ?? ""}`;
  return `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ${failed}`;
}
