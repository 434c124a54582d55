import fc from "fast-check";

/** For tests: a request as it is sent, valid or not. */
export interface FuzzRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
}

const labels = { app: "a" };
const template = {
  metadata: { labels },
  spec: {
    containers: [
      {
        name: "c",
        image: "example.test/none:1",
        env: [
          { name: "A", value: "1" },
          { name: "B", valueFrom: { configMapKeyRef: { name: "m", key: "k" } } },
        ],
        ports: [{ containerPort: 80, name: "http" }],
        resources: { requests: { cpu: "100m", memory: "1Mi" } },
        readinessProbe: { httpGet: { path: "/", port: "http" } },
        volumeMounts: [{ name: "v", mountPath: "/v" }],
      },
    ],
    volumes: [{ name: "v", emptyDir: {} }],
  },
};
const selector = { matchLabels: labels };

/** A valid body for each of these collections; names and namespaces are filled in. */
const valid: Readonly<Record<string, object>> = {
  "/api/v1/namespaces/default/pods": { apiVersion: "v1", kind: "Pod", ...template },
  "/api/v1/namespaces/default/services": {
    apiVersion: "v1",
    kind: "Service",
    spec: { selector: labels, ports: [{ name: "http", port: 80, targetPort: "http" }] },
  },
  "/api/v1/namespaces/default/configmaps": {
    apiVersion: "v1",
    kind: "ConfigMap",
    data: { a: "b" },
    binaryData: { c: "ZA==" },
  },
  "/api/v1/namespaces/default/secrets": { apiVersion: "v1", kind: "Secret", stringData: { a: "b" }, type: "Opaque" },
  "/api/v1/namespaces/default/events": {
    apiVersion: "v1",
    kind: "Event",
    involvedObject: { kind: "Pod", name: "a", namespace: "default" },
    reason: "R",
    message: "m",
    type: "Normal",
  },
  "/api/v1/namespaces": { apiVersion: "v1", kind: "Namespace" },
  "/api/v1/namespaces/default/resourcequotas": {
    apiVersion: "v1",
    kind: "ResourceQuota",
    spec: { hard: { pods: "50" } },
  },
  "/apis/apps/v1/namespaces/default/deployments": {
    apiVersion: "apps/v1",
    kind: "Deployment",
    spec: { replicas: 1, selector, template, strategy: { rollingUpdate: { maxSurge: "25%", maxUnavailable: 0 } } },
  },
  "/apis/apps/v1/namespaces/default/statefulsets": {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    spec: { serviceName: "s", selector, template },
  },
  "/apis/batch/v1/namespaces/default/jobs": {
    apiVersion: "batch/v1",
    kind: "Job",
    spec: { completions: 2, template: { spec: { ...template.spec, restartPolicy: "Never" } } },
  },
  "/apis/networking.k8s.io/v1/namespaces/default/ingresses": {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    spec: {
      rules: [
        {
          host: "a.test",
          http: {
            paths: [{ path: "/", pathType: "Prefix", backend: { service: { name: "s", port: { number: 80 } } } }],
          },
        },
      ],
    },
  },
  "/apis/policy/v1/namespaces/default/poddisruptionbudgets": {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    spec: { minAvailable: "50%", selector },
  },
  "/apis/coordination.k8s.io/v1/namespaces/default/leases": {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    spec: { holderIdentity: "me", leaseDurationSeconds: 15, renewTime: "2026-01-01T00:00:00.000000Z" },
  },
  "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles": {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "Role",
    rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }],
  },
  "/apis/apiextensions.k8s.io/v1/customresourcedefinitions": {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    spec: {
      group: "fuzz.test",
      scope: "Namespaced",
      names: { plural: "things", singular: "thing", kind: "Thing", listKind: "ThingList" },
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: "object",
              properties: { spec: { type: "object", properties: { n: { type: "integer", default: 1, minimum: 0 } } } },
            },
          },
          subresources: { status: {} },
        },
      ],
    },
  },
  "/apis/fuzz.test/v1/namespaces/default/things": { apiVersion: "fuzz.test/v1", kind: "Thing", spec: { n: 3 } },
};

const nameOf = (collection: string): fc.Arbitrary<string> =>
  collection.endsWith("customresourcedefinitions")
    ? fc.constant("things.fuzz.test")
    : fc.constantFrom(
        ..."a b c d e f g h a b c d e f g h".split(" "),
        "default",
        "a.b",
        "A_",
        "-",
        "..",
        "%2e%2e",
        "x".repeat(300),
        "кот",
        "__proto__",
      );

