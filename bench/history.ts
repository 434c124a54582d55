import { execFileSync, fork, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Fetched } from "./history-process.ts";
import { atMost, type Figure } from "./measure.ts";

const commits = 100_000;
const folders = 200;
const filesAFolder = 100;
const laterFetches = 5;

/** A deployment repository of 100,000 commits and 20,000 files: its first fetch, later ones, and what the process holds. */
export async function historyBounds(): Promise<readonly Figure[]> {
  const root = mkdtempSync(join(tmpdir(), "plumbline-bench-history-"));
  try {
    const remote = join(root, "remote.git");
    await generate(remote);
    const plain = join(root, "plain.git");
    const plainFirst = timed(() => fetchPlainly(plain, remote));
    const shallow = timed(() => fetchPlainly(join(root, "shallow.git"), remote, "--depth=1"));
    const child = fork(new URL("history-process.js", import.meta.url), [remote, join(root, "mirror.git")]);
    try {
      const first = await heard(child);
      const later: number[] = [];
      const plainLater: number[] = [];
      let last = first;
      for (let fetch = 0; fetch < laterFetches; fetch += 1) {
        append(remote, fetch);
        plainLater.push(timed(() => fetchPlainly(plain, remote)));
        child.send("again");
        last = await heard(child);
        later.push(last.fetchMs);
      }
      const about = `${commits} commits, ${folders * filesAFolder} files`;
      return [
        atMost(2, {
          name: "first fetch of a long history",
          value: first.fetchMs / plainFirst,
          unit: "x",
          reference: `${about}: ${first.fetchMs.toFixed(0)} ms; git fetch ${plainFirst.toFixed(0)} ms, with --depth=1 ${shallow.toFixed(0)} ms`,
        }),
        atMost(3, {
          name: "later fetch of one commit",
          value: Math.min(...later) / Math.min(...plainLater),
          unit: "x",
          reference: `least of ${laterFetches}: ${Math.min(...later).toFixed(0)} ms; git fetch ${Math.min(...plainLater).toFixed(0)} ms`,
        }),
        atMost(150, {
          name: "memory with a long history",
          value: last.peakMiB,
          unit: "MiB",
          reference: `highest resident set of the process that fetched and listed ${last.files} files (in ${last.listMs.toFixed(0)} ms)`,
        }),
      ];
    } finally {
      child.kill();
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** Written by git itself from a stream: the first commit has all files, each later one changes one. */
async function generate(remote: string): Promise<void> {
  mkdirSync(remote);
  execFileSync("git", ["init", "--bare", "--quiet", "--initial-branch=main", remote]);
  const importing = spawn("git", ["-C", remote, "fast-import", "--quiet"], { stdio: ["pipe", "inherit", "inherit"] });
  const ended = once(importing, "close");
  const { stdin } = importing;
  const write = async (text: string): Promise<void> => {
    if (!stdin.write(text)) await once(stdin, "drain");
  };
  await write(header(0));
  for (let file = 0; file < folders * filesAFolder; file += 1) await write(change(file, 0));
  for (let commit = 1; commit < commits; commit += 1) await write(header(commit) + change(commit, commit));
  stdin.end("done\n");
  const [code] = (await ended) as [number];
  if (code !== 0) throw new Error(`git fast-import ended with ${code}`);
}

function header(commit: number): string {
  return `commit refs/heads/main\ncommitter Bench <bench@example.com> ${1_700_000_000 + commit} +0000\ndata 6\nChange\n`;
}

function change(file: number, commit: number): string {
  const place = (file * 7919) % (folders * filesAFolder);
  const path = `staging/application-${place % folders}/object-${Math.floor(place / folders)}.yaml`;
  const text = `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: object-${place} }\ndata: { commit: "${commit}" }\n`;
  return `M 100644 inline ${path}\ndata ${text.length}\n${text}\n`;
}

/** One more commit on the branch. */
function append(remote: string, number: number): void {
  const input = `${header(commits + number)}from refs/heads/main^0\n${change(number, commits + number)}done\n`;
  execFileSync("git", ["-C", remote, "fast-import", "--quiet"], { input });
}

function fetchPlainly(folder: string, remote: string, ...options: readonly string[]): void {
  execFileSync("git", ["init", "--bare", "--quiet", folder]);
  const refs = "+refs/heads/*:refs/remotes/origin/*";
  execFileSync("git", ["-C", folder, "fetch", "--quiet", "--no-tags", ...options, `file://${remote}`, refs]);
}

function timed(work: () => void): number {
  const begun = performance.now();
  work();
  return performance.now() - begun;
}

async function heard(child: ChildProcess): Promise<Fetched> {
  const [message] = (await Promise.race([
    once(child, "message"),
    once(child, "exit").then(([code]) => {
      throw new Error(`the process that fetches ended with ${String(code)}`);
    }),
  ])) as [Fetched];
  return message;
}
