import type { cases } from "./cases-in-test.ts";

const facts = `apiVersion: v1
kind: ConfigMap
metadata: { name: facts }
data: { number: "5", truth: "true", host: a.example.org }
`;

/** For tests: repositories in which values are put where others are, or none. */
export const valueCases: typeof cases = {
  "replacements make items of lists, and take the type of what is there": {
    "app/kustomization.yaml": `resources: [facts.yaml, pods.yaml, widget.yaml]
replacements:
  - source: { name: facts, fieldPath: data.host }
    targets:
      - select: { kind: Pod }
        fieldPaths: ["spec.containers.[name=c].env.[name=HOST].value", "metadata.annotations.host"]
        options: { create: true }
  - source: { name: facts, fieldPath: data.number }
    targets:
      - { select: { kind: Widget }, fieldPaths: [spec.number, spec.text] }
      - { select: { kind: Widget }, fieldPaths: [spec.made, metadata.annotations.number], options: { create: true } }
  - source: { name: facts, fieldPath: data.truth }
    targets: [{ select: { kind: Widget }, fieldPaths: [spec.truth] }]
  - source: { kind: Widget, fieldPath: spec.count }
    targets: [{ select: { kind: Widget }, fieldPaths: [spec.words] }]
  - source: { name: facts, fieldPath: data.host }
    targets:
      - select: { version: v1 }
        reject: [{ kind: Pod, labelSelector: not=there }, { labelSelector: odd=one }]
        fieldPaths: [spec.rest]
        options: { create: true }
`,
    "app/facts.yaml": facts,
    "app/pods.yaml": `apiVersion: v1
kind: Pod
metadata: { name: none }
spec: { containers: [{ name: c, image: i }, { name: d, image: j }] }
---
apiVersion: v1
kind: Pod
metadata: { name: some, annotations: { host: b } }
spec: { containers: [{ name: c, image: i, env: [{ name: A, value: "1" }] }] }
`,
    "app/widget.yaml": `apiVersion: example.org/v1
kind: Widget
metadata: { name: w, labels: { odd: one } }
spec: { number: 1, text: "1", truth: false, count: 7, words: some }
`,
  },
  "options of generators add up, and an empty type is none": {
    "app/kustomization.yaml": `generatorOptions: { disableNameSuffixHash: true, immutable: true, labels: { a: b } }
configMapGenerator: [{ name: a, literals: [x=y], options: { disableNameSuffixHash: false, immutable: false, labels: { a: c } } }]
secretGenerator: [{ name: b, type: "", literals: [x=y] }]
`,
  },
  "ports that say no protocol come in the patch's order, and operations find annotations everywhere": {
    "app/kustomization.yaml": `resources: [all.yaml]
patches:
  - path: patch.yaml
  - target: { kind: Service }
    patch: '[{ "op": "add", "path": "/metadata/annotations/a", "value": "b" }]'
  - target: { kind: Pod }
    patch: '[{ "op": "replace", "path": "/spec/hostNetwork", "value": true }]'
patchesStrategicMerge: ['{ apiVersion: v1, kind: Service, metadata: { name: s }, spec: { type: ClusterIP } }']
`,
    "app/patch.yaml":
      "apiVersion: v1\nkind: Service\nmetadata: { name: s }\nspec: { ports: [{ port: 81, name: b }, { port: 82 }] }\n",
    "app/all.yaml": `apiVersion: v1
kind: Service
metadata: { name: s }
spec: { ports: [{ port: 80 }, { port: 81 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: p }
spec: { hostNetwork: false, containers: [] }
`,
  },
  "secrets that volumes, classes and ingresses name": {
    "app/kustomization.yaml": "resources: [all.yaml]\nsecretGenerator: [{ name: s, literals: [a=b] }]\n",
    "app/all.yaml": `apiVersion: v1
kind: PersistentVolume
metadata: { name: pv }
spec: { azureFile: { secretName: s } }
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: { name: sc }
parameters: { secretName: s, adminSecretName: s, userSecretName: s, secretRef: s, other: s }
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: i, annotations: { ingress.kubernetes.io/auth-secret: s, nginx.ingress.kubernetes.io/auth-secret: s } }
`,
  },
};
