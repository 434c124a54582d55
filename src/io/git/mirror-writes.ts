import { ProblemError } from "../../model/problem.ts";
import type { GitCommand } from "./git-command.ts";
import type { Git, NewCommit } from "./git.ts";
import type { ObjectWriter } from "./loose-objects.ts";
import type { ObjectReader } from "./object-reader.ts";
import { checkId } from "./remote.ts";
import { writeTree } from "./tree-writer.ts";

/** What objects are written with. */
export interface WritingParts {
  readonly git: GitCommand;
  readonly reader: ObjectReader;
  readonly write: ObjectWriter;
  /** A private SSH key that commits are signed with. */
  readonly signingKey: string | undefined;
}

/** The writing half of a mirror: objects only, which nobody sees before they are pushed. */
export function writes({
  git,
  reader,
  write,
  signingKey,
}: WritingParts): Pick<Git, "writeBlob" | "writeTree" | "writeCommit"> {
  return {
    writeBlob: (content) => write("blob", content),
    writeTree: (base, changes) => writeTree(reader, write, base, changes),
    async writeCommit(commit) {
      for (const id of [commit.tree, ...commit.parents]) checkId(id);
      return signingKey === undefined ? write("commit", commitText(commit)) : writeSigned(git, commit, signingKey);
    },
  };
}

/** The text of a commit as git itself writes it. */
function commitText({ tree, parents, message, signature: { name, email, at } }: NewCommit): string {
  if (message.includes("\0")) {
    throw new ProblemError({ code: "message-refused", message: "A commit message must not hold a NUL character." });
  }
  const who = `${withoutCrud(name)} <${withoutCrud(email)}> ${Math.trunc(at)} +0000`;
  const headers = [`tree ${tree}`, ...parents.map((parent) => `parent ${parent}`), `author ${who}`, `committer ${who}`];
  return [...headers, "", message].join("\n");
}

/** What git leaves of a name: nothing that could end it, and none of the characters at its ends that it calls crud. */
function withoutCrud(name: string): string {
  const crud = String.raw`[\x00-\x20.,:;<>"\\']+`;
  return name.replaceAll(new RegExp(`^${crud}|${crud}$`, "g"), "").replaceAll(/[\n<>]/g, "");
}

async function writeSigned(git: GitCommand, commit: NewCommit, signingKey: string): Promise<string> {
  const { name, email, at } = commit.signature;
  const date = `@${Math.trunc(at)} +0000`;
  const parents = commit.parents.flatMap((parent) => ["-p", parent]);
  const configuration = ["-c", "gpg.format=ssh", "-c", `user.signingKey=${signingKey}`];
  const output = await git.output([...configuration, "commit-tree", "-S", ...parents, "-F", "-", commit.tree], {
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
