import type { RuledResource } from "./kinds.ts";
import { engineName, metadataOf } from "./settings.ts";
import type { InstallSettings, Printed } from "./settings.ts";

const apiVersion = "rbac.authorization.k8s.io/v1";

/** A rule of a Role (https://kubernetes.io/docs/reference/access-authn-authz/rbac/#role-and-clusterrole). */
type Rule = {
  readonly apiGroups: string[];
  readonly resources: string[];
  readonly verbs: string[];
  readonly resourceNames?: string[];
};

/**
 * What a person installs and the engine cannot change: its namespace, its account, and what that account may do. There is no
 * right to exec, to impersonate, to change rights, or to update an object by another way than server-side apply.
 */
export function rights(settings: InstallSettings): readonly Printed[] {
  const { namespace, scope, resources } = settings;
  const logs = settings.readLogs === true ? [rule("", ["pods/log"], ["get"])] : [];
  const delivery = [...deliveryRules(resources), ...sightRules, ...logs, ...tellingRules];
  const own = [role(namespace, ownRules), roleBinding(namespace, "Role", engineName, namespace)];
  const account = {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: metadataOf(engineName, namespace),
    automountServiceAccountToken: false,
  };
  if (scope === "cluster") {
    const rules = [...delivery, rule("", ["namespaces"], ["get", "list", "watch", "create", "patch", "delete"])];
    return [ownNamespace(namespace), account, ...own, clusterRole(namespace, rules), clusterRoleBinding(namespace)];
  }
  const named = { ...rule("", ["namespaces"], ["patch", "delete"]), resourceNames: settings.namespaces.toSorted() };
  // Namespaces belong to the whole cluster: those to deliver to are printed here, so that it need not make any.
  const sight = rule("", ["namespaces"], ["get", "list", "watch"]);
  const rules = named.resourceNames.length === 0 ? [sight] : [sight, named];
  return [
    ownNamespace(namespace),
    ...settings.namespaces.filter((one) => one !== namespace).map((one) => deliveredNamespace(one)),
    account,
    ...own,
    clusterRole(namespace, rules),
    clusterRoleBinding(namespace),
    ...settings.namespaces.flatMap((one) => [
      role(one, delivery, `${engineName}-delivery`),
      roleBinding(one, "Role", `${engineName}-delivery`, namespace),
    ]),
  ];
}

function rule(group: string, resources: readonly string[], verbs: readonly string[]): Rule {
  return { apiGroups: [group], resources: [...resources], verbs: [...verbs] };
}

/** Server-side apply creates by `patch` and `create`, prune deletes; nothing is ever updated or deleted by the collection. */
function deliveryRules(resources: readonly RuledResource[]): readonly Rule[] {
  const groups = [...new Set(resources.map(({ group }) => group))].toSorted();
  return groups.map((group) => {
    const names = resources.filter((one) => one.group === group).map(({ resource }) => resource);
    return rule(group, [...new Set(names)].toSorted(), ["get", "list", "watch", "create", "patch", "delete"]);
  });
}

/** What health is read from: pods and ReplicaSets; and checks, which ask Services through the API server. */
const sightRules: readonly Rule[] = [
  rule("", ["pods"], ["get", "list", "watch"]),
  rule("apps", ["replicasets"], ["get", "list", "watch"]),
  rule("", ["services/proxy"], ["get"]),
];

/** By which the cluster is told, on the objects concerned, and tells why pods do not start. */
const tellingRules: readonly Rule[] = [rule("", ["events"], ["list", "create", "patch"])];

/** In its own namespace: the Lease of the leader, and inventories. `create` cannot be limited to a name. */
const ownRules: readonly Rule[] = [
  rule("coordination.k8s.io", ["leases"], ["create"]),
  { ...rule("coordination.k8s.io", ["leases"], ["get", "update"]), resourceNames: [engineName] },
  rule("", ["configmaps"], ["get", "list", "watch", "create", "patch"]),
];

/** The engine's own namespace takes restricted pods only (https://kubernetes.io/docs/concepts/security/pod-security-standards/). */
function ownNamespace(name: string): Printed {
  const restricted = Object.fromEntries(
    ["enforce", "audit", "warn"].map((mode) => [`pod-security.kubernetes.io/${mode}`, "restricted"]),
  );
  return { apiVersion: "v1", kind: "Namespace", metadata: metadataOf(name, undefined, restricted) };
}

function deliveredNamespace(name: string): Printed {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name } };
}

function role(namespace: string, rules: readonly Rule[], name = engineName): Printed {
  return { apiVersion, kind: "Role", metadata: metadataOf(name, namespace), rules };
}

/** Several engines may share a cluster, each in its own namespace, so objects of the whole cluster are named after that. */
function wholeName(namespace: string): string {
  return `${engineName}:${namespace}`;
}

function clusterRole(namespace: string, rules: readonly Rule[]): Printed {
  return { apiVersion, kind: "ClusterRole", metadata: metadataOf(wholeName(namespace)), rules };
}

function roleBinding(namespace: string, kind: "Role" | "ClusterRole", name: string, accountNamespace: string): Printed {
  return {
    apiVersion,
    kind: "RoleBinding",
    metadata: metadataOf(name, namespace),
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind, name },
    subjects: [{ kind: "ServiceAccount", name: engineName, namespace: accountNamespace }],
  };
}

function clusterRoleBinding(namespace: string): Printed {
  return {
    apiVersion,
    kind: "ClusterRoleBinding",
    metadata: metadataOf(wholeName(namespace)),
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: wholeName(namespace) },
    subjects: [{ kind: "ServiceAccount", name: engineName, namespace }],
  };
}
