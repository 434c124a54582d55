import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Api } from "./api.ts";
import type { Answered, At } from "./api.ts";
import type { ClusterUnderTest } from "./cluster.ts";
import type { EngineAdapter, RunningEngine, Said } from "./engine.ts";
import { startLoad } from "./load.ts";
import type { Load } from "./load.ts";
import type { Manifests, Released } from "./released.ts";
import { Repository } from "./repository.ts";
import type { Files } from "./repository.ts";
import { until } from "./until.ts";

/** What every behaviour of a run shares. */
export interface Ground {
  readonly cluster: ClusterUnderTest;
  readonly engine: EngineAdapter;
  readonly released: Released;
  readonly folder: string;
  /** Something worth telling beside the verdicts. */
  readonly tell: (text: string) => void;
}

/** Thrown where a behaviour turns out not to be visible here; the message says why. */
export class Unseen extends Error {}

/** Times are generous: how fast an engine is, is not asked here. */
const patienceMs = 90_000;

/** One behaviour's own repository, application and namespace, on the cluster that all share. */
export class Stage {
  readonly ground: Ground;
  readonly api: Api;
  readonly repository: Repository;
  /** The application's id and directory: `staging/<name>`. */
  readonly application: string;
  readonly namespace: string;
  /** Of the behaviour. */
  readonly name: string;
  #running: RunningEngine | undefined;
  /** Namespaces beside its own that it delivers to. */
  #others: readonly string[] = [];

  constructor(ground: Ground, name: string) {
    this.ground = ground;
    this.name = name;
    this.application = `staging/${name}`;
    this.namespace = `${name}-staging`;
    this.api = new Api(ground.cluster.kubeconfig);
    this.repository = new Repository(join(ground.folder, name));
  }

  /** Starts the engine that is under test; `others` are further namespaces that it is to deliver to. */
  async start(replicas = 1, others: readonly string[] = []): Promise<RunningEngine> {
    this.#others = others;
    const folder = join(this.ground.folder, this.name, "engine");
    mkdirSync(folder, { recursive: true });
    const { kubeconfig } = this.ground.cluster;
    const task = {
      id: this.name,
      repository: this.repository,
      folder,
      kubeconfig,
      replicas,
      namespaces: [this.namespace, ...others],
    };
    this.#running = await this.ground.engine.start(task);
    return this.#running;
  }

  /** delivery.yaml with the gate's settings, as YAML flow. */
  gate(rollout = "{ deadline: 60s, soak: 1s }"): Files {
    return { "delivery.yaml": `environments:\n  staging:\n    rollout: ${rollout}\n` };
  }

  /** The backend of a release, in the namespace of this stage; `change` edits its text. */
  backend(manifests: Manifests, change: (text: string) => string = (text) => text): Files {
    return this.files({
      "namespace.yaml": `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ${this.namespace}\n`,
      "backend.yaml": change(manifests["backend.yaml"]),
    });
  }

  /** Files in the application's directory. */
  files(files: Files): Files {
    return Object.fromEntries(Object.entries(files).map(([name, text]) => [`${this.application}/${name}`, text]));
  }

  /** Commits the first release's backend, starts the engine and waits until it is healthy. Answers the commit. */
  async deliverFirst(rollout?: string, replicas = 1): Promise<string> {
    const { first } = this.ground.released;
    const commit = this.repository.commit(first.message, {
      ...this.gate(rollout),
      ...this.backend(first),
    });
    await this.start(replicas);
    await this.becomes("healthy", commit);
    return commit;
  }

  /** The engine, once it was started. */
  get running(): RunningEngine {
    if (!this.#running) throw new Error("the engine was not started");
    return this.#running;
  }

  /** Tells what was observed, beside the verdict. */
  note(text: string): void {
    this.ground.tell(`${this.name}: ${text}`);
  }

  /** Ends the behaviour without a verdict. */
  skip(why: string): never {
    throw new Unseen(why);
  }

  /** What the engine says of the application. */
  says(): Said | undefined {
    return this.#running?.says(this.application);
  }

  /** Waits until the engine says that the delivery of a commit has this outcome. */
  becomes(outcome: string, commit: string, timeoutMs = patienceMs): Promise<Said> {
    return until(`${outcome} at ${commit.slice(0, 8)}`, timeoutMs, async () => {
      const said = this.says();
      if (said?.outcome === outcome && said.commit === commit) return said;
      throw new Error(
        said ? `${said.outcome} at ${said.commit.slice(0, 8)}: ${said.message}` : "the engine says nothing",
      );
    });
  }

  /** Waits for one more commit on the branch, after which the application is healthy. Answers that commit. */
  async rolledBack(broken: string, timeoutMs = patienceMs): Promise<string> {
    const commit = await until("a commit after the broken one", timeoutMs, async () => {
      const [next] = this.repository.since(broken);
      if (next !== undefined) return next;
      throw new Error(`${this.says()?.outcome}: ${this.says()?.message}`);
    });
    await this.becomes("healthy", commit);
    return commit;
  }

  at(apiVersion: string, plural: string): At {
    return { apiVersion, plural, namespace: this.namespace };
  }

  get deployments(): At {
    return this.at("apps/v1", "deployments");
  }

  /** The backend's Deployment. */
  async deployment(): Promise<Answered> {
    const found = await this.api.get(this.deployments, "backend");
    assert.ok(found, "the Deployment backend is there");
    return found;
  }

  /** Constant load on the backend, once it answers. */
  async load(): Promise<Load> {
    const path = `/api/v1/namespaces/${this.namespace}/services/backend:http/proxy/metadata`;
    await until("the backend answers", patienceMs, async () => (await this.api.request("GET", path)).status === 200);
    return startLoad(this.api, this.namespace, "backend");
  }

  /** Ends the engine and removes what it delivered. */
  async end(): Promise<void> {
    await this.#running?.stop();
    for (const namespace of [this.namespace, ...this.#others]) {
      await this.api.delete({ apiVersion: "v1", plural: "namespaces" }, namespace);
    }
    this.api.close();
  }
}

/** No request failed, and there were enough of them for that to say something. */
export function assertServed({ asked, failed, failures }: Awaited<ReturnType<Load["stop"]>>): void {
  assert.ok(asked > 20, `only ${asked} requests were made`);
  assert.equal(failed, 0, `${failed} of ${asked} requests failed: ${failures.join("; ")}`);
}
