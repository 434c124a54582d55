import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { fingerprint } from "../io/files/fingerprint.ts";
import { openMirror } from "../io/git/mirror.ts";
import { runGit } from "../io/git/temporary-repository-in-test.ts";
import { newSigner } from "../io/git/signer-in-test.ts";
import { valueAt } from "../model/json.ts";
import type { DeliveryRecord } from "../model/record.ts";
import { writeRestoring } from "../history/rollback.ts";
import type { Trust } from "./endorsed.ts";
import { configMapYaml, deliveryYaml, deploymentYaml, namespaceYaml, openWorkbench } from "./workbench-in-test.ts";

/** A workbench and two keys, of which the engine allows the first. */
async function openSigned(t: TestContext) {
  const bench = await openWorkbench(t);
  const [alice, mallory] = [newSigner(bench.folder, "alice"), newSigner(bench.folder, "mallory")];
  const signers = join(bench.folder, "allowed_signers");
  writeFileSync(signers, `alice@example.com ${alice.publicKey}\n`);
  const allowedNow = () => fingerprint([signers]);
  const trust: Trust = { allowed: { signers }, allowedNow, always: true, signsItself: false };
  const application = (name: string, mode = "ready"): Readonly<Record<string, string>> => ({
    [`staging/${name}/namespace.yaml`]: namespaceYaml(`${name}-staging`),
    [`staging/${name}/settings.yaml`]: configMapYaml("settings", { a: "1" }),
    [`staging/${name}/web.yaml`]: deploymentYaml("web", mode),
  });
  const setting = async (name: string): Promise<unknown> =>
    valueAt((await bench.get("v1", "ConfigMap", `${name}-staging`, "settings")) ?? null, "data", "a");
  return { bench, alice, mallory, trust, application, setting };
}

const isHealthyAt =
  (commit: string) =>
  ({ outcome, revision }: DeliveryRecord): boolean =>
    outcome === "healthy" && revision.commit === commit;

const isRefused = ({ outcome }: DeliveryRecord): boolean => outcome === "refused";

test("what no allowed signer signed is refused, says who may sign, and the cluster stays (behaviour G3)", async (t) => {
  const { bench, alice, mallory, trust, application, setting } = await openSigned(t);
  const first = bench.commit(
    { "delivery.yaml": deliveryYaml(), ...application("one"), ...application("two") },
    "Begin",
    alice.key,
  );
  const { untilRecord } = await bench.engine({ trust });
  for (const id of ["staging/one", "staging/two"]) await untilRecord(id, "signed", isHealthyAt(first));

  for (const [value, key, why] of [
    ["2", undefined, /it has no signature/],
    ["3", mallory.key, /its key is not one of an allowed signer/],
  ] as const) {
    const commit = bench.commit({ "staging/one/settings.yaml": configMapYaml("settings", { a: value }) }, "Sneak", key);
    const { message, remedy, problems } = await untilRecord(
      "staging/one",
      `refused ${value}`,
      (record) => isRefused(record) && record.revision.commit === commit,
    );
    assert.match(message, why);
    assert.match(remedy ?? "", /alice@example\.com/);
    assert.deepEqual([problems[0]?.code, problems[0]?.where?.file], ["commit-not-signed", "staging/one"]);
    assert.equal(await setting("one"), "1");
  }
  // The other application goes on, and this one as soon as somebody signs it.
  const other = bench.commit(
    { "staging/two/settings.yaml": configMapYaml("settings", { a: "2" }) },
    "Go on",
    alice.key,
  );
  await untilRecord("staging/two", "the other goes on", isHealthyAt(other));
  const mended = bench.commit(
    { "staging/one/settings.yaml": configMapYaml("settings", { a: "4" }) },
    "Sign",
    alice.key,
  );
  await untilRecord("staging/one", "signed again", isHealthyAt(mended));
  assert.equal(await setting("one"), "4");

  // delivery.yaml says where things go: unsigned it holds up everything that it speaks of.
  bench.commit({ "delivery.yaml": `${deliveryYaml()}    allowClusterKinds: [Node]\n` }, "Widen");
  const widened = await untilRecord("staging/one", "refused for delivery.yaml", isRefused);
  assert.equal(widened.problems[0]?.where?.file, "delivery.yaml");
});

test("a signer who is taken from the list counts no more, without a restart, and one who is added counts at once", async (t) => {
  const { bench, alice, mallory, trust, application, setting } = await openSigned(t);
  const { signers = "" } = trust.allowed;
  const first = bench.commit({ "delivery.yaml": deliveryYaml(), ...application("one") }, "Begin", alice.key);
  const { untilRecord } = await bench.engine({ trust });
  await untilRecord("staging/one", "signed", isHealthyAt(first));
  writeFileSync(signers, `mallory@example.com ${mallory.publicKey}\n`);
  const next = { "staging/one/settings.yaml": configMapYaml("settings", { a: "2" }) };
  bench.commit(next, "Go on", mallory.key);
  const refused = await untilRecord("staging/one", "alice counts no more", isRefused);
  assert.equal(refused.problems[0]?.where?.file, "delivery.yaml", "which she signed");
  assert.match(refused.remedy ?? "", /mallory@example\.com/);
  assert.equal(await setting("one"), "1");
  writeFileSync(signers, `mallory@example.com ${mallory.publicKey}\nalice@example.com ${alice.publicKey}\n`);
  const both = bench.commit({ "staging/one/settings.yaml": configMapYaml("settings", { a: "3" }) }, "Both", alice.key);
  await untilRecord("staging/one", "both count", isHealthyAt(both));
});

