import type { Client, KubeObject } from "../../cluster/core.ts";
import type { Clock } from "../../src/io/clock/clock.ts";
import type { Kube, KubeResource } from "../../src/io/kube/kube.ts";
import { applicationLabelKey, pruneAnnotation } from "../../src/model/application.ts";
import type { MemoryRemote } from "../git/memory-remote.ts";
import { composedFiles } from "../history/kustomization.ts";
import { filesAt } from "../history/read-tree.ts";
import { environments } from "../history/steps.ts";
import { recordOf } from "./branches.ts";
import type { Accuse } from "./branches.ts";
import { inventoryNames } from "./inventory.ts";

const deployments = { group: "apps", resource: "deployments" };

/** A Deployment as far as its health goes. */
interface Deployment extends KubeObject {
  readonly spec: { readonly replicas: number };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
  };
}

/** What writes are judged by. */
export interface Judging {
  readonly client: Client;
  readonly clock: Clock;
  readonly remote: MemoryRemote;
  readonly accuse: Accuse;
}

/** What came and went too fast to be blamed for: an engine acts on what it saw this long ago at most. */
const blindMs = 5000;
/** An engine without Git acts on what it fetched last; no history keeps Git away for longer. */
const unfetchedMs = 120_000;

/** The engines' way to the API server, where every deletion is looked at before it is done (behaviours D8 and R7). */
export function watchWrites(kube: Kube, judging: Judging): Kube {
  const { client, clock, remote } = judging;
  const healthyAt = new Map<string, number>();
  client.watch<Deployment>(deployments, ({ object }) => {
    if (isHealthy(object)) healthyAt.set(object.metadata.uid ?? "", clock.now());
  });
  /** When Git last had each application. */
  const hadAt = new Map<string, number>();
  const note = (): void => {
    const head = remote.branch("main");
    for (const environment of environments) {
      const tree = head && remote.idAt(head, environment);
      const entries = tree === undefined ? undefined : remote.objects.tree(tree);
      for (const { name } of entries ?? []) hadAt.set(`${environment}.${name}`, clock.now());
    }
  };
  remote.onPush((branch) => {
    if (branch === "main") note();
  });
  return {
    ...kube,
    delete: (resource, namespace, name, options) => {
      note();
      checkDeletion(judging, { healthyAt, hadAt }, resource, { namespace, name, uid: options?.uid });
      return kube.delete(resource, namespace, name, options);
    },
  };
}

interface Seen {
  readonly healthyAt: ReadonlyMap<string, number>;
  readonly hadAt: ReadonlyMap<string, number>;
}

function checkDeletion(
  { client, clock, remote, accuse }: Judging,
  { healthyAt, hadAt }: Seen,
  { group, resource, kind }: KubeResource,
  { namespace, name, uid }: { readonly namespace: string; readonly name: string; readonly uid: string | undefined },
): void {
  const live = client.get({ group, resource }, namespace, name);
  // Of another object than it is asked for nothing is deleted.
  if (!live || (uid !== undefined && uid !== live.metadata.uid)) return;
  const what = `the engine deletes ${kind} ${namespace}/${name}`;
  const { labels, annotations } = live.metadata;
  const owner = labels?.[applicationLabelKey];
  if (owner === undefined) return accuse(`${what}, which nobody delivered`);
  if (annotations?.[pruneAnnotation] === "false") accuse(`${what}, which is to stay`);
  if (clock.now() - (hadAt.get(owner) ?? 0) > unfetchedMs) accuse(`${what}, whose application Git does not have`);
  const inventory = inventoryNames(client, owner);
  const staying = deploymentsOf(remote, owner);
  if (!inventory.has(`${kind} ${namespace}/${name}`)) accuse(`${what}, which the inventory of ${owner} does not name`);
  // What was proved healthy may be unwell again by the time its last deletions are done: nothing of old is left that needs them.
  if (recordOf(remote, owner.replace(".", "/"))?.outcome === "healthy") return;
  for (const one of client.list<Deployment>(deployments)) {
    const { metadata } = one;
    const isOwn = metadata.labels?.[applicationLabelKey] === owner && metadata.name !== name;
    if (!isOwn || !staying.has(metadata.name ?? "")) continue;
    const since = isHealthy(one) ? clock.now() : (healthyAt.get(metadata.uid ?? "") ?? 0);
    if (clock.now() - since > blindMs) accuse(`${what} while Deployment ${metadata.name} of ${owner} is not healthy`);
  }
}

/** The names of the Deployments that the revision asks for which is being delivered. */
function deploymentsOf(remote: MemoryRemote, label: string): ReadonlySet<string> {
  const at = label.replace(".", "/");
  const commit = recordOf(remote, at)?.revision.commit;
  const files = commit === undefined ? undefined : filesAt(remote, commit, at);
  const texts = commit === undefined || !files ? [] : composedFiles(remote, commit, files).values();
  return new Set(
    [...texts].flatMap((text) => /"kind": "Deployment",\s*"metadata": \{[^}]*"name": "([^"]+)"/.exec(text)?.[1] ?? []),
  );
}

function isHealthy({ metadata, spec, status = {} }: Deployment): boolean {
  const { observedGeneration = 0, updatedReplicas = 0, availableReplicas = 0 } = status;
  return (
    observedGeneration >= (metadata.generation ?? 0) &&
    updatedReplicas >= spec.replicas &&
    availableReplicas >= spec.replicas
  );
}
