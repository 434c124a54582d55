import { parseAllDocuments, type Tags, type YAMLError } from "yaml";
import { ApiError } from "../../client.ts";
import { isMap, type JsonMap } from "../json.ts";
import { jsonType } from "./go-text.ts";

/** The body of an apply request. */
export interface AppliedBody {
  readonly body: JsonMap;
  /** Where keys stand twice, of which the last counts; Strict refuses it, Warn tells. */
  readonly duplicates: readonly string[];
}

/**
 * Reads the YAML or JSON of an apply as Kubernetes does: YAML 1.1 (yes is true), and of several documents the first.
 * Throws 400 where it cannot be read.
 */
export function readApplied(text: string): AppliedBody {
  const documents = parseAllDocuments(text, {
    version: "1.1",
    uniqueKeys: true,
    merge: true,
    customTags: withoutTimes,
  });
  const first = Array.isArray(documents) ? documents[0] : undefined;
  const errors = first?.errors ?? [];
  const broken = errors.find(({ code }) => code !== "DUPLICATE_KEY");
  if (broken !== undefined) throw undecodable(`error converting YAML to JSON: yaml: ${sentence(broken)}`);
  const value = (first?.toJS() ?? {}) as unknown;
  if (!isMap(value)) {
    const why = `json: cannot unmarshal ${jsonType(value)} into Go value of type map[string]interface {}`;
    throw undecodable(`error unmarshaling JSON: while decoding JSON: ${why}`);
  }
  return { body: value, duplicates: errors.map((error) => duplicateOf(error, text)) };
}

/** Go reads neither timestamps nor base 60 as YAML 1.1 has them: both stay text. */
function withoutTimes(tags: Tags): Tags {
  return tags.filter((tag) => typeof tag === "string" || (tag.format !== "TIME" && !tag.tag.endsWith(":timestamp")));
}

function undecodable(why: string): ApiError {
  return new ApiError(400, "BadRequest", `error decoding YAML: ${why}`);
}

const sentences: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: "found character that cannot start any token",
  BLOCK_AS_IMPLICIT_KEY: "mapping values are not allowed in this context",
  MISSING_CHAR: "found unexpected end of stream",
};

/** The error as libyaml words it, as far as the two parsers see the same mistake. */
function sentence({ code, linePos, message }: YAMLError): string {
  const otherwise = message.startsWith("Flow") ? "did not find expected node content" : "did not find expected key";
  return `line ${linePos?.[0].line ?? 1}: ${sentences[code] ?? otherwise}`;
}

function duplicateOf({ pos, linePos }: YAMLError, text: string): string {
  const key = /^["']?([^"':\s,{}]+)/.exec(text.slice(pos[0]))?.[1] ?? "";
  return `line ${linePos?.[0].line ?? 1}: key ${JSON.stringify(key)} already set in map`;
}
