import type { Files } from "./manifests.ts";

/** By what name the objects of an application go: its place when it was made, which a rename may leave as it is. */
export function ownerOf(files: Files | undefined): string | undefined {
  return /"name": "([a-z]+)-web"/.exec(files?.get("web.yaml") ?? "")?.[1];
}

/** The files with every name of theirs changed to those of another place. */
export function renamed(files: Files, owner: string, to: string, namespace: string, toNamespace: string): Files {
  return new Map(
    [...files].map(([name, text]) => [
      name,
      text
        .replaceAll(`"${namespace}"`, `"${toNamespace}"`)
        .replaceAll(`//${owner}-web`, `//${to}-web`)
        .replaceAll(new RegExp(`"${owner}-(?=web|settings|extra|flaw|hook)`, "g"), `"${to}-`),
    ]),
  );
}

/** The files with the words by which another application takes their objects over. */
export function adopting(files: Files, from: string): Files {
  const words = `"annotations": {"plumbline.dev/adopt": "${from}"}`;
  return new Map(
    [...files].map(([name, text]) => {
      if (/"annotations"/.test(text)) return [name, text.replace('"annotations": {', `${words.slice(0, -1)},`)];
      return [name, text.replace('"metadata": {', `"metadata": {\n  ${words},`)];
    }),
  );
}
