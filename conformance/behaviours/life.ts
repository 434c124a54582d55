import assert from "node:assert/strict";
import { drills } from "../../drills/index.ts";
import type { Behaviour } from "../behaviour.ts";
import { until } from "../until.ts";
import { assertRollback, injected } from "./rollback.ts";

/** O2 to O4 of docs/behaviours.md. */
export const life: readonly Behaviour[] = [
  {
    number: "O2",
    name: "o2",
    title: "the leader is killed during a rollout, and the other finishes it with exactly one rollback commit",
    async holds(stage) {
      const [drill] = drills.filter(({ name }) => name === "never-ready");
      assert.ok(drill);
      const good = await stage.deliverFirst("{ deadline: 15s, soak: 1s }", 2);
      const broken = stage.repository.commit("Break", injected(stage, drill));
      await stage.becomes("progressing", broken);
      await stage.running.killLeader();
      assertRollback(stage, good, broken, await stage.rolledBack(broken, 120_000));
    },
  },
  {
    number: "O3",
    name: "o3",
    alone: true,
    title: "the API server is restarted during a rollout, and the rollout comes to its end",
    cannot: ({ cluster }) =>
      cluster.restartApi ? undefined : "this cluster's API server cannot be restarted from here",
    async holds(stage) {
      await stage.deliverFirst("{ deadline: 2m, soak: 1s }");
      const commit = stage.repository.commit("Upgrade", stage.backend(stage.ground.released.second));
      await stage.becomes("progressing", commit);
      await stage.ground.cluster.restartApi?.();
      await stage.becomes("healthy", commit, 150_000);
      assert.deepEqual(stage.repository.since(commit), [], "nothing was rolled back");
    },
  },
  {
    number: "O4",
    name: "o4",
    title: "an application that Git empties on purpose leaves nothing behind",
    async holds(stage) {
      await stage.deliverFirst();
      const nothing = stage.files({
        "namespace.yaml": null,
        "backend.yaml": null,
        // Where an installation made the namespace, it was there before, and goes only where Git says so.
        "delivery.yaml": `allowEmpty: true\nallowPrune: [Namespace/${stage.namespace}]\n`,
      });
      const commit = stage.repository.commit("Remove everything", nothing);
      await stage.becomes("healthy", commit);
      await until("the namespace is gone", 90_000, async () => {
        const namespaces = { apiVersion: "v1", plural: "namespaces" };
        return (await stage.api.get(namespaces, stage.namespace)) === undefined;
      });
    },
  },
];
