import type { Drill } from "./drill.ts";
import { withScalar } from "./manifest-edit.ts";

/** The new pods ask for an image that no registry has. */
export const wrongImage: Drill = {
  name: "wrong-image",
  title: "The manifest names an image that does not exist.",
  inject: (files) => {
    return withScalar(
      files,
      ["image"],
      (image) => `${image.replace(/@.*$/, "").replace(/:[^:/]*$/, "")}:missing@sha256:${"0".repeat(64)}`,
    );
  },
  expect: {
    outcome: "rolled-back",
    reason: /image|pull/i,
    shows: "An image that cannot be pulled ends the wait at once, and a commit puts the last healthy state back.",
  },
  heal: "rollback",
};
