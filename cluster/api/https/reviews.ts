import { trackUpdate } from "../apply/index.ts";
import { timeText } from "../metadata.ts";
import { invalid } from "../refusal.ts";
import type { Place } from "../server.ts";
import type { StoredObject } from "../stored-object.ts";
import { textOf, valuesAt } from "../table/json-path.ts";
import { objectBody } from "./bodies.ts";
import { type Answer, type Exchange, json } from "./exchange.ts";
import { writeOptions } from "./options.ts";

/** What a review comes to: its status, and whatever else of it is not as it was asked. */
type Verdict = (exchange: Exchange, spec: unknown) => object;

/**
 * The kinds by which clients ask who someone is and what he may do, which are kept nowhere. Rules of RBAC are stored and
 * not weighed: administrators may do all, others nothing.
 */
export const verdicts: Readonly<Record<string, Verdict>> = {
  "selfsubjectreviews.authentication.k8s.io": ({ api, user }) => ({
    metadata: { creationTimestamp: timeText(api.clock.now()) },
    status: { userInfo: user },
  }),
  "tokenreviews.authentication.k8s.io": ({ authenticate }, spec) => {
    const user = authenticate(textOf(spec, "token"));
    return { status: user ? { authenticated: true, user } : { user: {}, error: "invalid bearer token" } };
  },
  "selfsubjectaccessreviews.authorization.k8s.io": (_, spec) => access(spec, true),
  "subjectaccessreviews.authorization.k8s.io": (_, spec) => access(spec, isAdministrator(spec)),
  "localsubjectaccessreviews.authorization.k8s.io": (_, spec) => access(spec, isAdministrator(spec)),
  "selfsubjectrulesreviews.authorization.k8s.io": () => ({ metadata: {}, spec: {}, status: everything }),
};

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

function isAdministrator(spec: unknown): boolean {
  return valuesAt(spec, "groups[*]").includes("system:masters");
}

function access(spec: unknown, allowed: boolean): object {
  const asked = [...valuesAt(spec, "resourceAttributes"), ...valuesAt(spec, "nonResourceAttributes")];
  if (asked.length === 1) return { status: { allowed } };
  const why = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
  const cause = {
    reason: "FieldValueInvalid",
    message: `Invalid value: null: ${why}`,
    field: "spec.resourceAttributes",
  };
  throw invalid({ group: "authorization.k8s.io", kind: "", resource: "", qualifiedName: "" }, "", [cause]);
}

/** POST of a review. */
export async function answerReview(exchange: Exchange, { resource }: Place): Promise<Answer> {
  const { fieldManager: manager } = writeOptions(exchange, "CreateOptions");
  const body = await objectBody(exchange, resource);
  const { kind, apiVersion, qualifiedName } = resource;
  const asked = { kind, apiVersion, metadata: body.metadata, spec: valuesAt(body, "spec")[0] ?? {} };
  const now = timeText(exchange.api.clock.now());
  const write = { live: undefined, manager, apiVersion, kind, schema: undefined, now, next: asked as StoredObject };
  const { metadata } = trackUpdate(write);
  return json(201, { ...asked, metadata, ...verdicts[qualifiedName]?.(exchange, asked.spec) });
}
