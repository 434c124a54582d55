import assert from "node:assert/strict";
import type { Behaviour } from "../behaviour.ts";
import { assertServed } from "../stage.ts";
import { until } from "../until.ts";

/** A variable for the backend's container. */
const withVariable =
  (name: string, value: string) =>
  (text: string): string =>
    text.replace(
      /^( +)- \{ name: PORT, .*\n/m,
      (line, indent: string) => `${line}${indent}- { name: ${name}, value: "${value}" }\n`,
    );

/** R1 to R6 and R8 of docs/behaviours.md; R2 is seen where failures are rolled back. */
export const rollout: readonly Behaviour[] = [
  {
    number: "R1",
    name: "r1",
    title: "healthy is said of the very generation that was applied, with all of its pods",
    async holds(stage) {
      await stage.deliverFirst();
      const commit = stage.repository.commit("Upgrade", stage.backend(stage.ground.released.second));
      await stage.becomes("healthy", commit);
      const { metadata, spec, status } = await stage.deployment();
      assert.equal(status.observedGeneration, metadata.generation);
      assert.deepEqual(
        [status.replicas, status.updatedReplicas, status.readyReplicas],
        [spec.replicas, spec.replicas, spec.replicas],
      );
      const { body } = await stage.api.request(
        "GET",
        `/api/v1/namespaces/${stage.namespace}/services/backend:http/proxy/metadata`,
      );
      assert.equal(body.version, "1.1.0");
    },
  },
  {
    number: "R1",
    name: "r1rule",
    title: "a rule in CEL tells the health of a kind, and a delivery that it does not call healthy ends",
    async holds(stage) {
      const state = (value: string): string =>
        `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: state }\ndata: { state: ${value} }\n`;
      const rule = `{ apiVersion: v1, kind: ConfigMap, current: "data.state == 'up'", failed: "data.state == 'lost'" }`;
      const commit = stage.repository.commit("Deliver with a rule of its own", {
        ...stage.gate("{ deadline: 10s, soak: 1s }"),
        ...stage.files({
          "delivery.yaml": `health: [${rule}]\n`,
          "namespace.yaml": `apiVersion: v1\nkind: Namespace\nmetadata: { name: ${stage.namespace} }\n`,
          "state.yaml": state("up"),
        }),
      });
      await stage.start();
      await stage.becomes("healthy", commit);
      await stage.rolledBack(stage.repository.commit("Lose it", stage.files({ "state.yaml": state("lost") })));
    },
  },
  {
    number: "R3",
    name: "r3",
    title: "a check that wants the revision's own answer ends a delivery whose pods answer otherwise",
    async holds(stage) {
      const check = '{ http: "http://backend/healthz", expect: { status: 200, json: { commit: "{release}" } } }';
      await stage.deliverFirst(`{ deadline: 30s, soak: 1s, checks: [${check}] }`);
      const wrong = stage.backend(stage.ground.released.first, withVariable("FAULT_WRONG_COMMIT", "another"));
      const commit = stage.repository.commit("Answer as another", wrong);
      await stage.rolledBack(commit);
    },
  },
  {
    number: "R4",
    name: "r4",
    title: "an upgrade fails not one request",
    async holds(stage) {
      await stage.deliverFirst();
      const load = await stage.load();
      const commit = stage.repository.commit("Upgrade", stage.backend(stage.ground.released.second));
      await stage.becomes("healthy", commit);
      const result = await load.stop();
      assertServed(result);
      assert.deepEqual(result.versions, ["1.0.0", "1.1.0"]);
    },
  },
  {
    number: "R5",
    name: "r5",
    title: "a newer commit ends the wait for the older one, and a failing rollout does not block its fix",
    async holds(stage) {
      await stage.deliverFirst("{ deadline: 10m, soak: 1s }");
      const broken = stage.backend(stage.ground.released.first, withVariable("FAULT_NEVER_READY", "true"));
      const commit = stage.repository.commit("Break", broken);
      await stage.becomes("progressing", commit);
      const fix = stage.repository.commit("Fix", stage.backend(stage.ground.released.second));
      await stage.becomes("healthy", fix);
      assert.deepEqual(stage.repository.since(commit), [fix], "nothing was rolled back");
    },
  },
  {
    number: "R6",
    name: "r6",
    title: "an application that says `after:` another begins when that one is healthy",
    async holds(stage) {
      const first = (state: string): string =>
        `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: first }\ndata: { state: ${state} }\n`;
      const rule = `{ apiVersion: v1, kind: ConfigMap, current: "data.state == 'up'" }`;
      const commit = stage.repository.commit("Deliver one after the other", {
        "delivery.yaml": `environments:\n  staging:\n    namespace: ${stage.namespace}\n    rollout: { deadline: 5s, soak: 1s }\n`,
        "staging/first/delivery.yaml": `health: [${rule}]\n`,
        "staging/first/namespace.yaml": `apiVersion: v1\nkind: Namespace\nmetadata: { name: ${stage.namespace} }\n`,
        "staging/first/first.yaml": first("down"),
        ...stage.files({
          "delivery.yaml": "after: [first]\n",
          "second.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: second }\n",
        }),
      });
      await stage.start();
      const { message } = await stage.becomes("held", commit);
      assert.match(message, /staging\/first/);
      assert.ok(await stage.api.get(stage.at("v1", "configmaps"), "first"));
      assert.equal(await stage.api.get(stage.at("v1", "configmaps"), "second"), undefined);
      stage.repository.commit("Mend the first", { "staging/first/first.yaml": first("up") });
      await stage.becomes("healthy", commit);
      assert.ok(await stage.api.get(stage.at("v1", "configmaps"), "second"));
    },
  },
  {
    number: "R8",
    name: "r8",
    title:
      "a canary tries an upgrade beside the old pods, one that fails touches none of them, and not one request fails",
    async holds(stage) {
      await stage.deliverFirst("{ deadline: 60s, soak: 1s, canary: { share: 50%, soak: 3s } }");
      const load = await stage.load();
      const before = await stage.deployment();
      const upgrade = stage.backend(stage.ground.released.second);
      const commit = stage.repository.commit("Upgrade", upgrade);
      await until("a canary that is ready", 60_000, async () => {
        const { status } = (await stage.api.get(stage.deployments, "backend-canary")) ?? {};
        assert.equal(status?.readyReplicas, Math.ceil(before.spec.replicas / 2), stage.says()?.message);
        return true;
      });
      assert.equal((await stage.deployment()).metadata.generation, before.metadata.generation, "the old pods stay");
      await stage.becomes("healthy", commit);
      assert.equal(await stage.api.get(stage.deployments, "backend-canary"), undefined, "the canary goes");

      const delivered = await stage.deployment();
      const crash = withVariable("FAULT_CRASH_AFTER_SECONDS", "0");
      await stage.rolledBack(stage.repository.commit("Break", stage.backend(stage.ground.released.second, crash)));
      assert.equal((await stage.deployment()).metadata.generation, delivered.metadata.generation);
      const result = await load.stop();
      assertServed(result);
      assert.deepEqual(result.versions, ["1.0.0", "1.1.0"]);
    },
  },
];
