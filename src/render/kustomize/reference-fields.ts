/** Fields of some kinds that hold the names of objects of another kind. */
export interface ReferenceField {
  /** What is referred to: `group/Kind`, "/ConfigMap" for the core group. */
  readonly to: string;
  /** In which kinds; none named is any. */
  readonly in: readonly string[];
  /** Of what refers; absent: any. */
  readonly group?: string | undefined;
  readonly version?: string | undefined;
  /** Leads to a name, or to an object that has a name and a namespace. */
  readonly path: string;
}

const podSpecs: readonly (readonly [readonly string[], string])[] = [
  [["Pod"], "spec"],
  [["PodTemplate"], "template/spec"],
  [["Deployment", "ReplicaSet", "DaemonSet", "StatefulSet", "ReplicationController", "Job"], "spec/template/spec"],
  [["CronJob"], "spec/jobTemplate/spec/template/spec"],
];

const inPods: readonly (readonly [string, readonly string[]])[] = [
  [
    "/ConfigMap",
    [
      "volumes[]/configMap/name",
      "volumes[]/projected/sources[]/configMap/name",
      "containers[]/env[]/valueFrom/configMapKeyRef/name",
      "initContainers[]/env[]/valueFrom/configMapKeyRef/name",
      "containers[]/envFrom[]/configMapRef/name",
      "initContainers[]/envFrom[]/configMapRef/name",
    ],
  ],
  [
    "/Secret",
    [
      "volumes[]/secret/secretName",
      "volumes[]/projected/sources[]/secret/name",
      "containers[]/env[]/valueFrom/secretKeyRef/name",
      "initContainers[]/env[]/valueFrom/secretKeyRef/name",
      "containers[]/envFrom[]/secretRef/name",
      "initContainers[]/envFrom[]/secretRef/name",
      "imagePullSecrets[]/name",
    ],
  ],
  ["/ServiceAccount", ["serviceAccountName", "serviceAccount"]],
  ["/PersistentVolumeClaim", ["volumes[]/persistentVolumeClaim/claimName"]],
  ["scheduling.k8s.io/PriorityClass", ["priorityClassName"]],
];

const annotation = (name: string): string => `metadata/annotations/${name.replace("/", "\\/")}`;
const ingressAnnotations = ["auth-secret", "auth-tls-secret", "proxy-ssl-secret"]
  .map((name) => `nginx.ingress.kubernetes.io/${name}`)
  .concat("ingress.kubernetes.io/auth-secret");
const storageParameters = ["secretName", "adminSecretName", "userSecretName", "secretRef"];

const elsewhere: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ["/Secret", ["Ingress"], ["spec/tls[]/secretName", ...ingressAnnotations.map(annotation)]],
  ["/Secret", ["StorageClass"], storageParameters.map((name) => `parameters/${name}`)],
  ["/Secret", ["PersistentVolume"], ["spec/azureFile/secretName"]],
  ["/ConfigMap", ["Ingress"], [annotation("nginx.ingress.kubernetes.io/fastcgi-params-configmap")]],
  ["/ConfigMap", ["Node"], ["spec/configSource/configMap"]],
  ["/Secret", ["ServiceAccount"], ["imagePullSecrets[]/name"]],
  ["/Service", ["StatefulSet"], ["spec/serviceName"]],
  [
    "/Service",
    ["Ingress"],
    [
      "spec/rules[]/http/paths[]/backend/service/name",
      "spec/rules[]/http/paths[]/backend/serviceName",
      "spec/defaultBackend/service/name",
      "spec/backend/serviceName",
    ],
  ],
  ["/Service", ["APIService"], ["spec/service/name"]],
  ["/Service", ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"], ["webhooks[]/clientConfig/service"]],
  ["/PersistentVolume", ["PersistentVolumeClaim"], ["spec/volumeName"]],
  ["storage.k8s.io/StorageClass", ["PersistentVolume", "PersistentVolumeClaim"], ["spec/storageClassName"]],
  ["storage.k8s.io/StorageClass", ["StatefulSet"], ["spec/volumeClaimTemplates[]/spec/storageClassName"]],
  ["networking.k8s.io/IngressClass", ["Ingress"], ["spec/ingressClassName"]],
  ["admissionregistration.k8s.io/ValidatingAdmissionPolicy", ["ValidatingAdmissionPolicyBinding"], ["spec/policyName"]],
];

/**
 * Where names of other objects stand, as in kustomize's own list of name references
 * (https://github.com/kubernetes-sigs/kustomize/blob/master/api/internal/konfig/builtinpluginconsts/namereference.go), besides
 * those that say their kind beside the name.
 */
export const referenceFields: readonly ReferenceField[] = [
  ...podSpecs.flatMap(([kinds, spec]) =>
    inPods.flatMap(([to, paths]) => paths.map((path) => ({ to, in: kinds, path: `${spec}/${path}` }))),
  ),
  ...elsewhere.flatMap(([to, kinds, paths]) => paths.map((path) => ({ to, in: kinds, path }))),
];
