import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { startCluster } from "../../cluster/index.ts";
import { startGitServer } from "../../conformance/git-server.ts";
import { systemClock } from "../io/clock/clock.ts";
import { account, noDockerRegistry } from "../io/registry/network/docker-registry-in-test.ts";
import { plumb, startPlumb } from "./plumb-in-test.ts";
import { pullFromRegistries } from "./pull-images.ts";
import { makeReleasePlace, type ReleasePlace } from "./released-in-test.ts";

const skip = await noDockerRegistry();
const options = skip === undefined ? {} : { skip };
const gitToken = "t0ken-planted-4be7";
const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** An account that the registry refuses, with the right password. */
const stranger = base64(`x${account.username}:${account.password}`);
/** What must be seen nowhere, in each form that a request carries it in. */
const planted = [
  account.password,
  base64(`${account.username}:${account.password}`),
  gitToken,
  base64(`bot:${gitToken}`),
  stranger,
];

/** The secrets in a text. */
const secretsIn = (text: string): readonly string[] => planted.filter((secret) => text.includes(secret));

/** The command lines of this machine that show a secret, but for the one that was given it. */
function shownArguments(given: (command: string) => boolean): readonly string[] {
  return readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")];
      } catch {
        return [];
      }
    })
    .filter((command) => secretsIn(command).length > 0 && !given(command));
}

/** The files below a folder that hold a secret. */
function filesWithSecrets(folder: string, except: RegExp): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !except.test(path) && secretsIn(readFileSync(path, "latin1")).length > 0);
}

/** The deployment repository behind HTTP with a password, and the arguments that release to it. */
async function serveDeployment(place: ReleasePlace) {
  const server = await startGitServer({
    folder: place.folder,
    credentials: { username: "bot", password: gitToken },
  });
  const url = `${server.url}/deployment.git`;
  return { server, url, withToken: url.replace("http://", `http://bot:${gitToken}@`) };
}

