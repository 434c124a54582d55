import type { JsonObject } from "../../model/json.ts";
import { valueAt } from "../../model/json.ts";
import { ProblemError } from "../../model/problem.ts";
import type { Result } from "../../model/problem.ts";
import { limits } from "../limits.ts";
import type { Portion } from "../limits.ts";
import type { ReadValue } from "../read-documents.ts";
import { Budget } from "./budget.ts";
import { joinConfigurations, sizeOf } from "./configurations.ts";
import type { Configuration } from "./configurations.ts";
import { contentHash } from "./content-hash.ts";
import { absorb, generate } from "./generate.ts";
import type { Kustomization } from "./kustomization.ts";
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
    const context = { sources: metered, isCluster, built: { count: 0 }, budget };
    const { resources, configurations } = await build(context, directory, nothing, []);
    const hashed = resources.map((resource) => (resource.isHashed ? withHash(resource) : resource));
    const { references } = joinConfigurations([...configurations.values()]);
    budget.look(hashed.length * references.length);
    const delivered = followNames(hashed, isCluster, references).filter(({ object }) => !isLocal(object));
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

/** What kustomizations have come to so far. */
interface Composed {
  readonly resources: readonly Resource[];
  /** By the paths of their files: one that several bases name counts once. */
  readonly configurations: ReadonlyMap<string, Configuration>;
}

const nothing: Composed = { resources: [], configurations: new Map() };

const mostBuilds = 1000;
const tooMany = `it comes to more than ${limits.documents} objects or ${mostBuilds} kustomizations`;

/** What one kustomization comes to: its own over `given`, which a component changes as if it were its own. */
async function build(
  context: Context,
  directory: string,
  given: Composed,
  inside: readonly string[],
  isComponent = false,
): Promise<Composed> {
  const at = new Kustomized(context.sources, directory, inside);
  context.built.count += 1;
  if (context.built.count > mostBuilds || given.resources.length > limits.documents) throw at.tooMuch(tooMany);
  if (inside.length > limits.depth) throw at.tooMuch(`it stands below more than ${limits.depth} others`);
  const file = await at.kustomization(isComponent);
  const own = { ...given, configurations: new Map([...given.configurations, ...(await at.configurations(file))]) };
  const gathered = await gather(context, at, file, own, [...inside, directory]);
  return { ...gathered, resources: await transform(context, at, file, gathered) };
}

/** What its resources and components come to, over `given`. */
async function gather(
  context: Context,
  at: Kustomized,
  file: Kustomization,
  given: Composed,
  inside: readonly string[],
): Promise<Composed> {
  const members: Resource[] = [];
  const configurations = new Map(given.configurations);
  for (const entry of [...(file.resources ?? []), ...(file.bases ?? [])]) {
    const path = at.resolve(entry, "resources");
    if (context.sources.kind(path) === "file") members.push(...(await at.manifests(path)));
    else {
      const base = await build(context, path, nothing, inside);
      members.push(...base.resources);
      for (const [name, one] of base.configurations) configurations.set(name, one);
    }
    if (given.resources.length + members.length > limits.documents) throw at.tooMuch(tooMany);
  }
  let composed: Composed = { resources: at.joined(given.resources, members), configurations };
  for (const entry of file.components ?? []) {
    composed = await build(context, at.resolve(entry, "components"), composed, inside, true);
  }
  return composed;
}

/** The resources after the kustomization's own steps. */
async function transform(
  { isCluster, budget }: Context,
  at: Kustomized,
  file: Kustomization,
  given: Composed,
): Promise<readonly Resource[]> {
  let { resources } = given;
  const configuration = joinConfigurations([...given.configurations.values()]);
  budget.look(resources.length * sizeOf(configuration));
  const become = (after: readonly Resource[]): void => {
    resources = counted(resources, after, budget);
  };
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
  if (namespace) become(resources.map((one) => setNamespace(one, namespace, isCluster, configuration.namespace)));
  become(resources.map((resource) => mark(affix(resource, namePrefix, nameSuffix), file, configuration)));
  for (const spec of file.patchesJson6902 ?? []) become(patchResources(resources, await at.patch(spec), budget));
  for (const scale of file.replicas ?? []) become(setReplicas(resources, scale, at.where, configuration.replicas));
  for (const image of file.images ?? []) {
    // Images are looked for everywhere, and found in few places.
    for (const { object } of resources) budget.weigh(object);
    become(resources.map((one) => ({ ...one, object: setImage(one.object, image, configuration.images) })));
  }
  for (const one of await at.replacements(file)) become(replaceValues(resources, one, at.where, budget));
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
