import type { Client, KubeObject } from "../../cluster/core.ts";
import { applicationLabel, applicationLabelKey } from "../../src/model/application.ts";
import { isJsonObject } from "../../src/model/json.ts";
import type { Json } from "../../src/model/json.ts";
import type { DeliveryRecord } from "../../src/model/record.ts";
import type { MemoryRemote } from "../git/memory-remote.ts";
import { rootFile } from "../history/manifests.ts";
import { composedFiles } from "../history/kustomization.ts";
import { filesAt } from "../history/read-tree.ts";
import { hasContent, isOnOtherBase } from "./content.ts";
import { places } from "../history/steps.ts";
import type { PlaceName } from "../history/steps.ts";
import { engineNamespace } from "../world/engine-process.ts";
import { recordOf } from "./branches.ts";
import type { Accuse } from "./branches.ts";
import { intentOf, rootOf } from "./intent.ts";
import type { Intent, Root, Wanted } from "./intent.ts";
import { inventoryNames } from "./inventory.ts";
import { kinds } from "./kinds.ts";

/** A world that has come to rest. */
export interface Rest {
  readonly remote: MemoryRemote;
  readonly client: Client;
  /**
   * What failed may have been held, and be so still: the branch took no commits, the policy was another one, or somebody deleted
   * the delivery log and with it what was healthy before.
   */
  readonly mayBeHeld: boolean;
}

/** When all is quiet: the cluster is equal to Git, or the application is held and its record says why (D1, D3, B1, B4). */
export function checkOutcome(rest: Rest, accuse: Accuse): void {
  const { remote } = rest;
  const head = remote.branch("main");
  if (head === undefined) return;
  for (const at of places) {
    const { good, root } = lastReadable(remote, head, at);
    if (good === undefined || root === undefined) continue;
    const files = filesAt(remote, good, at);
    const record = recordOf(remote, at);
    if (files)
      checkPresent(
        rest,
        { at, root, record, good, isBroken: good !== head },
        intentOf(composedFiles(remote, good, files), root, record?.revision.tree ?? ""),
        accuse,
      );
    else checkGone(rest, at, record, accuse);
  }
}

/** What is healthy in one environment is what the next asks for, or its record says why not (behaviour P1). */
export function checkPromoted(remote: MemoryRemote, from: PlaceName, to: PlaceName, accuse: Accuse): void {
  const head = remote.branch("main");
  const good = head === undefined ? undefined : lastReadable(remote, head, to).good;
  // A promotion waits while the newest commit is not the one that is delivered.
  if (good === undefined || good !== head || !/"promote"/.test(filesAt(remote, good, "")?.get(rootFile) ?? "")) return;
  const [source, target] = [recordOf(remote, from), recordOf(remote, to)];
  const isThere = [from, to].every((path) => remote.idAt(good, path) !== undefined);
  if (!isThere || source?.outcome !== "healthy" || !target || target.outcome === "refused") return;
  const nameOf = (image: string): string => image.replace(/:.*/, "");
  const asked = new Set(target.images.map(nameOf));
  const missing = source.images.filter((image) => asked.has(nameOf(image)) && !target.images.includes(image));
  const said = target.promotion?.outcome ?? "nothing";
  if (missing.length > 0 && target.images.length > 0 && !["proposed", "rejected", "impossible"].includes(said))
    accuse(`${missing.join()} is healthy in ${from} and not in ${to}, whose record says ${said} of it`);
}

/** The commit that is delivered: the newest whose delivery.yaml can be read. */
function lastReadable(
  remote: MemoryRemote,
  head: string,
  at: PlaceName,
): { readonly good?: string; readonly root?: Root } {
  for (const { id } of remote.firstParents(head)) {
    const blob = remote.idAt(id, rootFile);
    const root = rootOf(blob === undefined ? "" : (remote.objects.read(blob)?.content.toString() ?? ""), at);
    if (root) return { good: id, root };
  }
  return {};
}

interface Case {
  readonly at: PlaceName;
  readonly root: Root;
  readonly record: DeliveryRecord | undefined;
  /** The commit that is delivered. */
  readonly good: string;
  /** The newest commit is not the one that is delivered. */
  readonly isBroken: boolean;
}

function checkPresent(rest: Rest, one: Case, intent: Intent, accuse: Accuse): void {
  const { at, record, good } = one;
  if (!record) return accuse(`${at} is in Git and has no record`);
  const { outcome, revision, message, reason } = record;
  const what = `${at} is ${outcome} (${message})`;
  if (!hasContent(rest.remote, good, at, revision)) return accuse(`${what}, of another tree than Git has`);
  // A rollback on top of a commit that is not delivered would not be either, so it waits.
  if (outcome === "failed" && one.isBroken) return;
  if (outcome !== "healthy" && outcome !== "held" && outcome !== "refused") return accuse(`${what}, and stays so`);
  if (outcome === "healthy") {
    if (intent.kind === "bad" || intent.kind === "refused") accuse(`${what}, and must not be`);
    return checkLive(rest, one, intent, accuse);
  }
  // Whom it comes after may not be there, or not be healthy.
  if (intent.waits && (reason === "WaitingForOthers" || outcome === "refused")) return;
  if (intent.kind === "good" && !isOfAnother(rest, at, intent) && hasPlace(rest, intent))
    return accuse(`${what}, and nothing is wrong with it`);
  if (intent.kind === "empty" && intent.allowsEmpty) return accuse(`${what}, and Git says that it is meant`);
  if (intent.kind === "bad" || intent.kind === "open") checkBlocked(rest, one, accuse);
}

