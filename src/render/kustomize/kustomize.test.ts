import assert from "node:assert/strict";
import { test } from "node:test";
import { formatProblem } from "../../model/problem.ts";
import { buildInTest } from "./build-in-test.ts";

const configMap = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\n";

async function problemsOf(files: { readonly [path: string]: string }): Promise<readonly string[]> {
  const built = await buildInTest(files, "s/app");
  return built.ok ? [] : built.problems.map(formatProblem);
}

const refused: readonly (readonly [name: string, files: { readonly [path: string]: string }, words: RegExp])[] = [
  [
    "a place on the network",
    { "s/app/kustomization.yaml": "resources: ['https://u:pw@example.org/x?ref=v1']\n" },
    /^s\/app\/kustomization\.yaml: .*"https:\/\/example\.org\/x\?ref=v1", which is elsewhere/,
  ],
  ["a repository of somebody else", { "s/app/kustomization.yaml": "resources: [github.com/a/b]\n" }, /elsewhere/],
  [
    "what is not there",
    { "s/app/kustomization.yaml": "resources: [x.yaml]\n" },
    /"x\.yaml", and there is no such thing/,
  ],
  ["a path out of the repository", { "s/app/kustomization.yaml": "resources: [../../../etc]\n" }, /no such thing/],
  ["an absolute path", { "s/app/kustomization.yaml": "resources: [/etc/passwd]\n" }, /no such thing/],
  [
    "a file outside of its directory",
    { "s/app/kustomization.yaml": "resources: [../other/a.yaml]\n", "s/other/a.yaml": configMap },
    /outside of its directory/,
  ],
  [
    "a directory without a kustomization",
    { "s/app/kustomization.yaml": "resources: [../b]\n", "s/b/a.yaml": configMap },
    /has no kustomization\.yaml/,
  ],
  ["itself", { "s/app/kustomization.yaml": "resources: [../app]\n" }, /in which it is itself/],
  [
    "a circle",
    { "s/app/kustomization.yaml": "resources: [../b]\n", "s/b/kustomization.yaml": "resources: [../app]\n" },
    /in which it is itself/,
  ],
  [
    "two kustomizations",
    { "s/app/kustomization.yaml": "", "s/app/Kustomization": "" },
    /kustomization\.yaml and Kustomization/,
  ],
  [
    "a key that is not understood",
    { "s/app/kustomization.yaml": "namePrefix: a-\nhelmCharts: [{ name: a }]\n" },
    /^s\/app\/kustomization\.yaml:2: .*helmCharts: this key is not supported/,
  ],
  ["vars", { "s/app/kustomization.yaml": "vars: [{ name: a }]\n" }, /vars: this key is not supported/],
  ["a key that nobody knows", { "s/app/kustomization.yaml": "imageTags: []\n" }, /imageTags/],
  [
    "an object without a name",
    {
      "s/app/kustomization.yaml": "namePrefix: p-\nresources: [a.yaml]\n",
      "s/app/a.yaml": "apiVersion: batch/v1\nkind: Job\nmetadata: { generateName: j- }\n",
    },
    /^s\/app\/a\.yaml:1: A Job has no metadata\.name/,
  ],
  [
    "a variable of the environment",
    { "s/app/kustomization.yaml": "configMapGenerator: [{ name: a, literals: [HOME] }]\n" },
    /environment of a machine/,
  ],
  [
    "a secret that is no pair",
    { "s/app/kustomization.yaml": "secretGenerator: [{ name: a, literals: [hunter2] }]\n" },
    /^(?![^]*hunter2)/,
  ],
  [
    "a patch for nothing",
    { "s/app/kustomization.yaml": "patches: [{ patch: 'apiVersion: v1\n\n  kind: A\n\n  metadata: { name: b }' }]\n" },
    /nothing here is what it is for/,
  ],
  [
    "operations that do not fit",
    {
      "s/app/kustomization.yaml":
        "resources: [a.yaml]\npatches: [{ target: { kind: ConfigMap }, patch: '[{ op: remove, path: /data/x }]' }]\n",
      "s/app/a.yaml": configMap,
    },
    /does not fit ConfigMap a/,
  ],
  [
    "replicas of nothing",
    { "s/app/kustomization.yaml": "replicas: [{ name: web, count: 1 }]\n" },
    /replicas names "web"/,
  ],
  [
    "an object that is there already",
    {
      "s/app/kustomization.yaml": "resources: [a.yaml]\nconfigMapGenerator: [{ name: a }]\n",
      "s/app/a.yaml": configMap,
    },
    /is there already/,
  ],
  [
    "an object twice, from two directories",
    {
      "s/app/kustomization.yaml": "resources: [../one, ../two]\nnameSuffix: -x\n",
      "s/one/kustomization.yaml": "resources: [a.yaml]\n",
      "s/one/a.yaml": configMap,
      "s/two/kustomization.yaml": "resources: [a.yaml]\n",
      "s/two/a.yaml": configMap,
    },
    /^s\/two\/a\.yaml:1: ConfigMap a comes to the kustomization of s\/app twice: from here and from s\/one\/a\.yaml:1/,
  ],
  [
    "a patch that could be for two objects",
    {
      "s/app/kustomization.yaml": `resources: [../one, ../two]\npatches: [{ patch: '${JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" } })}' }]\n`,
      "s/one/kustomization.yaml": "resources: [../base]\nnamePrefix: one-\n",
      "s/two/kustomization.yaml": "resources: [../base]\nnamePrefix: two-\n",
      "s/base/kustomization.yaml": "resources: [a.yaml]\n",
      "s/base/a.yaml": configMap,
    },
    /2 objects are, or once were, called as it says/,
  ],
  [
    "a name that could be of two objects",
    {
      "s/app/kustomization.yaml": "resources: [../one, ../two, binding.yaml]\n",
      "s/app/binding.yaml":
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: { name: b }\nsubjects: [{ kind: ServiceAccount, name: a }]\n",
      "s/one/kustomization.yaml": "resources: [../base]\nnamespace: one\n",
      "s/two/kustomization.yaml": "resources: [../base]\nnamespace: two\n",
      "s/base/kustomization.yaml": "resources: [a.yaml]\n",
      "s/base/a.yaml": configMap.replace("ConfigMap", "ServiceAccount"),
    },
    /^s\/app\/binding\.yaml:1: ClusterRoleBinding b names a ServiceAccount that could be one\/a or two\/a/,
  ],
  [
    "a replacement of another type",
    {
      "s/app/kustomization.yaml":
        "resources: [a.yaml]\nreplacements: [{ source: { kind: ConfigMap, fieldPath: metadata.name }, targets: [{ select: { kind: ConfigMap }, fieldPaths: [spec.replicas] }] }]\n",
      "s/app/a.yaml": `${configMap}spec: { replicas: 1 }\n`,
    },
    /its value does not fit into spec\.replicas, where something of another type is/,
  ],
  [
    "a component under resources",
    {
      "s/app/kustomization.yaml": "resources: [../b]\n",
      "s/b/kustomization.yaml": "kind: Component\nnamePrefix: a-\n",
    },
    /^s\/b\/kustomization\.yaml: .*it is a Component\. \(Name it under components/,
  ],
  [
    "a kustomization under components",
    {
      "s/app/kustomization.yaml": "components: [../b]\n",
      "s/b/kustomization.yaml": "kind: Kustomization\nnamePrefix: a-\n",
    },
    /^s\/b\/kustomization\.yaml: .*it is a Kustomization\. \(Name it under resources/,
  ],
  [
    "a merge into nothing",
    { "s/app/kustomization.yaml": "configMapGenerator: [{ name: a, behavior: merge }]\n" },
    /there is no ConfigMap a/,
  ],
  [
    "a selector that is no regular expression",
    { "s/app/kustomization.yaml": "patches: [{ target: { name: '(a*' }, patch: '[{ op: remove, path: /x }]' }]\n" },
    /is no regular expression/,
  ],
  [
    "a bomb",
    Object.fromEntries(
      Array.from({ length: 20 }, (_, n) => [
        n === 0 ? "s/app/kustomization.yaml" : `b${n}/kustomization.yaml`,
        n === 19
          ? "resources: []\n"
          : `resources: [${Array(2)
              .fill(n === 0 ? "../../b1" : `../b${n + 1}`)
              .join(", ")}]\n`,
      ]),
    ),
    /1000 kustomizations/,
  ],
];

for (const [name, files, words] of refused) {
  test(`a kustomization that names ${name} is refused, with the file`, async () => {
    const [problem = "none", ...others] = await problemsOf(files);
    assert.match(problem, words);
    assert.deepEqual(others, []);
  });
}

test("an empty kustomization is one of nothing", async () => {
  assert.deepEqual(await buildInTest({ "s/app/kustomization.yaml": "resources: []\n" }, "s/app"), {
    ok: true,
    value: [],
  });
});
