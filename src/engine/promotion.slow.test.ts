import assert from "node:assert/strict";
import { test } from "node:test";
import type { DeliveryRecord } from "../model/record.ts";
import { deploymentYaml, namespaceYaml, openWorkbench } from "./workbench-in-test.ts";
import type { Workbench } from "./workbench-in-test.ts";

const isHealthy = ({ outcome }: DeliveryRecord): boolean => outcome === "healthy";
const rollout = "{ deadline: 20s, soak: 300ms, maxRestarts: 0 }";

/** delivery.yaml of staging and what promotes from it, as YAML flow by name. */
function environments(promote: Readonly<Record<string, string>>): string {
  const targets = Object.entries(promote).map(
    ([name, text]) => `  ${name}: { rollout: ${rollout}, promote: ${text} }\n`,
  );
  return `environments:\n  staging: { rollout: ${rollout} }\n${targets.join("")}`;
}

function files(environment: string, image: string): Readonly<Record<string, string>> {
  const env = [`{ name: ENVIRONMENT, value: ${environment} }`];
  return {
    [`${environment}/probe/namespace.yaml`]: namespaceYaml(`probe-${environment}`),
    [`${environment}/probe/web.yaml`]: `# of ${environment}\n${deploymentYaml("web", "ready", { image, env })}`,
  };
}

function runs(bench: Workbench, environment: string): Promise<string> {
  return bench
    .get("apps/v1", "Deployment", `probe-${environment}`, "web")
    .then((live) => /"image":"([^"]*)"/.exec(JSON.stringify(live))?.[1] ?? "");
}

test("what was healthy in one environment is pinned in each that promotes from it, by one commit that changes nothing else", async (t) => {
  const bench = await openWorkbench(t);
  const { first, second } = bench.images;
  bench.commit({
    "delivery.yaml": environments({ eu: "{ from: staging }", us: "{ from: staging }" }),
    ...files("staging", first),
    ...files("eu", first),
    ...files("us", first),
  });
  const { untilRecord, engine } = await bench.engine();
  const all = ["staging/probe", "eu/probe", "us/probe"];
  for (const id of all) await untilRecord(id, "it is healthy", isHealthy);
  assert.equal(bench.git("rev-list", "--count", "main"), "1", "what is the same everywhere is not promoted");

  const upgrade = bench.commit(
    files("staging", second),
    "Release probe\n\nPlumbline-Release: abc\nPlumbline-Image: " + second,
  );
  for (const id of ["eu/probe", "us/probe"]) {
    const record = await untilRecord(id, "it was promoted", (one) => isHealthy(one) && one.images.includes(second));
    assert.equal(record.promotion?.outcome, "promoted");
    assert.equal(record.promotion.commit, upgrade);
    const { commit } = record.revision;
    assert.equal(record.promotion.by, commit);
    assert.equal(bench.git("diff", "--name-only", `${commit}^`, commit), `${id}/web.yaml`);
    const lines = bench.git("diff", "--unified=0", `${commit}^`, commit).split("\n");
    assert.deepEqual(
      lines.filter((line) => /^[-+] /.test(line)).map((line) => line.slice(1).trim()),
      [`image: ${first}`, `image: ${second}`],
    );
    const message = bench.git("log", "-1", "--format=%B", commit);
    assert.ok(message.includes(`Plumbline-Promotes: staging/probe@${upgrade}\nPlumbline-Release: abc\n`));
    assert.ok(message.includes(`Plumbline-Image: ${second}`));
    assert.equal(await runs(bench, id.slice(0, 2)), second);
  }
  assert.equal(bench.git("rev-list", "--count", "main"), "4", "one commit for each");
  const shown = engine.snapshot().applications.map(({ record }) => record.promotion?.outcome);
  assert.deepEqual(shown, ["promoted", undefined, "promoted"]);
});

test("what was not healthy when its soak time was over is carried when it is healthy again", async (t) => {
  const bench = await openWorkbench(t);
  const { first, second } = bench.images;
  const entrance =
    "apiVersion: v1\nkind: Service\nmetadata: { name: door }\nspec: { type: LoadBalancer, ports: [{ port: 80 }] }\n";
  bench.commit({
    "delivery.yaml": environments({ production: "{ from: staging, soak: 4s }" }),
    ...files("staging", first),
    ...files("production", first),
    "staging/probe/door.yaml": entrance,
  });
  const services = { group: "", resource: "services" };
  const open = (ingress: readonly object[]) =>
    bench.cluster.client.mergePatch(
      services,
      "probe-staging",
      "door",
      { status: { loadBalancer: { ingress } } },
      "status",
    );
  const { untilRecord } = await bench.engine();
  await untilRecord("staging/probe", "it waits for its address", ({ message }) => /no load balancer/.test(message));
  await open([{ ip: "192.0.2.1" }]);
  await untilRecord("staging/probe", "it is healthy", isHealthy);
  await untilRecord("production/probe", "it is healthy", isHealthy);

  bench.commit(files("staging", second));
  await untilRecord(
    "production/probe",
    "it waits for the soak time",
    ({ promotion }) => promotion?.outcome === "waiting",
  );
  await open([]);
  await untilRecord(
    "staging/probe",
    "it is healthy no more",
    (one) => isHealthy(one) && one.degradedSince !== undefined,
  );
  await untilRecord("production/probe", "it waits no more", ({ promotion }) => promotion === undefined);
  await open([{ ip: "192.0.2.1" }]);
  await untilRecord("production/probe", "it is carried", (one) => isHealthy(one) && one.images.includes(second));
});

