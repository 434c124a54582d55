import type { DeleteOptions } from "../../client.ts";
import { type Cause, internal, invalid } from "../refusal.ts";
import type { JsonMap } from "../stored-object.ts";
import { invalidValue, notSupported } from "../validation/causes.ts";
import { parseBody } from "./body-text.ts";

const named = { group: "meta.k8s.io", kind: "DeleteOptions", resource: "", qualifiedName: "" };
const policies = ["Foreground", "Background", "Orphan"] as const;

/** The options of a deletion, from its body where it has one, else from the query. */
export function deleteOptions(url: URL, text: string): { readonly options: DeleteOptions; readonly dryRun: boolean } {
  const given = text.trim() === "" ? fromQuery(url) : fromBody(text);
  const dryRun = [given["dryRun"] ?? []].flat() as readonly unknown[];
  const policy = given["propagationPolicy"];
  const propagation = policies.find((known) => known === policy);
  const orphan = given["orphanDependents"];
  const causes: Cause[] = [];
  if (orphan !== undefined && policy !== undefined) {
    const why = "orphanDependents and deletionPropagation cannot be both set";
    causes.push(invalidValue("propagationPolicy", policy, why));
  } else if (policy !== undefined && !propagation) {
    causes.push(notSupported("propagationPolicy", policy, [...policies, "nil"]));
  }
  if (dryRun.some((value) => value !== "All")) causes.push(notSupported("dryRun", dryRun, ["All"]));
  if (causes.length > 0) throw invalid(named, "", causes);
  const preconditions = (given["preconditions"] ?? {}) as { uid?: string; resourceVersion?: string };
  const grace = given["gracePeriodSeconds"];
  const byOrphan = orphan === undefined ? undefined : orphan === true ? "Orphan" : "Background";
  const chosen = propagation ?? byOrphan;
  return {
    options: {
      ...(chosen ? { propagation: chosen } : {}),
      ...(typeof grace === "number" ? { gracePeriodSeconds: grace } : {}),
      ...(preconditions.uid === undefined ? {} : { uid: preconditions.uid }),
      ...(preconditions.resourceVersion === undefined ? {} : { resourceVersion: preconditions.resourceVersion }),
    },
    dryRun: dryRun.length > 0,
  };
}

function fromQuery({ searchParams }: URL): JsonMap {
  const grace = searchParams.get("gracePeriodSeconds");
  const orphan = searchParams.get("orphanDependents");
  const policy = searchParams.get("propagationPolicy");
  return {
    ...(searchParams.has("dryRun") ? { dryRun: searchParams.getAll("dryRun") } : {}),
    ...(policy === null ? {} : { propagationPolicy: policy }),
    ...(grace === null ? {} : { gracePeriodSeconds: Number(grace) }),
    ...(orphan === null ? {} : { orphanDependents: orphan === "true" }),
  };
}

function fromBody(text: string): JsonMap {
  let body: JsonMap;
  try {
    body = parseBody(text, "application/json", "DeleteOptions") as JsonMap;
  } catch (error) {
    throw internal((error as Error).message.replace(/^the object provided is unrecognized \(.*?\): /, ""));
  }
  const { kind, apiVersion } = body;
  if (kind !== undefined && kind !== "DeleteOptions") {
    const scheme = "pkg/apis/meta/internalversion/scheme/register.go:27";
    throw internal(
      `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "${scheme}"`,
    );
  }
  return body;
}
