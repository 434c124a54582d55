import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { formatProblem } from "./problem.ts";
import { applicationSchema, deliverySchema } from "../source/delivery-schema.ts";
import { readConfiguration } from "./read-configuration.ts";

function problems(text: string, schema: z.ZodType = deliverySchema): string[] {
  const result = readConfiguration("delivery.yaml", Buffer.from(text), schema);
  return result.ok ? [] : result.problems.map(formatProblem);
}

const minimal = "environments:\n  staging: {}\n";

test("the example of the documentation is taken", () => {
  const text = `require: [signed, signed-images]
layout: "{environment}/{application}"
environments:
  staging:
    namespace: "{application}-staging"
    rollout: { deadline: 2m, soak: 10s, onFailure: revert, maxRestarts: 3, canary: { share: 20%, soak: 30s },
               checks: [ { http: "http://backend/healthz", expect: { status: 200, json: { commit: "{release}" } } },
                         { prometheus: "http://prometheus.monitoring:9090", query: "up", above: 0 },
                         { prometheus: "http://prometheus.monitoring", query: "e{pod=~'{pods}'}", compare: { atMost: 1.5, orBelow: 1 }, failAfter: 10s } ] }
    allowClusterKinds: [Namespace, rbac.authorization.k8s.io/ClusterRole]
  production:
    namespace: "{application}"
    promote: { from: staging }
`;
  assert.deepEqual(problems(text), []);
  assert.deepEqual(problems(minimal), []);
});

test("an unknown key is refused with its line and the known ones", () => {
  const [problem = ""] = problems("environments:\n  staging:\n    rollout:\n      deadline: 2m\n      sook: 10s\n");
  assert.match(
    problem,
    /^delivery\.yaml:5: environments\.staging\.rollout: unknown key "sook"; known here: deadline, soak/,
  );
  assert.match(problems(`${minimal}extra: 1\n`)[0] ?? "", /^delivery\.yaml:3: The file: unknown key "extra"/);
  assert.match(problems("namespace: other\n", applicationSchema)[0] ?? "", /:1: .*unknown key "namespace"/);
});

