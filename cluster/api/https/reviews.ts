import { trackUpdate } from "../apply/index.ts";
import { timeText } from "../metadata.ts";
import { invalid } from "../refusal.ts";
import { type Resource, resourceOf } from "../resource-table.ts";
import type { StoredObject } from "../stored-object.ts";
import { textOf, valuesAt } from "../table/json-path.ts";
import { objectBody } from "./body-text.ts";
import { type Answer, type Exchange, json } from "./exchange.ts";
import { writeOptions } from "./options.ts";

/** What a review comes to: its status, and whatever else of it is not as it was asked. */
type Verdict = (exchange: Exchange, spec: unknown) => object;

/** A kind by which clients ask who they are and what they may do: asked by POST, and kept nowhere. */
interface Review {
  readonly resource: Resource;
  readonly verdict: Verdict;
}

function review(group: string, kind: string, verdict: Verdict, namespaced = false): Review {
  const resource = `${kind.toLowerCase()}s`;
  const verbs = ["create"];
  return { resource: resourceOf({ group, version: "v1", kind, resource, namespaced, verbs }, undefined), verdict };
}

/** Every review that is served. Rules of RBAC are stored and not weighed: administrators may do all, others nothing. */
export const reviews: readonly Review[] = [
  review("authentication.k8s.io", "SelfSubjectReview", ({ api, user }) => ({
    metadata: { creationTimestamp: timeText(api.clock.now()) },
    status: { userInfo: user },
  })),
  review("authentication.k8s.io", "TokenReview", ({ authenticate }, spec) => {
    const user = authenticate(textOf(spec, "token"));
    return { status: user ? { authenticated: true, user } : { user: {}, error: "invalid bearer token" } };
  }),
  review("authorization.k8s.io", "LocalSubjectAccessReview", mayThey, true),
  review("authorization.k8s.io", "SelfSubjectAccessReview", (_, spec) => {
    checkAttributes(spec);
    return { status: { allowed: true } };
  }),
  review("authorization.k8s.io", "SelfSubjectRulesReview", () => ({ metadata: {}, spec: {}, status: everything })),
  review("authorization.k8s.io", "SubjectAccessReview", mayThey),
];

const everything = {
  resourceRules: [
    { verbs: ["*"], apiGroups: ["*"], resources: ["*"] },
    {
      verbs: ["create"],
      apiGroups: ["authorization.k8s.io"],
      resources: ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
    },
  ],
  nonResourceRules: [{ verbs: ["*"], nonResourceURLs: ["*"] }],
  incomplete: false,
};

function mayThey(_: Exchange, spec: unknown): object {
  checkAttributes(spec);
  return { status: { allowed: valuesAt(spec, "groups[*]").includes("system:masters") } };
}

function checkAttributes(spec: unknown): void {
  const given = valuesAt(spec, "*").filter((value) => typeof value === "object" && !Array.isArray(value));
  if (given.length > 0) return;
  const why = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
  const message = `Invalid value: null: ${why}`;
  throw invalid({ group: "authorization.k8s.io", kind: "", resource: "", qualifiedName: "" }, "", [
    { reason: "FieldValueInvalid", message, field: "spec.resourceAttributes" },
  ]);
}

/** POST of a review. */
export async function answerReview(exchange: Exchange, { resource, verdict }: Review): Promise<Answer> {
  const { fieldManager } = writeOptions(exchange, "CreateOptions");
  const body = await objectBody(exchange, resource);
  const { kind, apiVersion } = resource;
  const asked = { kind, apiVersion, metadata: body.metadata, spec: valuesAt(body, "spec")[0] ?? {} };
  const now = timeText(exchange.api.clock.now());
  const write = { live: undefined, manager: fieldManager, apiVersion, kind, schema: undefined, now };
  const { metadata } = trackUpdate({ ...write, next: asked as StoredObject });
  return json(201, { ...asked, metadata, ...verdict(exchange, asked.spec) });
}
