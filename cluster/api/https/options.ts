import type { ApiError, DeleteOptions } from "../../client.ts";
import type { JsonMap } from "../json.ts";
import { type Cause, internal, invalid } from "../refusal.ts";
import type { WriteOptions } from "../server.ts";
import { forbiddenField, invalidValue, notSupported, required } from "../validation/causes.ts";
import { contentType, parse, readBody } from "./bodies.ts";
import type { Exchange, Query } from "./exchange.ts";

/** Throws 422 when there are causes; `kind` is what meta.k8s.io calls the options of such a request. */
export function refuseOptions(kind: string, causes: readonly Cause[]): void {
  if (causes.length > 0) throw invalid({ group: "meta.k8s.io", kind, resource: "", qualifiedName: "" }, "", causes);
}

/** Why the query of a patch is refused: an apply must name its field manager, and nothing but an apply may be forced. */
export function patchCauses(query: Query, isApply: boolean): readonly Cause[] {
  if (isApply)
    return query.text("fieldManager") === "" ? [required("fieldManager", "is required for apply patch")] : [];
  const isForced = query.flag("force") !== undefined;
  return isForced ? [forbiddenField("force", "may not be specified for non-apply patch")] : [];
}

/** The options of a write, from the query. Throws 422 for unknown values, and for the causes that the caller found. */
export function writeOptions(
  { query, request, warn }: Pick<Exchange, "query" | "request" | "warn">,
  kind: string,
  causes: readonly Cause[] = [],
): WriteOptions {
  const dryRun = query.all("dryRun");
  const asked = query.text("fieldValidation");
  const fieldValidation = (["Ignore", "Strict", "Warn"] as const).find((value) => value === asked);
  refuseOptions(kind, [
    ...causes,
    ...managerCauses(query.text("fieldManager")),
    ...dryRunCauses(dryRun),
    ...(asked === "" || fieldValidation
      ? []
      : [notSupported("fieldValidation", asked, ["", "Ignore", "Strict", "Warn"])]),
  ]);
  return {
    // The name of the program that writes, where it does not say another.
    fieldManager: query.text("fieldManager") || (request.headers["user-agent"]?.split("/")[0] ?? "") || "unknown",
    dryRun: dryRun.length > 0,
    fieldValidation: fieldValidation ?? "Warn",
    warn,
  };
}

const maxManagerBytes = 128;

function managerCauses(manager: string): readonly Cause[] {
  const field = "fieldManager";
  const message = `Too long: may not be more than ${maxManagerBytes} bytes`;
  const isTooLong = Buffer.byteLength(manager) > maxManagerBytes;
  const causes: Cause[] = isTooLong ? [{ reason: "FieldValueTooLong", message, field }] : [];
  for (const { 0: sign, index } of manager.matchAll(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu)) {
    const code = (sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
    const position = Buffer.byteLength(manager.slice(0, index));
    causes.push(invalidValue(field, manager, `invalid character U+${code} (at position ${position})`));
  }
  return causes;
}

function dryRunCauses(dryRun: readonly unknown[]): readonly Cause[] {
  return dryRun.every((value) => value === "All") ? [] : [notSupported("dryRun", dryRun, ["All"])];
}

/** What a deletion asks for. */
export interface Deletion {
  readonly options: DeleteOptions;
  readonly dryRun: boolean;
}

const policies = ["Foreground", "Background", "Orphan"] as const;

/** The options of a deletion, from its body where it has one, else from the query. */
export async function deleteOptions(exchange: Exchange): Promise<Deletion> {
  const text = await readBody(exchange);
  return readDeletion(text.trim() === "" ? deletionOfQuery(exchange.query) : deletionOfBody(exchange, text));
}

/** The options of a deletion as an object. */
export function readDeletion(given: JsonMap): Deletion {
  const { propagationPolicy: policy, orphanDependents: orphan, gracePeriodSeconds: grace } = given;
  const dryRun = [given["dryRun"] ?? []].flat() as readonly unknown[];
  const propagation = policies.find((known) => known === policy);
  const both = "orphanDependents and deletionPropagation cannot be both set";
  const isWrong = policy !== undefined && !propagation;
  refuseOptions("DeleteOptions", [
    ...(orphan !== undefined && policy !== undefined ? [invalidValue("propagationPolicy", policy, both)] : []),
    ...(orphan === undefined && isWrong ? [notSupported("propagationPolicy", policy, [...policies, "nil"])] : []),
    ...dryRunCauses(dryRun),
  ]);
  const chosen = propagation ?? (orphan === undefined ? undefined : orphan === true ? "Orphan" : "Background");
  const { uid, resourceVersion } = (given["preconditions"] ?? {}) as { uid?: string; resourceVersion?: string };
  return {
    options: {
      ...(chosen ? { propagation: chosen } : {}),
      ...(typeof grace === "number" ? { gracePeriodSeconds: grace } : {}),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
    dryRun: dryRun.length > 0,
  };
}

function deletionOfQuery(query: Query): JsonMap {
  return {
    dryRun: query.all("dryRun"),
    propagationPolicy: query.text("propagationPolicy") || undefined,
    gracePeriodSeconds: query.integer("gracePeriodSeconds"),
    orphanDependents: query.flag("orphanDependents"),
  };
}

function deletionOfBody(exchange: Exchange, text: string): JsonMap {
  let body: JsonMap;
  try {
    body = parse(text, contentType(exchange), "").value as JsonMap;
  } catch (error) {
    if ((error as ApiError).code === 415) throw error;
    throw internal((error as Error).message.replace(/^the object provided is .*?: (.*) \(.*?\)$/s, "$1"));
  }
  const { kind = "DeleteOptions", apiVersion, dryRun = [] } = body;
  if (!Array.isArray(dryRun)) {
    const field = "Go struct field DeleteOptions.dryRun of type []string";
    throw internal(`json: cannot unmarshal ${typeof dryRun} into ${field}`);
  }
  if (kind === "DeleteOptions") return body;
  const scheme = "pkg/apis/meta/internalversion/scheme/register.go:27";
  const named = `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}`;
  throw internal(`${named} in scheme "${scheme}"`);
}

/** Refuses a list or a watch whose resourceVersionMatch does not go with what else it asks for. */
export function checkListOptions(query: Query, isWatch: boolean): void {
  const field = "resourceVersionMatch";
  const [match, version] = [query.text(field), query.text("resourceVersion")];
  const initial = query.flag("sendInitialEvents") !== undefined;
  const modes = isWatch ? ["NotOlderThan"] : ["Exact", "NotOlderThan", ""];
  const given = match !== "";
  const rules: readonly (readonly [boolean, string])[] = [
    [isWatch && initial && match !== "NotOlderThan", `sendInitialEvents requires setting ${field} to NotOlderThan`],
    [isWatch && given && !initial, `${field} is forbidden for watch unless sendInitialEvents is provided`],
    [!isWatch && given && version === "", `${field} is forbidden unless resourceVersion is provided`],
    [(given || isWatch) && query.text("continue") !== "", `${field} is forbidden when continue is provided`],
    [!isWatch && match === "Exact" && version === "0", `${field} "exact" is forbidden for resourceVersion "0"`],
  ];
  refuseOptions("ListOptions", [
    ...rules.filter(([applies]) => applies).map(([, why]) => forbiddenField(field, why)),
    ...(given && !modes.includes(match) ? [notSupported(field, match, modes)] : []),
    ...(initial && !isWatch ? [forbiddenField("sendInitialEvents", "sendInitialEvents is forbidden for list")] : []),
  ]);
}
