import assert from "node:assert/strict";
import { counted } from "../audit.ts";
import type { Audited } from "../audit.ts";
import type { Behaviour } from "../behaviour.ts";
import { until } from "../until.ts";

/** D7 of docs/behaviours.md, with the requests of measure M3: counted at the API server. One object is its own rehearsal. */
export const cost: readonly Behaviour[] = [
  {
    number: "D7",
    name: "d7",
    title:
      "an upgrade of one object costs one request and the Event that tells of it, and in order the engine asks nothing but for its Lease",
    cannot: ({ cluster }) =>
      cluster.audit ? undefined : "this cluster's API server keeps no audit log that can be read here",
    async holds(stage) {
      const { audit } = stage.ground.cluster;
      assert.ok(audit);
      const ours = (requests: readonly Audited[]): readonly Audited[] =>
        requests.filter(({ namespace }) => namespace === stage.namespace || namespace === `engine-${stage.name}`);
      // An Event follows the decision, which waits for nobody who is told.
      const told = (): Promise<readonly Audited[]> =>
        until("the Event of the delivery", 60_000, async () => {
          const requests = ours(await audit.requests()).filter(({ resource }) => resource !== "leases");
          return requests.some(({ resource }) => resource === "events") && requests;
        });
      await audit.begin();
      await stage.deliverFirst();
      await told();
      await audit.begin();
      const commit = stage.repository.commit("Upgrade", stage.backend(stage.ground.released.second));
      await stage.becomes("healthy", commit);
      const upgrade = counted(await told());
      stage.note(`an upgrade: ${JSON.stringify(upgrade)}`);
      assert.deepEqual(upgrade, { "patch deployments": 1, "patch events": 1 });
      await audit.begin();
      const renewals = (requests: readonly Audited[]): number =>
        requests.filter(({ verb, resource }) => verb === "update" && resource === "leases").length;
      const quiet = await until("three renewals of the Lease", 60_000, async () => {
        const requests = ours(await audit.requests());
        return renewals(requests) >= 3 && requests;
      });
      stage.note(`in order, until three renewals: ${JSON.stringify(counted(quiet))}`);
      assert.deepEqual(Object.keys(counted(quiet)), ["update leases"]);
    },
  },
];
