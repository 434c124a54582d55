import assert from "node:assert/strict";
import { test } from "node:test";
import type { CommitInfo } from "../io/git/git.ts";
import { rejectedImages } from "./rejected.ts";

const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;
const image = (digit: string): string => `host:5000/a:v${digit}@${digest(digit)}`;

/** A history without merges, newest first, of which only ids and messages count. */
function history(...messages: readonly string[]) {
  const commits = messages.map((message, index) => ({ id: `c${index}`, message }) as CommitInfo);
  const age = (id: string): number => (id === "head" ? 0 : Number(id.slice(1)));
  return {
    saying: (_from: string, _path: string, trailers: readonly string[], limit: number) =>
      Promise.resolve(
        commits.filter(({ message }) => trailers.some((one) => message.includes(`\n${one}: `))).slice(0, limit),
      ),
    isAncestor: (ancestor: string, commit: string) => Promise.resolve(age(ancestor) >= age(commit)),
  };
}

test("a commit rejects each image that it names by digest, and the newest that does is remembered", async () => {
  const git = history(
    "Other\n\nSomething: else\n",
    `Roll back\n\nPlumbline-Rejects: ${image("1")}\nPlumbline-Rejects: ${image("2")}\n`,
    `Roll back\n\nPlumbline-Rejects: ${image("1")}\nPlumbline-Rejects: host/a:v9\n`,
  );
  assert.deepEqual(
    [...(await rejectedImages(git, "head", "a"))],
    [
      [digest("1"), "c1"],
      [digest("2"), "c1"],
    ],
  );
});

test("a later commit accepts a digest, with or without its name, until it fails again", async () => {
  const reject = `Roll back\n\nPlumbline-Rejects: ${image("1")}\nPlumbline-Rejects: ${image("2")}\n`;
  const bare = `Mend\n\nPlumbline-Accept: ${digest("1")}\n`;
  const full = `Mend\n\nPlumbline-Accept: ${image("2")}\n`;
  assert.deepEqual([...(await rejectedImages(history(bare, reject), "head", "a")).keys()], [digest("2")]);
  assert.deepEqual([...(await rejectedImages(history(full, bare, reject), "head", "a")).keys()], []);
  const again = await rejectedImages(history(reject, full, bare, reject), "head", "a");
  assert.deepEqual(
    [...again],
    [
      [digest("1"), "c0"],
      [digest("2"), "c0"],
    ],
  );
});

test("what a commit brought can be rejected without its saying so", async () => {
  const git = history("Mend\n", "Promote\n");
  const also = new Map([["c1", [image("3")]]]);
  assert.deepEqual([...(await rejectedImages(git, "head", "a", also))], [[digest("3"), "c1"]]);
});
