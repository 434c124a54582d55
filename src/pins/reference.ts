/** An image reference taken apart: `name[:tag][@digest]`, the name with its registry. */
export interface ImageReference {
  readonly name: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

const pattern =
  /^([a-z0-9][a-z0-9.-]*(?::\d+)?(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*)(?::(\w[\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$/;

/** Takes a reference apart; undefined when it is none. */
export function parseReference(text: string): ImageReference | undefined {
  const match = pattern.exec(text);
  const [, name, tag, digest] = match ?? [];
  return name === undefined ? undefined : { name, tag, digest };
}

/** The digest that a reference names: `name:tag@sha256:…` -> `sha256:…`; undefined where it has none. */
export function digestOf(reference: string): string | undefined {
  return /@(sha256:[0-9a-f]{64})$/.exec(reference)?.[1];
}
