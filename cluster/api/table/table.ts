import type { KubeObject } from "../../client.ts";
import { dataFile } from "../data-file.ts";
import { inVersion } from "../conversion.ts";
import { valueAt } from "../json.ts";
import type { CustomResource, Resource } from "../resource-table.ts";
import { age } from "./age.ts";
import { cells } from "./cells.ts";
import { textOf, valuesAt } from "./json-path.ts";

/** A column as a Table defines it; priority 1 is shown by -o wide only. */
interface Column {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  readonly priority: number;
}

/** A column in cluster/data/columns.json: what of it is not the rule, and how its cells come from an object. */
interface ColumnRow extends Partial<Column> {
  readonly name: string;
  /** Paths, parted by spaces, whose values are shown: the first of them, or all by `as`. */
  readonly path?: string;
  /** One of the ways of cells.ts. */
  readonly as?: string;
  /** Paths in braces within a text. */
  readonly text?: string;
  /** What stands where there is nothing; "" where this is not said. */
  readonly none?: string | number | boolean;
}

/** A row without its object; finished pods are marked. */
interface Row {
  readonly cells: readonly unknown[];
  readonly conditions?: readonly object[];
}

let rows: Readonly<Record<string, readonly ColumnRow[]>> | undefined;

/** The rows of a kind; what several kinds have in common stands under "*" by its name. */
function rowsOf({ storedAs }: Pick<Resource, "storedAs">): readonly ColumnRow[] {
  rows ??= dataFile<NonNullable<typeof rows>>("columns.json");
  const shared = new Map(rows["*"]?.map((row) => [row.name, row]));
  return (rows[storedAs] ?? [{ name: "Name" }, { name: "Age" }]).map((row) => ({ ...shared.get(row.name), ...row }));
}

/** The columns of a kind. */
export function columnsOf(resource: Resource): readonly Column[] {
  return resource.custom ? customColumns(resource.custom) : rowsOf(resource).map(columnOf);
}

function columnOf({ name, type = "string", format = "", description = "", priority = 0 }: ColumnRow): Column {
  return { name, type, format, description, priority };
}

function customColumns({ columns }: CustomResource): readonly Column[] {
  const [name, created] = rowsOf({ storedAs: "" }).map(columnOf) as [Column, Column];
  const own = columns.map((column) => {
    const description = `Custom resource definition column (in JSONPath format): ${column.jsonPath}`;
    return columnOf({ ...column, description: column.description || description });
  });
  return [name, ...(own.length > 0 ? own : [{ ...created, type: "date" }])];
}

/** The row of an object as of this moment. */
export function rowOf(resource: Resource, object: KubeObject, nowMs: number): Row {
  const { custom, storedAs } = resource;
  if (custom && custom.columns.length > 0) return { cells: customCells(custom, object, nowMs) };
  const shown = storedAs === "events" ? inVersion(object, { ...resource, apiVersion: "v1" }) : object;
  const shownCells = rowsOf(custom ? { storedAs: "" } : resource).map((row) => cellOf(row, shown, nowMs));
  const phase = valueAt(object, "status.phase");
  const finished = storedAs === "pods" ? ended[String(phase)] : undefined;
  if (finished === undefined) return { cells: shownCells };
  const condition = { type: "Completed", status: "True", reason: phase, message: finished };
  return { cells: shownCells, conditions: [condition] };
}

const ended: Readonly<Record<string, string>> = {
  Succeeded: "The pod has completed successfully.",
  Failed: "The pod failed.",
};

function cellOf({ path, as, text, none = "" }: ColumnRow, object: KubeObject, nowMs: number): unknown {
  if (text) return text.replaceAll(/\{(.*?)\}/g, (_, inner: string) => textOf(object, inner) || String(none));
  const values = path === undefined ? [object] : path.split(" ").flatMap((one) => valuesAt(object, one));
  const shown = as === "count" ? values : values.filter((value) => value !== "");
  return (as === undefined ? shown[0] : cells[as]?.(shown, nowMs)) ?? none;
}

function customCells({ columns }: CustomResource, object: KubeObject, nowMs: number): unknown[] {
  const own = columns.map(({ type, jsonPath }) => {
    const [value] = valuesAt(object, jsonPath);
    if (value === undefined) return null;
    if (type === "date") return age(Date.parse(textOf(object, jsonPath)), nowMs);
    if (type === "string") return textOf(object, jsonPath);
    return typeof value === (type === "boolean" ? type : "number") ? value : null;
  });
  return [object.metadata.name ?? "", ...own];
}
