import { imageOf } from "../cluster/images.ts";
import type { Behaviour } from "../cluster/images.ts";

/** The text of each file of one application, by name. */
export type Files = ReadonlyMap<string, string>;

/** Settings with this word in front come only with a flaw, so that nothing of them may ever be in the cluster. */
export const spoiled = "spoiled-";

/** What makes a revision one that must not reach the cluster at all. */
export const flaws = ["unparsable", "refused", "stranger", "bad-policy"] as const;
export type Flaw = (typeof flaws)[number];

/** When a hook runs. */
export const hookTimes = ["before", "after"] as const;
export type HookTime = (typeof hookTimes)[number];

/** Manifests are written as JSON, which is YAML as well, so that the invariants can read them without a parser of their own. */
function text(object: object): string {
  return `${JSON.stringify(object, undefined, 1)}\n`;
}

/** The files of an application that is new. `owner` is what its objects are called by. */
export function newApplication(owner: string, namespace: string | undefined): Files {
  const own = namespace === undefined ? [] : [["namespace.yaml", namespaceText(namespace)] as const];
  const extra = configMapText(`${owner}-extra-1`, { v: "1" });
  return new Map([
    ...own,
    ["web.yaml", webText(owner, "ready", 1)],
    ["settings.yaml", settingsText(owner, "1")],
    ["extra-1.yaml", extra],
  ]);
}

/** A Namespace. */
export function namespaceText(name: string): string {
  return text({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
}

/** A Deployment of one pod, which does what its image says; with `recreate` the old pod ends before the new one begins. */
export function webText(owner: string, behaviour: Behaviour, version: number, recreate = false): string {
  const app = `${owner}-web`;
  return text({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: app },
    spec: {
      replicas: 1,
      strategy: recreate ? { type: "Recreate" } : { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      selector: { matchLabels: { app } },
      template: {
        metadata: { labels: { app } },
        spec: {
          containers: [
            {
              name: "app",
              image: imageOf(behaviour, version, owner === "base" ? owner : "app"),
              envFrom: [{ configMapRef: { name: `${owner}-settings` } }],
            },
          ],
        },
      },
    },
  });
}

/** A Job that gates the delivery, before its workloads or after all of it. */
export function hookText(owner: string, when: HookTime, behaviour: Behaviour, version: number): string {
  return text({
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: `${owner}-hook-${when}`, annotations: { "plumbline.dev/hook": when } },
    spec: {
      backoffLimit: 0,
      template: {
        spec: { restartPolicy: "Never", containers: [{ name: "run", image: imageOf(behaviour, version, "hook") }] },
      },
    },
  });
}

/** A Service of an application, and what its delivery.yaml says for it to be asked. */
export function checkedFiles(owner: string): Files {
  const app = `${owner}-web`;
  const service = { selector: { app }, ports: [{ port: 80, targetPort: 8080 }] };
  const rollout = { checks: [{ http: `http://${app}/healthz` }] };
  return new Map([
    ["service.yaml", text({ apiVersion: "v1", kind: "Service", metadata: { name: app }, spec: service })],
    ["delivery.yaml", text({ rollout })],
  ]);
}

/** The ConfigMap that every application has. */
export function settingsText(owner: string, version: string): string {
  return configMapText(`${owner}-settings`, { version });
}

/** A ConfigMap. */
export function configMapText(name: string, data: Readonly<Record<string, string>>, annotations?: object): string {
  return text({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, ...(annotations ? { annotations } : {}) },
    data,
  });
}

/** One more file, with which the whole revision is refused. */
export function flawFile(flaw: Flaw, owner: string, version: number): readonly [name: string, text: string] {
  switch (flaw) {
    case "unparsable":
      return ["flaw.yaml", `apiVersion: v1\nkind: [${version}\n`];
    case "refused":
      return ["flaw.yaml", configMapText(`${owner}-flaw`, {}).replace('"data": {}', `"datum": {"v": "${version}"}`)];
    case "stranger":
      return [
        "flaw.yaml",
        configMapText(`${owner}-flaw`, { v: String(version) }).replace(
          '"metadata": {',
          '"metadata": {\n  "namespace": "default",',
        ),
      ];
    case "bad-policy":
      return ["delivery.yaml", `rollout: { soak: ${version} }\n`];
  }
}

/** The whole of delivery.yaml at the root. */
export interface Policy {
  readonly onFailure: "revert" | "hold" | "branch";
  readonly promote: "commit" | "branch" | undefined;
  /** A changed template is tried by some pods first. */
  readonly isCanary: boolean;
  /** All applications of an environment deliver to one namespace. */
  readonly isShared: boolean;
}

/** The file at the root that says what is delivered. */
export const rootFile = "delivery.yaml";

/** The text of that file. */
export function policyText({ onFailure, promote, isShared, isCanary }: Policy): string {
  const canary = isCanary ? { canary: { share: "50%", soak: "2s" } } : {};
  const rollout = { deadline: "30s", soak: "3s", maxRestarts: 1, onFailure, ...canary };
  const namespace = (environment: string): object => (isShared ? { namespace: `shared-${environment}` } : {});
  return text({
    environments: {
      staging: { rollout, ...namespace("staging") },
      production: {
        rollout,
        ...namespace("production"),
        ...(promote === undefined ? {} : { promote: { from: "staging", via: promote } }),
      },
      far: {
        rollout,
        ...namespace("far"),
        ...(promote === undefined ? {} : { promote: { from: "production", via: promote } }),
      },
    },
  });
}
