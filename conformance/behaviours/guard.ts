import assert from "node:assert/strict";
import type { Behaviour } from "../behaviour.ts";
import type { Stage } from "../stage.ts";

/** One thing that somebody may or may not do. */
interface Attempt {
  readonly verb: string;
  readonly group?: string;
  readonly resource: string;
  readonly subresource?: string;
  /** "own" is the engine's namespace, "delivered" one that it delivers to, "other" any other; absent for the whole cluster. */
  readonly where?: "own" | "delivered" | "other";
  readonly name?: string;
}

const can: readonly Attempt[] = [
  { verb: "patch", group: "apps", resource: "deployments", where: "delivered" },
  { verb: "delete", resource: "configmaps", where: "delivered" },
  { verb: "list", resource: "pods", where: "delivered" },
  { verb: "watch", group: "apps", resource: "replicasets", where: "delivered" },
  { verb: "get", resource: "services", subresource: "proxy", where: "delivered" },
  { verb: "update", group: "coordination.k8s.io", resource: "leases", where: "own", name: "plumbline-engine" },
  { verb: "patch", resource: "configmaps", where: "own" },
  { verb: "watch", resource: "configmaps", where: "own" },
];

const rbac = "rbac.authorization.k8s.io";
const cannot: readonly Attempt[] = [
  { verb: "*", group: "*", resource: "*" },
  { verb: "create", resource: "pods", subresource: "exec", where: "delivered" },
  { verb: "create", resource: "pods", subresource: "attach", where: "delivered" },
  { verb: "create", resource: "pods", subresource: "portforward", where: "delivered" },
  { verb: "create", resource: "pods", subresource: "eviction", where: "delivered" },
  { verb: "delete", resource: "pods", where: "delivered" },
  { verb: "create", resource: "serviceaccounts", subresource: "token", where: "delivered" },
  { verb: "create", resource: "serviceaccounts", subresource: "token", where: "own" },
  { verb: "deletecollection", group: "apps", resource: "deployments", where: "delivered" },
  { verb: "get", resource: "secrets", where: "own" },
  { verb: "list", resource: "secrets", where: "own" },
  { verb: "list", resource: "secrets" },
  { verb: "get", resource: "secrets", where: "other" },
  { verb: "patch", group: "apps", resource: "deployments", where: "own" },
  { verb: "patch", group: "apps", resource: "deployments", where: "other" },
  { verb: "create", resource: "configmaps", where: "other" },
  { verb: "update", group: "coordination.k8s.io", resource: "leases", where: "own", name: "another" },
  { verb: "update", group: "coordination.k8s.io", resource: "leases", where: "other" },
  { verb: "create", resource: "namespaces" },
  { verb: "delete", resource: "namespaces", name: "kube-system" },
  { verb: "patch", resource: "nodes" },
  { verb: "get", resource: "nodes", subresource: "proxy" },
  { verb: "create", resource: "persistentvolumes" },
  { verb: "create", group: "apiextensions.k8s.io", resource: "customresourcedefinitions" },
  { verb: "create", group: "admissionregistration.k8s.io", resource: "mutatingwebhookconfigurations" },
  { verb: "approve", group: "certificates.k8s.io", resource: "signers" },
  ...["roles", "rolebindings"].flatMap((resource) =>
    ["create", "patch", "escalate", "bind"].map((verb) => ({
      verb,
      group: rbac,
      resource,
      where: "delivered" as const,
    })),
  ),
  ...["clusterroles", "clusterrolebindings"].flatMap((resource) =>
    ["create", "patch", "escalate", "bind"].map((verb) => ({ verb, group: rbac, resource })),
  ),
  { verb: "impersonate", resource: "users" },
  { verb: "impersonate", resource: "serviceaccounts", where: "other" },
];

/** G6 of docs/behaviours.md: the API server itself is asked what the engine's account may do. */
export const guard: readonly Behaviour[] = [
  {
    number: "G6",
    name: "g6",
    title: "the engine's account may do what it needs, and none of what it must not",
    async holds(stage) {
      stage.repository.commit("Begin", stage.gate());
      const { account } = await stage.start();
      if (account === undefined)
        return stage.skip("the engine has no account of its own here: it runs outside of the cluster");
      const wrong: string[] = [];
      for (const [attempts, wanted] of [
        [can, true],
        [cannot, false],
      ] as const) {
        for (const attempt of attempts) {
          if ((await isAllowed(stage, account, attempt)) !== wanted)
            wrong.push(`${wanted ? "cannot" : "can"} ${JSON.stringify(attempt)}`);
        }
      }
      assert.deepEqual(wrong, []);
    },
  },
];

/** What a SelfSubjectAccessReview of the account answers; an administrator may ask in its name. */
async function isAllowed(stage: Stage, account: string, { where, ...attempt }: Attempt): Promise<boolean> {
  const own = account.split(":")[2] ?? "";
  const namespace = where && { own, delivered: stage.namespace, other: "kube-system" }[where];
  const resourceAttributes = {
    ...attempt,
    group: attempt.group ?? "",
    ...(namespace === undefined ? {} : { namespace }),
  };
  const review = {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SelfSubjectAccessReview",
    spec: { resourceAttributes },
  };
  const { status, body } = await stage.api
    .as(account)
    .request("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review);
  if (status !== 201) throw new Error(`the review was answered ${status}: ${body.message}`);
  return body.status.allowed === true;
}