test("each wrong value is refused at its line", () => {
  const cases: [string, RegExp][] = [
    [
      "environments:\n  staging:\n    rollout: { deadline: soon }\n",
      /:3: environments\.staging\.rollout\.deadline: must be a duration/,
    ],
    ["environments:\n  staging:\n    rollout: { deadline: 20 }\n", /:3: .*must be a duration/],
    ["environments:\n  staging:\n    rollout:\n      onFailure: explode\n", /:4: .*onFailure/],
    ["environments:\n  Staging: {}\n", /:2: environments\.Staging: must be lower-case/],
    ...["0%", "101%", "20"].map((share): [string, RegExp] => [
      `environments:\n  a:\n    rollout: { canary: { share: ${share} } }\n`,
      /:3: environments\.a\.rollout\.canary/,
    ]),
    ["environments: {}\n", /:1: environments: must name at least one/],
    [
      "environments:\n  a: {}\n  b:\n    promote: { from: aa }\n",
      /:4: environments\.b\.promote\.from: "aa" is not another environment of this file; the others are a\./,
    ],
    [
      "environments:\n  a: { promote: { from: b } }\n  b:\n    promote: { from: a }\n",
      /:2: environments\.a\.promote\.from: leads back to a, /,
    ],
    [
      'environments:\n  a:\n    rollout: { checks: [{ http: "http://backend.other/x" }] }\n',
      /:3: .*http: must be http:\/\/service\[:port\]\/path/,
    ],
    [`layout: "{environment}"\n${minimal}`, /:1: layout: must hold/],
    [`require: sealed\n${minimal}`, /:1: require: must be signed or signed-images, or a list of them/],
    [`require: []\n${minimal}`, /:1: require: must be signed or signed-images, or a list of them/],
    [`layout: "../{environment}/{application}"\n${minimal}`, /:1: layout: must hold/],
    [
      "environments:\n  a:\n    rollout:\n      checks:\n        - http: ftp://x\n",
      /:5: environments\.a\.rollout\.checks\[0\]\.http/,
    ],
    ...["http: 'http://x:99999/'", "prometheus: 'http://p.m:99999', query: up, above: 0"].map(
      (check): [string, RegExp] => [
        `environments:\n  a:\n    rollout: { checks: [ { ${check} } ] }\n`,
        /:3: .*checks\[0\]\.(http|prometheus): must be an address, with a port up to 65535/,
      ],
    ),
    ...["{ http: 'http://x', below: 1 }", "{ prometheus: 'http://p.m', query: up }", "{ below: 1 }"].map(
      (check): [string, RegExp] => [
        `environments:\n  a:\n    rollout: { checks: [${check}] }\n`,
        /:3: .*checks\[0\]: must have http and, at will, expect; or prometheus, query, and below, above or compare/,
      ],
    ),
    [
      "environments:\n  a:\n    rollout: { checks: [ { prometheus: 'http://p.m', query: up, compare: { atMost: 2 } } ] }\n",
      /:3: .*query: must name \{pods\}/,
    ],
    [
      "environments:\n  a:\n    rollout: { checks: [ { prometheus: 'http://p.m', query: '{pods}', compare: { orBelow: 2 } } ] }\n",
      /:3: .*compare: must have atMost or atLeast/,
    ],
    [
      "environments:\n  a:\n    rollout: { checks: [ { prometheus: 'http://p', query: up, above: 0 } ] }\n",
      /:3: .*prometheus: must be http:\/\/service\.namespace/,
    ],
    ["environments:\n  a:\n    namespace: Up/Down\n", /:3: .*namespace/],
    [
      "environments:\n  a:\n    health:\n      - apiVersion: e.org/v1\n        kind: Db\n        current: status.\n",
      /^delivery\.yaml:6: environments\.a\.health\[0\]\.current: is no condition in CEL: Expected IDENTIFIER/,
    ],
    [
      "environments:\n  a:\n    health: [ { apiVersion: e.org/v1, kind: Db, current: 1 + 1 } ]\n",
      /:3: .*current: is no condition in CEL: it is of type int, not bool/,
    ],
    ["environments:\n  a:\n    health: [ { apiVersion: e.org/v1, kind: Db } ]\n", /:3: .*health\[0\]\.current: /],
    ["", /:1: The file/],
    ["- a\n", /:1: The file/],
    ["rollout: {}\n", /environments/],
  ];
  for (const [text, expected] of cases) assert.match(problems(text).join("\n"), expected, text);
});

test("what is not YAML is refused at its line", () => {
  assert.match(problems("environments:\n  a: [1\n")[0] ?? "", /^delivery\.yaml:\d: The file is not valid YAML/);
  assert.match(problems("environments: {}\nenvironments: {}\n")[0] ?? "", /:2: The file is not valid YAML.*unique/);
  assert.match(problems("a: &x [1]\nb: *y\n")[0] ?? "", /not valid YAML/);
  const bytes = readConfiguration("f", Buffer.from([0x61, 0xff]), deliverySchema);
  assert.equal(bytes.ok ? "" : bytes.problems[0]?.code, "config-not-utf8");
});

test("a bomb of aliases is refused at once", () => {
  const levels = Array.from(
    { length: 12 },
    (_, n) =>
      `a${n}: &a${n} [${Array(9)
        .fill(n === 0 ? "x" : `*a${n - 1}`)
        .join(", ")}]`,
  );
  assert.match(problems(levels.join("\n"))[0] ?? "", /not valid YAML/);
});

test("the schemas can be exported as JSON Schema", () => {
  const schema = z.toJSONSchema(deliverySchema, { io: "input" });
  assert.equal(schema.additionalProperties, false);
  assert.ok(z.toJSONSchema(applicationSchema, { io: "input" }).properties?.["rollout"]);
});