const nest = (depth: number, open: string, close: string): string => open.repeat(depth) + close.repeat(depth);

/** Values that are wrong nearly everywhere. */
const odd: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, -1, 0, 1e21, 2 ** 53, 0.5, "", " ", "-", "\u0000", "💥", [], {}, [null], [[]], {
    a: null,
  }),
  fc.constantFrom<unknown>(
    "250m",
    "1Ei",
    "1e400",
    "101%",
    "$(A)",
    "0x10",
    "2026-13-45T99:99:99Z",
    "a/b/c",
    "*",
    "^(a+)+$",
    "{{",
    "a".repeat(20_000),
  ),
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(8, 200).map((depth) => JSON.parse(nest(depth, '{"a":[', "]}").replace("[]", "[1]")) as unknown),
);

/** The value with a wrong one, or nothing, in some place. */
function mutated(value: unknown): fc.Arbitrary<unknown> {
  if (typeof value !== "object" || value === null) return odd;
  const entries = Object.entries(value);
  const keys = Array.isArray(value)
    ? fc.nat(value.length)
    : fc.constantFrom(...entries.map(([key]) => key), "__proto__", "zzz");
  const here = fc.tuple(keys, fc.oneof(odd, fc.constant(undefined))).map(([key, wrong]) => {
    if (Array.isArray(value)) return value.toSpliced(Number(key), 1, ...(wrong === undefined ? [] : [wrong, wrong]));
    return Object.fromEntries([
      ...entries.filter(([other]) => other !== key),
      ...(wrong === undefined ? [] : [[key, wrong]]),
    ]);
  });
  if (entries.length === 0) return here;
  const below = fc
    .constantFrom(...entries)
    .chain(([key, inner]) =>
      mutated(inner).map((wrong) =>
        Array.isArray(value) ? value.with(Number(key), wrong) : { ...value, [key]: wrong },
      ),
    );
  return fc.oneof({ weight: 1, arbitrary: here }, { weight: 4, arbitrary: below });
}

const patches: readonly unknown[] = [
  [{ op: "replace", path: "/metadata/labels", value: { a: "b" } }],
  [
    { op: "test", path: "/spec", value: 1 },
    { op: "copy", from: "/metadata", path: "/spec/x" },
  ],
  [
    { op: "move", from: "/a", path: "/a/b" },
    { op: "remove", path: "/metadata/name" },
  ],
  { metadata: { labels: { a: null }, annotations: { b: "c" } } },
  { spec: { template: { spec: { containers: [{ name: "c", $patch: "delete" }], $setElementOrder: [] } } } },
  { spec: { replicas: 3 }, $retainKeys: ["a"] },
  { kind: "DeleteOptions", apiVersion: "v1", propagationPolicy: "Orphan", preconditions: { uid: "x" } },
  { kind: "Scale", apiVersion: "autoscaling/v1", metadata: { name: "a" }, spec: { replicas: 2 } },
];

const brokenTexts = fc.constantFrom(
  ...'|{|[1,|"|nul|{"a":1}}|{\'a\':1}|\ufeff{}|- a\n-b: [|&a [*a, *a]|a: *b|%YAML 9|!!js/function x|<xml/>'.split("|"),
  nest(100_000, "[", "]"),
  nest(20_000, '{"a":', "1}").replace("1}", "1}"),
  `a: &a [x,x,x,x,x,x,x,x,x]\n${"bcdefgh".replaceAll(/./g, (to) => `${to}: &${to} [${`*${String.fromCharCode(to.charCodeAt(0) - 1)},`.repeat(9)}]\n`)}`,
  `{"metadata":{"name":"${"y".repeat(3 * 1024 * 1024)}"}}`,
);

function bodyFor(collection: string): fc.Arbitrary<Buffer | undefined> {
  const object = nameOf(collection).map((name) => ({ ...valid[collection], metadata: { name, namespace: undefined } }));
  const text = (value: fc.Arbitrary<unknown>) => value.map((each) => Buffer.from(JSON.stringify(each) ?? ""));
  return fc.oneof(
    { weight: 8, arbitrary: text(object) },
    { weight: 8, arbitrary: text(object.chain((valid) => mutated(JSON.parse(JSON.stringify(valid))))) },
    {
      weight: 3,
      arbitrary: text(fc.constantFrom(...patches).chain((patch) => fc.oneof(fc.constant(patch), mutated(patch)))),
    },
    { weight: 1, arbitrary: text(fc.jsonValue()) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
    {
      weight: 1,
      arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.concat([Buffer.from("k8s\0"), bytes])),
    },
    { weight: 1, arbitrary: fc.tuple(text(object), fc.nat(200)).map(([bytes, at]) => bytes.subarray(0, at)) },
    { weight: 1, arbitrary: brokenTexts.map((broken) => Buffer.from(broken)) },
    { weight: 2, arbitrary: fc.constant(undefined) },
  );
}

