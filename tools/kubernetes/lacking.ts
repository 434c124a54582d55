/** What this machine lacks for a Kubernetes of its own, and how to get it: one sentence. Nothing is broken. */
export class Lacking extends Error {
  override readonly name = "Lacking";
}
