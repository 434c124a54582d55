import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { debianProgram } from "../../tools/kubernetes/packages.ts";
import { commandOf, findPackages } from "../io/registry/network/debian-program-in-test.ts";
import type { MetricCheck } from "../model/application.ts";
import { askChecks } from "./checks.ts";
import type { PodNames } from "./metric-check.ts";

/** Debian's Prometheus, with one target that it scrapes four times a second; answers where it listens. */
async function startPrometheus(t: TestContext, root: string, target: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "plumb-prometheus-"));
  const file = join(folder, "prometheus.yml");
  const scrape = {
    job_name: "pods",
    scrape_interval: "250ms",
    scrape_timeout: "200ms",
    static_configs: [{ targets: [target] }],
  };
  // JSON is YAML.
  writeFileSync(file, JSON.stringify({ scrape_configs: [scrape] }));
  const [loader, ...args] = await commandOf(root, "usr/bin/prometheus");
  const flags = [`--config.file=${file}`, `--storage.tsdb.path=${folder}/data`, "--web.listen-address=127.0.0.1:0"];
  const child = spawn(loader, [...args, ...flags], { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  const ended = once(child, "exit");
  t.after(async () => {
    child.kill("SIGKILL");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });
  let said = "";
  for await (const line of createInterface({ input: child.stderr })) {
    said += `${line}\n`;
    const address = /msg="Listening on" address=(127\.0\.0\.1:[1-9]\d*)/.exec(line)?.[1];
    if (address === undefined) continue;
    child.stderr.resume();
    return `http://${address}`;
  }
  throw new Error(`Prometheus ended before it listened:\n${said}`);
}

/** A target that tells of errors of these pods, so many at each scrape. */
async function startTarget(t: TestContext, rates: () => Readonly<Record<string, number>>): Promise<string> {
  const errors = new Map<string, number>();
  const server = createServer((_, response) => {
    const lines = Object.entries(rates()).map(([pod, rate]) => {
      errors.set(pod, (errors.get(pod) ?? 0) + rate);
      return `errors_total{pod="${pod}"} ${errors.get(pod)}`;
    });
    response.setHeader("content-type", "text/plain; version=0.0.4");
    response.end(`# TYPE errors_total counter\n${lines.join("\n")}\n`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** What a check says of pods, asked of a real Prometheus; undefined, and the test is skipped, where there is none. */
async function realPrometheus(t: TestContext, rates: () => Readonly<Record<string, number>>) {
  const root = await findPackages(debianProgram("prometheus", ["prometheus", "libc6"]));
  if (typeof root !== "string") {
    t.skip(root.message);
    return undefined;
  }
  const prometheus = await startPrometheus(t, root, await startTarget(t, rates));
  const proxy = "/api/v1/namespaces/monitoring/services/prometheus:9090/proxy";
  const kube = {
    raw: async (path: string) => {
      assert.ok(path.startsWith(proxy));
      const answer = await fetch(prometheus + path.slice(proxy.length), { signal: t.signal });
      return { status: answer.status, body: await answer.text(), headers: {} };
    },
  };
  return async (check: Partial<MetricCheck>, pods: PodNames): Promise<string> => {
    const query = 'avg(rate(errors_total{pod=~"{pods}"}[5s]))';
    const checks = [{ prometheus: "http://prometheus.monitoring:9090", query, ...check }];
    const names = { release: undefined, tag: undefined, revision: "0123" };
    const outcome = await askChecks(kube, { namespace: "shop", checks, pods }, names);
    return outcome.ok ? (outcome.note ?? "ok") : outcome.message;
  };
}

/** Asks until the answer fits; the test's own time ends it. */
async function until(t: TestContext, fits: RegExp, ask: () => Promise<string>): Promise<string> {
  for (;;) {
    const said = await ask();
    if (fits.test(said)) return said;
    t.signal.throwIfAborted();
  }
}

const isWorse = /of the new pods, more than 2 times the [\d.]+ of the old ones$/;

test("a real Prometheus tells the canary's pods from the old ones (R3)", async (t) => {
  const says = await realPrometheus(t, () => ({ "web-a": 1, "web-b": 1, "web-canary-c": 4 }));
  if (!says) return;
  const pods = { now: ["web-canary-c"], before: ["web-a", "web-b"] };
  await until(t, /is [\d.]+, not below 0$/, () => says({ below: 0 }, pods));
  assert.match(await says({ compare: { atMost: 2 } }, pods), isWorse);
  assert.equal(await says({ compare: { atMost: 6 } }, pods), "ok");
  assert.equal(await says({ compare: { atMost: 2 } }, { now: ["web-a"], before: ["web-b"] }), "ok");
  assert.match(
    await says({ compare: { atMost: 2 } }, { now: ["web-a"], before: ["gone"] }),
    /the old pods have no sample/,
  );
  assert.match(await says({ query: "sum(", above: 0 }, pods), /answered 400: .*parse error/);
});

test("a real Prometheus remembers pods that were replaced, also by others of the same names (R3)", async (t) => {
  let rates: Readonly<Record<string, number>> = { "web-a": 1, "db-0": 1 };
  const says = await realPrometheus(t, () => rates);
  if (!says) return;
  const web = { now: ["web-b"], before: ["web-a"] };
  const db = { now: ["db-0"], before: ["db-0"] };
  for (const { before } of [web, db])
    await until(t, /is [\d.]+, not below 0$/, () => says({ below: 0 }, { now: before, before }));
  const beforeMs = Date.now();
  rates = { "web-b": 4, "db-0": 4 };
  await until(t, isWorse, () => says({ compare: { atMost: 2 } }, { ...web, beforeMs }));
  await until(t, isWorse, () => says({ compare: { atMost: 2 } }, { ...db, beforeMs }));
  assert.equal(await says({ compare: { atMost: 6 } }, { ...web, beforeMs }), "ok");
  assert.equal(await says({ compare: { atMost: 2 } }, db), "ok", "as of now they would be compared with themselves");
  await until(t, /the old pods have no sample/, () => says({ compare: { atMost: 2 } }, web));
});
