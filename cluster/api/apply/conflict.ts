import { ApiError } from "../../client.ts";
import { pathsOf, type FieldSet } from "./field-set.ts";
import type { Owner } from "./managed-fields.ts";
import { printPath } from "./path-element.ts";

/** What another owner holds that this apply would change. */
export interface Conflict {
  readonly owner: Owner;
  readonly fields: FieldSet;
}

/** The refusal of an apply: 409 with a cause for each owner and field. The conflicts are in the order of their owners. */
export function conflictError(conflicts: readonly Conflict[]): ApiError {
  const causes = conflicts.flatMap(({ owner, fields }) =>
    pathsOf(fields).map((path) => ({
      reason: "FieldManagerConflict",
      message: `conflict with ${printOwner(owner)}`,
      field: printPath(path),
    })),
  );
  return new ApiError(409, "Conflict", messageOf(conflicts, causes), { causes });
}

function messageOf(conflicts: readonly Conflict[], causes: readonly { message: string; field: string }[]): string {
  const [first] = causes;
  if (causes.length === 1 && first !== undefined) {
    return `Apply failed with 1 conflict: ${first.message}: ${first.field}`;
  }
  const lines = conflicts.flatMap(({ owner, fields }) => [
    `conflicts with ${printOwner(owner)}:`,
    ...pathsOf(fields).map((path) => `- ${printPath(path)}`),
  ]);
  return `Apply failed with ${causes.length} conflicts: ${lines.join("\n")}`;
}

function printOwner({ manager, subresource, operation, apiVersion }: Owner): string {
  const name = subresource === "" ? `"${manager}"` : `"${manager}" with subresource "${subresource}"`;
  return operation === "Update" ? `${name} using ${apiVersion}` : name;
}
