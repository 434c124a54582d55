import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError, type KubeObject } from "../../client.ts";
import { TurnedClock } from "../../turned-clock.ts";
import { type JsonMap, mapAt } from "../json.ts";
import { furnishNamespaces } from "../namespaces.ts";
import { ApiServer } from "../server.ts";

const server = new ApiServer(new TurnedClock());
furnishNamespaces(server, "PEM");

/** The fields and messages that an object is refused for when it is created; none when it is taken. */
function causes(group: string, resource: string, object: JsonMap): readonly string[] {
  const served = server.resource({ group, resource });
  try {
    server.create(served, "default", { metadata: { name: "a" }, ...object } as KubeObject, {
      fieldManager: "test",
      dryRun: true,
    });
    return [];
  } catch (error) {
    assert.ok(error instanceof ApiError);
    assert.equal(error.code, 422, error.message);
    const list = error.details?.["causes"] as readonly { field: string; message: string }[];
    return list.map(({ field, message }) => `${field}: ${message}`);
  }
}

const pod = (container: JsonMap, spec: JsonMap = {}): readonly string[] =>
  causes("", "pods", { spec: { containers: [{ name: "c", image: "i", ...container }], ...spec } });

test("containers need a name of their own, an image and one handler a probe", () => {
  assert.deepEqual(pod({}), []);
  assert.deepEqual(pod({ image: "" }), ["spec.containers[0].image: Required value"]);
  assert.deepEqual(pod({ name: "" }), ["spec.containers[0].name: Required value"]);
  const twice = [
    { name: "c", image: "i" },
    { name: "c", image: "i" },
  ];
  assert.deepEqual(pod({}, { containers: twice }), ['spec.containers[1].name: Duplicate value: "c"']);
  assert.deepEqual(pod({ readinessProbe: {} }), [
    "spec.containers[0].readinessProbe: Required value: must specify a handler type",
  ]);
  assert.deepEqual(pod({ ports: [{ containerPort: 70_000 }] }), [
    "spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
  ]);
  assert.deepEqual(pod({ volumeMounts: [{ name: "v", mountPath: "/v" }] }), [
    'spec.containers[0].volumeMounts[0].name: Not found: "v"',
  ]);
  assert.deepEqual(causes("", "pods", { spec: {} }), ["spec.containers: Required value"]);
});

const deployment = (spec: JsonMap): readonly string[] =>
  causes("apps", "deployments", {
    spec: {
      selector: { matchLabels: { app: "a" } },
      template: { metadata: { labels: { app: "a" } }, spec: { containers: [{ name: "c", image: "i" }] } },
      ...spec,
    },
  });

test("a Deployment's selector chooses its template, and its strategy makes progress", () => {
  assert.deepEqual(deployment({}), []);
  assert.deepEqual(deployment({ selector: {} }), [
    "spec.selector: Invalid value: {}: empty selector is invalid for deployment",
  ]);
  assert.deepEqual(deployment({ strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } }), [
    "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0",
  ]);
  assert.deepEqual(deployment({ strategy: { rollingUpdate: { maxUnavailable: "120%" } } }), [
    'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "120%": must not be greater than 100%',
  ]);
  assert.deepEqual(deployment({ progressDeadlineSeconds: 5, minReadySeconds: 5 }), [
    "spec.progressDeadlineSeconds: Invalid value: 5: must be greater than minReadySeconds",
  ]);
});

test("services, config maps and ingresses say what is wrong with them", () => {
  const service = (spec: JsonMap): readonly string[] => causes("", "services", { spec });
  assert.deepEqual(service({}), ["spec.ports: Required value"]);
  assert.deepEqual(service({ ports: [{ port: 80, targetPort: 99_999 }] }), [
    "spec.ports[0].targetPort: Invalid value: 99999: must be between 1 and 65535, inclusive",
  ]);
  assert.deepEqual(service({ ports: [{ port: 80, nodePort: 30_080 }] }), [
    "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
  ]);
  assert.deepEqual(causes("", "configmaps", { data: { "a b": "" } }).length, 1);
  assert.deepEqual(causes("networking.k8s.io", "ingresses", { spec: {} }), [
    "spec: Invalid value: null: either `defaultBackend` or `rules` must be specified",
  ]);
  assert.match(
    causes("", "configmaps", { metadata: { name: "Bad_Name" } })[0] ?? "",
    /^metadata\.name: Invalid value: "Bad_Name": a lowercase RFC 1123 subdomain/,
  );
});

