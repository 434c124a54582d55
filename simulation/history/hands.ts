import type { Client } from "../../cluster/core.ts";
import { applicationLabel, applicationLabelKey } from "../../src/model/application.ts";
import { engineNamespace } from "../world/engine-process.ts";
import { byHand } from "../invariants/objects.ts";
import type { HandAct, HandDeleted, PlaceName } from "./steps.ts";

const deployments = { group: "apps", resource: "deployments" };
const configMaps = { group: "", resource: "configmaps" };
const pods = { group: "", resource: "pods" };

/** Somebody with kubectl and no patience for Git. */
export class Hands {
  readonly #client: Client;
  #count = 0;

  constructor(client: Client) {
    this.#client = client.as("kubectl-edit");
  }

  /** Does what is done to the cluster by hand; answers in a few words what came of it. */
  async act(act: HandAct): Promise<string> {
    switch (act.do) {
      case "edit":
        return this.#edit(act.at);
      case "delete-by-hand":
        return this.#delete(act.at, act.what);
      case "foreign":
        return this.#foreign(act.at, `foreign-${(this.#count += 1)}`);
      case "squat":
        return this.#foreign(act.at, `${act.at.split("/")[1]}-extra-${act.file}`);
      case "replace":
        return this.#replace(act.at, `-extra-${act.file}`);
      case "unlabel":
        return this.#unlabel(act.at);
    }
  }

  #find(resource: typeof pods, at: PlaceName, part: string) {
    const label = applicationLabel(at);
    return this.#client.list(resource).find(({ metadata: { labels, name = "", namespace } }) => {
      return labels?.[applicationLabelKey] === label && name.endsWith(part) && namespace !== engineNamespace;
    });
  }

  async #edit(at: PlaceName): Promise<string> {
    const version = `edited-${(this.#count += 1)}`;
    for (const [resource, part, patch] of [
      [configMaps, "-settings", { data: { version } }],
      [deployments, "-web", { spec: { replicas: 2 } }],
    ] as const) {
      const found = this.#find(resource, at, part);
      if (!found) continue;
      const { namespace = "", name = "" } = found.metadata;
      await this.#client.mergePatch(resource, namespace, name, patch).catch(() => undefined);
    }
    return version;
  }

  async #delete(at: PlaceName, what: HandDeleted): Promise<string> {
    const owner = this.#find(what === "settings" ? configMaps : deployments, at, what === "settings" ? what : "-web");
    if (!owner) return "is not there";
    const { namespace = "", name = "" } = owner.metadata;
    if (what === "namespace") {
      if (namespace.startsWith("shared")) return "is not tried";
      await this.#client.delete({ group: "", resource: "namespaces" }, "", namespace).catch(() => undefined);
      return `deleted ${namespace}`;
    }
    if (what !== "pod") {
      await this.#client.delete(what === "web" ? deployments : configMaps, namespace, name).catch(() => undefined);
      return `deleted ${name}`;
    }
    const pod = this.#client.list(pods, namespace).find((one) => one.metadata.name?.startsWith(name));
    if (!pod) return "is not there";
    const { name: podName = "" } = pod.metadata;
    await this.#client.mergePatch(pods, namespace, podName, { metadata: { annotations: { [byHand]: "yes" } } });
    await this.#client.delete(pods, namespace, podName).catch(() => undefined);
    return `deleted a pod of ${name}`;
  }

  async #replace(at: PlaceName, part: string): Promise<string> {
    const found = this.#find(configMaps, at, part);
    if (!found) return "is not there";
    const { namespace = "", name = "" } = found.metadata;
    await this.#client.delete(configMaps, namespace, name).catch(() => undefined);
    const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace } };
    await this.#client.create(configMaps, object).catch(() => undefined);
    return `made ${name} anew`;
  }

  async #unlabel(at: PlaceName): Promise<string> {
    const found = this.#find(configMaps, at, "-settings");
    if (!found) return "is not there";
    const { namespace = "", name = "" } = found.metadata;
    const patch = { metadata: { labels: { [applicationLabelKey]: null } } };
    await this.#client.mergePatch(configMaps, namespace, name, patch).catch(() => undefined);
    return `took the label of ${name}`;
  }

  async #foreign(at: PlaceName, name: string): Promise<string> {
    const owner = this.#find(deployments, at, "-web") ?? this.#find(configMaps, at, "");
    const namespace = owner?.metadata.namespace;
    if (namespace === undefined) return "no namespace to put it";
    const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace } };
    await this.#client.create(configMaps, object).catch(() => undefined);
    return `made ${namespace}/${name}`;
  }
}
