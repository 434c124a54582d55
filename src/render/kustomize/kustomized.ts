import type { z } from "zod";
import type { Json } from "../../model/json.ts";
import { kustomizationNames, pathFrom } from "../../model/kustomization.ts";
import { ProblemError } from "../../model/problem.ts";
import type { Place, Problem } from "../../model/problem.ts";
import { maxConfigurationBytes, readConfiguration } from "../../model/read-configuration.ts";
import { kubeSchema, kustomizeSchema } from "../kube-schema.ts";
import { readDocuments } from "../read-documents.ts";
import { parseEnvironment, parseLiteral } from "./generate.ts";
import type { Entry } from "./generate.ts";
import { configurationSchema, toConfiguration } from "./configurations.ts";
import type { Configuration } from "./configurations.ts";
import { kustomizationSchema, replacementsSchema } from "./kustomization.ts";
import type { Generator, Kustomization, PatchSpec, Replacement } from "./kustomization.ts";
import type { ReadPatch } from "./patches.ts";
import { identityOf, labelOf, toResource } from "./resource.ts";
import type { Resource } from "./resource.ts";
import type { Sources } from "./sources.ts";

/** Several problems at once, thrown out of the recursion to its door. */
export class Refused extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems[0]?.message);
    this.problems = problems;
  }
}

/** One directory with a kustomization, and what its entries mean there. */
export class Kustomized {
  readonly #sources: Sources;
  readonly #directory: string;
  readonly #inside: readonly string[];

  constructor(sources: Sources, directory: string, inside: readonly string[]) {
    this.#sources = sources;
    this.#directory = directory;
    this.#inside = inside;
  }