test("what fails in production is rolled back there, rejected, and carried again only when Git accepts it; staging is untouched", async (t) => {
  const bench = await openWorkbench(t);
  const { first, picky } = bench.images;
  bench.commit({
    "delivery.yaml": environments({ production: "{ from: staging }" }),
    ...files("staging", first),
    ...files("production", first),
  });
  const { untilRecord } = await bench.engine();
  for (const id of ["staging/probe", "production/probe"]) await untilRecord(id, "it is healthy", isHealthy);
  const upgrade = bench.commit(files("staging", picky));
  const rejected = await untilRecord(
    "production/probe",
    "it is rolled back, and the images are rejected",
    (one) => isHealthy(one) && one.promotion?.outcome === "rejected",
  );
  assert.ok(rejected.revision.undoes);
  assert.match(
    rejected.promotion?.message ?? "",
    /failed in production\/probe or was taken back .* not promoted there again/,
  );
  const digest = picky.slice(picky.indexOf("@") + 1);
  assert.ok(rejected.promotion?.remedy?.includes(`Plumbline-Accept: ${digest}`));
  assert.ok(bench.git("log", "-1", "--format=%B").includes(`Plumbline-Rejects: ${picky}`));
  assert.equal(bench.git("log", "-1", "--format=%H", "--", "staging"), upgrade);
  assert.equal(await runs(bench, "production"), first);
  assert.equal(await runs(bench, "staging"), picky);
  assert.equal(bench.git("rev-list", "--count", "main"), "4", "one promotion, one rollback");

  const mended = deploymentYaml("web", "ready", { image: first, env: ["{ name: ENVIRONMENT, value: mended }"] });
  bench.commit({ "production/probe/web.yaml": mended }, `Mend what it needs\n\nPlumbline-Accept: ${digest}`);
  const accepted = await untilRecord(
    "production/probe",
    "it is promoted after all",
    (one) => isHealthy(one) && one.images.includes(picky),
  );
  assert.equal(accepted.promotion?.outcome, "promoted");
});

test("a promotion that a person takes back is not carried again", async (t) => {
  const bench = await openWorkbench(t);
  const { first, second } = bench.images;
  bench.commit({
    "delivery.yaml": environments({ production: "{ from: staging }" }),
    ...files("staging", first),
    ...files("production", first),
  });
  const { untilRecord } = await bench.engine();
  for (const id of ["staging/probe", "production/probe"]) await untilRecord(id, "it is healthy", isHealthy);
  bench.commit(files("staging", second));
  await untilRecord("production/probe", "it was promoted", (one) => isHealthy(one) && one.images.includes(second));
  const revert = bench.commit(files("production", first), "Take it back");
  const { promotion } = await untilRecord(
    "production/probe",
    "it is taken back",
    (one) => isHealthy(one) && one.promotion?.outcome === "rejected",
  );
  assert.match(promotion?.message ?? "", /taken back/);
  assert.equal(bench.git("rev-parse", "main"), revert);
  const settings = `${namespaceYaml("probe-production")}# one more commit\n`;
  const other = bench.commit({ "production/probe/namespace.yaml": settings }, "Change something else");
  await untilRecord(
    "production/probe",
    "it is still taken back",
    (one) => isHealthy(one) && one.revision.commit === other && one.promotion?.onto === one.revision.tree,
  );
  assert.equal(bench.git("rev-parse", "main"), other);
});

test("via branch: proposed for review, kept up to date without force, and delivered when it is merged", async (t) => {
  const bench = await openWorkbench(t);
  const { first, second, picky } = bench.images;
  const branch = "plumbline/promote/production-probe";
  bench.updateHook('[ "$2" = 0000000000000000000000000000000000000000 ] || git merge-base --is-ancestor "$2" "$3"');
  bench.commit({
    "delivery.yaml": environments({ production: "{ from: staging, via: branch, soak: 500ms }" }),
    ...files("staging", first),
    ...files("production", first),
  });
  const { untilRecord, engine } = await bench.engine();
  for (const id of ["staging/probe", "production/probe"]) await untilRecord(id, "it is healthy", isHealthy);
  const isProposed = (image: string) => (one: DeliveryRecord) =>
    one.promotion?.outcome === "proposed" && one.promotion.images.includes(image);
  bench.commit(files("staging", picky));
  await untilRecord("production/probe", "it is proposed", isProposed(picky));
  assert.equal(bench.git("diff", "--name-only", "main", branch), "production/probe/web.yaml");

  // Somebody else's commit on the tracked branch, and a newer healthy release.
  const settings = deploymentYaml("web", "ready", { image: first, env: ["{ name: OTHER, value: x }"] });
  bench.commit({ "production/probe/web.yaml": settings });
  bench.commit(files("staging", second));
  const proposed = await untilRecord("production/probe", "the newer one is proposed", isProposed(second));
  assert.deepEqual(
    proposed.promotion?.superseded.map(({ images }) => images),
    [[picky]],
  );
  assert.equal(bench.git("diff", "--name-only", "main", branch), "production/probe/web.yaml");
  assert.equal(bench.git("merge-base", "main", branch), bench.git("rev-parse", "main"), "it is up to date");
  assert.match(bench.git("show", `${branch}:production/probe/web.yaml`), /OTHER/);
  assert.equal(await runs(bench, "production"), first, "nobody merged it yet");

  bench.git("update-ref", "refs/heads/main", branch);
  await engine.refresh();
  await untilRecord(
    "production/probe",
    "it is delivered",
    (one) => isHealthy(one) && one.images.includes(second) && one.promotion?.outcome === "promoted",
  );
});
