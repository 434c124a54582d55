import type { Application } from "../model/application.ts";
import type { Manifest } from "../model/manifest.ts";
import { compareRefs, refKey, refLabel } from "../model/object-ref.ts";
import type { Problem, Result } from "../model/problem.ts";
import type { Content } from "../model/revision.ts";
import type { Git } from "../io/git/git.ts";
import { kustomizationNames } from "../model/kustomization.ts";
import { clusterKinds } from "./cluster-kinds.ts";
import { gitSources } from "./git-sources.ts";
import { kustomize } from "./kustomize/kustomize.ts";
import type { Sources } from "./kustomize/sources.ts";
import { idleRules, withLeftFields } from "./left-fields.ts";
import { limits, wholePortion } from "./limits.ts";
import type { Portion } from "./limits.ts";
import { makeManifest } from "./make-manifest.ts";
import { nameHooks } from "./name-hooks.ts";
import { readDocuments } from "./read-documents.ts";
import type { ReadValue, SourceFile } from "./read-documents.ts";
import { listSources, readManifests } from "./read-files.ts";
import type { ListedTree } from "./read-files.ts";

/** What rendering asks of Git. */
export type Objects = Pick<Git, "list" | "blobs">;

/** Renders, here or elsewhere. */
export type Render = (git: Objects, content: Content, application: Application) => Promise<Result<readonly Manifest[]>>;

/** Waits for what takes long elsewhere, and lets others have their turn meanwhile. */
export type Aside = <T>(wait: Promise<T>) => Promise<T>;

/** Renders here what is small, and elsewhere what is not: that is waited for `aside`. */
export type RenderAside = (...given: [...Parameters<Render>, aside: Aside]) => ReturnType<Render>;

/**
 * What an application asks for with some content: every object, or why none of it may be delivered (behaviour D3). What costs
 * more than the portion, by default all that any application may, is refused by one of the codes `beyondPortion`.
 */
export async function render(
  git: Objects,
  content: Content,
  application: Application,
  portion = wholePortion,
): Promise<Result<readonly Manifest[]>> {
  const listed = await listSources(git, application.path, content, portion);
  if (!listed.ok) return listed;
  const [directory] = listed.value;
  const manifests = isKustomized(directory)
    ? await renderKustomized(gitSources(git, listed.value), application, portion)
    : await renderPlain(git, directory, application, portion);
  return manifests.ok ? nameHooks(manifests.value, content.tree) : manifests;
}

function isKustomized(directory: ListedTree | undefined): boolean {
  return directory?.entries.some(({ path }) => kustomizationNames.some((name) => name === path)) === true;
}

async function renderPlain(
  git: Objects,
  directory: ListedTree | undefined,
  application: Application,
  portion: Portion,
): Promise<Result<readonly Manifest[]>> {
  const files = directory ? await readManifests(git, directory) : { ok: true as const, value: [] };
  return files.ok ? renderFiles(files.value, application, portion) : files;
}

async function renderKustomized(
  sources: Sources,
  application: Application,
  portion: Portion,
): Promise<Result<readonly Manifest[]>> {
  const cluster = clusterKinds([], application.allowClusterKinds);
  const built = await kustomize(sources, application.path, (kind) => cluster.has(kind), portion);
  return built.ok ? renderValues(built.value, [], application, portion) : refuse(built.problems);
}

/** The pure part: the same files give the same manifests, in the total order of references. */
export function renderFiles(
  files: readonly SourceFile[],
  application: Application,
  portion = wholePortion,
): Result<readonly Manifest[]> {
  const inOrder = files.toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  const read = inOrder.map((file) => readDocuments(file));
  const values = read.flatMap((result) => (result.ok ? result.value : []));
  const unreadable = read.flatMap((result) => (result.ok ? [] : result.problems));
  return renderValues(values, unreadable, application, portion);
}

function renderValues(
  values: readonly ReadValue[],
  unreadable: readonly Problem[],
  application: Application,
  portion: Portion,
): Result<readonly Manifest[]> {
  if (values.length > limits.documents) return refuse([tooMany(application, values.length)]);
  const cluster = clusterKinds(
    values.map(({ value }) => value),
    application.allowClusterKinds,
  );
  const made = values.map((value) => makeManifest(value, application, cluster));
  const manifests = made.flatMap((result) => (result.ok ? [result.value] : []));
  const problems = [
    ...unreadable,
    ...made.flatMap((result) => (result.ok ? [] : result.problems)),
    ...duplicates(manifests),
    ...idleRules(manifests, application),
  ];
  if (problems.length > 0) return refuse(problems);
  if (manifests.length === 0 && !application.allowEmpty) return refuse([empty(application)]);
  if (isLonger(manifests, portion.letters)) return refuse([tooLong(application, portion.letters)]);
  const sorted = manifests.toSorted((a, b) => compareRefs(a.ref, b.ref));
  return { ok: true, value: withLeftFields(sorted, application) };
}

function refuse(problems: readonly Problem[]): { readonly ok: false; readonly problems: readonly Problem[] } {
  const order = (problem: Problem): string =>
    `${problem.where?.file ?? ""}\0${String(problem.where?.line ?? 0).padStart(9, "0")}`;
  const sorted = problems.toSorted((a, b) => (order(a) < order(b) ? -1 : order(a) > order(b) ? 1 : 0));
  return { ok: false, problems: sorted.slice(0, limits.problems) };
}

function duplicates(manifests: readonly Manifest[]): readonly Problem[] {
  const first = new Map<string, Manifest>();
  const problems: Problem[] = [];
  for (const manifest of manifests) {
    const key = refKey(manifest.ref);
    const before = first.get(key);
    if (before === undefined) {
      first.set(key, manifest);
      continue;
    }
    const { file, line } = before.where;
    problems.push({
      code: "duplicate-object",
      message: `${refLabel(manifest.ref)} is declared twice: here and at ${file}${line === undefined ? "" : `:${line}`}.`,
      where: manifest.where,
      remedy: "Remove one of the two.",
    });
  }
  return problems;
}

/** Aliases and patches can make more of a file than was written. */
function isLonger(manifests: readonly Manifest[], most: number): boolean {
  let letters = 0;
  return manifests.some(({ object }) => {
    letters += JSON.stringify(object).length;
    return letters > most;
  });
}

function tooLong({ path }: Application, most: number): Problem {
  return {
    code: "manifests-too-large",
    message: `The objects of ${path} are more than ${most} letters once aliases and patches are followed.`,
    where: { file: path },
    remedy: "Split it into several applications.",
  };
}

function tooMany(application: Application, count: number): Problem {
  return {
    code: "too-many-objects",
    message: `${application.path} declares ${count} objects; at most ${limits.documents} are taken.`,
    where: { file: application.path },
    remedy: "Split it into several applications.",
  };
}

function empty(application: Application): Problem {
  return {
    code: "application-empty",
    message: `${application.path} declares no object, so delivering it would remove everything that ${application.id} runs.`,
    where: { file: application.path },
    remedy: `Add a manifest; if it is meant, write allowEmpty: true in ${application.path}/delivery.yaml.`,
  };
}