const oddTexts = [
  "",
  "0",
  "1",
  "-1",
  "true",
  "false",
  "maybe",
  "All",
  "999999999999999999999",
  "NaN",
  "a=b",
  "a in (b",
  "!a,,",
  "%",
  "💥",
];
const parameters = (
  "limit continue labelSelector fieldSelector resourceVersion resourceVersionMatch watch timeoutSeconds sendInitialEvents " +
  "allowWatchBookmarks dryRun fieldManager fieldValidation force propagationPolicy gracePeriodSeconds orphanDependents pretty " +
  "includeObject follow previous tailLines sinceSeconds container path"
).split(" ");
const query = fc
  .array(
    fc.tuple(fc.constantFrom(...parameters), fc.oneof(fc.constantFrom(...oddTexts), fc.string({ maxLength: 20 }))),
    { maxLength: 4 },
  )
  .map((pairs) => (pairs.length === 0 ? "" : `?${new URLSearchParams(pairs).toString()}`));

const tails = "/status /scale /log /eviction /proxy/ /proxy/a/b /finalize /exec /ephemeralcontainers /nope //".split(
  " ",
);
const paths = fc.oneof(
  { weight: 1, arbitrary: fc.webPath().map((path) => path || "/") },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ..."/ /api /apis /api/v1 /apis/apps /apis/apps/v1 /version /healthz /readyz/x /openapi/v2 /openapi/v3 /openapi/v3/apis/apps/v1 /metrics /api/v1/watch/pods /apis/apps/v9/deployments /api/v2/pods /api/v1/namespaces/nope/pods /api/v1/pods //api/v1 /api/v1/../v1/pods /%zz /api/v1/%00 /apis/authorization.k8s.io/v1/selfsubjectaccessreviews".split(
        " ",
      ),
    ),
  },
);

const patchTypes = ["json-patch+json", "merge-patch+json", "strategic-merge-patch+json", "apply-patch+yaml"].map(
  (type) => `application/${type}`,
);
const types = [
  "application/json",
  "application/yaml",
  "application/vnd.kubernetes.protobuf",
  "text/plain",
  "nonsense",
  "application/json;charset=utf-16",
  ...patchTypes,
] as const;
const accepts = [
  "application/json",
  "*/*",
  "application/yaml",
  "text/html",
  "application/vnd.kubernetes.protobuf",
  "application/json;as=Table;v=v1;g=meta.k8s.io",
  "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
  "application/json;as=Nope;v=v9;g=x",
  "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
  ";;;=,",
] as const;
/** The first of them half of the time. */
const usual = (all: readonly [string, ...string[]]) => fc.oneof(fc.constant(all[0]), fc.constantFrom(...all));
const headers = fc
  .record({ "content-type": usual(types), accept: usual(accepts) }, { requiredKeys: [] })
  .map((given): Readonly<Record<string, string>> => Object.fromEntries(Object.entries(given)));

const methods = fc.constantFrom(
  ..."GET GET HEAD POST POST POST PUT PUT PATCH PATCH PATCH DELETE OPTIONS PROPFIND".split(" "),
);

/** Requests of every kind and every wrongness; half of those with a body reach an object that may be there. */
export const fuzzRequests: fc.Arbitrary<FuzzRequest> = fc
  .oneof(
    { weight: 1, arbitrary: fc.record({ collection: fc.constantFrom(...Object.keys(valid)), path: paths }) },
    {
      weight: 5,
      arbitrary: fc.constantFrom(...Object.keys(valid)).chain((collection) =>
        fc
          .tuple(nameOf(collection), fc.constantFrom("", "", "", ...tails), fc.boolean())
          .map(([name, tail, isOne]) => ({
            collection,
            path: isOne ? `${collection}/${encodeURI(name)}${tail}` : collection,
          })),
      ),
    },
  )
  .chain(({ collection, path }) =>
    fc
      .record({
        method: methods,
        path: query.map((text) => path + text),
        headers,
        patchType: fc.constantFrom(...patchTypes),
        body: bodyFor(collection),
      })
      .map(({ patchType, ...request }) =>
        request.method === "PATCH" && request.headers["content-type"] === types[0]
          ? { ...request, headers: { ...request.headers, "content-type": patchType } }
          : request,
      ),
  );
