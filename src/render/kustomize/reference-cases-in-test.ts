import type { cases } from "./cases-in-test.ts";

const account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: { name: runner }\n";
const workload = (kind: string, spec: string): string =>
  `apiVersion: apps/v1\nkind: ${kind}\nmetadata: { name: web }\nspec:\n  template:\n    spec:\n      serviceAccountName: runner\n      containers: [{ name: c, image: i }]\n${spec}`;

/** For tests: repositories in which names and namespaces are followed from one object to another. */
export const referenceCases: typeof cases = {
  "one base under two overlays of which one alone renames": {
    "app/kustomization.yaml": "namespace: shared\nresources: [../plain, ../renamed]\n",
    "plain/kustomization.yaml": "resources: [../base]\n",
    "renamed/kustomization.yaml": "resources: [../base]\nnameSuffix: -two\n",
    "base/kustomization.yaml": "resources: [web.yaml, account.yaml]\n",
    "base/web.yaml": workload("Deployment", ""),
    "base/account.yaml": account,
  },
  "prefixes of several layers around a generated name": {
    "app/kustomization.yaml": "resources: [../left, ../right]\n",
    "left/kustomization.yaml": "resources: [../middle]\nnamePrefix: l-\n",
    "right/kustomization.yaml": "resources: [../middle]\nnamePrefix: r-\n",
    "middle/kustomization.yaml": "resources: [../base]\nconfigMapGenerator: [{ name: facts, literals: [a=b] }]\n",
    "base/kustomization.yaml": "resources: [pod.yaml]\nnameSuffix: -web\n",
    "base/pod.yaml":
      "apiVersion: v1\nkind: Pod\nmetadata: { name: p }\nspec: { containers: [{ name: c, image: i, envFrom: [{ configMapRef: { name: facts } }] }] }\n",
  },
  "services of webhooks, of definitions and of extended APIs move with the namespace": {
    "app/kustomization.yaml": "namespace: moved\nnamePrefix: p-\nresources: [all.yaml]\n",
    "app/all.yaml": `apiVersion: v1
kind: Service
metadata: { name: hooks, namespace: was }
---
apiVersion: v1
kind: Service
metadata: { name: other, namespace: elsewhere }
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: { name: v }
webhooks:
  - { name: a, clientConfig: { service: { name: hooks, namespace: was } } }
  - { name: b, clientConfig: { service: { name: hooks, namespace: not-there } } }
  - { name: c, clientConfig: { service: { name: stranger, namespace: was } } }
  - { name: d, clientConfig: { url: "https://example.org" } }
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: { name: m }
webhooks: [{ name: a, clientConfig: { service: { name: hooks, namespace: was, path: /x } } }]
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: widgets.example.org }
spec: { conversion: { strategy: Webhook, webhook: { clientConfig: { service: { name: hooks, namespace: was } } } } }
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: plain.example.org }
spec: { group: example.org }
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: { name: v1.example.org }
spec: { group: example.org, service: { name: hooks, namespace: was } }
`,
  },
  "accounts and bindings of several namespaces": {
    "app/kustomization.yaml": "nameSuffix: -x\nresources: [all.yaml]\n",
    "app/all.yaml": `${account.replace("runner }", "runner, namespace: one }")}---
${account.replace("runner }", "runner, namespace: two }")}---
apiVersion: example.org/v1
kind: Robot
metadata: { name: robot, namespace: one }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: reader, namespace: one }
rules: [{ apiGroups: [""], resources: [secrets], resourceNames: [runner], verbs: [get] }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: reader, namespace: one }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader }
subjects:
  - { kind: ServiceAccount, name: runner, namespace: one }
  - { kind: ServiceAccount, name: runner, namespace: two }
  - { kind: ServiceAccount, name: runner, namespace: three }
  - { kind: Robot, name: robot, namespace: one }
`,
  },
  "labels of claims, where there are some and where there are none": {
    "app/kustomization.yaml": "resources: [all.yaml]\ncommonLabels: { team: red }\n",
    "app/all.yaml": ["volumeClaimTemplates: [{ metadata: { name: d } }]", "replicas: 1"]
      .map((line, n) => `${workload("StatefulSet", `  ${line}\n`).replace("web", `web${n}`)}---\n`)
      .join(""),
  },
  "a template of pods, and a scale target of an older version": {
    "app/kustomization.yaml":
      "resources: [all.yaml]\nnamePrefix: p-\nconfigMapGenerator: [{ name: facts, literals: [a=b] }]\n",
    "app/all.yaml": `apiVersion: v1
kind: PodTemplate
metadata: { name: t }
template: { spec: { containers: [{ name: c, image: i, envFrom: [{ configMapRef: { name: facts } }] }] } }
---
${workload("Deployment", "")}---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: h }
spec: { scaleTargetRef: { apiVersion: extensions/v1beta1, kind: Deployment, name: web } }
`,
  },
  "fields that configurations name, in a base and above it": {
    "app/kustomization.yaml": `namespace: moved
namePrefix: p-
resources: [../base, more.yaml]
configurations: [more-fields.yaml]
labels: [{ pairs: { only: meta } }, { pairs: { every: where }, includeSelectors: true }]
commonAnnotations: { by: us }
images: [{ name: w, newTag: "2" }]
replicas: [{ name: wide, count: 4 }]
`,
    "app/more-fields.yaml": `images: [{ path: spec/engine/image, kind: Widget }]
replicas: [{ path: spec/size, kind: Widget, create: true }]
commonAnnotations: [{ path: spec/notes, kind: Widget, create: true }]
labels: [{ path: spec/marks, kind: Widget, create: true }]
`,
    "app/more.yaml":
      "apiVersion: example.org/v1\nkind: Widget\nmetadata: { name: wide }\nspec: { engine: { image: w:1 } }\n",
    "base/kustomization.yaml": `resources: [all.yaml]
configurations: [fields.yaml]
configMapGenerator: [{ name: facts, literals: [a=b] }]
`,
    "base/fields.yaml": `nameReference:
  - kind: ConfigMap
    fieldSpecs: [{ path: spec/facts/name, kind: Widget }, { path: spec/all/facts, group: example.org, kind: Widget }]
  - kind: Widget
    group: example.org
    fieldSpecs: [{ path: metadata/annotations/widget, kind: ConfigMap }, { path: spec/parts, kind: Widget }]
commonLabels: [{ path: spec/match, kind: Widget, group: example.org, create: true }]
namespace: [{ path: spec/home, kind: Widget, create: true }, { path: webhooks/clientConfig/service/namespace, kind: MutatingWebhookConfiguration, create: true }]
varReference: [{ path: spec/x, kind: Widget }]
`,
    "base/all.yaml": `apiVersion: example.org/v1
kind: Widget
metadata: { name: w }
spec: { facts: { name: facts }, all: [{ facts: facts }, { facts: [facts, other] }], parts: [v, { name: v }] }
---
apiVersion: example.org/v1
kind: Widget
metadata: { name: v }
spec: { engine: { image: w } }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: notes, annotations: { widget: w } }
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: { name: m }
webhooks: [{ name: a, clientConfig: { service: { name: hooks, path: /x } } }]
`,
  },
  "replacements in files, one and many of them": {
    "app/kustomization.yaml": `resources: [all.yaml]
replacements:
  - path: one.yaml
  - { source: { kind: ConfigMap, fieldPath: data.b }, targets: [{ select: { kind: Pod }, fieldPaths: [metadata.annotations.b], options: { create: true } }] }
  - path: many.yaml
`,
    "app/one.yaml":
      "source: { kind: ConfigMap, fieldPath: data.a }\ntargets: [{ select: { kind: Pod }, fieldPaths: [metadata.annotations.a] }]\n",
    "app/many.yaml": `- source: { kind: ConfigMap, fieldPath: data.a, options: { delimiter: "-", index: 1 } }
  targets: [{ select: { name: p }, fieldPaths: ["spec.containers.*.image"], options: { delimiter: ":", index: 1 } }]
- source: { kind: ConfigMap }
  targets: [{ select: { kind: Pod }, reject: [{ name: q }], fieldPaths: [spec.hostname], options: { create: true } }]
`,
    "app/all.yaml": `apiVersion: v1
kind: ConfigMap
metadata: { name: facts }
data: { a: x-y-z, b: c }
---
apiVersion: v1
kind: Pod
metadata: { name: p, annotations: { a: none } }
spec: { containers: [{ name: c, image: "i:1" }, { name: d, image: i }] }
---
apiVersion: v1
kind: Pod
metadata: { name: q, annotations: { a: none } }
spec: { containers: [{ name: c, image: "i:1" }] }
`,
  },
};
