import { valueAt } from "../model/json.ts";
import type { Json } from "../model/json.ts";
import type { Health } from "../model/health.ts";
import { because, conditionsOf, current, failed, inProgress, textAt } from "./conditions.ts";

/** Who makes the volume of a claim, by the annotation that the claim gets once somebody is to make it. */
const provisioners = ["volume.kubernetes.io/storage-provisioner", "volume.beta.kubernetes.io/storage-provisioner"];

/**
 * kstatus's rule for a PersistentVolumeClaim: healthy when it is bound. A claim says in no status that its class waits for a
 * pod, so one that nobody uses waits for ever; the sentence names that trap.
 */
export function claimHealth(claim: Json): Health {
  const phase = textAt(claim, "status", "phase");
  if (phase === "Bound") return current("Bound", `it is bound${growth(claim)}`);
  if (phase === "Lost") return failed("Lost", "its volume is lost");
  const state = `it is not bound yet (${phase || "no phase"})`;
  const maker = provisioners.map((key) => textAt(claim, "metadata", "annotations", key)).find((name) => name !== "");
  if (maker !== undefined) return inProgress("NotBound", `${state}: ${maker} is to make its volume`);
  if (phase !== "Pending") return inProgress("NotBound", state);
  const name = textAt(claim, "spec", "storageClassName");
  const storage = name === "" ? "a default storage class or a volume that fits" : `storage class ${name}`;
  return inProgress("NotBound", `${state}: it needs ${storage}, and a pod that uses it where the class waits for one`);
}

/** A volume that is to become larger serves meanwhile. */
function growth(claim: Json): string {
  const grows = conditionsOf(claim).find(({ type, status }) => /Resiz/.test(type) && status === "True");
  return grows === undefined ? "" : `, and not as large as it is to be${because(grows.message || grows.type)}`;
}

/** A PersistentVolume is healthy when it can be claimed or was; one that cannot be given back has failed. */
export function volumeHealth(volume: Json): Health {
  const phase = textAt(volume, "status", "phase");
  if (["Available", "Bound", "Released"].includes(phase)) return current(phase, `it is ${phase.toLowerCase()}`);
  const why = because(textAt(volume, "status", "message") || textAt(volume, "status", "reason"));
  if (phase === "Failed") return failed("Failed", `it could not be given back${why}`);
  return inProgress(
    "NotAvailable",
    `it is not available yet (${valueAt(volume, "status") === undefined ? "no status" : phase || "no phase"})`,
  );
}