test("what may not change is kept: selectors, addresses, immutable data", () => {
  const options = { fieldManager: "test" };
  const configMaps = server.resource({ group: "", resource: "configmaps" });
  const body = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "fixed" }, data: { a: "1" }, immutable: true };
  server.create(configMaps, "default", body, options);
  const place = { resource: configMaps, namespace: "default", name: "fixed" };
  const change = (data: JsonMap): unknown => server.update(place, (live) => ({ ...live, data }), options);
  assert.throws(() => change({ a: "2" }), /data: Forbidden: field is immutable when `immutable` is set/);
  const services = server.resource({ group: "", resource: "services" });
  const service = { apiVersion: "v1", kind: "Service", metadata: { name: "s" }, spec: { ports: [{ port: 80 }] } };
  const made = server.create(services, "default", service, options);
  const at = { resource: services, namespace: "default", name: "s" };
  const move = (clusterIP: string): unknown =>
    server.update(
      at,
      (live) => ({ ...live, spec: { ...mapAt(live, "spec"), clusterIP, clusterIPs: [clusterIP] } }),
      options,
    );
  const refused = /: spec\.clusterIPs\[0\]: Invalid value: \["127\.31\.200\.200"\]: may not change once set$/;
  assert.throws(() => move("127.31.200.200"), refused);
  assert.equal(
    mapAt(
      server.update(at, () => service, options),
      "spec",
    )["clusterIP"],
    mapAt(made, "spec")["clusterIP"],
  );
});

test("fields within lists and maps are named as Kubernetes names them", () => {
  assert.deepEqual(pod({ env: [{ name: "A", valueFrom: {} }], resources: { limits: { cpu: "-1" } } }), [
    'spec.containers[0].env[0].valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`',
    'spec.containers[0].resources.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0',
    'spec.containers[0].resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0',
  ]);
  assert.deepEqual(pod({}, { restartPolicy: "X" }), [
    'spec.restartPolicy: Unsupported value: "X": supported values: "Always", "OnFailure", "Never"',
  ]);
  const selector = { matchExpressions: [{ key: "a", operator: "In" }] };
  assert.deepEqual(deployment({ selector }), [
    "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
    `spec.selector: Invalid value: ${JSON.stringify(selector)}: invalid label selector`,
  ]);
  assert.deepEqual(causes("", "secrets", { type: "kubernetes.io/tls" }), [
    "data[tls.crt]: Required value",
    "data[tls.key]: Required value",
  ]);
});

test("names of resources, ports and wildcards are refused with each thing that is wrong", () => {
  assert.deepEqual(pod({ resources: { requests: { foo: "1" } } }), [
    'spec.containers[0].resources.requests[foo]: Invalid value: "foo": must be a standard resource type or fully qualified',
    'spec.containers[0].resources.requests[foo]: Invalid value: "foo": must be a standard resource for containers',
  ]);
  assert.deepEqual(pod({ resources: { limits: { "a.b/c": "1", "hugepages-2Mi": "1" } } }), []);
  const named = pod({ ports: [{ containerPort: 80, name: "NO_LOWER_CASE_HERE" }] });
  assert.deepEqual(
    named.map((cause) => cause.replace(/^.*: /, "")),
    [
      "must be no more than 15 characters",
      "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
      "must contain at least one letter (a-z)",
    ],
  );
  const [host = ""] = causes("networking.k8s.io", "ingresses", { spec: { rules: [{ host: "*.*.b" }] } });
  assert.match(host, /^spec\.rules\[0\]\.host: .*a wildcard DNS-1123 subdomain must start with/);
});

test("a definition has one stored version, and a schema whose fields have types", () => {
  const definition = (...versions: readonly JsonMap[]): readonly string[] =>
    causes("apiextensions.k8s.io", "customresourcedefinitions", {
      metadata: { name: "foos.a.b" },
      spec: { group: "a.b", scope: "Namespaced", names: { plural: "foos", kind: "Foo" }, versions },
    });
  const version = { name: "v1", served: true, storage: true };
  const withSchema = (properties: JsonMap): JsonMap => ({ openAPIV3Schema: { type: "object", properties } });
  assert.deepEqual(definition({ ...version, schema: withSchema({ spec: { type: "object" } }) }), []);
  assert.deepEqual(definition(version), ["spec.versions[0].schema.openAPIV3Schema: Required value"]);
  assert.deepEqual(definition({ ...version, schema: withSchema({ spec: {} }) }), [
    "spec.versions[0].schema.openAPIV3Schema.properties[spec].type: Required value: must not be empty for specified object fields",
  ]);
  assert.deepEqual(definition({ ...version, schema: withSchema({ a: { "x-kubernetes-int-or-string": true } }) }), []);
  const two = definition({ ...version, schema: withSchema({}) }, { ...version, name: "v2", schema: withSchema({}) });
  assert.match(two.join(), /^spec\.versions: .*must have exactly one version marked as storage version$/);
});
