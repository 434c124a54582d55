import { isRecord, type State } from "./state.ts";

/** An answer in the form in which the recorder wrote long documents down: OpenAPI, and the groups of a cluster. */
export function inShort(recorded: unknown, got: unknown): unknown {
  if (!isRecord(got)) return got;
  if (Array.isArray(recorded) && Array.isArray(got["groups"])) {
    const names = new Set(recorded.map(nameOf));
    return got["groups"].filter((group) => names.has(nameOf(group)));
  }
  const rows = got["rows"];
  if (isRecord(recorded) && Array.isArray(rows) && isCut(recorded["rows"], rows))
    return { ...got, rows: rows.slice(0, 6) };
  if (!isRecord(recorded)) return got;
  if (recorded["items"] === "<as above>") return only(got, recorded);
  if (!("openapi" in got || "swagger" in got)) {
    return isRecord(got["paths"]) || Array.isArray(got["paths"])
      ? { ...got, paths: indexOf(got["paths"], recorded["paths"]) }
      : got;
  }
  const components = recordIn(got, "components");
  const schemas = recordIn(components, "schemas");
  const forms: State = {
    ...got,
    paths: pathsAs(recorded["paths"], recordIn(got, "paths")),
    definitions: only(recordIn(got, "definitions"), recorded["definitions"]),
    components: {
      ...components,
      schemas: Array.isArray(recordIn(recorded, "components")["schemas"]) ? Object.keys(schemas) : schemas,
      sample: ofSameKind(schemas, recordIn(recorded, "components")["sample"]),
    },
    "components.schemas": only({ ...propertiesOf(schemas), ...schemas }, recorded["components.schemas"]),
    schema: ofSameKind(schemas, recorded["schema"]),
  };
  return only(forms, recorded);
}

/** Of a table of events the first six rows were kept, which have as many cells as no other rows. */
function isCut(recorded: unknown, rows: readonly unknown[]): boolean {
  const cells = Array.isArray(recorded) && recorded.length === 6 && isRecord(recorded[0]) ? recorded[0]["cells"] : [];
  return rows.length > 6 && Array.isArray(cells) && cells.length === 10;
}

/** Of the documents of OpenAPI some were kept, and of the paths of the server those of its first hooks were not. */
function indexOf(paths: unknown, recorded: unknown): unknown {
  if (isRecord(paths)) return only(paths, recorded);
  return Array.isArray(paths) ? paths.filter((path) => !String(path).includes("bootstrap")) : paths;
}

/** The properties of all schemas by both names, as "io.k8s.api.core.v1.Container.ports". */
function propertiesOf(schemas: State): State {
  return Object.fromEntries(
    Object.entries(schemas).flatMap(([name, schema]) =>
      Object.entries(isRecord(schema) ? recordIn(schema, "properties") : {}).map(([key, inner]) => [
        `${name}.${key}`,
        inner,
      ]),
    ),
  );
}

/** The paths by name, with their methods, or those that were recorded with the methods that were. */
function pathsAs(recorded: unknown, paths: State): unknown {
  if (recorded === "<many>") return Object.keys(paths).length > 0 ? recorded : paths;
  if (isRecord(recorded)) {
    const some = Object.entries(recorded).map(([path, methods]) => [path, only(recordIn(paths, path), methods)]);
    return Object.fromEntries(some);
  }
  if (!Array.isArray(recorded)) return paths;
  const isNamed = recorded.every((path) => typeof path === "string");
  return Object.entries(paths).map(([path, methods]) =>
    isNamed ? path : { path, methods: Object.keys(isRecord(methods) ? methods : {}) },
  );
}

function only(all: State, recorded: unknown): State {
  const wanted = isRecord(recorded) ? recorded : {};
  return Object.fromEntries(Object.entries(all).filter(([key]) => key in wanted));
}

const kindKey = "x-kubernetes-group-version-kind";

function ofSameKind(schemas: State, recorded: unknown): unknown {
  const kind = isRecord(recorded) ? JSON.stringify(recorded[kindKey]) : "";
  return Object.values(schemas).find((schema) => isRecord(schema) && JSON.stringify(schema[kindKey]) === kind);
}

function recordIn(value: State, key: string): State {
  const inner = value[key];
  return isRecord(inner) ? inner : {};
}

function nameOf(value: unknown): unknown {
  return isRecord(value) ? value["name"] : undefined;
}
