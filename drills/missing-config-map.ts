import type { Drill } from "./drill.ts";
import { withScalar } from "./manifest-edit.ts";

/** The new pods refer to a ConfigMap that is not there. */
export const missingConfigMap: Drill = {
  name: "missing-config-map",
  title: "The new version refers to a ConfigMap that nobody made.",
  inject: (files) => withScalar(files, ["envFrom", 0, "configMapRef", "name"], (name) => `${name}-missing`),
  expect: {
    outcome: "rolled-back",
    reason: /config/i,
    shows:
      "A container that cannot be configured never starts; the old pods serve, and a commit puts the reference back.",
  },
  heal: "rollback",
};
