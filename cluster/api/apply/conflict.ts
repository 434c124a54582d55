import { ApiError } from "../../client.ts";
import { type FieldSet, printPaths } from "./field-set.ts";
import type { Owner } from "./managed-fields.ts";

/** What another owner holds that this apply would change. */
export interface Conflict {
  readonly owner: Owner;
  readonly fields: FieldSet;
}

/** The refusal of an apply: 409 with a cause for each owner and field. The conflicts are in the order of their owners. */
export function conflictError(conflicts: readonly Conflict[]): ApiError {
  const causes = conflicts.flatMap(({ owner, fields }) =>
    printPaths(fields).map((field) => ({
      reason: "FieldManagerConflict",
      message: `conflict with ${printOwner(owner)}`,
      field,
    })),
  );
  const lines = conflicts.flatMap(({ owner, fields }) => [
    `conflicts with ${printOwner(owner)}:`,
    ...printPaths(fields).map((path) => `- ${path}`),
  ]);
  const [only] = causes;
  const text =
    only !== undefined && causes.length === 1
      ? `1 conflict: ${only.message}: ${only.field}`
      : `${causes.length} conflicts: ${lines.join("\n")}`;
  return new ApiError(409, "Conflict", `Apply failed with ${text}`, { causes });
}

function printOwner({ manager, subresource, operation, apiVersion }: Owner): string {
  const name = subresource === "" ? `"${manager}"` : `"${manager}" with subresource "${subresource}"`;
  return operation === "Update" ? `${name} using ${apiVersion}` : name;
}
