import { insideThread } from "../io/thread/inside-thread.ts";
import type { TreeEntry } from "../io/git/git.ts";
import type { Problem } from "../model/problem.ts";
import type { Manifest } from "../model/manifest.ts";
import { render } from "../render/render.ts";
import type { Objects } from "../render/render.ts";

/** What the thread is given, the arguments of `render`; and what it asks of Git. */
export type RenderGiven = readonly [content: Parameters<typeof render>[1], application: Parameters<typeof render>[2]];
export type RenderQuestion = { readonly list: Parameters<Objects["list"]> } | { readonly blobs: readonly string[] };
/** A part of the result, as JSON: some of the manifests, or why there are none. */
export type RenderPart = { readonly manifests: readonly Manifest[] } | { readonly problems: readonly Problem[] };

/** So many objects are asked for at once. */
const blobsAtOnce = 50;
/** Letters of a part, or one object: what is read in a few milliseconds. */
const partLetters = 64 * 1024;

await insideThread(async (given, thread) => {
  const [content, application] = given as RenderGiven;
  const question = (asked: RenderQuestion): Promise<unknown> => thread.ask(asked);
  const git: Objects = {
    list: async (...list) => (await question({ list })) as readonly TreeEntry[],
    blobs: async (ids) => {
      const found = new Map<string, Buffer>();
      for (let at = 0; at < ids.length; at += blobsAtOnce) {
        const some = await question({ blobs: ids.slice(at, at + blobsAtOnce) });
        for (const [id, bytes] of some as ReadonlyMap<string, Uint8Array>) found.set(id, bufferOf(bytes));
      }
      return found;
    },
  };
  const rendered = await render(git, content, application);
  const part = (one: RenderPart): string => JSON.stringify(one);
  if (!rendered.ok) return thread.give(part({ problems: rendered.problems }));
  for (const manifests of inParts(rendered.value)) await thread.give(part({ manifests }));
});

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function* inParts(manifests: readonly Manifest[]): Generator<readonly Manifest[]> {
  let part: Manifest[] = [];
  let letters = 0;
  for (const manifest of manifests) {
    part.push(manifest);
    letters += JSON.stringify(manifest.object).length;
    if (letters < partLetters) continue;
    yield part;
    [part, letters] = [[], 0];
  }
  yield part;
}
