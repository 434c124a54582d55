import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { makePlace, plumb } from "../../src/cli/plumb-in-test.ts";
import { build } from "./build.ts";
import { kubectl } from "./kubectl.ts";
import { readInstance, registryOf } from "./instance.ts";
import { pushLayout } from "./push.ts";
import { run } from "./run.ts";

const folder = process.env["PLUMBLINE_KUBERNETES"];
const noRegistry = "needs a registry that the nodes pull from, as an instance of tools/kubernetes has";

test(
  "both workloads, released from a commit, run on the node by digest and answer through their services",
  {
    skip: folder === undefined && noRegistry,
  },
  async (t) => {
    const instance = await readInstance(folder ?? "");
    assert.ok(instance);
    const built = await build(() => undefined);
    const place = await makePlace(t);
    const at = (...path: string[]): string => join(place.folder, ...path);
    const git = (...args: string[]): Promise<string> =>
      run("git", ["-c", "user.name=Dev", "-c", "user.email=dev@example.com", ...args]);

    const begun = await plumb(t, place, "init", place.folder);
    assert.equal(begun.code, 0, begun.err);
    await git("init", "--quiet", "--bare", "--initial-branch=main", at("deployment.git"));
    for (const name of ["deployment", "application"]) {
      await git("init", "--quiet", "--initial-branch=main", at(name));
      await git("-C", at(name), "add", "--all");
      await git("-C", at(name), "commit", "--quiet", "--message=Begin");
    }
    await git("-C", at("deployment"), "push", "--quiet", at("deployment.git"), "main");
    const released = await plumb(t, place, "release", "--source", at("application"));
    assert.equal(released.code, 0, released.err);
    await git("-C", at("deployment"), "pull", "--quiet", at("deployment.git"), "main");

    assert.equal((await pushLayout(at("images"), registryOf(instance.network))).length, 2);
    const manifests = at("deployment", "staging", "probe");
    const namespace = "probe-staging";
    const inCluster = (...args: string[]): Promise<string> =>
      kubectl(built, instance.folder, `--namespace=${namespace}`, ...args);
    t.after(() => inCluster("delete", "namespace", namespace));
    const files = (await readdir(manifests)).filter((file) => file.endsWith(".yaml"));
    for (const file of ["namespace.yaml", ...files]) await inCluster("apply", "--filename", join(manifests, file));
    for (const name of ["backend", "frontend"]) {
      await inCluster("rollout", "status", `deployment/${name}`, "--timeout=120s");
    }

    const commit = (await git("-C", at("application"), "rev-parse", "HEAD")).trim();
    const address = await inCluster("get", "service", "backend", "--output=jsonpath={.spec.clusterIP}");
    const answer = await fetch(`http://${address}/metadata`);
    const metadata = (await answer.json()) as { commit: string; digest: string; node: string };
    assert.equal(metadata.commit, commit);
    assert.equal(metadata.node, instance.network.name);
    const images = await inCluster("get", "pods", "--output=jsonpath={.items[*].spec.containers[*].image}");
    assert.ok(images.includes(metadata.digest), images);

    const proxied = `/api/v1/namespaces/${namespace}/services/frontend:http/proxy/`;
    assert.match(await inCluster("get", "--raw", proxied), /<html/);
  },
);
