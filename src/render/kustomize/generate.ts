import type { JsonObject } from "../../model/json.ts";
import { isJsonObject, valueAt } from "../../model/json.ts";
import { ProblemError } from "../../model/problem.ts";
import type { Place } from "../../model/problem.ts";
import type { Generator, GeneratorOptions } from "./kustomization.ts";
import { identityOf, isCalled, toResource } from "./resource.ts";
import type { Resource } from "./resource.ts";

/** One entry of a generator: a key and the bytes of its value. */
export interface Entry {
  readonly key: string;
  readonly content: Buffer;
}

/** A line of an env file, or a literal: `KEY=value`. */
export function parsePair(line: string, where: Place): Entry {
  const at = line.indexOf("=");
  if (at <= 0) {
    // The line itself may be a secret.
    throw unusable(where, "an entry is not KEY=value; a key alone would be read from the environment of a machine");
  }
  return { key: line.slice(0, at), content: Buffer.from(line.slice(at + 1)) };
}

/** A literal; quotes around the whole value are not part of it. */
export function parseLiteral(literal: string, where: Place): Entry {
  const { key, content } = parsePair(literal, where);
  const value = content.toString();
  const quoted = /^(["'])([^]*)\1$/.exec(value);
  return { key, content: Buffer.from(quoted?.[2] ?? value) };
}

/** The lines of an env file that say something. */
export function parseEnvironment(content: Buffer, where: Place): readonly Entry[] {
  if (!isText(content)) throw unusable(where, "the file is not UTF-8 text");
  const text = content.toString("utf8").replace(/^\uFEFF/, "");
  return text
    .split(/\r?\n/)
    .map((line) => line.trimStart())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => parsePair(line, where));
}

/** The generated ConfigMap or Secret. */
export function generate(
  kind: "ConfigMap" | "Secret",
  { name, namespace, type, options: own = {} }: Generator,
  entries: readonly Entry[],
  shared: GeneratorOptions,
  where: Place,
): Resource {
  const options = {
    ...shared,
    ...own,
    labels: { ...shared.labels, ...own.labels },
    annotations: { ...shared.annotations, ...own.annotations },
    // One that says it is enough, as for kustomize.
    disableNameSuffixHash: shared.disableNameSuffixHash === true || own.disableNameSuffixHash === true,
    immutable: shared.immutable === true || own.immutable === true,
  };
  const keys = new Set<string>();
  for (const { key } of entries) {
    if (keys.has(key)) throw unusable(where, `${kind} ${name} has the key ${key} twice`);
    if (!/^[-._a-zA-Z0-9]+$/.test(key))
      // A line of a private key may end in =, and be taken for a key.
      throw unusable(
        where,
        `${kind === "Secret" ? "an entry" : JSON.stringify(key.slice(0, 40))} of ${kind} ${name} cannot be a key`,
      );
    keys.add(key);
  }
  const metadata = {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(Object.keys(options.labels).length === 0 ? {} : { labels: options.labels }),
    ...(Object.keys(options.annotations).length === 0 ? {} : { annotations: options.annotations }),
  };
  const object = {
    apiVersion: "v1",
    kind,
    metadata,
    ...(kind === "Secret"
      ? { type: type === undefined || type === "" ? "Opaque" : type, ...secretData(entries) }
      : configData(entries)),
    ...(options.immutable ? { immutable: true } : {}),
  };
  return toResource(object, where, !options.disableNameSuffixHash);
}

function secretData(entries: readonly Entry[]): JsonObject {
  return { data: Object.fromEntries(entries.map(({ key, content }) => [key, folded(content)])) };
}

function configData(entries: readonly Entry[]): JsonObject {
  const texts = entries.filter(({ content }) => isText(content));
  const binaries = entries.filter(({ content }) => !isText(content));
  return {
    ...(texts.length === 0
      ? {}
      : { data: Object.fromEntries(texts.map(({ key, content }) => [key, content.toString()])) }),
    ...(binaries.length === 0
      ? {}
      : { binaryData: Object.fromEntries(binaries.map(({ key, content }) => [key, folded(content)])) }),
  };
}

function isText(content: Buffer): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(content);
    return true;
  } catch {
    return false;
  }
}

/** Base64 in lines of 70 letters where it is longer, as kustomize writes it: the hash of the name is made of this text. */
function folded(content: Buffer): string {
  const text = content.toString("base64");
  if (text.length < 70) return text;
  return text.replaceAll(/.{1,70}/g, (line) => `${line}\n`);
}

/** The resources with a generated one beside them, or merged into, or in the place of the one of its name. */
export function absorb(
  resources: readonly Resource[],
  generated: Resource,
  behavior: string,
  where: Place,
): readonly Resource[] {
  const wanted = identityOf(generated.object);
  const found = resources.filter(isCalled(wanted));
  const [before] = found;
  if (behavior !== "merge" && behavior !== "replace") {
    if (before === undefined) return [...resources, generated];
    throw unusable(
      where,
      `${wanted.kind} ${wanted.name} is there already; behavior: merge or replace says what is meant`,
    );
  }
  if (before === undefined)
    throw unusable(where, `there is no ${wanted.kind} ${wanted.name} that it could ${behavior}`);
  if (found.length > 1)
    throw unusable(
      where,
      `${found.length} objects could be the ${wanted.kind} ${wanted.name} that it would ${behavior}`,
    );
  return resources.map((resource) => (resource === before ? over(before, generated, behavior) : resource));
}

function over(before: Resource, generated: Resource, behavior: string): Resource {
  const [old, now] = [before.object, generated.object];
  const joined = (...path: readonly string[]): JsonObject => {
    const [left, right] = [valueAt(old, ...path), valueAt(now, ...path)];
    return { ...(isJsonObject(left) ? left : {}), ...(isJsonObject(right) ? right : {}) };
  };
  const member = (key: string, value: JsonObject): JsonObject =>
    Object.keys(value).length === 0 ? {} : { [key]: value };
  const { name, namespace } = identityOf(old);
  const metadata = {
    name,
    ...(namespace === "" ? {} : { namespace }),
    ...member("labels", joined("metadata", "labels")),
    ...member("annotations", joined("metadata", "annotations")),
  };
  const content =
    behavior === "merge" ? { ...member("data", joined("data")), ...member("binaryData", joined("binaryData")) } : {};
  return {
    ...before,
    object: { ...now, ...content, metadata },
    where: generated.where,
    isHashed: before.isHashed && generated.isHashed,
  };
}

function unusable(where: Place, why: string): ProblemError {
  return new ProblemError({
    code: "kustomization-generator",
    message: `The generator cannot be used: ${why}.`,
    where,
    remedy: "Correct it in the kustomization or in the file that it names.",
  });
}