test("no surface of a release shows the passwords of the registry and of Git (G4)", options, async (t) => {
  const place = await makeReleasePlace(t);
  const { server, withToken } = await serveDeployment(place);
  t.after(() => server.stop());
  const seen = new Set<string>();
  let looks = 0;
  place.proxy.gate = async () => {
    looks += 1;
    // Who is given the URL shows it; what it starts must not.
    for (const command of shownArguments((each) => each.includes("main.js release"))) seen.add(command);
  };
  const args = ["release", "--source=application", `--deployment=${withToken}`];
  const good = await plumb(t, place, ...args);
  assert.equal(good.code, 0, good.err);
  const again = await plumb(t, place, ...args, "--json", "--verify");
  assert.equal(again.code, 0, again.err);
  assert.ok(process.platform !== "linux" || looks > 20, `${looks} looks`);
  assert.deepEqual([...seen], []);
  place.proxy.gate = undefined;

  // Every way to fail that has a secret at hand.
  place.write("application/main.js", "console.log(2);\n");
  place.git("application", "commit", "-q", "-am", "Change");
  const denied = args.map((each) => each.replace(`bot:${gitToken}`, `bot:${gitToken}-wrong`));
  const refusing = { ...place, env: { ...place.env, DOCKER_CONFIG: join(place.folder, "wrong") } };
  const wrong = { auths: { [place.proxy.host]: { auth: stranger } } };
  place.write("wrong/config.json", JSON.stringify(wrong));
  const failures = [
    await plumb(t, place, ...denied),
    await plumb(t, place, ...denied, "--json"),
    await plumb(t, refusing, ...args),
    await plumb(t, place, ...args.map((each) => each.replace(/:\d+\//, ":1/"))),
    await plumb(t, place, ...args, `--registry=${account.username}:${account.password}@${place.proxy.host}/team`),
  ];
  for (const { code, err } of failures) assert.notEqual(code, 0, err);
  for (const { out, err } of [good, again, ...failures]) assert.deepEqual(secretsIn(out + err), [], out + err);

  assert.deepEqual(secretsIn(place.git("deployment.git", "log", "--all", "-p", "--format=fuller")), []);
  assert.deepEqual(filesWithSecrets(place.folder, /\/(docker|wrong)\/config\.json$/), []);
  const { images } = JSON.parse(again.out) as { images: readonly { digest: string }[] };
  const referrers = await place.registry.referrers(place.name, images[0]?.digest ?? "");
  assert.equal(referrers.length, 2);
  for (const { digest } of referrers) {
    const manifest = (await place.registry.readManifest(place.name, digest)).toString();
    const { layers } = JSON.parse(manifest) as { layers: readonly { digest: string }[] };
    let document = manifest;
    for await (const chunk of place.registry.readBlob(place.name, layers[0]?.digest ?? "")) document += String(chunk);
    assert.deepEqual(secretsIn(document), []);
  }
});

test(
  "no surface of the engine and the cluster shows them, when they serve and when they are refused (G4)",
  options,
  async (t) => {
    const place = await makeReleasePlace(t);
    const { server, url } = await serveDeployment(place);
    t.after(() => server.stop());
    const credentials = join(place.folder, "credentials");
    mkdirSync(credentials);
    writeFileSync(join(credentials, "username"), "bot");
    writeFileSync(join(credentials, "password"), gitToken);
    place.write(
      "deployment/delivery.yaml",
      "environments: { staging: { namespace: default, rollout: { deadline: 60s, onFailure: hold } } }\n",
    );
    place.write(
      "deployment/staging/probe/app.yaml",
      `apiVersion: v1
kind: Pod
metadata: { name: probe }
spec:
  imagePullSecrets: [{ name: pull }]
  containers: [{ name: probe, image: "${place.name}:none" }]
`,
    );
    place.git("deployment", "add", "-A");
    place.git("deployment", "commit", "-q", "-m", "Deliver");
    place.git("deployment", "push", "-q", join(place.folder, "deployment.git"), "main");
    const cluster = await startCluster({
      folder: join(place.folder, "cluster"),
      pull: pullFromRegistries({ clock: systemClock, random: () => 0.5, env: {} }),
    });
    t.after(() => cluster.stop());
    // The right password with the wrong name: the registry refuses it.
    const login = { auths: { [place.proxy.host]: { auth: stranger } } };
    const secret = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "pull", namespace: "default" },
      type: "kubernetes.io/dockerconfigjson",
      data: { ".dockerconfigjson": base64(JSON.stringify(login)) },
    };
    await cluster.client.create({ group: "", resource: "secrets" }, secret);
    const seen = new Set<string>();
    place.proxy.gate = async () => {
      for (const command of shownArguments(() => false)) seen.add(command);
    };
    const args = [`--repository=${url}`, `--kubeconfig=${cluster.kubeconfigPath}`, `--credentials=${credentials}`];
    const engine = startPlumb(t, place, ["engine", ...args, "--poll=1s"]);
    await engine.printed(`"outcome":"held"`);
    for (const command of shownArguments(() => false)) seen.add(command);
    writeFileSync(join(credentials, "password"), `${gitToken}-wrong`);
    await engine.printed("was denied");
    engine.child.kill("SIGTERM");
    const { out, err } = await engine.ended;
    assert.deepEqual(secretsIn(out + err), [], out + err);
    assert.match(out + err, /would not show/, "the refused pull was told of");
    assert.deepEqual([...seen], []);
    assert.deepEqual(secretsIn(place.git("deployment.git", "log", "-p", "plumbline/log")), []);
    const objects = ["events", "pods"].map((resource) => cluster.client.list({ group: "", resource }));
    assert.deepEqual(secretsIn(JSON.stringify(objects)), []);
    assert.deepEqual(filesWithSecrets(place.folder, /\/docker\/config\.json$|\/credentials\/password$/), []);
  },
);