/** What fails is put back where the policy says so and there is a state to go back to. */
function checkBlocked({ mayBeHeld, remote }: Rest, { at, root, record, good }: Case, accuse: Accuse): void {
  if (!record || record.outcome !== "held") return;
  const { lastHealthy, revision, message, reason } = record;
  if (lastHealthy === undefined || lastHealthy.tree === revision.tree || revision.undoes !== undefined) return;
  // Others may use it, so what stands on it cannot go back without it.
  if (isOnOtherBase(remote, lastHealthy.commit, good, lastHealthy)) return;
  if (mayBeHeld) return;
  if (root.onFailure === "revert") accuse(`${at} is held (${reason}: ${message}) and was not rolled back`);
  const proposal = `plumbline/rollback/${at.replace("/", "-")}`;
  if (root.onFailure === "branch" && remote.branch(proposal) === undefined)
    accuse(`${at} is held (${message}) and its rollback was not proposed`);
}

/** The namespace is there, or is to be made. */
function hasPlace({ client }: Rest, { objects }: Intent): boolean {
  const made = new Set(objects.filter(({ kind }) => kind === "Namespace").map(({ name }) => name));
  return objects.every(({ namespace }) => {
    const live = client.get({ group: "", resource: "namespaces" }, "", namespace);
    return namespace === "" || made.has(namespace) || (live && live.metadata.deletionTimestamp === undefined);
  });
}

/** Another application has an object that this one asks for: it is refused until Git says that it is meant. */
function isOfAnother({ client }: Rest, at: PlaceName, { objects }: Intent): boolean {
  return objects.some((wanted) => {
    const owner = liveOf(client, wanted)?.metadata.labels?.[applicationLabelKey];
    return owner !== undefined && owner !== applicationLabel(at);
  });
}

function checkLive(rest: Rest, { at, record }: Case, { objects }: Intent, accuse: Accuse): void {
  const { client } = rest;
  for (const wanted of objects) {
    const live = liveOf(client, wanted);
    const label = `${wanted.kind} ${wanted.namespace}/${wanted.name} of ${at}`;
    if (!live) accuse(`${label} is not there`);
    else if (live.metadata.labels?.[applicationLabelKey] !== applicationLabel(at)) accuse(`${label} is not its own`);
    else if (!covers(live as Json, wanted.object)) accuse(`${label} is not as Git says`);
  }
  const names = new Set(objects.map(keyOf));
  const extra = liveObjects(client, at).filter(
    (one) => !names.has(keyOf(one)) && one.live.metadata.annotations?.["plumbline.dev/prune"] !== "false",
  );
  const isHeldBack = record?.remedy !== undefined;
  if (!isHeldBack && extra.length > 0) accuse(`${at} is healthy and left ${extra.map(keyOf).join(", ")} behind`);
  const known = inventoryOf(client, at);
  const missing = objects.filter((one) => !known.has(keyOf(one)));
  if (missing.length > 0) accuse(`the inventory of ${at} does not name ${missing.map(keyOf).join(", ")}`);
  const more = [...known].filter((key) => !names.has(key));
  if (!isHeldBack && more.length > 0) accuse(`the inventory of ${at} still names ${more.join(", ")}`);
}

/** What vanished from Git without a word stays in the cluster, and the record says what to do. */
function checkGone({ client }: Rest, at: PlaceName, record: DeliveryRecord | undefined, accuse: Accuse): void {
  const left = inventoryOf(client, at);
  if (left.size === 0) return;
  if (!record) return accuse(`${at} is gone from Git, has something in the cluster, and has no record`);
  if (record.outcome !== "held" || record.revision.tree !== "") {
    accuse(`${at} is gone from Git and is ${record.outcome} (${record.message})`);
  }
}

function inventoryOf(client: Client, at: PlaceName): ReadonlySet<string> {
  return inventoryNames(client, applicationLabel(at));
}

function liveOf(client: Client, { kind, namespace, name }: Wanted): KubeObject | undefined {
  const found = kinds.find((one) => one.kind === kind);
  return found && client.get<KubeObject>(found, namespace, name);
}

function liveObjects(client: Client, at: PlaceName) {
  return kinds.flatMap((one) =>
    client
      .list<KubeObject>(one)
      .filter(({ metadata: { labels, namespace } }) => {
        return labels?.[applicationLabelKey] === applicationLabel(at) && namespace !== engineNamespace;
      })
      .map((live) => ({
        kind: one.kind,
        namespace: live.metadata.namespace ?? "",
        name: live.metadata.name ?? "",
        live,
      })),
  );
}

function keyOf({ kind, namespace, name }: Omit<Wanted, "object">): string {
  return `${kind} ${namespace}/${name}`;
}

/** Every field that Git declares has its value; lists are as Git has them, entry by entry. */
function covers(live: Json | undefined, wanted: Json): boolean {
  if (Array.isArray(wanted)) {
    return Array.isArray(live) && live.length === wanted.length && wanted.every((each, at) => covers(live[at], each));
  }
  if (!isJsonObject(wanted)) return live === wanted;
  return (
    isJsonObject(live) &&
    Object.entries(wanted).every(([key, value]) => value === undefined || covers(live[key], value))
  );
}
