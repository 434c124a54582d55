import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { exampleDocument } from "./example-documents.ts";
import { metricsText } from "./metrics.ts";

const now = 1_800_000_000_000;

test("the metrics say the outcome, the age of the fetch and the requests, each with help and type", () => {
  const text = metricsText(exampleDocument("held", now), new Map([["apply deployments", 3]]));
  const lines = text.split("\n");
  assert.ok(lines.includes('plumbline_application_outcome{application="staging/probe",outcome="held"} 1'));
  assert.ok(lines.includes('plumbline_application_outcome{application="staging/probe",outcome="healthy"} 0'));
  assert.ok(lines.includes("plumbline_repository_fetch_age_seconds 2"));
  assert.ok(lines.includes('plumbline_api_requests_total{verb="apply",resource="deployments"} 3'));
  for (const line of lines.filter((each) => each !== "" && !each.startsWith("#"))) {
    const [name = ""] = line.split(/[ {]/);
    assert.ok(text.includes(`# TYPE ${name} `) && text.includes(`# HELP ${name} `), name);
  }
});

test("whatever a name holds, each sample stays one well-formed line that reads back as that name", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (name) => {
      const document = exampleDocument("healthy", now);
      const text = metricsText(
        { ...document, applications: document.applications.map((a) => ({ ...a, id: name })) },
        new Map(),
      );
      const sample = text.split("\n").find((line) => line.startsWith("plumbline_application_in_sync{"));
      const quoted = /^plumbline_application_in_sync\{application="((?:[^"\\\n]|\\[\\"n])*)"\} 1$/su.exec(
        sample ?? "",
      )?.[1];
      const read = quoted?.replaceAll(/\\(.)/g, (_, c: string) => (c === "n" ? "\n" : c));
      assert.equal(read, name);
    }),
  );
});
