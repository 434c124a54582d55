import assert from "node:assert/strict";
import type { Answered } from "../api.ts";
import type { Behaviour } from "../behaviour.ts";
import { until } from "../until.ts";

const patienceMs = 60_000;
const extra = (value: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: extra }\ndata: { value: "${value}" }\n`;

/** D1 to D6 of docs/behaviours.md. */
export const desiredState: readonly Behaviour[] = [
  {
    number: "D1",
    name: "d1",
    title: "what Git holds is created and changed, and what is gone from Git is pruned, nothing else",
    async holds(stage) {
      const configMaps = stage.at("v1", "configmaps");
      await stage.deliverFirst();
      const foreign = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "foreign" }, data: { of: "others" } };
      await stage.api.apply(configMaps, foreign, "somebody");
      await stage.becomes("healthy", stage.repository.commit("Add", stage.files({ "extra.yaml": extra("1") })));
      assert.equal((await stage.api.get(configMaps, "extra"))?.data.value, "1");
      await stage.becomes("healthy", stage.repository.commit("Change", stage.files({ "extra.yaml": extra("2") })));
      assert.equal((await stage.api.get(configMaps, "extra"))?.data.value, "2");
      await stage.becomes("healthy", stage.repository.commit("Remove", stage.files({ "extra.yaml": null })));
      assert.equal(await stage.api.get(configMaps, "extra"), undefined, "what is gone from Git is pruned");
      assert.ok(await stage.api.get(configMaps, "foreign"), "what was never in Git stays");
    },
  },
  {
    number: "D1",
    name: "d1both",
    title: "both workloads are delivered by image digest, and answer",
    async holds(stage) {
      const { first } = stage.ground.released;
      const files = { ...stage.backend(first), ...stage.files({ "frontend.yaml": first["frontend.yaml"] }) };
      const commit = stage.repository.commit("Deliver both", { ...stage.gate(), ...files });
      await stage.start();
      await stage.becomes("healthy", commit);
      for (const name of ["backend", "frontend"]) {
        const { spec, status } = await stage.api.get(stage.deployments, name);
        assert.match(spec.template.spec.containers[0].image, /@sha256:[0-9a-f]{64}$/);
        assert.equal(status.readyReplicas, spec.replicas);
      }
      const services = `/api/v1/namespaces/${stage.namespace}/services`;
      const page = await stage.api.request("GET", `${services}/frontend:http/proxy/`);
      assert.equal(page.status, 200);
      assert.match(String(page.body), /<html/);
      const { body } = await stage.api.request("GET", `${services}/backend:http/proxy/metadata`);
      assert.equal(body.version, "1.0.0");
    },
  },
  {
    number: "D2",
    name: "d2",
    title: "the HTTP surface answers GET and HEAD, and nothing else",
    async holds(stage) {
      stage.repository.commit("Begin", { ...stage.gate(), ...stage.backend(stage.ground.released.first) });
      const { ask } = await stage.start();
      if (ask === undefined) return stage.skip("this engine has no page");
      await until("the page answers", patienceMs, async () => (await ask("GET", "/healthz")) === 200);
      for (const path of ["/", "/status.json", "/metrics", "/healthz", "/status/events"]) {
        for (const method of ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
          assert.equal(await ask(method, path), 405, `${method} ${path}`);
        }
      }
      assert.equal(await ask("HEAD", "/"), 200);
    },
  },
  {
    number: "D3",
    name: "d3",
    title: "a revision with one manifest that the API server refuses changes nothing, and the record says which file",
    async holds(stage) {
      await stage.deliverFirst();
      const before = await fingerprint(stage);
      const bad = extra("1").replace("data: {", "data: { nested: { a: b },");
      const commit = stage.repository.commit("Add one good and one bad", {
        ...stage.backend(stage.ground.released.first, (text) =>
          text.replace("ENVIRONMENT: staging", "ENVIRONMENT: other"),
        ),
        ...stage.files({ "bad.yaml": bad }),
      });
      const { message } = await stage.becomes("refused", commit);
      assert.match(message, /bad\.yaml/);
      assert.deepEqual(await fingerprint(stage), before, "the cluster was not changed at all");
    },
  },
  {
    number: "D4",
    name: "d4hook",
    title: "a hook that fails before a revision ends it, and its workloads never see it",
    async holds(stage) {
      const { first, second } = stage.ground.released;
      const image = /image: (\S+)/.exec(first["backend.yaml"])?.[1];
      assert.ok(image);
      const hook = (exit: number): string =>
        `apiVersion: batch/v1\nkind: Job\nmetadata: { name: migrate, annotations: { plumbline.dev/hook: before } }\nspec: { backoffLimit: 0, template: { spec: { restartPolicy: Never, containers: [ { name: run, image: "${image}", command: [node, -e, "process.exit(${exit})"] } ] } } }\n`;
      const good = { ...stage.gate(), ...stage.backend(first), ...stage.files({ "migrate.yaml": hook(0) }) };
      const commit = stage.repository.commit("Deliver with a hook", good);
      await stage.start();
      await stage.becomes("healthy", commit);
      const { metadata } = await stage.deployment();
      const bad = { ...stage.backend(second), ...stage.files({ "migrate.yaml": hook(1) }) };
      await stage.rolledBack(stage.repository.commit("Fail to migrate", bad));
      assert.equal((await stage.deployment()).metadata.generation, metadata.generation);
    },
  },
  {
    number: "D5",
    name: "d5",
    title: "server-side apply as plumbline; a field that Git does not declare stays with who set it",
    async holds(stage) {
      const undeclared = (text: string): string => text.replace(/^ {2}replicas: 2\n/m, "");
      const { first } = stage.ground.released;
      const commit = stage.repository.commit("Deliver", { ...stage.gate(), ...stage.backend(first, undeclared) });
      await stage.start();
      await stage.becomes("healthy", commit);
      const managers = (await stage.deployment()).metadata.managedFields as Answered[];
      assert.ok(managers.some(({ manager, operation }) => manager === "plumbline" && operation === "Apply"));
      await stage.api.patch(stage.deployments, "backend", { spec: { replicas: 3 } }, "autoscaler");
      const change = (text: string): string => undeclared(text).replace("ENVIRONMENT: staging", "ENVIRONMENT: other");
      await stage.becomes("healthy", stage.repository.commit("Change the rest", stage.backend(first, change)));
      assert.equal((await stage.deployment()).spec.replicas, 3, "the autoscaler keeps its replicas");
      assert.deepEqual(stage.says()?.drift, [], "and it is no drift");
    },
  },
  {
    number: "D6",
    name: "d6",
    title: "a declared field that anyone changes and an object that anyone deletes are restored, and recorded",
    async holds(stage) {
      await stage.deliverFirst();
      await stage.api.patch(stage.deployments, "backend", { spec: { replicas: 5 } }, "somebody");
      await until("2 replicas again", patienceMs, async () => (await stage.deployment()).spec.replicas === 2);
      const services = stage.at("v1", "services");
      const { uid } = (await stage.api.get(services, "backend")).metadata;
      await stage.api.delete(services, "backend");
      await until("the Service is there again", patienceMs, async () => {
        const found = await stage.api.get(services, "backend");
        return found !== undefined && found.metadata.uid !== uid;
      });
      const drift = await until("both are recorded", patienceMs, async () => {
        const said = stage.says()?.drift ?? [];
        return said.some(({ kind }) => kind === "Service") && said.some(({ kind }) => kind === "Deployment") && said;
      });
      assert.equal(drift.find(({ kind }) => kind === "Deployment")?.manager, "somebody");
    },
  },
];

/** Which version of what is in the namespace, without what controllers go on writing. */
async function fingerprint(stage: Parameters<Behaviour["holds"]>[0]): Promise<readonly string[]> {
  const kinds = [
    ["v1", "configmaps"],
    ["v1", "services"],
    ["v1", "serviceaccounts"],
  ] as const;
  const lists = await Promise.all(kinds.map(([apiVersion, plural]) => stage.api.list(stage.at(apiVersion, plural))));
  const { metadata } = await stage.deployment();
  return [
    ...lists.flat().map(({ metadata: { name, resourceVersion } }: Answered) => `${name} ${resourceVersion}`),
    `backend ${metadata.generation}`,
  ];
}
