import { dataFile } from "../data-file.ts";
import { inVersion } from "../conversion.ts";
import type { Resource } from "../resource-table.ts";
import type { JsonMap, StoredObject } from "../stored-object.ts";
import { since } from "./cells.ts";
import { printers } from "./columns.ts";

/** A column as a Table defines it; priority 1 is shown by -o wide only. */
interface Column {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  readonly priority: number;
}

/** A row without its object; finished pods are marked. */
interface Row {
  readonly cells: readonly unknown[];
  readonly conditions?: readonly object[];
}

/** The columns of a kind. */
export function columnsOf(resource: Resource): readonly Column[] {
  const { custom } = resource;
  if (custom) {
    const own = custom.columns.map(({ name, type, description = "", jsonPath, priority = 0 }) => ({
      name,
      type,
      format: "",
      description: described(resource, name, description, jsonPath),
      priority,
    }));
    const age = { ...column("Age", "date"), description: described(resource, "Age") };
    const named = { ...column("Name"), description: described(resource, "Name") };
    return [named, ...own, ...(custom.columns.length === 0 ? [age] : [])];
  }
  const texts = printers[resource.storedAs]?.columns ?? [
    "Name",
    resource.group === "rbac.authorization.k8s.io" ? "Created At" : "Age",
  ];
  return texts.map((text) => {
    const [head = "", wide] = text.split("|");
    const [name = "", type = "string"] = head.split(":");
    return { ...column(name, type), description: described(resource, name), priority: wide === undefined ? 0 : 1 };
  });
}

let descriptions: Readonly<Record<string, Readonly<Record<string, string>>>> | undefined;

/** What a column tells, by cluster/data/columns.json; custom columns say where their value is. */
function described(resource: Resource, name: string, given = "", path?: string): string {
  if (path !== undefined)
    return given === "" ? `Custom resource definition column (in JSONPath format): ${path}` : given;
  descriptions ??= dataFile<NonNullable<typeof descriptions>>("columns.json");
  return descriptions[resource.storedAs]?.[name] ?? descriptions["*"]?.[name] ?? "";
}

function column(name: string, type = "string"): Column {
  return { name, type, format: name === "Name" ? "name" : "", description: "", priority: 0 };
}

/** The row of an object as of this moment. */
export function rowOf(resource: Resource, object: StoredObject, nowMs = Date.now()): Row {
  if (object.metadata.name === undefined) return { cells: columnsOf(resource).map(() => "") };
  if (resource.custom) return { cells: customCells(resource, object, nowMs) };
  const printer = printers[resource.storedAs];
  const shown = resource.storedAs === "events" ? inVersion(object, { ...resource, apiVersion: "v1" }) : object;
  if (!printer) return { cells: [object.metadata.name, since(object.metadata.creationTimestamp, nowMs)] };
  const finished = resource.qualifiedName === "pods" ? finishedCondition(object) : undefined;
  return { cells: printer.cells(shown, nowMs), ...(finished ? { conditions: [finished] } : {}) };
}

function finishedCondition({ status }: StoredObject): object | undefined {
  const reason = status?.["phase"];
  if (reason !== "Succeeded" && reason !== "Failed") return undefined;
  const message = reason === "Succeeded" ? "The pod has completed successfully." : "The pod failed.";
  return { type: "Completed", status: "True", reason, message };
}

function customCells(resource: Resource, object: StoredObject, nowMs: number): readonly unknown[] {
  const columns = resource.custom?.columns ?? [];
  const name = object.metadata.name ?? "";
  if (columns.length === 0) return [name, since(object.metadata.creationTimestamp, nowMs)];
  return [
    name,
    ...columns.map(({ type, jsonPath }) => {
      const value = atPath(object, jsonPath);
      return type === "date" && value !== null ? since(value, nowMs) : value;
    }),
  ];
}

/** The value at a simple JSON path such as `.spec.size` or `.status.list[0].name`. */
function atPath(object: StoredObject, path: string): unknown {
  let value: unknown = object;
  for (const key of path
    .replaceAll(/\[(\d+)\]/g, ".$1")
    .split(".")
    .filter((part) => part !== "")) {
    value = (value as JsonMap | null | undefined)?.[key];
  }
  return value ?? null;
}
