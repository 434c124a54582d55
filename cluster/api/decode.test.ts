import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError, type KubeObject } from "../client.ts";
import { decodeBody } from "./decode.ts";
import { ResourceTable } from "./resource-table.ts";

const table = new ResourceTable();

/** What a body becomes, or the message by which it is refused. */
function decoded(apiVersion: string, kind: string, body: object): unknown {
  const resource = table.ofKind(apiVersion, kind);
  assert.ok(resource);
  try {
    return decodeBody(resource, body as KubeObject, { fieldValidation: "Strict" });
  } catch (error) {
    assert.ok(error instanceof ApiError);
    return error.message.replace(/^.* cannot be handled as a \w+: /, "");
  }
}

test("what a field cannot hold is refused in the words of Go's decoder", () => {
  const deployment = (spec: object): unknown => decoded("apps/v1", "Deployment", { metadata: { name: "a" }, spec });
  const into = "into Go struct field";
  assert.equal(
    deployment({ replicas: "x" }),
    `json: cannot unmarshal string ${into} DeploymentSpec.spec.replicas of type int32`,
  );
  assert.equal(
    deployment({ replicas: 3e9 }),
    `json: cannot unmarshal number 3000000000 ${into} DeploymentSpec.spec.replicas of type int32`,
  );
  assert.equal(
    deployment({ selector: "a" }),
    `json: cannot unmarshal string ${into} DeploymentSpec.spec.selector of type v1.LabelSelector`,
  );
  assert.equal(
    deployment({ template: { spec: { containers: [{ env: {} }] } } }),
    `json: cannot unmarshal object ${into} Container.spec.template.spec.containers.env of type []v1.EnvVar`,
  );
  assert.equal(
    decoded("v1", "ConfigMap", { data: { a: 5 } }),
    `json: cannot unmarshal number ${into} ConfigMap.data of type string`,
  );
  assert.equal(deployment({ nope: 1 }), 'strict decoding error: unknown field "spec.nope"');
});

test("times, base64 and quantities are read as they must be written", () => {
  const lease = (renewTime: string): unknown => decoded("coordination.k8s.io/v1", "Lease", { spec: { renewTime } });
  const layout = 'as "2006-01-02T15:04:05.000000Z07:00"';
  assert.equal(lease("x"), `parsing time "x" ${layout}: cannot parse "x" as "2006"`);
  assert.equal(
    lease("2020-01-01T00:00:05Z"),
    `parsing time "2020-01-01T00:00:05Z" ${layout}: cannot parse "Z" as ".000000"`,
  );
  assert.equal(typeof lease("2020-01-01T00:00:05.000001Z"), "object");
  assert.equal(decoded("v1", "Secret", { data: { a: "***" } }), "illegal base64 data at input byte 0");
  assert.match(
    String(decoded("v1", "LimitRange", { spec: { limits: [{ max: { cpu: "much" } }] } })),
    /^quantities must/,
  );
});

test("null and what Go leaves out when it is empty are absent", () => {
  const spec = { replicas: 0, minReadySeconds: 0, paused: false, selector: null, template: { spec: { volumes: [] } } };
  const { spec: left } = decoded("apps/v1", "Deployment", { spec }) as { spec: object };
  assert.deepEqual(left, { replicas: 0, template: { spec: {} } });
});
