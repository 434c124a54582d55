import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubeObject } from "../../client.ts";
import { ResourceTable } from "../resource-table.ts";
import { columnsOf, rowOf } from "./table.ts";

const now = Date.parse("2026-01-02T00:00:00Z");
const table = new ResourceTable();

/** The cells of an object, by the names of their columns. */
function cellsOf(group: string, resource: string, content: object, metadata: object = {}): Record<string, unknown> {
  const found = table.named({ group, resource });
  assert.ok(found);
  const named = { name: "a", creationTimestamp: "2026-01-01T00:00:00Z", ...metadata };
  const object = { apiVersion: found.apiVersion, kind: found.kind, metadata: named, ...content } as KubeObject;
  const { cells } = rowOf(found, object, now);
  return Object.fromEntries(columnsOf(found).map(({ name }, index) => [name, cells[index]]));
}

function podStatus(status: object, spec: object = {}, metadata: object = {}): readonly unknown[] {
  const cells = cellsOf(
    "",
    "pods",
    { spec: { containers: [{ name: "c" }, { name: "d" }], ...spec }, status },
    metadata,
  );
  return [cells["Ready"], cells["Status"], cells["Restarts"]];
}

test("every kind has columns whose cells show an object of which nothing is said", () => {
  for (const resource of table.all()) {
    const empty = { apiVersion: resource.apiVersion, kind: resource.kind, metadata: {} } as KubeObject;
    const { cells } = rowOf(resource, empty, now);
    assert.equal(cells.length, columnsOf(resource).length, resource.qualifiedName);
    assert.ok(!cells.includes(undefined), resource.qualifiedName);
  }
});

test("a pod's state in a word", () => {
  const running = { ready: true, restartCount: 0, state: { running: {} } };
  const ended = { ready: false, restartCount: 2, state: { terminated: { reason: "Completed", exitCode: 0 } } };
  const failed = { restartCount: 3, state: { waiting: { reason: "CrashLoopBackOff" } } };
  const last = { lastState: { terminated: { finishedAt: "2026-01-01T23:59:00Z" } } };
  const ready = [{ type: "Ready", status: "True" }];
  assert.deepEqual(podStatus({ phase: "Pending" }), ["0/2", "Pending", "0"]);
  assert.deepEqual(podStatus({ phase: "Running", containerStatuses: [running, running] }), ["2/2", "Running", "0"]);
  assert.deepEqual(podStatus({ phase: "Running", containerStatuses: [{ ...failed, ...last }, running] }), [
    "1/2",
    "CrashLoopBackOff",
    "3 (60s ago)",
  ]);
  assert.deepEqual(podStatus({ phase: "Running", containerStatuses: [ended, running] })[1], "NotReady");
  assert.deepEqual(
    podStatus({ phase: "Running", conditions: ready, containerStatuses: [ended, running] })[1],
    "Running",
  );
  assert.deepEqual(podStatus({ phase: "Failed", reason: "Evicted" })[1], "Evicted");
  const killed = { state: { terminated: { signal: 9 } } };
  assert.deepEqual(podStatus({ phase: "Failed", containerStatuses: [killed] })[1], "Signal:9");
  const leaving = { deletionTimestamp: "2026-01-02T00:00:00Z" };
  assert.deepEqual(podStatus({ phase: "Running", containerStatuses: [running] }, {}, leaving)[1], "Terminating");
});

test("a pod whose init containers are not done, and one with a sidecar", () => {
  const init = [{ name: "i" }, { name: "s", restartPolicy: "Always" }];
  const done = { name: "i", state: { terminated: { exitCode: 0 } } };
  const sidecar = { name: "s", started: true, ready: true, state: { running: {} } };
  const status = (initContainerStatuses: readonly object[]): readonly unknown[] =>
    podStatus({ phase: "Pending", initContainerStatuses }, { initContainers: init });
  assert.deepEqual(status([{ name: "i", started: true, state: { running: {} } }]).slice(0, 2), ["0/3", "Init:0/2"]);
  assert.deepEqual(status([{ name: "i", state: { terminated: { exitCode: 3 } } }])[1], "Init:ExitCode:3");
  assert.deepEqual(status([{ name: "i", state: { waiting: { reason: "ErrImagePull" } } }])[1], "Init:ErrImagePull");
  assert.deepEqual(status([done, sidecar]).slice(0, 2), ["1/3", "Pending"]);
});

test("the cells of other kinds", () => {
  const selector = {
    matchLabels: { b: "2", a: "1" },
    matchExpressions: [
      { key: "e", operator: "In", values: ["x", "y"] },
      { key: "f", operator: "Exists" },
    ],
  };
  const template = {
    spec: {
      containers: [
        { name: "c", image: "i" },
        { name: "d", image: "j" },
      ],
    },
  };
  const set = cellsOf("apps", "daemonsets", { spec: { selector, template }, status: { numberReady: 1 } });
  assert.deepEqual(
    [set["Ready"], set["Desired"], set["Node Selector"], set["Containers"], set["Images"], set["Selector"], set["Age"]],
    [1, 0, "<none>", "c,d", "i,j", "a=1,b=2,e in (x,y),f", "24h"],
  );
  const ports = [
    { port: 80, nodePort: 30_000, protocol: "TCP" },
    { port: 53, protocol: "UDP" },
  ];
  const service = cellsOf("", "services", { spec: { type: "NodePort", clusterIP: "10.0.0.1", ports } });
  assert.deepEqual([service["Port(s)"], service["External-IP"]], ["80:30000/TCP,53/UDP", "<none>"]);
  const points = ["1", "2", "3", "4"].map((ip) => ({ ip }));
  const many = cellsOf("", "endpoints", { subsets: [{ addresses: points, ports: [{ port: 80 }] }] });
  assert.equal(many["Endpoints"], "1:80,2:80,3:80 + 1 more...");
  assert.equal(cellsOf("", "endpoints", { subsets: [{ notReadyAddresses: points }] })["Endpoints"], "");
  const job = cellsOf("batch", "jobs", { spec: { parallelism: 2 }, status: { startTime: "2026-01-01T23:00:00Z" } });
  assert.deepEqual([job["Completions"], job["Duration"], job["Status"]], ["0/1 of 2", "60m", "Running"]);
  const ready = { conditions: [{ type: "Ready", status: "True" }] };
  const labels = { "node-role.kubernetes.io/control-plane": "", "kubernetes.io/role": "web" };
  const node = cellsOf("", "nodes", { spec: { unschedulable: true }, status: ready }, { labels });
  assert.deepEqual([node["Status"], node["Roles"]], ["Ready,SchedulingDisabled", "control-plane,web"]);
  const event = { involvedObject: { kind: "Pod", name: "p" }, source: { component: "c", host: "h" }, message: " m\n" };
  const told = cellsOf("", "events", { ...event, eventTime: "2026-01-01T23:59:30Z" });
  assert.deepEqual(
    [told["Object"], told["Source"], told["Message"], told["Last Seen"], told["Count"]],
    ["pod/p", "c, h", "m", "30s", 1],
  );
  const hard = { "limits.cpu": "2", pods: "5" };
  const quota = cellsOf("", "resourcequotas", { status: { hard, used: { pods: "1" } } });
  assert.deepEqual([quota["Request"], quota["Limit"]], ["pods: 1/5", "limits.cpu: 0/2"]);
  const roles = cellsOf("rbac.authorization.k8s.io", "roles", {});
  assert.equal(roles["Created At"], "2026-01-01T00:00:00Z");
});