  get where(): { readonly file: string } {
    const name = kustomizationNames.find((one) => this.#sources.kind(`${this.#directory}/${one}`) === "file");
    return { file: name === undefined ? this.#directory : `${this.#directory}/${name}` };
  }

  /** Its kustomization, which must be a Component where it is named as one, and only there. */
  async kustomization(isComponent: boolean): Promise<Kustomization> {
    const names = kustomizationNames.filter((name) => this.#sources.kind(`${this.#directory}/${name}`) === "file");
    const [name] = names;
    if (name === undefined)
      throw this.#refuse("it has no kustomization.yaml", "Add one, or name the files of the directory one by one.");
    if (names.length > 1) throw this.#refuse(`it has ${names.join(" and ")}`, "Keep one of them.");
    const file = `${this.#directory}/${name}`;
    const read = await this.#read(file, kustomizationSchema);
    if ((read.kind === "Component") === isComponent || (isComponent && read.kind === undefined)) return read;
    throw this.#refuse(
      `it is a ${read.kind ?? "Kustomization"}`,
      isComponent ? "Name it under resources." : "Name it under components, in a kustomization.",
    );
  }

  /** The replacements that it writes out and those of the files that it names. */
  async replacements({ replacements }: Kustomization): Promise<readonly Replacement[]> {
    const read: Replacement[] = [];
    for (const one of replacements ?? [])
      read.push(
        ...("path" in one ? await this.#read(this.resolve(one.path, "replacements"), replacementsSchema) : [one]),
      );
    return read;
  }

  /** What the files say that `configurations` names, by their paths. */
  async configurations({ configurations }: Kustomization): Promise<ReadonlyMap<string, Configuration>> {
    const read = new Map<string, Configuration>();
    for (const entry of configurations ?? []) {
      const path = this.resolve(entry, "configurations");
      read.set(path, toConfiguration(await this.#read(path, configurationSchema)));
    }
    return read;
  }

  async #read<T>(file: string, schema: z.ZodType<T>): Promise<T> {
    const content = await this.#sources.read(file);
    if (content.length > maxConfigurationBytes)
      throw this.#refuse(
        `${file} is ${content.length} bytes, and at most ${maxConfigurationBytes} are taken`,
        "Move patches and the entries of generators into files that it names.",
      );
    const read = readConfiguration(file, content, schema);
    if (read.ok) return read.value;
    throw new Refused(read.problems);
  }

  /** Both together; what has the same name twice could be neither patched nor referred to. */
  joined(resources: readonly Resource[], added: readonly Resource[]): readonly Resource[] {
    const known = new Map(resources.map((resource) => [keyOf(resource), resource]));
    for (const resource of added) {
      const before = known.get(keyOf(resource));
      known.set(keyOf(resource), resource);
      if (before === undefined) continue;
      throw new ProblemError({
        code: "duplicate-object",
        message: `${labelOf(resource)} comes to the kustomization of ${this.#directory} twice: from here and from ${placeOf(before)}.`,
        where: resource.where,
        remedy: "Remove one of the two, or give them a namePrefix where they come from.",
      });
    }
    return [...resources, ...added];
  }

  /** The path in the repository that an entry names: below this directory for a file, anywhere in the repository for a directory. */
  resolve(entry: string, key: string): string {
    if (/^[a-z][a-z0-9+.-]*:|^git@|\?ref=|^github\.com\//i.test(entry)) {
      throw this.#refuse(
        `${key} names ${shown(entry)}, which is elsewhere`,
        "Commit its content to this repository; nothing is ever fetched from elsewhere.",
      );
    }
    const path = pathFrom(this.#directory, entry);
    const kind = path === undefined ? undefined : this.#sources.kind(path);
    if (path === undefined || kind === undefined) {
      throw this.#refuse(
        `${key} names ${shown(entry)}, and there is no such thing in the repository`,
        "Correct the path, which begins at the kustomization's own directory.",
      );
    }
    if (kind === "file" && !path.startsWith(`${this.#directory}/`)) {
      throw this.#refuse(
        `${key} names the file ${shown(entry)} outside of its directory`,
        "Give that directory a kustomization.yaml, and name the directory.",
      );
    }
    if (
      kind === "directory" &&
      [...this.#inside, this.#directory].some((outer) => outer === path || outer.startsWith(`${path}/`))
    ) {
      throw this.#refuse(
        `${key} names ${shown(entry)}, in which it is itself`,
        "Let no kustomization name one that leads back to it.",
      );
    }
    return path;
  }

  async manifests(path: string): Promise<readonly Resource[]> {
    const read = readDocuments({ path, content: await this.#sources.read(path) }, kustomizeSchema);
    if (!read.ok) throw new Refused(read.problems);
    return read.value.map(({ value, where }) => toResource(value, where));
  }

  async entries({ literals = [], files = [], envs = [], env }: Generator): Promise<readonly Entry[]> {
    const entries: Entry[] = [];
    for (const entry of [...envs, ...(env === undefined ? [] : [env])]) {
      const path = this.resolve(entry, "envs");
      entries.push(...parseEnvironment(await this.#sources.read(path), { file: path }));
    }
    entries.push(...literals.map((literal) => parseLiteral(literal, this.where)));
    for (const entry of files) {
      const at = entry.indexOf("=");
      const path = this.resolve(entry.slice(at + 1), "files");
      const key = at < 0 ? path.slice(path.lastIndexOf("/") + 1) : entry.slice(0, at);
      entries.push({ key, content: await this.#sources.read(path) });
    }
    return entries;
  }

  /** `patchesStrategicMerge` and `patches`, in the order in which they count. */
  async strategicPatches({ patchesStrategicMerge, patches }: Kustomization): Promise<readonly ReadPatch[]> {
    const read: ReadPatch[] = [];
    for (const entry of patchesStrategicMerge ?? []) {
      const isText = entry.includes("\n") || /^\s*(\{|(apiVersion|kind|metadata)\s*:)/.test(entry);
      read.push(await this.patch(isText ? { patch: entry } : { path: entry }));
    }
    for (const spec of patches ?? []) read.push(await this.patch(spec));
    return read;
  }

  async patch(spec: PatchSpec): Promise<ReadPatch> {
    if ((spec.path === undefined) === (spec.patch === undefined)) {
      throw this.#refuse(
        "a patch has not exactly one of path and patch",
        "Name a file by path, or write the patch itself.",
      );
    }
    if (spec.path !== undefined) {
      const path = this.resolve(spec.path, "patches");
      return { spec, values: valuesOf(await this.#sources.read(path), { file: path }), where: { file: path } };
    }
    const { where } = this;
    return { spec, values: valuesOf(Buffer.from(spec.patch ?? ""), where), where };
  }

  tooMuch(what: string): ProblemError {
    return this.#refuse(what, "Split it into several applications.", "kustomization-too-large");
  }

  #refuse(why: string, remedy: string, code = "kustomization-unusable"): ProblemError {
    return new ProblemError({
      code,
      message: `The kustomization of ${this.#directory} cannot be used: ${why}.`,
      where: this.where,
      remedy,
    });
  }
}

/** The values of a patch. kustomize reads lists of operations as kubectl reads manifests, and objects as it reads its own. */
function valuesOf(content: Buffer, where: Place): readonly Json[] {
  const read = (schema: typeof kustomizeSchema): readonly Json[] => {
    const found = readDocuments({ path: where.file, content }, schema);
    if (found.ok) return found.value.map(({ value }) => value);
    throw new Refused(found.problems.map((problem) => ({ ...problem, where: { ...problem.where, ...where } })));
  };
  const values = read(kustomizeSchema);
  return values.some((value) => Array.isArray(value)) ? read(kubeSchema) : values;
}

function keyOf({ object }: Resource): string {
  const { group, version, kind, name, namespace } = identityOf(object);
  return JSON.stringify([group, version, kind, name, namespace || "default"]);
}

function placeOf({ where: { file, line } }: Resource): string {
  return line === undefined ? file : `${file}:${line}`;
}

function shown(entry: string): string {
  return JSON.stringify(entry.replace(/\/\/[^@/]*@/, "//").slice(0, 120));
}
