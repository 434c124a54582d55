import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Writes cluster/data/protobuf-1.34.json from the Go sources of Kubernetes' types: `node dist/tools/protobuf-fields.js
 * $(go env GOMODCACHE)/k8s.io`. A line a type, its fields in the order of their numbers: `-` where a number is not used, `?`
 * before a field that tells empty from absent (a pointer), `...` before a type whose fields stand in its place.
 */
const release = "v0.34.4";
const groups = (
  "apps/v1 authentication/v1 authorization/v1 autoscaling/v1 autoscaling/v2 batch/v1 coordination/v1 core/v1 discovery/v1 " +
  "events/v1 networking/v1 policy/v1 rbac/v1 scheduling/v1 storage/v1"
).split(" ");
const [modules = ""] = process.argv.slice(2);
const packages = [
  ...groups.map((group) => ({ folder: `api@${release}/${group}`, name: `io.k8s.api.${group.replace("/", ".")}` })),
  {
    folder: `apiextensions-apiserver@${release}/pkg/apis/apiextensions/v1`,
    name: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1",
  },
  { folder: `apimachinery@${release}/pkg/apis/meta/v1`, name: "io.k8s.apimachinery.pkg.apis.meta.v1" },
];

const lines = packages.flatMap(({ folder, name }) =>
  readdirSync(join(modules, folder))
    .filter((file) => /^(types|micro_time|time).*\.go$/.test(file))
    .flatMap((file) => typesOf(readFileSync(join(modules, folder, file), "utf8"), name)),
);
writeFileSync("cluster/data/protobuf-1.34.json", `{\n${lines.toSorted().join(",\n")}\n}\n`);

function typesOf(source: string, packageName: string): string[] {
  return [...source.matchAll(/^type (\w+) struct \{\n(.*?)^\}/gms)].flatMap(([, type = "", body = ""]) => {
    const fields: string[] = [];
    for (const line of body.split("\n")) {
      const [, goType = "", tags = ""] = /^\s+(?:\w+\s+)?(\S+)\s+`(.*)`/.exec(line) ?? [];
      const number = /protobuf:"\w+,(\d+),/.exec(tags)?.[1];
      const [json = "", ...options] = (/json:"([^"]*)"/.exec(tags)?.[1] ?? "-").split(",");
      if (number === undefined || json === "-") continue;
      const isPointer = goType.startsWith("*");
      fields[Number(number) - 1] = options.includes("inline")
        ? `...${inlined(goType, packageName)}`
        : `${isPointer ? "?" : ""}${json}`;
    }
    const all = Array.from(fields, (field: string | undefined) => field ?? "-");
    return all.length === 0 ? [] : [`${JSON.stringify(`${packageName}.${type}`)}: ${JSON.stringify(all.join(" "))}`];
  });
}

function inlined(goType: string, packageName: string): string {
  const [type = "", from] = goType.split(".").toReversed();
  if (from === undefined) return `${packageName}.${type}`;
  return from === "metav1" ? `io.k8s.apimachinery.pkg.apis.meta.v1.${type}` : `io.k8s.api.core.v1.${type}`;
}
