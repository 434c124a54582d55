import assert from "node:assert/strict";
import type { Behaviour } from "../behaviour.ts";
import type { Files } from "../repository.ts";
import type { Manifests } from "../released.ts";
import type { Stage } from "../stage.ts";
import { until } from "../until.ts";

const patienceMs = 90_000;

/** P1 and P3 of docs/behaviours.md. */
export const promotion: readonly Behaviour[] = [
  {
    number: "P1",
    name: "p1",
    title: "the images that were healthy in staging are pinned in production by one commit, and nothing but them",
    async holds(stage) {
      const { first, second } = stage.ground.released;
      await deliverBoth(stage);
      const commit = stage.repository.commit(second.message, stage.backend(second));
      const promoted = await until("one more commit", patienceMs, async () => stage.repository.since(commit)[0]);
      await until("production is healthy with it", patienceMs, async () => isHealthyAt(stage, promoted));
      const { repository } = stage;
      assert.deepEqual(repository.since(commit), [promoted], "exactly one commit");
      const file = `production/${stage.name}/backend.yaml`;
      assert.equal(repository.read("diff", "--name-only", `${promoted}^`, promoted), file);
      const was = production(stage, first)[file] ?? "";
      const expected = was.replaceAll(imageOf(first), imageOf(second));
      assert.equal(repository.read("show", `${promoted}:${file}`), expected.trim());
      const live = await stage.api.get({ ...stage.deployments, namespace: `${stage.name}-production` }, "backend");
      assert.equal(live?.spec.template.spec.containers[0].image, imageOf(second));
    },
  },
  {
    number: "P3",
    name: "p3",
    title: "what fails in production is rolled back there and not carried again; staging is untouched",
    async holds(stage) {
      const { first, second } = stage.ground.released;
      await deliverBoth(stage, 'expect: { status: 200, json: { version: "1.0.0" } }');
      const commit = stage.repository.commit(second.message, stage.backend(second));
      const rollback = await until("a promotion and its rollback", patienceMs, async () => {
        return stage.repository.since(commit)[1];
      });
      await until("production is healthy with it", patienceMs, async () => isHealthyAt(stage, rollback));
      const { repository } = stage;
      const path = `production/${stage.name}`;
      assert.equal(
        repository.read("rev-parse", `${rollback}:${path}`),
        repository.read("rev-parse", `${commit}:${path}`),
      );
      assert.equal(repository.read("diff", "--name-only", commit, rollback), "", "staging is untouched");
      assert.ok(repository.read("log", "-1", "--format=%B", rollback)?.includes(imageOf(second)), "it is marked");
      assert.equal(stage.says()?.outcome, "healthy");
      const other = stage.repository.commit("Change production", {
        [`${path}/extra.yaml`]: "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: extra }\ndata: { a: b }\n",
      });
      await until("production is healthy again", patienceMs, async () => isHealthyAt(stage, other));
      assert.deepEqual(repository.since(other), [], "it is not carried again");
      const live = await stage.api.get({ ...stage.deployments, namespace: `${stage.name}-production` }, "backend");
      assert.equal(live?.spec.template.spec.containers[0].image, imageOf(first));
    },
  },
];

/** The first release in both environments, of which production promotes from staging. */
async function deliverBoth(stage: Stage, expect = "expect: { status: 200 }"): Promise<void> {
  const { first } = stage.ground.released;
  const check = `[{ http: "http://backend/metadata", ${expect} }]`;
  const commit = stage.repository.commit(first.message, {
    "delivery.yaml": `environments:
  staging: { rollout: { deadline: 60s, soak: 1s } }
  production:
    promote: { from: staging }
    rollout: { deadline: 20s, soak: 1s, checks: ${check} }
`,
    ...stage.backend(first),
    ...production(stage, first),
  });
  await stage.start(1, [`${stage.name}-production`]);
  await stage.becomes("healthy", commit);
  await until("production is healthy", patienceMs, async () => isHealthyAt(stage, commit));
}

function production(stage: Stage, manifests: Manifests): Files {
  const of = (text: string): string => text.replaceAll("ENVIRONMENT: staging", "ENVIRONMENT: production");
  const path = `production/${stage.name}`;
  return {
    [`${path}/namespace.yaml`]: `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ${stage.name}-production\n`,
    [`${path}/backend.yaml`]: of(manifests["backend.yaml"]),
  };
}

function isHealthyAt(stage: Stage, commit: string): boolean {
  const said = stage.running.says(`production/${stage.name}`);
  if (said?.outcome === "healthy" && said.commit === commit) return true;
  throw new Error(`production: ${said?.outcome} at ${said?.commit.slice(0, 8)}: ${said?.message}`);
}

function imageOf(manifests: Manifests): string {
  return /image: (\S+)/.exec(manifests["backend.yaml"])?.[1] ?? "";
}
