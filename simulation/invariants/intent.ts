import { behaviourOf, isGood } from "../cluster/images.ts";
import { isJsonObject, valueAt } from "../../src/model/json.ts";
import type { Json, JsonObject } from "../../src/model/json.ts";
import type { Files } from "../history/manifests.ts";
import type { PlaceName } from "../history/steps.ts";

/** One object as Git wants it. */
export interface Wanted {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly object: JsonObject;
}

/**
 * What the files of an application ask for, read without any of the engine's code. `refused` must not reach the cluster;
 * `empty` wants nothing at all, on purpose or not; the rest is `good` when its pods get through the gate, `bad` when they
 * do not, and `open` where that depends on the time.
 */
export interface Intent {
  readonly kind: "good" | "bad" | "open" | "refused" | "empty";
  readonly allowsEmpty: boolean;
  /** It comes after another application, and what that one is decides. */
  readonly waits: boolean;
  readonly objects: readonly Wanted[];
}

/** The root of a repository, as far as it matters to one application. */
export interface Root {
  readonly onFailure: string;
  readonly namespace: string;
}

/** What delivery.yaml says of a place; undefined where it cannot be read. */
export function rootOf(text: string, at: PlaceName): Root | undefined {
  const [environment = "", name = ""] = at.split("/");
  const found = valueAt(parsed(text), "environments", environment);
  if (!isJsonObject(found)) return undefined;
  const { namespace } = found;
  return {
    onFailure: textAt(found, "rollout", "onFailure"),
    namespace: typeof namespace === "string" ? namespace : `${name}-${environment}`,
  };
}

/** What files ask for at a place. */
export function intentOf(files: Files, { namespace }: Root, tree: string): Intent {
  const objects: Wanted[] = [];
  let isRefused = false;
  let allowsEmpty = false;
  let waits = false;
  let isAsked = false;
  for (const [name, text] of files) {
    const value = parsed(text);
    if (name === "delivery.yaml") {
      allowsEmpty = valueAt(value, "allowEmpty") === true;
      waits = valueAt(value, "after") !== undefined;
      isAsked = valueAt(value, "rollout", "checks") !== undefined;
      isRefused ||= value === undefined;
      continue;
    }
    const wanted = wantedOf(value, namespace, tree);
    if (wanted) objects.push(wanted);
    else isRefused = true;
  }
  if (isRefused) return { kind: "refused", allowsEmpty, waits, objects };
  if (objects.length === 0) return { kind: "empty", allowsEmpty, waits, objects };
  const containers = objects.flatMap(({ kind, object }) => {
    const image = valueAt(object, "spec", "template", "spec", "containers", 0, "image");
    return typeof image === "string" ? [{ kind, behaviour: behaviourOf(image, namespace) }] : [];
  });
  // Each of them is in time, and all of them together may not be.
  const isLong = containers.filter(({ behaviour }) => behaviour === "slow").length > 1;
  const alone = containers.map(({ kind, behaviour }) => {
    // A hook is not started again.
    if (kind === "Job" && behaviour === "flaky") return false;
    return isGood(behaviour, isAsked && kind !== "Job");
  });
  const verdicts = isLong ? [...alone, undefined] : alone;
  const kind = verdicts.includes(false) ? "bad" : verdicts.includes(undefined) ? "open" : "good";
  return { kind, allowsEmpty, waits, objects };
}

/** An object that the application may deliver; undefined for one that is to be refused. */
function wantedOf(value: Json | undefined, own: string, tree: string): Wanted | undefined {
  if (!isJsonObject(value) || value["datum"] !== undefined) return undefined;
  const kind = textAt(value, "kind");
  const name = textAt(value, "metadata", "name");
  if (valueAt(value, "metadata", "annotations", "plumbline.dev/hook") !== undefined) {
    // Each revision runs a hook of its own.
    const hook = `${name}-${tree.slice(0, 8)}`;
    const metadata = { ...(value["metadata"] as JsonObject), name: hook };
    return { kind, namespace: own, name: hook, object: { ...value, metadata } };
  }
  if (kind === "Namespace") return name === own ? { kind, namespace: "", name, object: value } : undefined;
  const said = valueAt(value, "metadata", "namespace");
  return said === undefined || said === own ? { kind, namespace: own, name, object: value } : undefined;
}

function textAt(value: Json, ...path: readonly string[]): string {
  const found = valueAt(value, ...path);
  return typeof found === "string" ? found : "";
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
