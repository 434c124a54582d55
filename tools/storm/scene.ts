import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Api } from "../../conformance/api.ts";
import type { ClusterUnderTest } from "../../conformance/cluster.ts";
import { startEmbedded } from "../../conformance/embedded.ts";
import { startGitServer } from "../../conformance/git-server.ts";
import type { GitServer } from "../../conformance/git-server.ts";
import { releaseTwice } from "../../conformance/released.ts";
import { Repository } from "../../conformance/repository.ts";
import { Part } from "./part.ts";
import { startWire } from "./wire.ts";
import type { Wire } from "./wire.ts";

/** The application that requests are made to, which gets nothing but good versions; and the one that gets all others. */
export const applications = ["steady", "risky"] as const;
export type ApplicationName = (typeof applications)[number];

/** What is wrong with a version, by the variable or image that makes it so. */
export type Flaw = "crash" | "unready" | "image";

/** What a storm blows over: two engines, a Git server and a cluster, with a wire between each. */
export interface Scene {
  readonly folder: string;
  readonly cluster: ClusterUnderTest;
  readonly api: Api;
  readonly repository: Repository;
  readonly git: Wire;
  readonly kube: Wire;
  readonly engines: readonly Part[];
  /** The folder of each engine's mirror. */
  readonly mirrors: readonly string[];
  /** Commits the next version of an application; answers the commit. */
  readonly deliver: (name: ApplicationName, flaw?: Flaw) => string;
  /** Ends the Git server, and starts another after a while. */
  readonly restartGit: (away: () => Promise<unknown>) => Promise<unknown>;
  /** Ends everything; answers the engines' exit codes. */
  stop(): Promise<readonly (number | null)[]>;
}

/** Sets the scene below a folder and waits for nothing but the cluster. `onLost` hears of an engine that ended by itself. */
export async function setScene(folder: string, onLost: (what: string) => void): Promise<Scene> {
  const [git, kube] = [await startWire(), await startWire()];
  const repository = new Repository(folder);
  // Each movement of a branch is kept, so that one that was forced can be told afterwards.
  repository.read("config", "core.logAllRefUpdates", "always");
  const released = await releaseTwice(join(folder, "release"));
  const cluster = await startEmbedded(join(folder, "embedded"), released.layout);
  const kubeconfig = join(folder, "wired.kubeconfig");
  writeFileSync(kubeconfig, wired(readFileSync(cluster.kubeconfig, "utf8"), kube), { mode: 0o600 });
  const server = await serveGit(folder, git);
  const mirrors = [0, 1].map((index) => join(folder, `mirror-${index}.git`));
  const remote = `http://127.0.0.1:${git.port}/deployment.git`;
  const engines = enginesOf({ folder, remote, kubeconfig, mirrors }, onLost);
  const api = new Api(cluster.kubeconfig);
  const backend = released.first["backend.yaml"];
  let version = 0;
  const deliver = (name: ApplicationName, flaw?: Flaw): string => {
    version += 1;
    const text = `${flaw ?? "Good"} version ${version} of ${name}`;
    return repository.commit(text, { [`staging/${name}/backend.yaml`]: versionOf(backend, version, flaw) });
  };
  begin(repository);
  for (const name of applications) deliver(name);
  for (const engine of engines) engine.start();
  const restartGit = server.restart;
  return {
    folder,
    cluster,
    api,
    repository,
    git,
    kube,
    engines,
    mirrors,
    deliver,
    restartGit,
    async stop() {
      const codes = await Promise.all(engines.map((engine) => engine.stop()));
      api.close();
      await cluster.stop();
      await server.stop();
      for (const wire of [git, kube]) wire.stop();
      return codes;
    },
  };
}

/** A Git server at the end of the wire, which can be ended and is another one afterwards. */
async function serveGit(folder: string, wire: Wire) {
  const start = async (): Promise<GitServer> => {
    const server = await startGitServer({ folder });
    wire.lead(Number(new URL(server.url).port));
    return server;
  };
  let server = await start();
  let last: Promise<unknown> = Promise.resolve();
  let isOver = false;
  return {
    restart(this: void, away: () => Promise<unknown>): Promise<unknown> {
      last = last.then(async () => {
        await server.stop();
        await away();
        server = await start();
        if (isOver) await server.stop();
      });
      return last;
    },
    stop: () => {
      isOver = true;
      return server.stop();
    },
  };
}

/** What the engines are started with. */
interface EnginePlaces {
  readonly folder: string;
  readonly remote: string;
  readonly kubeconfig: string;
  readonly mirrors: readonly string[];
}

function enginesOf(places: EnginePlaces, onLost: (what: string) => void): readonly Part[] {
  const { folder, remote, kubeconfig, mirrors } = places;
  const temporary = join(folder, "tmp");
  mkdirSync(temporary);
  return mirrors.map((mirror, index) => {
    const args = ["engine", `--repository=${remote}`, `--kubeconfig=${kubeconfig}`, `--mirror=${mirror}`, "--poll=1"];
    const part = new Part(args, join(folder, `engine-${index}.log`), { ...process.env, TMPDIR: temporary });
    part.onLost = (code) => onLost(`engine ${index} ended by itself with code ${code}, see engine-${index}.log`);
    return part;
  });
}

/** The gate of all. */
export const deliveryYaml = "environments:\n  staging:\n    rollout: { deadline: 60s, soak: 1s }\n";

/** Says the gate, and a namespace for each. */
function begin(repository: Repository): void {
  const namespaces = applications.map((name): [string, string] => [
    `staging/${name}/namespace.yaml`,
    `apiVersion: v1\nkind: Namespace\nmetadata: { name: ${name}-staging }\n`,
  ]);
  repository.commit("Begin", {
    "delivery.yaml": deliveryYaml,
    ...Object.fromEntries(namespaces),
  });
}

/** The backend's manifest with a variable that makes it new, and with what is wrong with it. */
function versionOf(manifest: string, version: number, flaw: Flaw | undefined): string {
  const variables = {
    crash: `- { name: FAULT_CRASH_AFTER_SECONDS, value: "0" }`,
    unready: `- { name: FAULT_NEVER_READY, value: "true" }`,
    image: "",
  };
  const indent = " ".repeat(12);
  const added = [`- { name: ROUND, value: "${version}" }`, flaw ? variables[flaw] : ""].filter((line) => line !== "");
  const text = manifest.replace(/^ {10}env:\n/m, (line) => line + added.map((one) => `${indent}${one}\n`).join(""));
  return flaw === "image" ? text.replace(/(image: [^:\s]+):\S+/, `$1:missing@sha256:${"0".repeat(64)}`) : text;
}

/** The kubeconfig, by way of the wire. */
function wired(kubeconfig: string, wire: Wire): string {
  return kubeconfig.replaceAll(/https:\/\/127\.0\.0\.1:(\d+)/g, (_, port: string) => {
    wire.lead(Number(port));
    return `https://127.0.0.1:${wire.port}`;
  });
}
