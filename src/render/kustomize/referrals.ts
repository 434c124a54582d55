import type { Json, JsonObject } from "../../model/json.ts";
import { valueAt } from "../../model/json.ts";
import { ProblemError } from "../../model/problem.ts";
import { identityOf, labelOf } from "./resource.ts";
import type { Identity, Resource } from "./resource.ts";

/** What is called otherwise than it was, found by what it was called. */
export class Referrals {
  readonly #isCluster: (kind: string) => boolean;
  /** By kind, as `group/Kind` and, whatever the group, as `*` and the kind; and by every name that one had. */
  readonly #moved = new Map<string, Map<string, Resource[]>>();

  constructor(resources: readonly Resource[], isCluster: (kind: string) => boolean) {
    this.#isCluster = isCluster;
    for (const resource of resources) {
      const { kind } = identityOf(resource.object);
      for (const key of [kindOf(resource), `*/${kind}`]) {
        const byName = this.#moved.get(key) ?? new Map<string, Resource[]>();
        for (const { name } of resource.former) {
          const called = byName.get(name) ?? [];
          byName.set(name, called);
          if (called.at(-1) !== resource) called.push(resource);
        }
        if (byName.size > 0) this.#moved.set(key, byName);
      }
    }
  }

  get isEmpty(): boolean {
    return this.#moved.size === 0;
  }

  /** Whether any of this kind is called otherwise. */
  has(kind: string): boolean {
    return this.#moved.has(kind);
  }

  /** What the name means now that was of one of these kinds. */
  find(referrer: Resource, kinds: readonly string[], name: Json | undefined): Identity | undefined {
    const near = this.#called(kinds, name).filter((candidate) => this.#isNear(referrer, candidate));
    return one(referrer, near, (identity) => identity.name);
  }

  /** The same by a reference that may say a namespace, its old one or the one of now. */
  findNamed(referrer: Resource, kind: string, { name, namespace }: JsonObject): Identity | undefined {
    const called = this.#called([kind], name);
    const was = called.filter(({ former: [first] }) => effective(first?.namespace) === namespace);
    const is = called.filter(({ object }) => effective(identityOf(object).namespace) === namespace);
    const meant = typeof namespace === "string" ? (was.length > 0 ? was : is) : called;
    const near = meant.filter((candidate) => this.#isNear(referrer, candidate));
    return one(referrer, near, (identity) => JSON.stringify([identity.name, identity.namespace]));
  }

  #called(kinds: readonly string[], name: Json | undefined): readonly Resource[] {
    return typeof name === "string" ? kinds.flatMap((kind) => this.#moved.get(kind)?.get(name) ?? []) : [];
  }

  /** In the same namespace, or where one of the two is in none; a binding's accounts are where it says. */
  #isNear(referrer: Resource, candidate: Resource): boolean {
    if (this.#isCluster(kindOf(referrer)) || this.#isCluster(kindOf(candidate))) return true;
    const { namespace } = identityOf(candidate.object);
    if (effective(namespace) === effective(identityOf(referrer.object).namespace)) return true;
    const subjects = referrer.object["kind"] === "RoleBinding" ? referrer.object["subjects"] : undefined;
    return (
      Array.isArray(subjects) &&
      (subjects as readonly Json[]).some((subject) => effective(valueAt(subject, "namespace")) === effective(namespace))
    );
  }
}

/** The one that is meant: where there are several, the one that was given the same prefixes and suffixes as the referrer. */
function one(
  referrer: Resource,
  near: readonly Resource[],
  said: (identity: Identity) => string,
): Identity | undefined {
  if (near.length === 1) return near[0] && identityOf(near[0].object);
  const similar = near.filter((candidate) => isRelated(candidate, referrer, true));
  const related = similar.length > 1 ? similar.filter((candidate) => isRelated(candidate, referrer, false)) : similar;
  const [first, ...others] = related.map(({ object }) => identityOf(object));
  if (first === undefined || others.every((other) => said(other) === said(first))) return first;
  throw new ProblemError({
    code: "kustomization-reference",
    message: `${labelOf(referrer)} names a ${first.kind} that could be ${[first, ...others].map(({ name, namespace }) => `${namespace}/${name}`).join(" or ")}.`,
    where: referrer.where,
    remedy: "Give them names of their own.",
  });
}

function isRelated(left: Resource, right: Resource, mayBeNone: boolean): boolean {
  const ends = (a: readonly string[], b: readonly string[]): boolean => {
    const length = Math.min(a.length, b.length);
    if (length === 0) return mayBeNone || a.length === b.length;
    return a.slice(-length).every((affix, index) => affix === b.slice(-length)[index]);
  };
  return ends(left.prefixes, right.prefixes) && ends(left.suffixes, right.suffixes);
}

function effective(namespace: Json | undefined): string {
  return typeof namespace === "string" && namespace !== "" ? namespace : "default";
}

function kindOf({ object }: Resource): string {
  const { group, kind } = identityOf(object);
  return `${group}/${kind}`;
}
