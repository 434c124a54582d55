/** For tests: manifests that say the same as the API server will, in other words, by what is special about them. */
export const waysOfWriting: Readonly<Record<string, string>> = {
  "quantities of a container": `
apiVersion: apps/v1
kind: Deployment
metadata: { name: quantities }
spec:
  replicas: 0
  selector: { matchLabels: { app: quantities } }
  template:
    metadata: { labels: { app: quantities } }
    spec:
      containers:
        - name: app
          image: example.test/app:1
          resources:
            requests: { cpu: 0.5, memory: 1024Mi }
            limits: { cpu: 1000m, memory: 1073741824, ephemeral-storage: 0.5Gi }
      volumes:
        - { name: cache, emptyDir: { sizeLimit: 1024Mi } }
`,
  "a port without protocol, names and numbers as ports, an order of env that is not the alphabet's": `
apiVersion: apps/v1
kind: Deployment
metadata: { name: ports }
spec:
  replicas: 0
  selector: { matchLabels: { app: ports } }
  template:
    metadata: { labels: { app: ports } }
    spec:
      containers:
        - name: app
          image: example.test/app:1
          ports: [{ containerPort: 8080, name: http }, { containerPort: 53 }, { containerPort: 53, protocol: UDP }]
          env: [{ name: Z, value: "1" }, { name: A, value: "$(Z)" }, { name: EMPTY, value: "" }, { name: NONE }, { name: Z2 }]
          readinessProbe: { httpGet: { port: http } }
          livenessProbe: { httpGet: { port: 8080, path: / } }
  strategy: { rollingUpdate: { maxSurge: 25%, maxUnavailable: 1 } }
`,
  "what is empty and what is null": `
apiVersion: apps/v1
kind: Deployment
metadata: { name: empty, annotations: {}, creationTimestamp: null }
spec:
  replicas: 0
  selector: { matchLabels: { app: empty } }
  minReadySeconds: 0
  paused: false
  revisionHistoryLimit: null
  template:
    metadata: { labels: { app: empty }, annotations: null, creationTimestamp: null }
    spec:
      containers:
        - { name: app, image: example.test/app:1, resources: {}, env: [], ports: null, args: [], securityContext: {} }
      nodeSelector: {}
      tolerations: []
      affinity: {}
      hostNetwork: false
      securityContext: {}
      volumes: [{ name: tmp, emptyDir: {} }]
status: {}
`,
  "a service's ports": `
apiVersion: v1
kind: Service
metadata: { name: ports }
spec:
  selector: { app: ports }
  ports:
    - { name: http, port: 80, targetPort: http }
    - { name: dns, port: 53, targetPort: 53 }
    - { name: dns-udp, port: 53, protocol: UDP }
status: { loadBalancer: {} }
`,
  "a headless service with one port": `
apiVersion: v1
kind: Service
metadata: { name: headless }
spec: { clusterIP: None, ports: [{ port: 80 }] }
`,
  "base64 with line breaks": `
apiVersion: v1
kind: Secret
metadata: { name: lines }
type: Opaque
data:
  long: |
    QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB
    QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQQ==
  empty: ""
`,
  "a secret in plain text": `
apiVersion: v1
kind: Secret
metadata: { name: plain }
stringData: { password: hunter2, umlaut: "grüße", empty: "" }
`,
  "a secret in plain text beside encoded values": `
apiVersion: v1
kind: Secret
metadata: { name: both }
data: { password: YQ==, other: Yg== }
stringData: { password: wins }
`,
  "binary data with line breaks": `
apiVersion: v1
kind: ConfigMap
metadata: { name: binary }
data: {}
binaryData:
  blob: |
    AAECAwQFBgcICQoLDA0ODw==
`,
  "an ingress": `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: in }
spec:
  tls: []
  rules:
    - host: shop.example.org
      http:
        paths:
          - { path: /, pathType: Prefix, backend: { service: { name: ports, port: { number: 80 } } } }
          - { path: /dns, pathType: Exact, backend: { service: { name: ports, port: { name: dns } } } }
`,
  "a network policy that names ports both ways": `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: policy }
spec:
  podSelector: {}
  policyTypes: [Egress, Ingress]
  ingress: [{}, { from: [{ podSelector: {} }], ports: [{ port: http }, { port: 53, protocol: UDP }] }]
  egress: []
`,
  "an autoscaler": `
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: scaler }
spec:
  minReplicas: 1
  maxReplicas: 3
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: ports }
  metrics:
    - { type: Resource, resource: { name: memory, target: { type: AverageValue, averageValue: 1024Mi } } }
    - { type: Resource, resource: { name: cpu, target: { type: Utilization, averageUtilization: 80 } } }
  behavior: { scaleDown: { stabilizationWindowSeconds: 60 } }
`,
  "a disruption budget in percent": `
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: budget }
spec: { minAvailable: 50%, selector: { matchLabels: { app: ports } } }
`,
  "quantities of a quota": `
apiVersion: v1
kind: ResourceQuota
metadata: { name: quota }
spec: { hard: { cpu: 100000m, requests.memory: 102400Mi, requests.storage: "1e12", pods: 100, count/jobs.batch: "1k" } }
`,
  "quantities of a limit range": `
apiVersion: v1
kind: LimitRange
metadata: { name: limits }
spec: { limits: [{ type: Container, default: { memory: 1024Mi, cpu: "1000m" } }] }
`,
  "a claim": `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: claim }
spec: { accessModes: [ReadWriteOnce], storageClassName: "", resources: { requests: { storage: 1024Mi } } }
`,
  "rights, in whatever order": `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: reader }
rules: [{ apiGroups: [""], resources: [secrets, configmaps], verbs: [list, get] }, { apiGroups: [apps], resources: ["*"], verbs: [get] }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: reader }
roleRef: { kind: Role, name: reader, apiGroup: rbac.authorization.k8s.io }
subjects: [{ kind: ServiceAccount, name: default, namespace: kube-system }, { kind: User, name: jane }]
`,
  "templates of claims, of which the server writes more": `
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: stateful }
spec:
  serviceName: headless
  replicas: 0
  selector: { matchLabels: { app: stateful } }
  template:
    metadata: { labels: { app: stateful } }
    spec: { containers: [{ name: app, image: example.test/app:1, volumeMounts: [{ name: data, mountPath: /data }] }] }
  volumeClaimTemplates:
    - metadata: { name: data }
      spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1024Mi } } }
`,
  "a job, whose selector and labels the server adds": `
apiVersion: batch/v1
kind: Job
metadata: { name: job }
spec:
  suspend: true
  template: { spec: { restartPolicy: Never, containers: [{ name: app, image: example.test/app:1 }] } }
`,
  "a time of another zone": `
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: { name: zone }
spec: { holderIdentity: nobody, renewTime: "2026-01-01T02:00:00.500000+02:00", leaseDurationSeconds: 10 }
`,
  "annotations that hold JSON, and numbers as text": `
apiVersion: v1
kind: ServiceAccount
metadata: { name: account, annotations: { numbers: "007", json: '{"b":1, "a":[]}' } }
imagePullSecrets: [{ name: b }, { name: a }]
secrets: []
automountServiceAccountToken: false
`,
  "a definition, of which the server names more": `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: forms.drift.example.org }
spec:
  group: drift.example.org
  scope: Namespaced
  names: { plural: forms, kind: Form }
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties:
                size: { type: integer, default: 3 }
                timeout: { type: string, format: duration }
                port: { x-kubernetes-int-or-string: true }
                tags: { type: array, x-kubernetes-list-type: set, items: { type: string } }
`,
};
