import { CORE_SCHEMA, NOT_RESOLVED, boolYaml11Tag, defineScalarTag, mergeTag, realMapTag } from "js-yaml";

const firstChars = "+-0123456789".split("");

/** Integers as Go reads them: signs, 0x, 0o, 0b, a leading 0 for octal, underscores between digits. */
const goIntegerTag = defineScalarTag("tag:yaml.org,2002:int", {
  implicit: true,
  implicitFirstChars: firstChars,
  resolve: (source) => goInteger(source) ?? NOT_RESOLVED,
  identify: () => false,
});

/** Floats as Go reads them; a number beyond what a float holds stays text, as there. */
const goFloatTag = defineScalarTag("tag:yaml.org,2002:float", {
  implicit: true,
  implicitFirstChars: [...firstChars, "."],
  resolve: (source) => goFloat(source) ?? NOT_RESOLVED,
  identify: () => false,
});

/** What a text means that stands in YAML without quotes, as kustomize reads it. */
export function plainScalar(text: string): string | number | boolean | null {
  if (/^(true|True|TRUE)$/.test(text)) return true;
  if (/^(false|False|FALSE)$/.test(text)) return false;
  if (/^(~|null|Null|NULL)$/.test(text)) return null;
  const number = goInteger(text) ?? goFloat(text);
  return number !== undefined && Number.isFinite(number) ? number : text;
}

function goInteger(source: string): number | undefined {
  const match = /^([-+]?)(0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+|0[0-7]+|0|[1-9][0-9]*)$/.exec(
    source.replaceAll("_", ""),
  );
  if (match === null) return undefined;
  const digits = match[2] ?? "";
  const value = Number(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits.toLowerCase());
  return match[1] === "-" && value !== 0 ? -value : value;
}

function goFloat(source: string): number | undefined {
  const special = /^([-+]?)\.(inf|Inf|INF)$/.exec(source);
  if (special) return special[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (/^\.(nan|NaN|NAN)$/.test(source)) return Number.NaN;
  const plain = source.startsWith(".") ? source : source.replaceAll("_", "");
  if (!/^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/.test(plain)) return undefined;
  const value = Number(plain);
  return Number.isFinite(value) ? value : undefined;
}

/**
 * YAML as kubectl reads it (sigs.k8s.io/yaml): the core schema with YAML 1.1's booleans, Go's numbers and merge keys.
 * Mappings become `Map`s, so that no key can be mistaken for something of JavaScript's.
 */
export const kubeSchema = CORE_SCHEMA.withTags(boolYaml11Tag, goIntegerTag, goFloatTag, mergeTag, realMapTag);

/** YAML as kustomize reads it: the same, but that `yes`, `no`, `on` and `off` are texts. */
export const kustomizeSchema = CORE_SCHEMA.withTags(goIntegerTag, goFloatTag, mergeTag, realMapTag);
