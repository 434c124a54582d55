import assert from "node:assert/strict";
import { test } from "node:test";
import type { MetricCheck } from "../model/application.ts";
import { askChecks } from "./checks.ts";
import type { PodNames } from "./metric-check.ts";

const prometheus = "http://prometheus.monitoring:9090";

async function said(
  rule: Partial<MetricCheck>,
  answer: readonly [number, string],
): Promise<{ readonly asked: string; readonly said: string }> {
  let asked = "";
  const kube = {
    raw: (path: string) => {
      asked = path;
      return Promise.resolve({ status: answer[0], body: answer[1], headers: {} });
    },
  };
  const checks = [{ prometheus, query: "errors", ...rule }];
  const names = { release: undefined, tag: "v1", revision: "0123" };
  const outcome = await askChecks(kube, { namespace: "shop", checks }, names);
  return { asked, said: outcome.ok ? "ok" : outcome.message };
}

function vector(...values: readonly string[]): readonly [number, string] {
  const result = values.map((value) => ({ metric: {}, value: [1.5, value] }));
  return [200, JSON.stringify({ status: "success", data: { resultType: "vector", result } })];
}

const start = "errors at http://prometheus.monitoring:9090";

test("it is asked through the service proxy of its own namespace, with what is known of the revision (R3)", async () => {
  const { asked } = await said({ query: 'rate(e{v="{tag}"}[1m])', below: 1 }, vector("0"));
  const query = encodeURIComponent('rate(e{v="v1"}[1m])');
  assert.equal(asked, `/api/v1/namespaces/monitoring/services/prometheus:9090/proxy/api/v1/query?query=${query}`);
  const under = await said({ prometheus: "http://p.m/metrics/", below: 1 }, vector("0"));
  assert.equal(under.asked, "/api/v1/namespaces/m/services/p:80/proxy/metrics/api/v1/query?query=errors");
  assert.match((await said({ query: "e{v='{release}'}", below: 1 }, vector("0"))).said, /no images that share one/);
});

test("every sample must be on the right side of its bound", async () => {
  const cases: readonly (readonly [Partial<MetricCheck>, readonly string[], string])[] = [
    [{ below: 0.5 }, ["0.4", "0.49"], "ok"],
    [{ below: 0.5 }, ["0.4", "0.5"], `${start} is 0.5, not below 0.5`],
    [{ above: 2 }, ["3"], "ok"],
    [{ above: 2 }, ["2"], `${start} is 2, not above 2`],
    [{ above: 2, below: 4 }, ["3"], "ok"],
    [{ above: 2, below: 4 }, ["5"], `${start} is 5, not below 4`],
    [{ above: 2 }, ["+Inf"], "ok"],
    [{ below: 2 }, ["-Inf"], "ok"],
    [{ below: 2 }, ["+Inf"], `${start} is +Inf, not below 2`],
    [{ below: 2 }, ["NaN"], `${start} is NaN`],
    [{ below: 2 }, [], `${start} has no sample`],
  ];
  for (const [rule, values, expected] of cases) assert.equal((await said(rule, vector(...values))).said, expected);
  const scalar = JSON.stringify({ status: "success", data: { resultType: "scalar", result: [1, "7"] } });
  assert.equal((await said({ below: 2 }, [200, scalar])).said, `${start} is 7, not below 2`);
});

test("what is no answer of a Prometheus has not passed", async () => {
  const error = JSON.stringify({ status: "error", error: "parse error: unexpected end" });
  assert.equal((await said({ below: 1 }, [400, error])).said, `${start} answered 400: parse error: unexpected end`);
  assert.equal((await said({ below: 1 }, [0, "refused"])).said, `${start} got no answer: refused`);
  assert.equal((await said({ below: 1 }, [200, "<html>"])).said, `${start} answered 200`);
});

