import { isMap, isScalar, isSeq, parseAllDocuments, type Document, type YAMLMap } from "yaml";
import type { DrillFiles } from "./drill.ts";

/** The Deployment that drills break. */
const target = "backend";

interface Found {
  readonly path: string;
  readonly text: string;
  /** The first container of the Deployment's pods. */
  readonly container: YAMLMap;
}

/** The change that gives the target's container one more variable; the rest of the file stays byte for byte. */
export function withVariable(files: DrillFiles, name: string, value: string): DrillFiles {
  const { path, text, container } = findTarget(files);
  const list: unknown = container.get("env");
  const [first] = isSeq(list) ? list.items : [];
  const start = isMap(first) ? first.range?.[0] : undefined;
  if (start === undefined || !isSeq(list) || list.flow) {
    throw new Error(
      `${path}: the container of Deployment ${target} has no list of variables; give it "env:" with one entry a line`,
    );
  }
  const dash = text.lastIndexOf("-", start);
  const indent = text.slice(text.lastIndexOf("\n", dash) + 1, dash);
  const entry = `- { name: ${name}, value: ${JSON.stringify(value)} }\n${indent}`;
  return new Map([[path, text.slice(0, dash) + entry + text.slice(dash)]]);
}

/** The change that replaces the scalar at a path of the target's container by what `change` makes of it. */
export function withScalar(
  files: DrillFiles,
  path: readonly (string | number)[],
  change: (value: string) => string,
): DrillFiles {
  const found = findTarget(files);
  const node: unknown = found.container.getIn(path, true);
  const range = isScalar(node) ? node.range : undefined;
  if (!isScalar(node) || !range || typeof node.value !== "string") {
    throw new Error(
      `${found.path}: the container of Deployment ${target} has no ${path.join(".")}; add it, or choose another drill`,
    );
  }
  const replacement = JSON.stringify(change(node.value));
  return new Map([[found.path, found.text.slice(0, range[0]) + replacement + found.text.slice(range[1])]]);
}

function findTarget(files: DrillFiles): Found {
  for (const [path, text] of [...files].toSorted(([left], [right]) => (left < right ? -1 : 1))) {
    if (!/\.ya?ml$/.test(path)) continue;
    const documents = parseAllDocuments(text);
    for (const document of "empty" in documents ? [] : documents) {
      const container = containerOf(document);
      if (container) return { path, text, container };
    }
  }
  throw new Error(
    `there is no Deployment named ${target} in this directory; drills need the one of the workloads' manifests`,
  );
}

function containerOf(document: Document): YAMLMap | undefined {
  if (!isMap(document.contents) || document.errors.length > 0) return undefined;
  if (document.get("kind") !== "Deployment" || document.getIn(["metadata", "name"]) !== target) return undefined;
  const container: unknown = document.getIn(["spec", "template", "spec", "containers", 0]);
  return isMap(container) ? container : undefined;
}
