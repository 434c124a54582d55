import type { Git } from "../io/git/git.ts";
import type { Revision } from "../model/revision.ts";

/** How many changes of an application's directory are looked through for the releases that its images came by. */
const lookedThrough = 50;

/**
 * The commit of the application's source that all of these images were built from, as the commits that released them say in
 * their trailers; undefined where they say different ones, or none.
 */
export async function sourceCommitOf(
  git: Pick<Git, "saying">,
  revision: Revision,
  path: string,
  images: readonly string[],
): Promise<string | undefined> {
  if (images.length === 0) return undefined;
  const commits = await git.saying(revision.commit, path, ["Plumbline-Image"], lookedThrough);
  const sources = images.map((image) => {
    const release = commits.find(({ message }) => message.split("\n").includes(`Plumbline-Image: ${image}`));
    return release?.trailers["Plumbline-Release"];
  });
  return new Set(sources).size === 1 ? sources[0] : undefined;
}
