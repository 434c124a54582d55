import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { runGit } from "../io/git/temporary-repository-in-test.ts";
import { logBranch } from "./delivery-log.ts";

/** Where the published schema is, from the root of the repository. */
export const schemaPath = "docs/delivery-record.schema.json";

let compiled: ReturnType<Ajv2020["compile"]> | undefined;

/** What the published schema has against a record; empty when nothing. */
export function faultsOf(record: unknown): readonly string[] {
  const validate = (compiled ??= addFormats
    .default(new Ajv2020({ allErrors: true }))
    .compile(JSON.parse(readFileSync(schemaPath, "utf8")) as object));
  return validate(record) ? [] : (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message ?? ""}`);
}

/** The same of every record that was ever on the delivery log of a repository, by commit and path. */
export function faultsOfLog(remote: string): readonly string[] {
  if (runGit(remote, "branch", "--list", logBranch) === "") return [];
  const changes = runGit(remote, "log", "--format=", "--raw", "--no-abbrev", "--diff-filter=AM", logBranch).split("\n");
  return changes.flatMap((line) => {
    const [, blob = "", path = ""] = /^:\d+ \d+ \w+ (\w+) \w\t(.*)$/.exec(line) ?? [];
    if (!/^[^/]+\/[^/]+\.json$/.test(path)) return [];
    const record: unknown = JSON.parse(runGit(remote, "cat-file", "blob", blob));
    return faultsOf(record).map((fault) => `${path} ${blob}: ${fault}`);
  });
}
