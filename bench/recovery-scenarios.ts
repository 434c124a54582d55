import { crashLoop } from "../drills/crash-loop.ts";
import type { DrillFiles } from "../drills/drill.ts";
import { withVariable } from "../drills/manifest-edit.ts";
import { neverReady } from "../drills/never-ready.ts";
import { wrongImage } from "../drills/wrong-image.ts";
import { valueAt } from "../src/model/json.ts";
import type { Json } from "../src/model/json.ts";
import type { KubeObject } from "../src/model/kube-object.ts";

/** What the cluster showed, with when it was seen in milliseconds since the epoch. */
export interface Seen {
  readonly object: KubeObject;
  readonly atMs: number;
}

/** One way to fail, and when the cluster has said all that there is to know of it. */
export interface Scenario {
  /** Of the application, too. */
  readonly name: string;
  readonly title: string;
  readonly inject: (files: DrillFiles) => DrillFiles;
  /** The rollout's settings beside those that all have. */
  readonly rollout: string;
  /** From what was seen since the fault was applied: when it could be known, in milliseconds; undefined while it cannot. */
  readonly signalMs: (seen: readonly Seen[]) => number | undefined;
}

/** How long a revision may take that never gets ready, and how long a check may fail. */
const deadlineMs = 10_000;
const failAfterMs = 500;
/** What every delivery here must stay healthy for. */
export const soakMs = 1000;

const statuses = (object: KubeObject): readonly Json[] => {
  const list = valueAt(object, "status", "containerStatuses");
  return Array.isArray(list) ? (list as readonly Json[]) : [];
};
const firstPod =
  (fits: (status: Json) => boolean): Scenario["signalMs"] =>
  (seen) =>
    seen.find(({ object }) => object.kind === "Pod" && statuses(object).some(fits))?.atMs;

/** True once a Deployment says of its newest generation that all of its pods are updated and available, and no other is left. */
export function isRolledOut(object: KubeObject): boolean {
  const number = (field: string): unknown => valueAt(object, "status", field);
  const wanted = valueAt(object, "spec", "replicas");
  const isSeen = number("observedGeneration") === object.metadata.generation;
  return isSeen && ["replicas", "updatedReplicas", "availableReplicas"].every((field) => number(field) === wanted);
}

const afterRollout: Scenario["signalMs"] = (seen) => {
  const done = seen.find(({ object }) => object.kind === "Deployment" && isRolledOut(object));
  return done && done.atMs + failAfterMs;
};

const httpCheck = `{ http: "http://backend/healthz", expect: { json: { commit: "{release}" } }, failAfter: ${failAfterMs}ms }`;

/** The five ways to fail that M7 names. */
export function scenarios(prometheus: string): readonly Scenario[] {
  const metricCheck = `{ prometheus: "${prometheus}", query: "errors{pod=~'{pods}'}", below: 1, failAfter: ${failAfterMs}ms }`;
  return [
    {
      name: "crash",
      title: "crash loop",
      inject: crashLoop.inject,
      rollout: "deadline: 2m",
      signalMs: firstPod((status) => Number(valueAt(status, "restartCount")) > 0),
    },
    {
      name: "image",
      title: "wrong image",
      inject: wrongImage.inject,
      rollout: "deadline: 2m",
      signalMs: firstPod((status) =>
        ["ErrImagePull", "ImagePullBackOff"].some((reason) => valueAt(status, "state", "waiting", "reason") === reason),
      ),
    },
    {
      name: "never",
      title: "never ready",
      inject: neverReady.inject,
      rollout: `deadline: ${deadlineMs}ms`,
      signalMs: ([first]) => first && first.atMs + deadlineMs,
    },
    {
      name: "check",
      title: "failing check",
      inject: (files) => withVariable(files, "FAULT_WRONG_COMMIT", "another"),
      rollout: `deadline: 2m, checks: [${httpCheck}]`,
      signalMs: afterRollout,
    },
    {
      name: "metric",
      title: "failing metric",
      inject: (files) => withVariable(files, "BAD_METRIC", "1"),
      rollout: `deadline: 2m, checks: [${metricCheck}]`,
      signalMs: afterRollout,
    },
  ];
}

/** A Prometheus that finds an error wherever a pod of the Deployment's second template is asked for; the first has none. */
export function metricsManifest(image: string): string {
  const program = `
const seen = new Set();
let calm;
require("node:http").createServer((request, response) => {
  const query = new URL(request.url, "http://p").searchParams.get("query") ?? "";
  const set = /'(.*?)-[a-z0-9]+[|']/.exec(query)?.[1];
  calm ??= set;
  const value = set === calm ? "0" : "9";
  response.end(JSON.stringify({ status: "success", data: { resultType: "vector", result: [{ value: [0, value] }] } }));
}).listen(9090);
process.on("SIGTERM", () => process.exit(0));
`;
  const container = { name: "metrics", image, command: ["node", "-e", program], ports: [{ containerPort: 9090 }] };
  return [
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "metrics" },
      spec: { selector: { app: "metrics" }, ports: [{ port: 9090 }] },
    },
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "metrics", labels: { app: "metrics" } },
      spec: { terminationGracePeriodSeconds: 1, containers: [container] },
    },
  ]
    .map((object) => JSON.stringify(object))
    .join("\n---\n");
}
