import type { Drill } from "./drill.ts";
import { withVariable } from "./manifest-edit.ts";

/** The new pods run, and never say that they are ready. */
export const neverReady: Drill = {
  name: "never-ready",
  title: "The new version runs, but its health check never passes.",
  inject: (files) => withVariable(files, "FAULT_NEVER_READY", "true"),
  expect: {
    outcome: "rolled-back",
    reason: /ready|deadline|readiness/i,
    shows: "Nothing that is not ready gets a request; at the deadline a commit puts the last healthy state back.",
  },
  heal: "rollback",
};
