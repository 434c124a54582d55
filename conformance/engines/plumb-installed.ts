import { execFile } from "node:child_process";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { loadAll } from "js-yaml";
import { Api } from "../api.ts";
import type { Answered } from "../api.ts";
import type { EngineAdapter, RunningEngine, Task } from "../engine.ts";
import { startGitServer } from "../git-server.ts";
import { atOf } from "../object-place.ts";
import { until } from "../until.ts";
import { saidOnLog } from "./delivery-log.ts";
import { plumb } from "./plumb-process.ts";

const credentials = { username: "plumbline", password: "conformance" };
const leases = { apiVersion: "coordination.k8s.io/v1", plural: "leases" };

/** The engine in the cluster, as `plumb install` prints it; `host` is this machine as pods reach it. */
export function plumbInstalled(image: string, host: string): EngineAdapter {
  return {
    name: "plumb install",
    doesNotClaim: new Map(),
    start: (task) => start(task, image, host),
  };
}

async function start(task: Task, image: string, host: string): Promise<RunningEngine> {
  const { repository, kubeconfig, id, namespaces, replicas } = task;
  const server = await startGitServer({ folder: dirname(repository.folder), host, credentials });
  const namespace = `engine-${id}`;
  const { stdout } = await promisify(execFile)(process.execPath, [
    plumb,
    "install",
    `--repository=${server.url}/deployment.git`,
    `--image=${image}`,
    `--namespace=${namespace}`,
    `--replicas=${replicas}`,
    "--credentials=git",
    "--deliver-to",
    ...namespaces,
  ]);
  const objects = loadAll(stdout) as Answered[];
  const api = new Api(kubeconfig);
  for (const object of objects) {
    await api.apply(atOf(object), object.kind === "Deployment" ? impatient(object) : object, "conformance");
    if (object.kind === "Namespace" && object.metadata.name === namespace)
      await api.apply(atOf(secret(namespace)), secret(namespace), "conformance");
  }
  const holder = async (): Promise<string | undefined> => {
    return (await api.get({ ...leases, namespace }, "plumbline-engine"))?.spec.holderIdentity || undefined;
  };
  await until("an engine leads", 120_000, holder);
  return {
    account: `system:serviceaccount:${namespace}:plumbline-engine`,
    async ask(method, path) {
      const page = `/api/v1/namespaces/${namespace}/services/plumbline-status:http/proxy${path}`;
      return (await api.request(method, page)).status;
    },
    says: (application) => saidOnLog(repository, application),
    async killLeader() {
      const pod = await holder();
      if (pod === undefined) throw new Error("nobody holds the Lease");
      await api.request("DELETE", `/api/v1/namespaces/${namespace}/pods/${pod}`, { gracePeriodSeconds: 0 });
    },
    async stop() {
      try {
        for (const object of objects.toReversed()) {
          const isOwn = object.kind !== "Namespace" || object.metadata.name === namespace;
          if (isOwn && !namespaces.includes(object.metadata.namespace))
            await api.delete(atOf(object), object.metadata.name);
        }
        await until("the engine is gone", 120_000, async () => {
          return (await api.get({ apiVersion: "v1", plural: "namespaces" }, namespace)) === undefined;
        });
      } finally {
        // Left open, it would keep this program from ending.
        api.close();
        await server.stop();
      }
    },
  };
}

/** Nobody tells the engine of a push here, so it asks every second. */
function impatient(deployment: Answered): Answered {
  const copy = structuredClone(deployment);
  copy.spec.template.spec.containers[0].args.push("--poll=1");
  return copy;
}

function secret(namespace: string): Answered {
  return { apiVersion: "v1", kind: "Secret", metadata: { name: "git", namespace }, stringData: credentials };
}
