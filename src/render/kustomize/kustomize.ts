import type { JsonObject } from "../../model/json.ts";
import { valueAt } from "../../model/json.ts";
import { ProblemError } from "../../model/problem.ts";
import type { Result } from "../../model/problem.ts";
import { limits } from "../limits.ts";
import type { Portion } from "../limits.ts";
import type { ReadValue } from "../read-documents.ts";
import { Budget } from "./budget.ts";
import { contentHash } from "./content-hash.ts";
import { absorb, generate } from "./generate.ts";
import { Kustomized, Refused } from "./kustomized.ts";
import { followNames } from "./name-references.ts";
import { patchResources } from "./patches.ts";
import { replaceValues } from "./replacements.ts";
import { identityOf } from "./resource.ts";
import type { Resource } from "./resource.ts";
import type { Sources } from "./sources.ts";
import { affix, mark, named, setImage, setNamespace, setReplicas } from "./transform.ts";

/**
 * What `kustomize build` makes of a directory, out of the sources of a revision alone: nothing is fetched, executed or read
 * from a machine. `isCluster` knows the kinds without a namespace, as `group/Kind`. The order of the steps is kustomize's own
 * (`kusttarget.go`), so that the same objects come out.
 */
export async function kustomize(
  sources: Sources,
  directory: string,
  isCluster: (kind: string) => boolean,
  portion: Portion,
): Promise<Result<readonly ReadValue[]>> {
  try {
    const budget = new Budget(portion, (what) => new Kustomized(sources, directory, []).tooMuch(what));
    const metered: Sources = {
      kind: (path) => sources.kind(path),
      read: (path) => readCounted(sources, path, budget),
    };
    const built = await build({ sources: metered, isCluster, built: { count: 0 }, budget }, directory, [], []);
    const hashed = built.map((resource) => (resource.isHashed ? withHash(resource) : resource));
    const delivered = followNames(hashed, isCluster).filter(({ object }) => !isLocal(object));
    return { ok: true, value: delivered.map(({ object, where }) => ({ value: object, where })) };
  } catch (error) {
    if (error instanceof Refused) return { ok: false, problems: error.problems };
    if (error instanceof ProblemError) return { ok: false, problems: [error.problem] };
    throw error;
  }
}

interface Context {
  readonly sources: Sources;
  readonly isCluster: (kind: string) => boolean;
  /** How many kustomizations have been built; one that names two that name two is a bomb after thirty steps. */
  readonly built: { count: number };
  readonly budget: Budget;
}

const mostBuilds = 1000;
const tooMany = `it comes to more than ${limits.documents} objects or ${mostBuilds} kustomizations`;

/** The resources of one kustomization: its own over `given`, which a component changes as if they were its own. */
async function build(
  context: Context,
  directory: string,
  given: readonly Resource[],
  inside: readonly string[],
): Promise<readonly Resource[]> {
  const { sources, isCluster, budget } = context;
  const at = new Kustomized(sources, directory, inside);
  context.built.count += 1;
  if (context.built.count > mostBuilds || given.length > limits.documents) throw at.tooMuch(tooMany);
  if (inside.length > limits.depth) throw at.tooMuch(`it stands below more than ${limits.depth} others`);
  const file = await at.kustomization();
  let resources = given;
  const become = (after: readonly Resource[]): void => {
    resources = counted(resources, after, budget);
  };
  const members: Resource[] = [];
  for (const entry of [...(file.resources ?? []), ...(file.bases ?? [])]) {
    const path = at.resolve(entry, "resources");
    const isFile = sources.kind(path) === "file";
    members.push(...(isFile ? await at.manifests(path) : await build(context, path, [], [...inside, directory])));
    if (given.length + members.length > limits.documents) throw at.tooMuch(tooMany);
  }
  resources = at.joined(given, members);
  for (const entry of file.components ?? []) {
    resources = await build(context, at.resolve(entry, "components"), resources, [...inside, directory]);
  }
  for (const [kind, generators] of [
    ["ConfigMap", file.configMapGenerator],
    ["Secret", file.secretGenerator],
  ] as const) {
    for (const one of generators ?? []) {
      const generated = generate(kind, one, await at.entries(one), file.generatorOptions ?? {}, at.where);
      become(absorb(resources, generated, one.behavior ?? "create", at.where));
    }
  }
  for (const patch of await at.strategicPatches(file)) become(patchResources(resources, patch, budget));
  const { namespace, namePrefix = "", nameSuffix = "" } = file;
  if (namespace) become(resources.map((resource) => setNamespace(resource, namespace, isCluster)));
  become(resources.map((resource) => mark(affix(resource, namePrefix, nameSuffix), file)));
  for (const spec of file.patchesJson6902 ?? []) become(patchResources(resources, await at.patch(spec), budget));
  for (const scale of file.replicas ?? []) become(setReplicas(resources, scale, at.where));
  for (const image of file.images ?? []) {
    // Images are looked for everywhere, and found in few places.
    for (const { object } of resources) budget.weigh(object);
    become(resources.map((resource) => ({ ...resource, object: setImage(resource.object, image) })));
  }
  for (const one of file.replacements ?? []) become(replaceValues(resources, one, at.where, budget));
  return resources;
}

/** A selector and what it compares, in values that are looked at. */
const looksAtEach = 20;

/** What became of the resources in one step: what was looked at is counted, and what changed is weighed. */
function counted(before: readonly Resource[], after: readonly Resource[], budget: Budget): readonly Resource[] {
  budget.look(before.length * looksAtEach);
  const known = new Set(before.map(({ object }) => object));
  for (const { object } of after) if (!known.has(object)) budget.weigh(object);
  return after;
}

async function readCounted(sources: Sources, path: string, budget: Budget): Promise<Buffer> {
  const content = await sources.read(path);
  budget.read(content.length);
  return content;
}

function withHash(resource: Resource): Resource {
  return named(resource, `${identityOf(resource.object).name}-${contentHash(resource.object)}`);
}

function isLocal(object: JsonObject): boolean {
  return valueAt(object, "metadata", "annotations", "config.kubernetes.io/local-config") === "true";
}
