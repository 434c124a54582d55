import { dataFile } from "./data-file.ts";
import type { ResourceName } from "../client.ts";
import { type Schema, schemaOf } from "./schema.ts";

/** A resource as written in cluster/data/resources.json; what is not written takes the value said here. */
interface ResourceRow {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly resource: string;
  readonly namespaced: boolean;
  /** The kind in lower case. */
  readonly singular?: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly subresources?: readonly string[];
  /** All of them. */
  readonly verbs?: readonly string[];
  /** metadata.generation counts the changes of everything but metadata and status. */
  readonly generation?: boolean;
  /** DELETE answers with the object instead of a Status. */
  readonly returnsDeleted?: boolean;
  /** Deletion waits for a grace period. */
  readonly graceful?: boolean;
  /** PUT is refused without metadata.resourceVersion. */
  readonly versionedUpdate?: boolean;
  /** The form of names, by cluster/data/validation.json; "" for any. Of a subdomain by default. */
  readonly names?: string;
  /** Field selectors beyond metadata.name and metadata.namespace. */
  readonly fields?: readonly string[];
  /** The core resource under which the objects are kept, for kinds that are served by two groups. */
  readonly storedAs?: string;
}

/** What a custom resource takes from its definition. */
export interface CustomResource {
  readonly definition: string;
  readonly storageVersion: string;
  readonly scale: { readonly specReplicasPath: string; readonly statusReplicasPath: string } | undefined;
  readonly columns: readonly {
    name: string;
    type: string;
    jsonPath: string;
    description?: string;
    priority?: number;
  }[];
}

/** A served kind in one version: how it is named, what may be done with it, and its structure. */
export interface Resource extends Required<ResourceRow> {
  /** As in objects: "v1", "apps/v1". */
  readonly apiVersion: string;
  /** As in messages: "pods", "deployments.apps". */
  readonly qualifiedName: string;
  readonly schema: Schema | undefined;
  readonly custom: CustomResource | undefined;
}

const allVerbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/** Completes a row with what is not written. */
export function resourceOf(row: ResourceRow, schema: Schema | undefined, custom?: CustomResource): Resource {
  const qualifiedName = row.group === "" ? row.resource : `${row.resource}.${row.group}`;
  return {
    singular: row.kind.toLowerCase(),
    shortNames: [],
    categories: [],
    subresources: [],
    verbs: allVerbs,
    generation: false,
    returnsDeleted: false,
    graceful: false,
    versionedUpdate: false,
    fields: [],
    names: "subdomain",
    storedAs: qualifiedName,
    ...row,
    apiVersion: row.group === "" ? row.version : `${row.group}/${row.version}`,
    qualifiedName,
    schema,
    custom,
  };
}

/** The kinds that a server serves: those of the data file, and custom ones as they are defined. */
export class ResourceTable {
  readonly #resources = new Map<string, Resource>();

  constructor() {
    for (const row of dataFile<readonly ResourceRow[]>("resources.json")) {
      this.add(resourceOf(row, schemaOf(row.group, row.version, row.kind)));
    }
  }

  add(resource: Resource): void {
    this.#resources.set(`${resource.group}/${resource.version}/${resource.resource}`, resource);
  }

  /** Takes all versions of a resource away. */
  remove(name: ResourceName): void {
    for (const [key, resource] of this.#resources) {
      if (resource.group === name.group && resource.resource === name.resource) this.#resources.delete(key);
    }
  }

  all(): readonly Resource[] {
    return [...this.#resources.values()];
  }

  find(group: string, version: string, resource: string): Resource | undefined {
    return this.#resources.get(`${group}/${version}/${resource}`);
  }

  /** The resource of a name in whichever version comes first. */
  named(name: ResourceName): Resource | undefined {
    return (
      this.find(name.group, "v1", name.resource) ??
      this.all().find((other) => other.group === name.group && other.resource === name.resource)
    );
  }

  ofKind(apiVersion: string, kind: string): Resource | undefined {
    return this.all().find((other) => other.apiVersion === apiVersion && other.kind === kind);
  }
}
