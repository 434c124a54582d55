import assert from "node:assert/strict";
import { test } from "node:test";
import type { MetricCheck } from "../model/application.ts";
import { askChecks } from "./checks.ts";

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
  assert.match((await said({ query: "e{v='{release}'}", below: 1 }, vector("0"))).said, /images .* do not share one/);
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
