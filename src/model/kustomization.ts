/** The names under which a directory may say that it is kustomized; it must have one of them only. */
export const kustomizationNames = ["kustomization.yaml", "kustomization.yml", "Kustomization"] as const;

/** The path in the repository that an entry of a kustomization in `directory` means; undefined where that is outside of it. */
export function pathFrom(directory: string, entry: string): string | undefined {
  if (entry.startsWith("/") || /[\\\0]/.test(entry)) return undefined;
  const parts = directory.split("/");
  for (const part of entry.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.length === 0 ? undefined : parts.join("/");
}
