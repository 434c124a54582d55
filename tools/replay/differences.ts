/** A difference that is meant: where it may show, and under which title cluster/README.md gives the reason. */
export interface Difference {
  readonly title: string;
  /** Method and path, with the query. */
  readonly request?: RegExp;
  /** Where in the answer. */
  readonly path: RegExp;
  /** As JSON, or "undefined". */
  readonly expected?: RegExp;
  readonly got?: RegExp;
  /** Only where what is missing is of a kind, a subresource or a path that is not served. */
  readonly isUnserved?: boolean;
}

/** All of them, and the only ones: an exchange agrees if everything else in it agrees. */
export const differences: readonly Difference[] = [
  {
    title: "No service account tokens",
    path: /\b(volumes|volumeMounts)\[(kube-api-access-|\/var\/run\/secrets\/kubernetes\.io\/serviceaccount\])/,
    got: /^undefined$/,
  },
  { title: "What is not served is in no list", path: /./, got: /^undefined$/, isUnserved: true },
  {
    title: "The version is this cluster's own",
    request: /^GET \/version/,
    path: /^body\.(gitVersion|gitCommit|gitTreeState|buildDate|goVersion|compiler|platform)$/,
  },
  {
    title: "Anonymous requests get 401 everywhere",
    path: /^(status|body\.(code|message|reason|details))$/,
    expected: /^(403|\{\}|"Forbidden"|".*User \\"system:anonymous\\" cannot .*")$/,
    got: /^(401|undefined|"Unauthorized")$/,
  },
  {
    title: "The Service `kubernetes`",
    request: /\/namespaces\/default\/endpoint(s|slices)\/kubernetes$/,
    path: /^body\.(subsets\[0\]\.)?ports\[https\]\.port$/,
    expected: /^6443$/,
  },
  {
    title: "A custom kind is served as soon as it is defined",
    request: /^GET \/apis\/[^/]+\.[^/]+\//,
    path: /^(status|body|headers\.content-type)$/,
    expected: /^(404|"404 page not found\\n"|"text\/plain; charset=utf-8")$/,
    got: /^(200|"\{\\"kind\\":\\"\w+List\\".*\\"items\\":\[\]\}"|"application\/json")$/,
  },
  {
    title: "What Kubernetes prints as a Go struct",
    path: /^body\.(message|details\.causes\[\d+\]\.message)$/,
    expected: /Invalid value: \{.*\\"Spec\\":\{\\"Volumes\\":.*: field is immutable"$/,
    got: /Invalid value: \{.*: field is immutable"$/,
  },
  {
    title: "What Kubernetes prints as a Go struct",
    path: /^body\.(message|details\.causes\[0\]\.message)\[/,
    expected: /^"( +\\?["\]}]|[-+] |@@ -\d|")/,
    got: /^undefined$/,
  },
  {
    title: "The messages of broken YAML are this parser's",
    path: /^body\.message$/,
    expected: /yaml: line \d+: /,
    got: /^".{20,}"$/,
  },
  {
    title: "OpenAPI is structure without prose",
    request: /^GET \/openapi\/v3\//,
    path: /\.(description|securitySchemes)$/,
    got: /^undefined$/,
  },
  { title: "No OpenAPI v2", request: /^GET \/openapi\/v2/, path: /^body\.(paths|definitions)\b/ },
  {
    title: "Containers are processes of this machine",
    path: /\.(imageID|containerID)$/,
    expected: /^"(sha256:|containerd:\/\/)/,
    got: /^"(registry\.example\/|plumbline:\/\/)/,
  },
  {
    title: "Containers are processes of this machine",
    request: /^GET [^?]*\/log\b/,
    path: /^body\[(HOME|PATH|PWD|OLDPWD|SHLVL|TMPDIR|HOST|POD_IP|NODE_OPTIONS|PLUMBLINE_\w+|_)=/,
  },
];
