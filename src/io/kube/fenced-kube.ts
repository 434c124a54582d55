import { askedKube } from "./asked-kube.ts";
import type { Kube, KubeRefusal } from "./kube.ts";

/** The same door, which writes nothing while `mayAct` says no: an engine that lost its lease must not act (behaviour O2). */
export function fencedKube(kube: Kube, mayAct: () => boolean): Kube {
  return askedKube(kube, ({ verb }, send) => {
    const isRead = verb === "get" || verb === "list";
    return isRead || mayAct() ? send() : Promise.resolve({ ok: false, refusal: notLeading });
  });
}

const notLeading: KubeRefusal = {
  code: 0,
  reason: "NotLeading",
  message: "this engine does not lead any more, so it writes nothing",
  causes: [],
};
