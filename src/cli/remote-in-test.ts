import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { startGitServer } from "../../conformance/git-server.ts";
import type { GitServerOptions } from "../../conformance/git-server.ts";
import { makeBareRepository, runGit } from "../io/git/temporary-repository-in-test.ts";
import type { Place } from "./plumb-in-test.ts";

/** For tests: the deployment repository `team/shop` behind HTTP, as on a forge. */
export interface TestRemote {
  /** Without credentials. */
  readonly url: string;
  /** Commits these files with everything that was pushed before, and answers the commit. */
  readonly push: (files: Readonly<Record<string, string>>) => string;
  /** git in the repository itself. */
  readonly git: (...args: readonly string[]) => string;
}

/** Starts it; it ends with the test. */
export async function startRemote(
  t: TestContext,
  place: Place,
  different: Pick<GitServerOptions, "credentials"> = {},
): Promise<TestRemote> {
  const repositories = join(place.folder, "repositories");
  const [bare, copy] = [join(repositories, "team", "shop.git"), join(place.folder, "copy")];
  makeBareRepository(bare);
  runGit(place.folder, "init", "--quiet", "--initial-branch=main", copy);
  const server = await startGitServer({ folder: repositories, ...different });
  t.after(() => server.stop());
  let isFirst = true;
  return {
    url: `${server.url}/team/shop.git`,
    push(files) {
      if (!isFirst) runGit(copy, "pull", "--quiet", "--ff-only", bare, "main");
      isFirst = false;
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(dirname(join(copy, path)), { recursive: true });
        writeFileSync(join(copy, path), text);
      }
      runGit(copy, "add", "--all");
      runGit(copy, "commit", "--quiet", "--message", "Change");
      runGit(copy, "push", "--quiet", bare, "HEAD:main");
      return runGit(copy, "rev-parse", "HEAD");
    },
    git: (...args) => runGit(bare, ...args),
  };
}
