import { readdirSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { deliveryYaml } from "./scene.ts";
import type { Flaw, Scene } from "./scene.ts";
import type { Wire } from "./wire.ts";

/** From 0 up to but not 1, as the seed says. */
export type Random = () => number;

type Mischief = (scene: Scene, random: Random) => unknown;

/** A while of random length that ends on the clock, since it is when something happens that a storm leaves to chance. */
function between(random: Random, leastMs: number, mostMs: number): () => Promise<unknown> {
  const ms = leastMs + random() * (mostMs - leastMs);
  return () => pause(ms);
}

function oneOf<T>(random: Random, all: readonly T[]): T | undefined {
  return all[Math.floor(random() * all.length)];
}

/** What people do, and what happens to machines, by its name. */
const mischiefs: Readonly<Record<string, Mischief>> = {
  "a good version under load": ({ deliver }) => deliver("steady"),
  "a good version": ({ deliver }) => deliver("risky"),
  "a broken version": ({ deliver }, random) => deliver("risky", flaw(random)),
  async "a broken version and its fix"({ deliver }, random) {
    deliver("risky", flaw(random));
    await between(random, 0, 6000)();
    deliver("risky");
  },
  async "a broken delivery.yaml and its fix"({ repository }, random) {
    repository.commit("Break delivery.yaml", { "delivery.yaml": "environments: [" });
    await between(random, 500, 5000)();
    repository.commit("Mend delivery.yaml", { "delivery.yaml": deliveryYaml });
  },
  "scaled by hand": ({ api }) =>
    api.patch(deployments, "backend", { spec: { replicas: 3 } }, "kubectl-scale").catch(() => undefined),
  "deleted by hand": ({ api }) => api.delete(services, "backend").catch(() => undefined),
  "an engine is killed": ({ engines }, random) => oneOf(random, engines)?.restart("SIGKILL", between(random, 50, 4000)),
  "an engine is ended": ({ engines }, random) => oneOf(random, engines)?.restart("SIGTERM", between(random, 50, 1000)),
  "both engines are killed": ({ engines }, random) =>
    Promise.all(engines.map((engine) => engine.restart("SIGKILL", between(random, 50, 4000)))),
  "an engine is held": ({ engines }, random) => oneOf(random, engines)?.hold(between(random, 500, 22_000)),
  "Git is restarted": ({ restartGit }, random) => restartGit(between(random, 100, 6000)),
  "the way to Git is cut": ({ git }, random) => weather(git, "cut", random),
  "the way to Git is silent": ({ git }, random) => weather(git, "silent", random),
  "the way to the cluster is cut": ({ kube }, random) => weather(kube, "cut", random),
  "the way to the cluster is silent": ({ kube }, random) => weather(kube, "silent", random),
  "a mirror is removed": ({ mirrors }, random) =>
    rmSync(oneOf(random, mirrors) ?? "", { recursive: true, force: true }),
  "an object of a mirror is cut off": ({ mirrors }, random) => {
    const file = oneOf(random, objectsOf(oneOf(random, mirrors) ?? ""));
    if (file !== undefined) truncateSync(file, Math.floor(statSync(file).size * random()));
  },
  "a mirror has stale locks": ({ mirrors }, random) => {
    const mirror = oneOf(random, mirrors) ?? "";
    if (objectsOf(mirror).length === 0) return;
    for (const lock of ["packed-refs.lock", "HEAD.lock"]) writeFileSync(join(mirror, lock), "");
  },
  "the delivery log is deleted": ({ repository }) => repository.read("update-ref", "-d", "refs/heads/plumbline/log"),
};

const deployments = { apiVersion: "apps/v1", plural: "deployments", namespace: "risky-staging" };
const services = { apiVersion: "v1", plural: "services", namespace: "risky-staging" };

/** The next thing to happen, and its name. */
export function nextMischief(random: Random): readonly [string, Mischief] {
  const entries = Object.entries(mischiefs);
  const entry = oneOf(random, entries);
  if (!entry) throw new Error("there is no mischief to be done");
  return entry;
}

function flaw(random: Random): Flaw | undefined {
  return oneOf<Flaw>(random, ["crash", "unready", "image"]);
}

async function weather(wire: Wire, bad: "cut" | "silent", random: Random): Promise<void> {
  wire.become(bad);
  await between(random, 500, 15_000)();
  wire.become("open");
}

/** The files of a mirror's objects; none where it was removed. */
function objectsOf(mirror: string): readonly string[] {
  try {
    const found = readdirSync(join(mirror, "objects"), { recursive: true, withFileTypes: true });
    return found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  } catch {
    return [];
  }
}
