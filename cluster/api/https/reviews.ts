import { parseBody, readBody } from "./body-text.ts";
import { type Answer, type Exchange, json } from "./exchange.ts";
import { invalid, methodNotAllowed } from "../refusal.ts";
import type { ResourcePath } from "./request-path.ts";
import type { JsonMap } from "../stored-object.ts";

/** Answers the reviews by which a user asks who he is and what he may do; undefined for any other path. */
export async function review(exchange: Exchange, path: ResourcePath): Promise<Answer | undefined> {
  const { group, resource } = path;
  if (group === "authentication.k8s.io" && resource === "selfsubjectreviews") return whoami(exchange);
  if (group === "authorization.k8s.io" && resource === "selfsubjectaccessreviews") return mayI(exchange);
  return undefined;
}

async function bodyOf(exchange: Exchange, kind: string): Promise<JsonMap> {
  const { method, request } = exchange;
  if (method !== "POST") throw methodNotAllowed();
  return parseBody(await readBody(request), request.headers["content-type"], kind) as JsonMap;
}

async function whoami(exchange: Exchange): Promise<Answer> {
  await bodyOf(exchange, "SelfSubjectReview");
  const { username, groups } = exchange.user;
  const status = { userInfo: { username, groups } };
  return json(201, { kind: "SelfSubjectReview", apiVersion: "authentication.k8s.io/v1", metadata: {}, status });
}

/** The one user of this cluster may do everything. */
async function mayI(exchange: Exchange): Promise<Answer> {
  const kind = "SelfSubjectAccessReview";
  const spec = ((await bodyOf(exchange, kind))["spec"] ?? {}) as JsonMap;
  if (spec["resourceAttributes"] === undefined && spec["nonResourceAttributes"] === undefined) {
    const named = { group: "authorization.k8s.io", kind: "", resource: "", qualifiedName: "" };
    const why = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
    throw invalid(named, "", [
      { reason: "FieldValueInvalid", message: `Invalid value: null: ${why}`, field: "spec.resourceAttributes" },
    ]);
  }
  const status = { allowed: true };
  return json(201, { kind, apiVersion: "authorization.k8s.io/v1", metadata: {}, spec, status });
}
