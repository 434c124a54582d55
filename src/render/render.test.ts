import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Application } from "../model/application.ts";
import { formatProblem } from "../model/problem.ts";
import { refKey } from "../model/object-ref.ts";
import { renderFiles } from "./render.ts";

const application: Application = {
  id: "staging/probe",
  name: "probe",
  environment: "staging",
  path: "staging/probe",
  namespace: "probe-staging",
  allowClusterKinds: ["rbac.authorization.k8s.io/ClusterRole", "example.com/Planet"],
  rollout: { deadlineMs: 1, soakMs: 1, onFailure: "revert", maxRestarts: 2, checks: [] },
  health: [],
  after: [],
  allowEmpty: false,
};

function file(text: string, path = "staging/probe/a.yaml") {
  return { path, content: Buffer.from(text) };
}

function refusal(text: string, overrides: Partial<Application> = {}): string {
  const result = renderFiles([file(text)], { ...application, ...overrides });
  return result.ok ? "ok" : result.problems.map((problem) => `${problem.code} ${formatProblem(problem)}`).join("\n");
}

const configMap = (name: string, extra = ""): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: '${name}'\n${extra}`;

test("objects get the namespace and the owner's label, and nothing else", () => {
  const result = renderFiles([file(configMap("a", "  labels: { x: why }\ndata: { k: v }\n"))], application);
  assert.ok(result.ok);
  assert.deepEqual(result.value, [
    {
      ref: { group: "", kind: "ConfigMap", namespace: "probe-staging", name: "a" },
      object: {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: {
          name: "a",
          namespace: "probe-staging",
          labels: { x: "why", "plumbline.dev/application": "staging.probe" },
        },
        data: { k: "v" },
      },
      where: { file: "staging/probe/a.yaml", line: 1 },
    },
  ]);
});

test("what an application may not touch is refused with the line and the remedy", () => {
  const cases: [string, RegExp][] = [
    [
      configMap("a", "  namespace: kube-system\n"),
      /^namespace-not-allowed staging\/probe\/a\.yaml:1: ConfigMap a asks for .*kube-system/,
    ],
    [
      "apiVersion: v1\nkind: Namespace\nmetadata: { name: other }\n",
      /^cluster-kind-not-allowed .*Add Namespace to allowClusterKinds/,
    ],
    [
      "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: { name: x }\n",
      /^cluster-kind-not-allowed/,
    ],
    [
      "apiVersion: example.com/v1\nkind: Planet\nmetadata: { name: x, namespace: probe-staging }\n",
      /^namespace-on-cluster-kind/,
    ],
    [configMap("a", "  labels: { plumbline.dev/application: production.probe }\n"), /^label-reserved/],
    [
      "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: { name: moons.example.com }\nspec: { group: example.com, scope: Cluster, names: { kind: Moon } }\n---\napiVersion: example.com/v1\nkind: Moon\nmetadata: { name: m }\n",
      /cluster-kind-not-allowed .*:6: Moon m/,
    ],
  ];
  for (const [text, expected] of cases) assert.match(refusal(text), expected, text);
});

test("its own Namespace and allowed cluster kinds are taken", () => {
  const text = `apiVersion: v1\nkind: Namespace\nmetadata: { name: probe-staging }\n---\napiVersion: example.com/v1\nkind: Planet\nmetadata: { name: p }\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: { name: r }\n---\n${configMap("a", "  namespace: probe-staging\n")}`;
  const result = renderFiles([file(text)], application);
  assert.ok(result.ok);
  assert.deepEqual(
    result.value.map((manifest) => refKey(manifest.ref)),
    [
      "/ConfigMap/probe-staging/a",
      "/Namespace//probe-staging",
      "example.com/Planet//p",
      "rbac.authorization.k8s.io/ClusterRole//r",
    ],
  );
});

test("what is no object is refused with the line and the remedy", () => {
  const cases: [string, RegExp][] = [
    ["hello\n", /^manifest-not-object staging\/probe\/a\.yaml:1: /],
    ["- a\n", /^manifest-not-object/],
    ["---\nkind: Pod\nmetadata: { name: x }\n", /^manifest-api-version .*:2: A Pod has no usable apiVersion/],
    ["apiVersion: apps/v1/x\nkind: Pod\nmetadata: { name: x }\n", /manifest-api-version .*"apps\/v1\/x"/],
    ["apiVersion: 1\nkind: Pod\n", /manifest-api-version/],
    ["apiVersion: v1\nkind: pod\nmetadata: { name: x }\n", /manifest-kind .*"pod"/],
    ["apiVersion: v1\nkind: Pod\nmetadata: {}\n", /manifest-name/],
    ["apiVersion: v1\nkind: Pod\nmetadata: { generateName: x- }\n", /manifest-name .*generateName/],
    ["apiVersion: v1\nkind: Pod\nmetadata: { name: 12 }\n", /manifest-name .*quote it/],
    ["apiVersion: v1\nkind: Pod\nmetadata: { name: a/b }\n", /manifest-name/],
    [
      "apiVersion: v1\nkind: Pod\nmetadata: { name: a, labels: { on: 1 } }\n",
      /manifest-metadata .*metadata\.labels\.true is not text/,
    ],
    ["apiVersion: v1\nkind: Pod\nmetadata: { name: a, annotations: [x] }\n", /manifest-metadata/],
    ["apiVersion: v1\nkind: Pod\nmetadata: { name: a, namespace: 1 }\n", /manifest-metadata/],
  ];
  for (const [text, expected] of cases) assert.match(refusal(text), expected, text);
});

test("an object that is declared twice is refused with both places", () => {
  const text = `${configMap("a")}---\n${configMap("b")}---\n${configMap("a", "  namespace: probe-staging\n")}`;
  assert.match(
    refusal(text),
    /^duplicate-object staging\/probe\/a\.yaml:11: ConfigMap probe-staging\/a .* at staging\/probe\/a\.yaml:1\./,
  );
});

test("nothing at all is refused unless Git says that it is meant", () => {
  assert.match(refusal("# nothing\n"), /^application-empty/);
  assert.equal(refusal("# nothing\n", { allowEmpty: true }), "ok");
});

test("one wrong file refuses the whole revision, and all problems are told in order", () => {
  const result = renderFiles(
    [file("a: [", "staging/probe/z.yaml"), file(configMap("ok")), file("x\n", "staging/probe/b.yaml")],
    application,
  );
  assert.deepEqual(result.ok ? [] : result.problems.map((problem) => problem.where?.file), [
    "staging/probe/b.yaml",
    "staging/probe/z.yaml",
  ]);
});

test("the order of files and how objects are spread over them do not matter", () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,6}$/), { minLength: 1, maxLength: 12 });
  const spread = fc.tuple(names, fc.infiniteStream(fc.nat(4)), fc.infiniteStream(fc.nat(4)));
  fc.assert(
    fc.property(spread, ([objects, first, second]) => {
      const rendered = [first, second].map((chunks) => {
        const files = new Map<number, string>();
        for (const name of objects) {
          const chunk = chunks.next().value ?? 0;
          files.set(chunk, `${files.get(chunk) ?? ""}---\n${configMap(name)}`);
        }
        const sources = [...files].map(([chunk, text]) => file(text, `staging/probe/${chunk}.yaml`));
        const forward = renderFiles(sources, application);
        assert.deepEqual(renderFiles(sources.toReversed(), application), forward);
        return forward.ok ? forward.value.map(({ ref, object }) => JSON.stringify({ ref, object })) : [];
      });
      assert.equal(rendered[0]?.length, objects.length);
      assert.deepEqual(rendered[0], rendered[1]);
    }),
    { numRuns: 60 },
  );
});

test("no bytes make it throw", () => {
  const pieces = fc.constantFrom(
    "a: ",
    "- ",
    "&x ",
    "*x",
    "{",
    "}",
    "[",
    "]",
    "\n",
    "  ",
    "---\n",
    "!!int ",
    "<<: ",
    "|\n",
    '"',
    "'",
    "kind: List\n",
    "items:\n",
    "\t",
    "#",
    "? ",
  );
  const text = fc
    .array(fc.oneof(pieces, fc.string({ maxLength: 5 })), { maxLength: 30 })
    .map((parts) => Buffer.from(parts.join("")));
  const bytes = fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array));
  fc.assert(
    fc.property(fc.oneof(text, bytes), (content) => {
      const result = renderFiles([{ path: "staging/probe/a.yaml", content }], application);
      assert.ok(result.ok || result.problems.length > 0);
    }),
    { numRuns: 400 },
  );
});
