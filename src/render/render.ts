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
import { limits } from "./limits.ts";
import { makeManifest } from "./make-manifest.ts";
import { nameHooks } from "./name-hooks.ts";
import { readDocuments } from "./read-documents.ts";
import type { ReadValue, SourceFile } from "./read-documents.ts";
import { listSources, readManifests } from "./read-files.ts";
import type { ListedTree } from "./read-files.ts";

/** What an application asks for with some content: every object, or why none of it may be delivered (behaviour D3). */
export async function render(
  git: Git,
  content: Content,
  application: Application,
): Promise<Result<readonly Manifest[]>> {
  const listed = await listSources(git, application.path, content);
  if (!listed.ok) return listed;
  const [directory] = listed.value;
  const manifests = isKustomized(directory)
    ? await renderKustomized(gitSources(git, listed.value), application)
    : await renderPlain(git, directory, application);
  return manifests.ok ? nameHooks(manifests.value, content.tree) : manifests;
}

function isKustomized(directory: ListedTree | undefined): boolean {
  return directory?.entries.some(({ path }) => kustomizationNames.some((name) => name === path)) === true;
}

async function renderPlain(
  git: Git,
  directory: ListedTree | undefined,
  application: Application,
): Promise<Result<readonly Manifest[]>> {
  const files = directory ? await readManifests(git, directory) : { ok: true as const, value: [] };
  return files.ok ? renderFiles(files.value, application) : files;
}

async function renderKustomized(sources: Sources, application: Application): Promise<Result<readonly Manifest[]>> {
  const cluster = clusterKinds([], application.allowClusterKinds);
  const built = await kustomize(sources, application.path, (kind) => cluster.has(kind));
  return built.ok ? renderValues(built.value, [], application) : refuse(built.problems);
}

/** The pure part: the same files give the same manifests, in the total order of references. */
export function renderFiles(files: readonly SourceFile[], application: Application): Result<readonly Manifest[]> {
  const inOrder = files.toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  const read = inOrder.map((file) => readDocuments(file));
  const values = read.flatMap((result) => (result.ok ? result.value : []));
  const unreadable = read.flatMap((result) => (result.ok ? [] : result.problems));
  return renderValues(values, unreadable, application);
}

function renderValues(
  values: readonly ReadValue[],
  unreadable: readonly Problem[],
  application: Application,
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
