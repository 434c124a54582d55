import { ApiError } from "../../client.ts";

/** The options of a PATCH request that it is refused for, as they stand in the query. */
export interface PatchOptions {
  readonly isApply: boolean;
  /** Undefined where the query has none. */
  readonly fieldManager: string | undefined;
  readonly force: boolean | undefined;
  readonly dryRun: readonly string[];
}

const maxManagerBytes = 128;

/** Throws the 422 that Kubernetes answers to options that do not go with the kind of patch. */
export function checkPatchOptions({ isApply, fieldManager = "", force, dryRun }: PatchOptions): void {
  const causes = [
    ...(isApply && fieldManager === ""
      ? [cause("FieldValueRequired", "fieldManager", "Required value: is required for apply patch")]
      : []),
    ...(!isApply && force !== undefined
      ? [cause("FieldValueForbidden", "force", "Forbidden: may not be specified for non-apply patch")]
      : []),
    ...managerCauses(fieldManager),
    ...dryRunCauses(dryRun),
  ];
  if (causes.length === 0) return;
  const texts = causes.map(({ field, message }) => `${field}: ${message}`);
  const text = texts.length === 1 ? texts.join("") : `[${texts.join(", ")}]`;
  const details = { group: "meta.k8s.io", kind: "PatchOptions", causes };
  throw new ApiError(422, "Invalid", `PatchOptions.meta.k8s.io "" is invalid: ${text}`, details);
}

function managerCauses(manager: string): readonly ReturnType<typeof cause>[] {
  const causes = [];
  if (Buffer.byteLength(manager) > maxManagerBytes) {
    const message = `Too long: may not be more than ${maxManagerBytes} bytes`;
    causes.push(cause("FieldValueTooLong", "fieldManager", message));
  }
  if (!/^[\p{L}\p{M}\p{N}\p{P}\p{S} ]*$/u.test(manager)) {
    const message = `Invalid value: ${JSON.stringify(manager)}: should only contain printable characters`;
    causes.push(cause("FieldValueInvalid", "fieldManager", message));
  }
  return causes;
}

function dryRunCauses(dryRun: readonly string[]): readonly ReturnType<typeof cause>[] {
  if (dryRun.every((value) => value === "All")) return [];
  const given = dryRun.map((value) => JSON.stringify(value)).join(",");
  return [cause("FieldValueNotSupported", "dryRun", `Unsupported value: [${given}]: supported values: "All"`)];
}

function cause(reason: string, field: string, message: string): { reason: string; message: string; field: string } {
  return { reason, message, field };
}