/** Answers of a Prometheus by what is asked of it. */
async function compared(
  rule: Partial<MetricCheck>,
  answers: { readonly [query: string]: readonly string[] },
  pods: PodNames = { now: ["web-canary-1"], before: ["web-1", "web-2"] },
): Promise<string> {
  const asked: string[] = [];
  const kube = {
    raw: (path: string) => {
      const query = decodeURIComponent(path.split("query=")[1] ?? "");
      asked.push(query);
      const [status, body] = vector(...(answers[query] ?? []));
      return Promise.resolve({ status, body, headers: {} });
    },
  };
  const checks = [{ prometheus, query: "e{pods}", compare: { atMost: 1.5 }, ...rule }];
  const names = { release: undefined, tag: undefined, revision: "0123" };
  const outcome = await askChecks(kube, { namespace: "shop", checks, pods }, names);
  if (outcome.ok) return outcome.note ?? "ok";
  return outcome.message.replace(`e{pods} at ${prometheus} `, "");
}

const oldPods = "eweb-1|web-2";
const newPods = "eweb-canary-1";

test("a query is compared with what it says of the old pods, which are named in its pattern", async () => {
  const at = (now: string, old: string, compare?: MetricCheck["compare"]) =>
    compared(compare ? { compare } : {}, { [newPods]: [now], [oldPods]: [old] });
  assert.equal(await at("3", "2"), "ok");
  assert.equal(await at("3.1", "2"), "is 3.1 of the new pods, more than 1.5 times the 2 of the old ones");
  assert.equal(await at("0", "0"), "ok");
  assert.match(await at("0.01", "0"), /more than 1.5 times the 0/);
  assert.equal(
    await at("0.01", "0", { atMost: 1.5, orBelow: 0.02 }),
    "ok",
    "little is good enough whatever the old have",
  );
  assert.match(await at("0.02", "0", { atMost: 1.5, orBelow: 0.02 }), /more than/);
  assert.match(await at("0.8", "1", { atLeast: 0.9 }), /less than 0.9 times the 1/);
  assert.equal(await at("0.9", "1", { atLeast: 0.9 }), "ok");
  assert.equal(await at("0.8", "1", { atLeast: 0.9, orAbove: 0.7 }), "ok");
  assert.equal(await at("NaN", "1"), "is NaN");
});

test("where the old pods say nothing the bounds count, and what was not compared is said", async () => {
  assert.match(await compared({}, {}), /was not compared: the old pods have no sample/);
  assert.match(await compared({}, { [newPods]: ["9"], [oldPods]: ["NaN"] }), /was not compared/);
  assert.match(
    await compared({}, { [newPods]: ["9"] }, { now: ["web-canary-1"], before: [] }),
    /there were no old pods/,
  );
  assert.equal(await compared({ below: 5 }, { [newPods]: ["9"] }), "is 9, not below 5");
  assert.match(await compared({ below: 5 }, { [newPods]: ["4"] }), /was not compared/);
  assert.equal(await compared({ below: 5 }, { [newPods]: ["9"], [oldPods]: ["9"] }), "is 9, not below 5", "both count");
});

test("what cannot be compared has not passed", async () => {
  assert.equal(await compared({}, { [oldPods]: ["1"] }), "has no sample");
  assert.match(await compared({}, { [oldPods]: ["1", "2"] }), /of the old pods has 2 samples/);
  assert.match(await compared({}, { [oldPods]: ["1"], [newPods]: ["1", "2"] }), /has 2 samples/);
  assert.match(await compared({}, { [oldPods]: ["1"] }, { now: [], before: ["web-1", "web-2"] }), /there is none/);
  assert.match(await compared({ below: 1 }, {}, { now: [], before: [] }), /names the new pods, and there is none/);
});

test("old pods that are gone are asked of as of when they served, the new ones as of now", async () => {
  const replaced = { now: ["web-1"], before: ["web-1", "web-2"], beforeMs: 1_700_000_000_250 };
  const old = `${oldPods}&time=1700000000.25`;
  assert.equal(await compared({}, { "eweb-1": ["3"], [old]: ["2"] }, replaced), "ok");
  assert.match(await compared({}, { "eweb-1": ["4"], [old]: ["2"] }, replaced), /is 4 .* more than 1.5 times the 2/);
  assert.match(await compared({}, { "eweb-1": ["4"], [oldPods]: ["2"] }, replaced), /the old pods have no sample/);
});

test("a dot in a pod's name is only a dot in the pattern", async () => {
  const pods = { now: ["web.1"], before: ["a"] };
  assert.equal(await compared({}, { "eweb[.]1": ["1"], ea: ["1"] }, pods), "ok");
});
