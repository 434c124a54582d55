import assert from "node:assert/strict";
import { drills } from "../../drills/index.ts";
import type { Drill } from "../../drills/drill.ts";
import type { Behaviour } from "../behaviour.ts";
import { assertServed } from "../stage.ts";
import type { Stage } from "../stage.ts";

/** B1 and B4 of docs/behaviours.md, with R2 and R4 for each fault that a drill commits. */
export const rollback: readonly Behaviour[] = [
  ...drills
    .filter(({ heal }) => heal === "rollback")
    .map((drill): Behaviour => ({
      number: "B1",
      name: `b1${drill.name.replaceAll("-", "")}`,
      title: `${drill.name}: blocked with old pods serving, and put back by exactly one commit`,
      holds: (stage) => isPutBack(stage, drill),
    })),
  {
    number: "B4",
    name: "b4",
    title: "where nothing was ever healthy it is held, nothing is written, and the record says what to do",
    async holds(stage) {
      const [drill] = drills.filter(({ name }) => name === "wrong-image");
      assert.ok(drill);
      const files = stage.backend(stage.ground.released.first);
      const commit = stage.repository.commit("Begin broken", { ...stage.gate(), ...files, ...injected(stage, drill) });
      await stage.start();
      const { remedy } = await stage.becomes("held", commit);
      assert.ok(remedy);
      assert.deepEqual(stage.repository.since(commit), []);
    },
  },
];

/** What the fault's commit changes, on top of the first release. */
export function injected(stage: Stage, drill: Drill): Readonly<Record<string, string>> {
  const prefix = `${stage.application}/`;
  const files = Object.entries(stage.backend(stage.ground.released.first));
  const own = new Map(files.map(([path, text]) => [path.slice(prefix.length), text ?? ""]));
  return Object.fromEntries([...drill.inject(own)].map(([path, text]) => [`${prefix}${path}`, text]));
}

async function isPutBack(stage: Stage, drill: Drill): Promise<void> {
  // A failure that cannot get better must not wait for the deadline (R2); the others have a short one.
  const cannotHeal = drill.name !== "never-ready";
  const good = await stage.deliverFirst(`{ deadline: ${cannotHeal ? "10m" : "15s"}, soak: 1s }`);
  const load = await stage.load();
  const broken = stage.repository.commit("Break", injected(stage, drill));
  const commit = await stage.rolledBack(broken, 180_000);
  assertServed(await load.stop());
  assertRollback(stage, good, broken, commit);
  if (drill.expect.reason)
    assert.match(stage.repository.read("log", "-1", "--format=%B", commit) ?? "", drill.expect.reason);
  assert.match(stage.repository.read("diff", "--name-only", broken, commit) ?? "", /^staging\/[^\n]*$/);
}

/** Exactly one commit, which restores the directory byte for byte, touches nothing else, and says what it undoes. */
export function assertRollback(stage: Stage, good: string, broken: string, commit: string): void {
  const { repository, application } = stage;
  assert.deepEqual(repository.since(broken), [commit], "exactly one commit");
  const tree = (at: string, path: string): string | undefined => repository.read("rev-parse", `${at}:${path}`);
  assert.equal(tree(commit, application), tree(good, application), "its directory is the last healthy one");
  assert.equal(tree(commit, ""), tree(good, ""), "and nothing else is touched");
  const message = repository.read("log", "-1", "--format=%B", commit) ?? "";
  assert.ok(message.includes(broken), `its message names ${broken}: ${message}`);
}
