import { isJsonObject, valueAt } from "../../model/json.ts";
import type { Json } from "../../model/json.ts";
import { groupOf } from "../../model/object-ref.ts";
import type { KubeAnswer, KubeRefusal, KubeResource } from "./kube.ts";
import { groupVersionPath } from "./paths.ts";

type Kinds = ReadonlyMap<string, KubeResource>;

/**
 * What the server serves, remembered by group-version until a request finds it gone. A kind that is not known is asked
 * for again, because a definition may have come since; askers at the same time share one request.
 */
export class Discovery {
  readonly #get: (path: string) => Promise<KubeAnswer<Json>>;
  readonly #known = new Map<string, Kinds>();
  readonly #asking = new Map<string, Promise<KubeAnswer<Kinds>>>();

  constructor(get: (path: string) => Promise<KubeAnswer<Json>>) {
    this.#get = get;
  }

  async resource(apiVersion: string, kind: string): Promise<KubeAnswer<KubeResource | undefined>> {
    const known = this.#known.get(apiVersion)?.get(kind);
    if (known) return { ok: true, value: known, warnings: [] };
    const asked = this.#asking.get(apiVersion) ?? this.#ask(apiVersion);
    const answer = await asked;
    return answer.ok ? { ok: true, value: answer.value.get(kind), warnings: answer.warnings } : answer;
  }

  /**
   * Looks again at the next question when a request was answered that its kind is not served: a definition may have been
   * removed since, and what comes in its place need not be the same.
   */
  heard(path: string, refusal: KubeRefusal): void {
    if (refusal.code !== 404 || refusal.missing !== undefined) return;
    for (const apiVersion of this.#known.keys()) {
      const group = groupOf(apiVersion);
      const version = group === "" ? apiVersion : apiVersion.slice(group.length + 1);
      if (path.startsWith(`${groupVersionPath(group, version)}/`)) this.#known.delete(apiVersion);
    }
  }

  /** Looks again at the next question after a definition was written or deleted: it may serve other things now. */
  wrote(path: string): void {
    const group = /^\/apis\/apiextensions\.k8s\.io\/[^/]+\/customresourcedefinitions\/[^./?]+\.([^/?]+)/.exec(
      path,
    )?.[1];
    for (const apiVersion of this.#known.keys()) if (groupOf(apiVersion) === group) this.#known.delete(apiVersion);
  }

  #ask(apiVersion: string): Promise<KubeAnswer<Kinds>> {
    const asked = this.#discover(apiVersion).finally(() => this.#asking.delete(apiVersion));
    this.#asking.set(apiVersion, asked);
    return asked;
  }

  async #discover(apiVersion: string): Promise<KubeAnswer<Kinds>> {
    const group = groupOf(apiVersion);
    const version = group === "" ? apiVersion : apiVersion.slice(group.length + 1);
    const answer = await this.#get(groupVersionPath(group, version));
    if (!answer.ok) return answer.refusal.code === 404 ? { ok: true, value: new Map(), warnings: [] } : answer;
    const kinds = kindsOf(answer.value, group, version);
    this.#known.set(apiVersion, kinds);
    return { ok: true, value: kinds, warnings: answer.warnings };
  }
}

function kindsOf(list: Json, group: string, version: string): Kinds {
  const resources = valueAt(list, "resources");
  const entries = Array.isArray(resources) ? (resources as readonly Json[]).filter(isJsonObject) : [];
  const names = new Set(entries.map((entry) => entry["name"]));
  const kinds = new Map<string, KubeResource>();
  for (const entry of entries) {
    const { name, kind } = entry;
    // Subresources are listed beside the kinds, as deployments/scale.
    if (typeof name !== "string" || typeof kind !== "string" || name.includes("/")) continue;
    const hasStatus = names.has(`${name}/status`);
    kinds.set(kind, { group, version, kind, resource: name, namespaced: entry["namespaced"] === true, hasStatus });
  }
  return kinds;
}
