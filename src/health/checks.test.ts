import assert from "node:assert/strict";
import { test } from "node:test";
import type { HttpCheck } from "../model/application.ts";
import { askChecks } from "./checks.ts";

type Expected = HttpCheck["expect"]["json"];

/** Asks one check for each answer by path; says what was asked of the API server and what came of it. */
async function ask(
  checks: readonly (readonly [string, number, Expected])[],
  answers: { readonly [path: string]: readonly [number, string] },
  release?: string,
): Promise<{ readonly asked: readonly string[]; readonly said: string }> {
  const asked: string[] = [];
  const kube = {
    raw: (path: string) => {
      asked.push(path);
      const [status, body] = answers[path] ?? [404, "no such path"];
      return Promise.resolve({ status, body, headers: {} });
    },
  };
  const expected = checks.map(([http, status, json]) => ({ http, expect: { status, json } }));
  const outcome = await askChecks(
    kube,
    { namespace: "shop", checks: expected },
    { release, tag: "v1.0.0", revision: "0123" },
  );
  return { asked, said: outcome.ok ? "ok" : outcome.message };
}

const proxy = "/api/v1/namespaces/shop/services";
const health = `${proxy}/backend:80/proxy/healthz`;

async function said(json: Expected, answer: readonly [number, string], release?: string): Promise<string> {
  return (await ask([["http://backend/healthz", 200, json]], { [health]: answer }, release)).said;
}

test("checks go through the service proxy in their order, and the first that is not as expected ends them (R3)", async () => {
  const answers = { [health]: [200, "ok"], [`${proxy}/web:8080/proxy/?deep=1`]: [500, "no"] } as const;
  const third = ["http://never/", 200, {}] as const;
  const { asked, said: word } = await ask(
    [["http://backend/healthz", 200, {}], ["http://web:8080?deep=1", 200, {}], third],
    answers,
  );
  assert.deepEqual(asked, Object.keys(answers));
  assert.equal(word, "GET http://web:8080?deep=1 answered 500, not 200");
});

test("a service that speaks TLS is asked so, at its usual port unless another is named", async () => {
  const { asked } = await ask([["https://backend/healthz", 200, {}]], {});
  assert.deepEqual(asked, [`${proxy}/https:backend:443/proxy/healthz`]);
  assert.deepEqual((await ask([["https://backend:8443/", 200, {}]], {})).asked, [`${proxy}/https:backend:8443/proxy/`]);
});

test("a path cannot leave the service's proxy", async () => {
  const { asked } = await ask([["http://backend/../../../../secrets/%2e%2e/x", 200, {}]], {});
  assert.deepEqual(asked, [`${proxy}/backend:80/proxy/x`]);
});

test("members are compared by value and type, by dotted path, in lists by number", async () => {
  const body = JSON.stringify({ ok: true, parts: [{ name: "db", count: 3 }] });
  assert.equal(await said({ ok: true, "parts.0.name": "db", "parts.0.count": 3 }, [200, body]), "ok");
  const wrong = "GET http://backend/healthz has";
  assert.equal(await said({ "parts.0.count": "3" }, [200, body]), `${wrong} parts.0.count 3, not "3"`);
  assert.equal(
    await said({ "parts.1.name": "db" }, [200, body]),
    `${wrong} no parts.1.name in its answer, where "db" is expected`,
  );
  assert.match(await said({ constructor: "x" }, [200, body]), /has no constructor in its answer/);
  const long = JSON.stringify({ ok: "x".repeat(5000) });
  assert.ok((await said({ ok: true }, [200, long])).length < 200);
});

test("{release}, {tag} and {revision} stand for what is known of the revision", async () => {
  const body = JSON.stringify({ commit: "abc" });
  assert.equal(await said({ commit: "{release}" }, [200, body], "abc"), "ok");
  assert.equal(
    await said({ commit: "{release}" }, [200, body], "def"),
    'GET http://backend/healthz has commit "abc", not "def"',
  );
  const told = JSON.stringify({ image: "app:v1.0.0", at: "0123" });
  assert.equal(await said({ image: "app:{tag}", at: "{revision}" }, [200, told]), "ok");
  assert.match(
    await said({ commit: "{release}" }, [200, body]),
    /expects \{release\}, which is not known: this revision has no images that share one/,
  );
});

test("no answer, another answer and no JSON are said in plain words, with the server's own reason", async () => {
  const start = "GET http://backend/healthz";
  assert.equal(await said({}, [0, "connection refused"]), `${start} got no answer: connection refused`);
  const status = JSON.stringify({ kind: "Status", message: 'no endpoints available for service "backend"' });
  assert.equal(
    await said({}, [503, status]),
    `${start} answered 503, not 200: no endpoints available for service "backend"`,
  );
  assert.equal(await said({ ok: true }, [200, "<html>"]), `${start} did not answer JSON`);
});

test("an application without checks passes", async () => {
  assert.deepEqual(await ask([], {}), { asked: [], said: "ok" });
});
