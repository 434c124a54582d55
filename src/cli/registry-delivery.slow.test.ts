import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { account, noDockerRegistry, startDockerRegistry } from "../io/registry/network/docker-registry-in-test.ts";
import { makePlace, plumb, startPlumb } from "./plumb-in-test.ts";
import { repositoriesIn } from "./repositories-in-test.ts";

const skip = await noDockerRegistry();

test(
  "what release pushes to a registry and signs, the embedded cluster pulls from there and the engine finds healthy (behaviour L5)",
  skip === undefined ? {} : { skip },
  async (t) => {
    const { host, ca = "" } = await startDockerRegistry(t, { tls: true, password: true });
    const made = await makePlace(t);
    const { at, write, git, begin } = repositoriesIn(made.folder);
    const auth = Buffer.from(`${account.username}:${account.password}`).toString("base64");
    const login = JSON.stringify({ auths: { [host]: { auth } } });
    // It serves when a program of its own image, which it asks for by its own path, has run.
    const server = (word: string): string => `if (process.argv[2] === "again") process.exit(0);
const serve = () => require("node:http").createServer((_, answer) => answer.end("${word}")).listen(8080);
require("node:child_process").fork(__filename, ["again"]).on("exit", (code) => (code === 0 ? serve() : process.exit(1)));
`;
    write("docker/config.json", login);
    write("application/main.js", server("one"));
    write(
      "application/release.yaml",
      `registry: ${host}/team
images: { probe: { context: ., base: node, entrypoint: [node, main.js] } }
deployment: { repository: ../deployment.git, path: staging/probe }
`,
    );
    write("deployment/delivery.yaml", "environments: { staging: { namespace: default, rollout: { soak: 100ms } } }\n");
    write(
      "deployment/staging/probe/app.yaml",
      `apiVersion: v1
kind: Secret
metadata: { name: pull }
type: kubernetes.io/dockerconfigjson
data: { .dockerconfigjson: ${Buffer.from(login).toString("base64")} }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: probe }
spec:
  selector: { matchLabels: { app: probe } }
  template:
    metadata: { labels: { app: probe } }
    spec:
      imagePullSecrets: [{ name: pull }]
      containers:
        - name: probe
          image: "${host}/team/probe:none"
          readinessProbe: { httpGet: { path: /, port: 8080 }, periodSeconds: 1 }
`,
    );
    begin();
    const environment = { SSL_CERT_FILE: ca, XDG_CACHE_HOME: at("cache") };
    const place = { ...made, env: { ...made.env, ...environment } };
    // The account is the release's and, by the Secret, the pod's; the cluster itself has none.
    const releasing = { ...place, env: { ...place.env, DOCKER_CONFIG: at("docker") } };
    const running = { ...place, env: { ...place.env, DOCKER_CONFIG: at("nowhere") } };

    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    write("keys/release.pub", publicKey.export({ type: "spki", format: "pem" }).toString());
    write("cosign.key", privateKey.export({ type: "pkcs8", format: "pem" }).toString());
    const release = async (...more: readonly string[]): Promise<string> => {
      const { code, out, err } = await plumb(t, releasing, "release", "--source", "application", "--json", ...more);
      assert.equal(code, 0, err);
      return (JSON.parse(out) as { deployment: { commit: string } }).deployment.commit;
    };
    const signing = `--sign-images=${at("cosign.key")}`;
    const first = await release(signing);
    const cluster = startPlumb(t, running, ["cluster", "--folder=cluster"]);
    await cluster.printed("kubeconfig");
    const repository = `--repository=${at("deployment.git")}`;
    const kubeconfig = `--kubeconfig=${at("cluster/kubeconfig")}`;
    const images = ["--require-signed-images", "--allowed-image-keys=keys", "--registry-credentials=docker"];
    const wrong = await plumb(t, running, "engine", repository, kubeconfig, "--allowed-image-keys=cosign.key");
    assert.match(wrong.err, /cosign\.key: The allowed image keys cannot be used: it holds a private key/);
    const engine = startPlumb(t, running, ["engine", repository, kubeconfig, ...images]);
    await engine.printed(`"revision":"${first}","outcome":"healthy"`);

    write("application/main.js", server("two"));
    git("application", "commit", "-q", "-am", "Change");
    const unsigned = await release();
    await engine.printed(`"revision":"${unsigned}","outcome":"refused"`);
    write("application/main.js", server("three"));
    git("application", "commit", "-q", "-am", "Change again");
    const second = await release(signing);
    await engine.printed(`"revision":"${second}","outcome":"healthy"`);
    const status = await plumb(t, running, "status", repository, "--json");
    assert.equal(status.code, 0, status.err);
    assert.ok(!/Unauthorized|ErrImagePull/.test(status.out));
    for (const child of [engine, cluster]) child.child.kill("SIGTERM");
    assert.equal((await engine.ended).code, 0);
    await cluster.ended;
    assert.match(
      git("deployment.git", "show", "main:staging/probe/app.yaml"),
      new RegExp(`${host}/team/probe:\\w+@sha256`),
    );
    assert.ok(!readFileSync(at("cluster/kubeconfig"), "utf8").includes(account.password));
  },
);
