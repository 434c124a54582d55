import type { GitCommand } from "./git-command.ts";
import type { Git, NewCommit } from "./git.ts";
import type { ObjectReader } from "./object-reader.ts";
import { checkId } from "./remote.ts";
import { writeTree } from "./tree-writer.ts";

/** The writing half of a mirror: objects only, which nobody sees before they are pushed. */
export function writes(
  git: GitCommand,
  reader: ObjectReader,
  signingKey: string | undefined,
): Pick<Git, "writeBlob" | "writeTree" | "writeCommit"> {
  return {
    async writeBlob(content) {
      return (await git.output(["hash-object", "-w", "--stdin"], { stdin: content })).toString().trim();
    },
    writeTree: (base, changes) => writeTree(git, reader, base, changes),
    writeCommit: (commit) => writeCommit(git, commit, signingKey),
  };
}

async function writeCommit(git: GitCommand, commit: NewCommit, signingKey: string | undefined): Promise<string> {
  for (const id of [commit.tree, ...commit.parents]) checkId(id);
  const { name, email, at } = commit.signature;
  const date = `@${Math.trunc(at)} +0000`;
  const parents = commit.parents.flatMap((parent) => ["-p", parent]);
  const [configuration, sign] =
    signingKey === undefined ? [[], []] : [["-c", "gpg.format=ssh", "-c", `user.signingKey=${signingKey}`], ["-S"]];
  const output = await git.output([...configuration, "commit-tree", ...sign, ...parents, "-F", "-", commit.tree], {
    stdin: commit.message,
    env: {
      GIT_AUTHOR_NAME: name,
      GIT_AUTHOR_EMAIL: email,
      GIT_AUTHOR_DATE: date,
      GIT_COMMITTER_NAME: name,
      GIT_COMMITTER_EMAIL: email,
      GIT_COMMITTER_DATE: date,
    },
  });
  return output.toString().trim();
}
