import type { Client, KubeObject } from "../../cluster/core.ts";
import type { Kube } from "../../src/io/kube/kube.ts";
import { applicationLabelKey } from "../../src/model/application.ts";
import { valueAt } from "../../src/model/json.ts";
import type { Json } from "../../src/model/json.ts";
import type { MemoryRemote } from "../git/memory-remote.ts";
import { kustomization } from "../history/kustomization.ts";
import { filesOf } from "../history/read-tree.ts";
import { places } from "../history/steps.ts";
import type { Accuse } from "./branches.ts";

/** The engines' way to the API server, where no workload gets a new image while the hook before it is not complete (behaviour D4). */
export function watchHooks(kube: Kube, client: Client, remote: MemoryRemote, accuse: Accuse): Kube {
  const complete = new Set<string>();
  client.watch<KubeObject>({ group: "batch", resource: "jobs" }, ({ object }) => {
    const { namespace = "", name = "" } = object.metadata;
    if (isComplete(object as Json)) complete.add(`${namespace}/${name}`);
  });
  /** Every directory that the tracked branch had at a place. */
  const had = new Map<string, ReadonlySet<string>>();
  remote.onPush((branch, id) => {
    for (const at of branch === "main" ? places : []) {
      const tree = remote.idAt(id, at);
      if (tree !== undefined) had.set(at, new Set([...(had.get(at) ?? []), tree]));
    }
  });
  /** The hooks before a workload with this image, one for each directory that has it. */
  const hooksBefore = (at: string, image: string): readonly (string | undefined)[] => {
    return [...(had.get(at) ?? [])].flatMap((tree) => {
      const files = filesOf(remote, tree);
      if (files.get("web.yaml")?.includes(image) !== true) return [];
      const [, name] = /"name": "([^"]+)"/.exec(files.get("hook-before.yaml") ?? "") ?? [];
      // What a kustomization is made of has a name that no tree of Git has.
      return [name === undefined || files.has(kustomization) ? undefined : `${name}-${tree.slice(0, 8)}`];
    });
  };
  return {
    ...kube,
    apply(resource, object, options) {
      const { namespace = "", name, labels } = object.metadata;
      const image = imageOf(object);
      const live = client.get<KubeObject>({ group: "apps", resource: "deployments" }, namespace, name);
      const isNew = object.kind === "Deployment" && image !== imageOf(live as Json);
      if (!options.dryRun && isNew && image !== undefined) {
        const hooks = hooksBefore((labels?.[applicationLabelKey] ?? "").replace(".", "/"), image);
        const isOpen = hooks.every((hook) => hook !== undefined && !complete.has(`${namespace}/${hook}`));
        if (hooks.length > 0 && isOpen) accuse(`${name} gets ${image} before ${hooks.join(" or ")} is complete`);
      }
      return kube.apply(resource, object, options);
    },
  };
}

function imageOf(deployment: Json | undefined): string | undefined {
  const image = valueAt(deployment, "spec", "template", "spec", "containers", 0, "image");
  return typeof image === "string" ? image : undefined;
}

function isComplete(job: Json): boolean {
  const conditions = valueAt(job, "status", "conditions");
  if (!Array.isArray(conditions)) return false;
  return conditions.some((one) => valueAt(one, "type") === "Complete" && valueAt(one, "status") === "True");
}
