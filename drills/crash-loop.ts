import type { Drill } from "./drill.ts";
import { withVariable } from "./manifest-edit.ts";

/** The new pods start, and end with an error as soon as they run. */
export const crashLoop: Drill = {
  name: "crash-loop",
  title: "The new version ends with an error as soon as it runs.",
  inject: (files) => withVariable(files, "FAULT_CRASH_AFTER_SECONDS", "0"),
  expect: {
    outcome: "rolled-back",
    reason: /crash|restart|exit/i,
    shows:
      "A crash loop is seen before the deadline, the old pods serve, and a commit puts the last healthy state back.",
  },
  heal: "rollback",
};
