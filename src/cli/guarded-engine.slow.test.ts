import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { startCluster } from "../../cluster/index.ts";
import { startGitServer } from "../../conformance/git-server.ts";
import { makeBareRepository, runGit } from "../io/git/temporary-repository-in-test.ts";
import { newSigner } from "../io/git/signer-in-test.ts";
import { makePlace, plumb, startPlumb } from "./plumb-in-test.ts";

test("an engine that polls once an hour delivers what a webhook tells of, when it is signed (behaviours G3 and G5)", async (t) => {
  const place = await makePlace(t);
  const [repositories, copy] = [join(place.folder, "repositories"), join(place.folder, "copy")];
  mkdirSync(repositories);
  const remote = join(repositories, "deployment.git");
  makeBareRepository(remote);
  runGit(place.folder, "init", "--quiet", "--initial-branch=main", copy);
  const alice = newSigner(place.folder, "alice");
  const push = (files: Readonly<Record<string, string>>, ...sign: readonly string[]): string => {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(copy, path, ".."), { recursive: true });
      writeFileSync(join(copy, path), text);
    }
    runGit(copy, "add", "--all");
    runGit(copy, ...sign, "commit", "--quiet", "--message", "Change");
    runGit(copy, "push", "--quiet", remote, "HEAD:main");
    return runGit(copy, "rev-parse", "HEAD");
  };
  const signed = ["-c", "gpg.format=ssh", "-c", `user.signingKey=${alice.key}`, "-c", "commit.gpgSign=true"];
  const settings = (a: string): string =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { a: "${a}" }\n`;
  push(
    {
      "delivery.yaml": "environments: { staging: { namespace: default, rollout: { soak: 100ms } } }\n",
      "staging/one/settings.yaml": settings("1"),
    },
    ...signed,
  );
  const secret = "a secret of the forge and the engine";
  writeFileSync(join(place.folder, "secret"), secret);
  writeFileSync(join(place.folder, "signers"), `alice@example.com ${alice.publicKey}\n`);
  const cluster = await startCluster({ folder: join(place.folder, "cluster") });
  t.after(() => cluster.stop());
  const server = await startGitServer({ folder: repositories });
  t.after(() => server.stop());
  const options = [
    `--repository=${server.url}/deployment.git`,
    `--kubeconfig=${cluster.kubeconfigPath}`,
    "--poll=1h",
    "--require-signed",
    "--allowed-signers=signers",
  ];
  const half = await plumb(t, place, "engine", ...options, "--webhook-port=0");
  assert.match(half.err, /Give --webhook-port and --webhook-secret, or neither/);
  const engine = startPlumb(t, place, ["engine", ...options, "--webhook-port=0", "--webhook-secret=secret"]);
  let log = "";
  engine.child.stdout?.on("data", (text) => (log += String(text)));
  await engine.printed(`"outcome":"healthy"`);
  const url = /"webhookUrl":"([^"]+)"/.exec(log)?.[1];
  assert.ok(url, log);
  const call = async (key: string, to = url): Promise<number> => {
    const body = JSON.stringify({ ref: "refs/heads/main" });
    const signature = createHmac("sha256", key).update(body).digest("hex");
    const headers = { "x-hub-signature-256": `sha256=${signature}` };
    return (await fetch(to, { method: "POST", body, headers })).status;
  };
  const sneaked = push({ "staging/one/settings.yaml": settings("2") });
  const asked = server.seen.length;
  assert.equal(await call("another secret of some length"), 401);
  assert.equal(server.seen.length, asked, "whoever does not know the secret causes nothing");
  assert.equal(await call(secret), 202);
  await engine.printed(`"revision":"${sneaked}","outcome":"refused"`);
  const mended = push({ "staging/one/settings.yaml": settings("3") }, ...signed);
  assert.equal(await call(secret), 202);
  await engine.printed(`"revision":"${mended}","outcome":"healthy"`);
  // Of two engines the forge may meet the one that stands by: it tells the one that leads.
  const second = ["--webhook-port=0", "--webhook-secret=secret", "--mirror=second.git"];
  const standby = startPlumb(t, place, ["engine", ...options, ...second]);
  let standbyLog = "";
  standby.child.stdout?.on("data", (text) => (standbyLog += String(text)));
  await standby.printed("the engine stands by");
  const other = /"webhookUrl":"([^"]+)"/.exec(standbyLog)?.[1];
  assert.ok(other, standbyLog);
  const passedOn = push({ "staging/one/settings.yaml": settings("4") }, ...signed);
  assert.equal(await call(secret, other), 202);
  await engine.printed(`"revision":"${passedOn}","outcome":"healthy"`);
  standby.child.kill("SIGTERM");
  await standby.ended;

  engine.child.kill("SIGTERM");
  const { code } = await engine.ended;
  assert.equal(code, 0);
});
