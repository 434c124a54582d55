import { realChance, startCore } from "../../cluster/core.ts";
import { systemClock } from "../../src/io/clock/clock.ts";
import { kubeContract } from "../../src/io/kube/kube-contract-in-test.ts";
import { coreKube } from "./core-kube.ts";

kubeContract("the heart of a cluster", async (t) => {
  const core = startCore(systemClock, realChance);
  t.after(() => core.stop());
  return coreKube(core.api, { clock: systemClock, delayMs: () => 0 });
});
