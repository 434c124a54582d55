import type { Drill } from "./drill.ts";
import { withVariable } from "./manifest-edit.ts";

/** The new pods need some seconds before they are ready: slow is not broken. */
export const slowStart: Drill = {
  name: "slow-start",
  title: "The new version needs five seconds before it takes traffic.",
  inject: (files) => withVariable(files, "FAULT_SLOW_START_SECONDS", "5"),
  expect: {
    outcome: "delivered",
    shows: "The rollout waits for each pod while the old ones serve, and nothing is rolled back.",
  },
  heal: "revert",
};
