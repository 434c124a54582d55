import { isMap, LineCounter, parseAllDocuments, type Document } from "yaml";
import { z } from "zod";
import type { Problem, Result } from "../model/problem.ts";

/** The name of the file at the root of the application repository. */
export const releaseFileName = "release.yaml";

/** What images in a folder are called where nothing else is said: no registry on the network has this name. */
export const folderName = "plumbline.local";

const relativePath = z
  .string()
  .refine(
    (path) => path === "." || (path !== "" && path.split("/").every((part) => !/^(\.{0,2}|\.git)$/i.test(part))),
    {
      message: "must be a path inside the repository, like backend or deploy/staging, without .. or a leading /",
    },
  );
const repositoryName = z.string().regex(/^[a-z0-9.-]+(:\d+)?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*$/, {
  message: "must be a registry's name in lower case, like registry.example.com/team",
});

const imageSchema = z.strictObject({
  /** The folder whose tree is the image's source; nothing outside of it is seen by the build. */
  context: relativePath,
  /** A shell command, run in the context. */
  build: z.string().min(1).optional(),
  base: z.string().min(1),
  entrypoint: z.array(z.string()).min(1),
  /** What of the context goes into the image after the build; all of it when not given. */
  include: z.array(relativePath).min(1).optional(),
});

const releaseSchema = z.strictObject({
  registry: z.union([
    z.string().min(1),
    z.strictObject({ folder: z.string().min(1), name: repositoryName.default(folderName) }),
    z.strictObject({ name: repositoryName, insecure: z.boolean().default(false) }),
  ]),
  images: z
    .record(
      z.string().regex(/^[a-z0-9]+([._-][a-z0-9]+)*$/, {
        message: "must be an image's name in lower case, like backend",
      }),
      imageSchema,
    )
    .refine((images) => Object.keys(images).length > 0, { message: "must name at least one image" }),
  deployment: z.strictObject({
    repository: z.string().min(1),
    path: relativePath,
    branch: z.string().min(1).default("main"),
  }),
  /** Where people find the source: a URL, for the image's labels and the deployment commit. */
  source: z.url().optional(),
});

/** One image of release.yaml. */
export type ImageRecipe = Readonly<z.infer<typeof imageSchema>>;

/**
 * The registry of release.yaml: `oci:<folder>`, or `{ folder, name }`, is an OCI layout folder whose images manifests name
 * `<name>/<image>` (`plumbline.local/<image>` by default); anything else is the address of a registry on the network, which
 * `{ name, insecure: true }` lets be spoken to without TLS.
 */
export type RegistryPlace =
  | { readonly kind: "layout"; readonly folder: string; readonly name: string }
  | { readonly kind: "network"; readonly name: string; readonly insecure: boolean };

/** release.yaml, read strictly. Images are in the order of their names. */
export interface ReleaseFile {
  readonly registry: RegistryPlace;
  readonly images: readonly (ImageRecipe & { readonly name: string })[];
  readonly deployment: { readonly repository: string; readonly path: string; readonly branch: string };
  readonly source: string | undefined;
}

const mostCharacters = 64 * 1024;

/** Reads release.yaml; every problem names file and line. */
export function parseReleaseFile(text: string, file: string = releaseFileName): Result<ReleaseFile> {
  if (text.length > mostCharacters) {
    return refuse([
      { code: "release-file-size", message: `has more than ${mostCharacters} characters.`, where: { file } },
    ]);
  }
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines });
  const [document, second] = "empty" in documents ? [] : documents;
  const lineAt = (offset: number | undefined): number => (offset === undefined ? 1 : lines.linePos(offset).line);
  if (document === undefined || second !== undefined) {
    return refuse([
      problemAt(file, lineAt(second?.range[0]), "must hold exactly one YAML document", "release-file-yaml"),
    ]);
  }
  if (document.errors.length > 0) {
    return refuse(
      document.errors.map((error) =>
        problemAt(file, lineAt(error.pos[0]), `is not YAML: ${firstLine(error.message)}`, "release-file-yaml"),
      ),
    );
  }
  const value = plainValue(document);
  if (!value.ok) return refuse([problemAt(file, 1, value.why, "release-file-yaml")]);
  const parsed = releaseSchema.safeParse(value.value);
  if (!parsed.success) return refuse(parsed.error.issues.flatMap((issue) => problemsOf(issue, document, file, lineAt)));
  return { ok: true, value: toReleaseFile(parsed.data) };
}

function plainValue(document: Document): { ok: true; value: unknown } | { ok: false; why: string } {
  try {
    return { ok: true, value: document.toJS({ maxAliasCount: 20 }) };
  } catch (error) {
    return { ok: false, why: `cannot be read: ${firstLine(error instanceof Error ? error.message : String(error))}` };
  }
}

function problemsOf(
  issue: z.core.$ZodIssue,
  document: Document,
  file: string,
  lineAt: (offset: number | undefined) => number,
): readonly Problem[] {
  const path = issue.path.map(String);
  const named = path.length > 0 ? path.join(".") : "the file";
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) =>
      problemAt(
        file,
        lineAt(offsetOf(document, [...path, key])),
        `${[...path, key].join(".")}: is not a key that is known here`,
      ),
    );
  }
  return [problemAt(file, lineAt(offsetOf(document, path)), `${named}: ${issue.message}`)];
}

/** Where the key at a path stands; where it is missing, the nearest one above it. */
function offsetOf(document: Document, path: readonly string[]): number | undefined {
  let node: unknown = document.contents;
  let offset = document.contents?.range?.[0];
  for (const step of path) {
    if (!isMap(node)) break;
    const pair = node.items.find((item) => String(item.key) === step);
    if (pair === undefined) break;
    offset = (pair.key as { range?: readonly number[] }).range?.[0] ?? offset;
    node = pair.value;
  }
  return offset;
}

function toReleaseFile(data: z.infer<typeof releaseSchema>): ReleaseFile {
  const names = Object.keys(data.images).toSorted();
  return {
    registry: registryPlace(data.registry),
    images: names.flatMap((name) => {
      const recipe = data.images[name];
      return recipe ? [{ ...recipe, name }] : [];
    }),
    deployment: data.deployment,
    source: data.source,
  };
}

/** What a registry's text in release.yaml or on the command line means. */
export function registryPlace(registry: z.infer<typeof releaseSchema>["registry"]): RegistryPlace {
  if (typeof registry !== "string") {
    return "folder" in registry ? { kind: "layout", ...registry } : { kind: "network", ...registry };
  }
  const folder = /^oci:(.+)$/.exec(registry)?.[1];
  if (folder !== undefined) return { kind: "layout", folder, name: folderName };
  return { kind: "network", name: registry.replace(/\/+$/, ""), insecure: false };
}

function firstLine(message: string): string {
  return (message.split("\n", 1)[0] ?? "").replace(/ at line \d+, column \d+:?$/, "");
}

function problemAt(file: string, line: number, message: string, code = "release-file-invalid"): Problem {
  return {
    code,
    message: `${message}.`,
    where: { file, line },
    remedy: "Correct release.yaml, commit it and release again.",
  };
}

function refuse(problems: readonly Problem[]): Result<never> {
  return { ok: false, problems };
}
