import type { KubeObject, ResourceName } from "../../cluster/client.ts";
import { recordEvents } from "../../cluster/events.ts";
import type { Bindings } from "./bindings.ts";
import { isRecord, conditionsOf, patched, type State, textIn } from "./state.ts";
import type { StreamEntry } from "./trace.ts";
import { nodeName, type World } from "./world.ts";

const pods: ResourceName = { group: "", resource: "pods" };

/** A recorded pod and how far its end has come. */
interface RecordedPod {
  readonly name: string;
  readonly uid: string;
  readonly namespace: string;
  /** Its placeholder, once it has one. */
  podIP: string;
  isEnding: boolean;
  isGone: boolean;
}

/**
 * Does to the pods of the replay what scheduler and kubelet did to those of the recording. Which of several equal pods a
 * controller ends is its choice: then the recorded one changes places with the chosen one.
 */
export class RecordedNode {
  readonly #world: World;
  readonly #bindings: Bindings;
  readonly #pods: RecordedPod[] = [];
  readonly #recorders: ReadonlyMap<string, ReturnType<typeof recordEvents>>;

  constructor(world: World, bindings: Bindings) {
    this.#world = world;
    this.#bindings = bindings;
    const recorder = (name: string): ReturnType<typeof recordEvents> =>
      recordEvents(world.client.as(name), world.clock, name, nodeName);
    this.#recorders = new Map(["default-scheduler", "kubelet"].map((name) => [name, recorder(name)]));
  }

  /** Plays what a watch of pods saw. */
  async play(entry: StreamEntry): Promise<void> {
    const { type, name = "", object, mergePatch } = entry;
    if (type === "ADDED" && object) {
      const namespace = textIn(object, "namespace");
      this.#pods.push({ name, uid: textIn(object, "uid"), namespace, podIP: "", isEnding: false, isGone: false });
      return;
    }
    const pod = this.#pods.findLast((other) => other.name === name);
    if (!pod) return;
    const metadata = mergePatch?.["metadata"];
    // Again with each later write: here the controllers may choose a moment later than they did in the recording.
    pod.isEnding ||= type === "DELETED" || (isRecord(metadata) && "deletionTimestamp" in metadata);
    if (pod.isEnding) this.#giveEnding(pod);
    const status = mergePatch?.["status"];
    if (isRecord(status) && typeof status["podIP"] === "string") pod.podIP = status["podIP"];
    if (type === "DELETED") pod.isGone = true;
    else if (mergePatch) await this.#write(pod, mergePatch);
    await this.endGone();
  }

  /** Tells of a pod what scheduler and kubelet told; as they did, what repeats is counted up. */
  async tell({ type, about = "", event = {} }: StreamEntry): Promise<void> {
    const recorder = this.#recorders.get(String(event["reportingComponent"]));
    const pod = this.#pods.findLast(({ name }) => `Pod/${name}` === about);
    const live = pod && this.#live(pod);
    if (!recorder || !live || type === "DELETED") return;
    const { fieldPath, action } = event;
    const detail = {
      ...(typeof fieldPath === "string" && { fieldPath }),
      ...(typeof action === "string" && { action }),
    };
    const message = this.#bindings.fill(String(event["message"]), { startMs: this.#world.startMs, revision: 0 });
    recorder.record(live, event["type"] === "Warning" ? "Warning" : "Normal", String(event["reason"]), message, detail);
    await recorder.settle();
  }

  /** Lets go what the recording let go, as soon as its time has come here too. */
  async endGone(): Promise<void> {
    for (const pod of this.#pods.filter(({ isGone }) => isGone)) {
      this.#giveEnding(pod);
      const live = this.#live(pod);
      if (live?.metadata.deletionTimestamp === undefined) continue;
      await this.#world.client.as("kubelet").delete(pods, pod.namespace, live.metadata.name ?? "", {
        gracePeriodSeconds: 0,
        uid: live.metadata.uid ?? "",
      });
    }
  }

  async #write(pod: RecordedPod, patch: State): Promise<void> {
    const live = this.#live(pod);
    if (!live) return;
    const now = { startMs: this.#world.startMs, revision: 0 };
    const filled = (text: string): string | undefined =>
      text === "<omitted>" ? undefined : this.#bindings.fill(text, now);
    const known = JSON.parse(
      JSON.stringify(patch, (_, value: unknown) => (typeof value === "string" ? filled(value) : value)),
    ) as State;
    const { namespace } = pod;
    const name = live.metadata.name ?? "";
    const spec = known["spec"];
    if (isRecord(spec) && "nodeName" in spec) {
      const { nodeName } = spec;
      await this.#world.client.as("kube-scheduler").mergePatch(pods, namespace, name, { spec: { nodeName } });
    }
    const { status } = known;
    if (!isRecord(status)) return;
    const conditions = conditionsOf(patched(live, { status }));
    const whole = { ...status, ...(conditions.length > 0 && { conditions }) };
    await this.#world.client.as("kubelet").mergePatch(pods, namespace, name, { status: whole }, "status");
  }

  #live(pod: RecordedPod): KubeObject | undefined {
    const name = this.#bindings.fill(pod.name, { startMs: 0, revision: 0 });
    return this.#world.client.get(pods, pod.namespace, name);
  }

  /** Where the live pod is not ending, but an equal one is that should not be, they change places. */
  #giveEnding(pod: RecordedPod): void {
    const live = this.#live(pod);
    if (!live || live.metadata.deletionTimestamp !== undefined) return;
    const family = familyOf(pod.name);
    const other = this.#pods.find(
      (each) =>
        !each.isGone &&
        each.uid !== pod.uid &&
        familyOf(each.name) === family &&
        this.#live(each)?.metadata.deletionTimestamp !== undefined,
    );
    if (!other) return;
    this.#bindings.swap(keyIn(pod.name, "rand"), keyIn(other.name, "rand"));
    this.#bindings.swap(keyIn(pod.uid, "uid"), keyIn(other.uid, "uid"));
    if (pod.podIP && other.podIP) this.#bindings.swap(keyIn(pod.podIP, "podIP"), keyIn(other.podIP, "podIP"));
  }
}

function familyOf(name: string): string {
  return name.replace(/<rand:\d+>$/, "");
}

function keyIn(text: string, kind: string): string {
  return new RegExp(`<(${kind}:\\d+)>`).exec(text)?.[1] ?? "";
}