test("a rollback of the engine's own counts unsigned, one that anybody made up does not (behaviours B2 and G3)", async (t) => {
  const { bench, alice, trust, application, setting } = await openSigned(t);
  const good = bench.commit(
    { "delivery.yaml": deliveryYaml("{ deadline: 20s, soak: 300ms, maxRestarts: 0 }"), ...application("one") },
    "Begin",
    alice.key,
  );
  const { untilRecord } = await bench.engine({ trust });
  await untilRecord("staging/one", "signed", isHealthyAt(good));
  const broken = bench.commit(application("one", "crash"), "Break it", alice.key);
  const rolledBack = await untilRecord(
    "staging/one",
    "its rollback is healthy",
    ({ outcome, revision }) => outcome === "healthy" && revision.undoes === broken,
  );
  assert.equal(
    bench.git("rev-parse", `${rolledBack.revision.commit}:staging/one`),
    bench.git("rev-parse", `${good}:staging/one`),
  );

  // Made up: the words of a rollback, with a tree that nobody signed.
  const git = await openMirror({ url: bench.remote, folder: join(bench.folder, "forger.git") });
  t.after(() => git.close());
  assert.ok((await git.fetch()).ok);
  const head = await git.branch("main");
  assert.ok(head);
  const parent = await git.commit(head);
  const base = await git.treeAt(head, "staging/one");
  const evil = await git.writeTree(
    base,
    new Map([["settings.yaml", { mode: "100644", id: await git.writeBlob(configMapYaml("settings", { a: "evil" })) }]]),
  );
  const message = `Roll back\n\nPlumbline-Application: staging/one\nPlumbline-Undoes: ${rolledBack.revision.commit}\nPlumbline-Restores: ${good}\nPlumbline-Reason: CrashLoop\n`;
  const forged = await writeRestoring(git, { path: "staging/one", tree: evil, parent, message });
  assert.deepEqual(await git.push(forged, "main", head), { kind: "pushed" });
  const refused = await untilRecord(
    "staging/one",
    "the forgery is refused",
    (record) => isRefused(record) && record.revision.commit === forged,
  );
  assert.match(refused.message, /it has no signature/);
  assert.equal(await setting("one"), "1");
});

test("an engine that signs its own commits takes no others for its own, and what Git asks for holds without an option", async (t) => {
  const { bench, alice, trust, application } = await openSigned(t);
  const key = newSigner(bench.folder, "engine");
  const { signers = "" } = trust.allowed;
  writeFileSync(signers, `alice@example.com ${alice.publicKey}\nengine@example.com ${key.publicKey}\n`);
  const signed = `require: signed\n${deliveryYaml("{ deadline: 20s, soak: 300ms, maxRestarts: 0 }")}`;
  const good = bench.commit({ "delivery.yaml": signed, ...application("one") }, "Begin", alice.key);
  const git = await openMirror({ url: bench.remote, folder: join(bench.folder, "signing.git"), signingKey: key.key });
  t.after(() => git.close());
  const { untilRecord } = await bench.engine({ git, trust: { ...trust, always: false, signsItself: true } }, () => git);
  await untilRecord("staging/one", "signed", isHealthyAt(good));
  const broken = bench.commit(application("one", "crash"), "Break it", alice.key);
  const { revision } = await untilRecord(
    "staging/one",
    "its rollback is healthy",
    (record) => record.outcome === "healthy" && record.revision.undoes === broken,
  );
  assert.match(runGit(bench.remote, "cat-file", "commit", revision.commit), /^gpgsig -----BEGIN SSH SIGNATURE-----$/m);
  const unsigned = bench.commit({ "staging/one/settings.yaml": configMapYaml("settings", { a: "2" }) });
  await untilRecord("staging/one", "refused", (record) => isRefused(record) && record.revision.commit === unsigned);
});

test("an engine that signs nothing promotes nothing by itself where signatures are asked for, and says what to do", async (t) => {
  const { bench, alice, trust } = await openSigned(t);
  const { first, second } = bench.images;
  const files = (environment: string, image: string): Readonly<Record<string, string>> => ({
    [`${environment}/one/namespace.yaml`]: namespaceYaml(`one-${environment}`),
    [`${environment}/one/web.yaml`]: deploymentYaml("web", "ready", { image }),
  });
  const promoting = `${deliveryYaml()}  production: { rollout: { soak: 300ms }, promote: { from: staging } }\n`;
  const all = { "delivery.yaml": promoting, ...files("staging", first), ...files("production", first) };
  const begin = bench.commit(all, "Begin", alice.key);
  const { untilRecord } = await bench.engine({ trust });
  for (const id of ["staging/one", "production/one"]) await untilRecord(id, "signed", isHealthyAt(begin));
  const upgrade = bench.commit(files("staging", second), "Upgrade", alice.key);
  const { promotion } = await untilRecord(
    "production/one",
    "it says why not",
    (record) => record.promotion?.outcome === "impossible",
  );
  assert.match(promotion?.message ?? "", /delivered only from signed commits, and this engine signs none/);
  assert.match(promotion?.remedy ?? "", /via: branch/);
  assert.equal(bench.git("rev-parse", "main"), upgrade);
});
