import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** For tests: files and repositories of a place, by their paths in it. */
export interface Repositories {
  readonly at: (path: string) => string;
  readonly write: (path: string, text: string) => void;
  /** git in a folder; answers what it prints. */
  readonly git: (folder: string, ...args: string[]) => string;
  /** Makes repositories of the folders `application` and `deployment`, and of the second a bare one, `deployment.git`. */
  readonly begin: () => void;
}

/** For tests: the repositories of a place. */
export function repositoriesIn(folder: string): Repositories {
  const at = (path: string): string => join(folder, path);
  const git: Repositories["git"] = (below, ...args) =>
    execFileSync("git", ["-C", at(below), "-c", "user.name=Dev", "-c", "user.email=dev@example.com", ...args], {
      encoding: "utf8",
    }).trim();
  return {
    at,
    git,
    write(path, text) {
      mkdirSync(dirname(at(path)), { recursive: true });
      writeFileSync(at(path), text);
    },
    begin() {
      for (const name of ["application", "deployment"]) {
        git(".", "init", "-q", "-b", "main", name);
        git(name, "add", "-A");
        git(name, "commit", "-q", "-m", "Begin");
      }
      git(".", "clone", "-q", "--bare", "deployment", "deployment.git");
    },
  };
}
