import assert from "node:assert/strict";
import { test } from "node:test";
import { jsonOfProtobuf } from "./protobuf.ts";

const read = (base64: string): unknown => JSON.parse(jsonOfProtobuf(Buffer.from(base64, "base64")));

// The bodies are those of kubectl 1.32: what it sends for `kubectl create …`.
test("a Deployment: plain fields that are empty are absent, and a pointer to nothing is not", () => {
  const sent =
    "azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50EskBCiEKBHplcm8SABoAIgAqADIAOABCAFoLCgNhcHASBHplcm8SlQEIABINCgsKA2FwcBIEemVybxp6" +
    "Ch0KABIAGgAiACoAMgA4AEIAWgsKA2FwcBIEemVybxJZEjsKA3dlYhITZXhhbXBsZS50ZXN0L3dlYjp2MSoAMgsKABAAGJA/IgAqAEIAagByAIABAIgB" +
    "AJABAKIBABoAMgBCAEoAUgBYAGAAaACCAQCKAQCaAQDCAQAiAgoAKAA4ABoMCAAQABgAIAAoADgAGgAiAA==";
  assert.deepEqual(read(sent), {
    kind: "Deployment",
    apiVersion: "apps/v1",
    metadata: { name: "zero", labels: { app: "zero" } },
    spec: {
      replicas: 0,
      selector: { matchLabels: { app: "zero" } },
      template: {
        metadata: { labels: { app: "zero" } },
        spec: { containers: [{ name: "web", image: "example.test/web:v1", ports: [{ containerPort: 8080 }] }] },
      },
    },
  });
});

test("a Secret's bytes, a quota's quantities, a budget's percentage and what stands in another type's place", () => {
  const secret = "azhzAAoMCgJ2MRIGU2VjcmV0Eh4KEgoCczISABoAIgAqADIAOABCABIGCgFhEgFiGgAaACIA";
  assert.deepEqual(read(secret), { kind: "Secret", apiVersion: "v1", metadata: { name: "s2" }, data: { a: "Yg==" } });
  const quota =
    "azhzAAoTCgJ2MRINUmVzb3VyY2VRdW90YRIxChIKAnEyEgAaACIAKgAyADgAQgASGQoKCgNjcHUSAwoBMQoLCgRwb2RzEgMKATIaABoAIgA=";
  const quotaSpec = { hard: { cpu: "1", pods: "2" } };
  assert.deepEqual(read(quota), { kind: "ResourceQuota", apiVersion: "v1", metadata: { name: "q2" }, spec: quotaSpec });
  const budget =
    "azhzAAogCglwb2xpY3kvdjESE1BvZERpc3J1cHRpb25CdWRnZXQSPAoSCgJwMhIAGgAiACoAMgA4AEIAEhoKCQgBEAAaAzUwJRINCgsKA2FwcBIEemVy" +
    "bxoKCAAYACAAKAAwABoAIgA=";
  const budgetSpec = { minAvailable: "50%", selector: { matchLabels: { app: "zero" } } };
  const { spec } = read(budget) as { readonly spec: unknown };
  assert.deepEqual(spec, budgetSpec);
  const ingress =
    "azhzAAofChRuZXR3b3JraW5nLms4cy5pby92MRIHSW5ncmVzcxJIChIKAmkyEgAaACIAKgAyADgAQgASLhosCgZ4LnRlc3QSIgogCh4KAS8SESIPCgN3" +
    "ZWISCAoEaHR0cBAAGgZQcmVmaXgaAgoAGgAiAA==";
  const backend = { service: { name: "web", port: { name: "http" } } };
  assert.deepEqual((read(ingress) as { readonly spec: unknown }).spec, {
    rules: [{ host: "x.test", http: { paths: [{ path: "/", pathType: "Prefix", backend }] } }],
  });
});

/** A field of bytes with this number. */
const field = (number: number, content: Buffer | string): Buffer => {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
};
const object = (apiVersion: string, kind: string, content: Buffer): Buffer =>
  Buffer.concat([
    Buffer.from("k8s\0"),
    field(1, Buffer.concat([field(1, apiVersion), field(2, kind)])),
    field(2, content),
  ]);

test("times, whole numbers below zero and fields of a later release", () => {
  const seconds = Buffer.from([0x08, 0x80, 0xf2, 0xd6, 0xca, 0x06]);
  const minusOne = Buffer.from([0x10, ...Array.from({ length: 9 }, () => 0xff), 0x01]);
  const lease = Buffer.concat([
    field(1, "me"),
    minusOne,
    field(4, Buffer.concat([seconds, Buffer.from([0x10, 0xc0, 0x84, 0x3d])])),
  ]);
  const bytes = object("coordination.k8s.io/v1", "Lease", Buffer.concat([field(2, lease), field(15, "later")]));
  assert.deepEqual(JSON.parse(jsonOfProtobuf(bytes)), {
    kind: "Lease",
    apiVersion: "coordination.k8s.io/v1",
    spec: { holderIdentity: "me", leaseDurationSeconds: -1, renewTime: "2026-01-01T00:00:00.001000Z" },
  });
});

test("what is no protobuf, breaks off, or has no numbers is refused", () => {
  assert.throws(() => jsonOfProtobuf(Buffer.from("{}")), /does not appear to be a protobuf message/);
  const whole = object("v1", "ConfigMap", field(1, field(1, "a")));
  assert.throws(() => jsonOfProtobuf(whole.subarray(0, -1)), /unexpected EOF/);
  assert.throws(() => jsonOfProtobuf(object("example.test/v1", "Widget", Buffer.alloc(0))), /no kind "Widget"/);
});
