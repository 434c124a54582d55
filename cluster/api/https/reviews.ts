import type { KubeObject } from "../../client.ts";
import { trackUpdate } from "../apply/index.ts";
import { timeText } from "../metadata.ts";
import { badRequest, invalid } from "../refusal.ts";
import type { Place } from "../server.ts";
import { textOf, valuesAt } from "../table/json-path.ts";
import { invalidValue } from "../validation/causes.ts";
import { objectBody } from "./bodies.ts";
import { type Answer, type Exchange, json } from "./exchange.ts";
import { writeOptions } from "./options.ts";

/** What a review comes to: its status, and whatever else of it is not as it was asked. */
type Verdict = (exchange: Exchange, spec: unknown, namespace: string) => object;

/**
 * The kinds by which clients ask who someone is and what they may do; they are kept nowhere. Rules of RBAC are stored and
 * not weighed: administrators may do all, others nothing.
 */
export const verdicts: Readonly<Record<string, Verdict>> = {
  "selfsubjectreviews.authentication.k8s.io": ({ api, user }) => ({
    metadata: { creationTimestamp: timeText(api.clock.now()) },
    status: { userInfo: user },
  }),
  "tokenreviews.authentication.k8s.io": ({ authenticate }, spec) => {
    const token = textOf(spec, "token");
    if (token === "") throw badRequest("token is required for TokenReview in authentication");
    const user = authenticate(token);
    return { status: user ? { authenticated: true, user } : { user: {}, error: "invalid bearer token" } };
  },
  "selfsubjectaccessreviews.authorization.k8s.io": (_, spec) => access(spec, true),
  "subjectaccessreviews.authorization.k8s.io": (_, spec) => accessOfOther(spec),
  "localsubjectaccessreviews.authorization.k8s.io": (_, spec, namespace) => {
    const other = textOf(spec, "resourceAttributes.namespace");
    if (other !== namespace) refuse("resourceAttributes.namespace", other, "must match metadata.namespace");
    return accessOfOther(spec);
  },
  "selfsubjectrulesreviews.authorization.k8s.io": (_, spec) => {
    if (textOf(spec, "namespace") === "") throw badRequest("no namespace on request");
    return { metadata: {}, spec: {}, status: everything };
  },
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

function accessOfOther(spec: unknown): object {
  const groups = valuesAt(spec, "groups[*]");
  const isSomeone = groups.length > 0 || textOf(spec, "user") !== "";
  if (!isSomeone) refuse("user", "", "at least one of user or group must be specified");
  return access(spec, groups.includes("system:masters"));
}

function access(spec: unknown, allowed: boolean): object {
  const asked = [...valuesAt(spec, "resourceAttributes"), ...valuesAt(spec, "nonResourceAttributes")];
  if (asked.length === 1) return { status: { allowed } };
  const [Path, Verb] = [textOf(spec, "nonResourceAttributes.path"), textOf(spec, "nonResourceAttributes.verb")];
  if (asked.length > 1) {
    refuse("nonResourceAttributes", { Path, Verb }, "cannot be specified in combination with resourceAttributes");
  }
  return refuse(
    "resourceAttributes",
    null,
    "exactly one of nonResourceAttributes or resourceAttributes must be specified",
  );
}

function refuse(field: string, value: unknown, why: string): never {
  const named = { group: "authorization.k8s.io", kind: "", resource: "", qualifiedName: "" };
  throw invalid(named, "", [invalidValue(`spec.${field}`, value, why)]);
}

/** POST of a review. */
export async function answerReview(exchange: Exchange, { resource, namespace }: Place): Promise<Answer> {
  const { fieldManager: manager } = writeOptions(exchange, "CreateOptions");
  const { body } = await objectBody(exchange, resource);
  const { kind, apiVersion, qualifiedName } = resource;
  const metadata = { ...body.metadata, ...(namespace === "" ? {} : { namespace }) };
  const spec = valuesAt(body, "spec")[0] ?? (kind === "SelfSubjectReview" ? undefined : {});
  const asked = { kind, apiVersion, metadata, spec };
  const now = timeText(exchange.api.clock.now());
  const write = { live: undefined, manager, apiVersion, kind, schema: undefined, now, next: asked as KubeObject };
  const tracked = trackUpdate(write).metadata;
  return json(201, { ...asked, metadata: tracked, ...verdicts[qualifiedName]?.(exchange, spec, namespace) });
}
