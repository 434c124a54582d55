/** Directories as people write them; the slow test asks kubectl's own kustomize what they mean. `app` is what is built. */
export const cases: { readonly [name: string]: { readonly [path: string]: string } } = {
  "an overlay over a base: prefix, namespace, labels, images, replicas, patches": {
    "base/kustomization.yaml":
      "resources: [deployment.yaml, service.yaml, account.yaml]\nlabels: [{ pairs: { app: web }, includeSelectors: true }]\n",
    "base/deployment.yaml": `apiVersion: apps/v1
kind: Deployment
metadata: { name: web, annotations: { a: "1" } }
spec:
  replicas: 1
  selector: { matchLabels: { tier: front } }
  template:
    metadata: { labels: { tier: front } }
    spec:
      serviceAccountName: runner
      containers:
        - name: web
          image: example.org/web:1
          ports: [{ containerPort: 80 }, { containerPort: 81, protocol: UDP }]
          env: [{ name: A, value: "1" }, { name: B, value: "2" }]
          volumeMounts: [{ name: data, mountPath: /data }]
      initContainers: [{ name: init, image: "example.org/init" }]
      volumes: [{ name: data, emptyDir: {} }]
`,
    "base/service.yaml": "apiVersion: v1\nkind: Service\nmetadata: { name: web }\nspec: { ports: [{ port: 80 }] }\n",
    "base/account.yaml": `apiVersion: v1
kind: ServiceAccount
metadata: { name: runner }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: reader }
rules: [{ apiGroups: [""], resources: [configmaps], verbs: [get], resourceNames: [web] }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: reader }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader }
subjects: [{ kind: ServiceAccount, name: runner }, { kind: ServiceAccount, name: default }]
`,
    "app/kustomization.yaml": `namespace: shop
namePrefix: my-
nameSuffix: -v2
resources: [../base, ingress.yaml]
commonLabels: { team: red }
commonAnnotations: { contact: us }
images:
  - { name: example.org/web, newTag: "2" }
  - { name: example.org/init, newName: other.org/init, digest: "sha256:${"a".repeat(64)}" }
replicas: [{ name: web, count: 3 }]
patches:
  - path: patch.yaml
  - target: { kind: Service }
    patch: |-
      - op: replace
        path: /spec/ports/0/port
        value: 8080
      - { op: add, path: /spec/type, value: ClusterIP }
`,
    "app/ingress.yaml": `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: web }
spec: { rules: [{ host: a.org, http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: web, port: { number: 80 } } } }] } }] }
`,
    "app/patch.yaml": `apiVersion: apps/v1
kind: Deployment
metadata: { name: web, annotations: { a: null, b: "2" } }
spec:
  template:
    spec:
      containers:
        - name: sidecar
          image: example.org/sidecar:1
        - name: web
          env: [{ name: C, value: "3" }, { name: A, value: "9" }, { name: B, $patch: delete }]
          ports: [{ containerPort: 81, protocol: UDP, name: dns }]
          resources: { limits: { memory: 64Mi } }
      volumes: [{ name: data, emptyDir: null, configMap: { name: none } }]
`,
  },
  "generators: hashes, behaviors, options, references": {
    "base/kustomization.yaml": `resources: [job.yaml]
configMapGenerator:
  - { name: settings, literals: [A=1, "B=<&>", 'C="quoted"'], files: [app.conf, other=app.conf] }
  - { name: plain, literals: [X=1], options: { disableNameSuffixHash: true, labels: { l: m } } }
  - { name: env, envs: [some.env] }
secretGenerator:
  - { name: keys, literals: [password=hunter2, "long=${"0123456789".repeat(12)}"] }
  - { name: tls, type: kubernetes.io/tls, literals: [tls.crt=a, tls.key=b] }
generatorOptions: { annotations: { made: by } }
`,
    "base/app.conf": "line = 1\nline = zwei ü\n",
    "base/some.env": "# comment\nE1=one\n\nE2=a=b\n",
    "base/job.yaml": `apiVersion: batch/v1
kind: CronJob
metadata: { name: nightly }
spec:
  schedule: "0 0 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          imagePullSecrets: [{ name: keys }]
          containers:
            - name: one
              image: example.org/job
              envFrom: [{ configMapRef: { name: settings } }, { secretRef: { name: keys } }]
              env: [{ name: X, valueFrom: { configMapKeyRef: { name: plain, key: X } } }]
          volumes: [{ name: a, configMap: { name: env } }, { name: b, projected: { sources: [{ secret: { name: tls } }] } }]
`,
    "app/kustomization.yaml": `resources: [../base]
namePrefix: prod-
configMapGenerator:
  - { name: settings, behavior: merge, literals: [A=2, D=4] }
  - { name: env, behavior: replace, literals: [ONLY=1] }
`,
  },
  "components over what is there": {
    "base/kustomization.yaml": "resources: [d.yaml]\n",
    "base/d.yaml":
      "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web }\nspec: { template: { spec: { containers: [{ name: web, image: w }] } } }\n",
    "feature/kustomization.yaml": `apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
resources: [cm.yaml]
patches:
  - target: { kind: Deployment, name: w.* }
    patch: |-
      - op: add
        path: /spec/template/spec/containers/0/env
        value: [{ name: FEATURE, value: "on" }]
`,
    "feature/cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: feature }\ndata: { a: b }\n",
    "app/kustomization.yaml": "resources: [../base]\ncomponents: [../feature]\nnamePrefix: x-\n",
  },
  replacements: {
    "app/kustomization.yaml": `resources: [all.yaml]
replacements:
  - source: { kind: ConfigMap, name: facts, fieldPath: data.host }
    targets:
      - select: { kind: Deployment }
        fieldPaths: ["spec.template.spec.containers.[name=web].env.[name=HOST].value", "metadata.annotations.host"]
        options: { create: true }
      - select: { kind: Service }
        reject: [{ name: other }]
        fieldPaths: [spec.externalName]
        options: { delimiter: ".", index: 0 }
  - source: { kind: ConfigMap, name: facts, fieldPath: data.image, options: { delimiter: ":", index: 1 } }
    targets:
      - select: { kind: Deployment }
        fieldPaths: ["spec.template.spec.containers.*.image"]
        options: { delimiter: ":", index: 1 }
`,
    "app/all.yaml": `apiVersion: v1
kind: ConfigMap
metadata: { name: facts }
data: { host: example.org, image: "any:7" }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { type: ExternalName, externalName: a.b.c }
---
apiVersion: v1
kind: Service
metadata: { name: other }
spec: { type: ExternalName, externalName: a.b.c }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec: { template: { spec: { containers: [{ name: web, image: "w:1", env: [{ name: HOST, value: none }] }, { name: two, image: "v:1" }] } } }
`,
  },
  "patches by selectors, deletions, lists of operations, a custom kind": {
    "app/kustomization.yaml": `resources: [all.yaml]
patches:
  - target: { labelSelector: "tier in (a, b),!old" }
    patch: |-
      apiVersion: v1
      kind: Any
      metadata: { name: any, labels: { touched: "yes" } }
  - patch: |-
      $patch: delete
      apiVersion: v1
      kind: ConfigMap
      metadata: { name: gone }
  - patch: |-
      apiVersion: example.org/v1
      kind: Widget
      metadata: { name: w }
      spec: { items: [{ name: b, v: 2 }], map: { $patch: replace, only: true } }
  - target: { group: example.org, version: v1, kind: Widget, name: w }
    path: ops.json
  - target: { kind: ConfigMap, name: keep }
    options: { allowNameChange: true, allowKindChange: true }
    patch: |-
      - { op: replace, path: /metadata/name, value: renamed }
`,
    "app/ops.json":
      '[{"op":"add","path":"/spec/items/-","value":{"name":"c"}},{"op":"copy","from":"/spec/items/0","path":"/spec/first"}]',
    "app/all.yaml": `apiVersion: v1
kind: ConfigMap
metadata: { name: keep, labels: { tier: a } }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: older, labels: { tier: a, old: "1" } }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: gone }
---
apiVersion: v1
kind: Pod
metadata: { name: p }
spec: { containers: [{ name: c, image: i, envFrom: [{ configMapRef: { name: keep } }] }] }
---
apiVersion: example.org/v1
kind: Widget
metadata: { name: w, finalizers: [a.org/x] }
spec: { items: [{ name: a, v: 1 }, { name: b, v: 1 }], map: { a: 1 } }
`,
  },
  "two bases of one kind of name, told apart by their prefixes": {
    "base/kustomization.yaml": "resources: [all.yaml]\n",
    "base/all.yaml": `apiVersion: v1
kind: ConfigMap
metadata: { name: settings }
data: { a: b }
---
apiVersion: v1
kind: Pod
metadata: { name: p }
spec: { containers: [{ name: c, image: i, envFrom: [{ configMapRef: { name: settings } }] }] }
`,
    "one/kustomization.yaml": "resources: [../base]\nnamePrefix: one-\n",
    "two/kustomization.yaml": "resources: [../base]\nnamePrefix: two-\n",
    "app/kustomization.yaml": "resources: [../one, ../two]\nnameSuffix: -x\n",
  },
  "selectors everywhere, cluster kinds, scale targets": {
    "app/kustomization.yaml": `resources: [all.yaml]
namespace: moved
namePrefix: p-
commonLabels: { c: l }
commonAnnotations: { x: z }
labels: [{ pairs: { only: meta } }, { pairs: { t: u }, includeTemplates: true }]
`,
    "app/all.yaml": `apiVersion: v1
kind: Namespace
metadata: { name: original }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: cr }
rules: []
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: crb }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cr }
subjects: [{ kind: ServiceAccount, name: sa, namespace: original }, { kind: ServiceAccount, name: default, namespace: x }]
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: sa, namespace: original }
---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db }
spec:
  serviceName: db
  selector: { matchLabels: { a: b } }
  template:
    metadata: { labels: { a: b } }
    spec:
      containers: [{ name: c, image: i }]
      affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: k, labelSelector: { matchLabels: { a: b } } }] } }
      topologySpreadConstraints: [{ maxSkew: 1, topologyKey: z, whenUnsatisfiable: DoNotSchedule, labelSelector: { matchLabels: { a: b } } }]
  volumeClaimTemplates: [{ metadata: { name: data }, spec: { accessModes: [ReadWriteOnce] } }]
---
apiVersion: v1
kind: Service
metadata: { name: db }
spec: { selector: { a: b } }
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: db }
spec: { scaleTargetRef: { apiVersion: apps/v1, kind: StatefulSet, name: db }, maxReplicas: 2 }
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: db }
spec: { selector: { matchLabels: { a: b } } }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: db }
spec: { podSelector: { matchLabels: { a: b } }, ingress: [{ from: [{ podSelector: { matchLabels: { a: b } } }] }] }
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: widgets.example.org }
spec: { group: example.org }
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: claim }
spec: { storageClassName: fast }
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: { name: fast }
provisioner: x
---
apiVersion: v1
kind: ConfigMap
metadata: { name: local, annotations: { config.kubernetes.io/local-config: "true" } }
`,
  },
  "words that are booleans to others, operations that rename, names in brackets": {
    "app/kustomization.yaml": `resources: [a.yaml]
patches:
  - path: patch.yaml
  - target: { kind: ConfigMap, name: words }
    patch: |-
      - { op: add, path: /data/j, value: yes }
      - { op: replace, path: /metadata/name, value: renamed }
replacements:
  - source: { kind: ConfigMap, name: renamed, fieldPath: data.a }
    targets: [{ select: { kind: Pod }, fieldPaths: ["metadata.annotations.[example.org/a.b]"], options: { create: true } }]
`,
    "app/a.yaml": `apiVersion: v1
kind: ConfigMap
metadata: { name: words }
data: { a: yes, b: off, c: true, d: True, n: no, y: y }
---
apiVersion: v1
kind: Pod
metadata: { name: pod }
spec: { containers: [{ name: a, image: b, envFrom: [{ configMapRef: { name: words } }] }] }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: account }
secrets: [{ name: token }]
`,
    "app/patch.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: words }\ndata: { p: on, q: False }\n",
  },
};
