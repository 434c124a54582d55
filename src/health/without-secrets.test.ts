import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubeObject } from "../model/kube-object.ts";
import { hiding, secretsAmong, withoutSecrets } from "./without-secrets.ts";

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const secretOf = (...values: readonly string[]): KubeObject => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "s", namespace: "shop" },
  data: Object.fromEntries(values.map((value, index) => [`k${index}`, base64(value)])),
});
const ref = { group: "apps", kind: "Deployment", namespace: "shop", name: "web" };
const pod = { name: "web-1", workload: "web", generation: "new", phase: "Running", ready: false, restarts: 1 } as const;
const said = (message: string, ...secrets: readonly KubeObject[]): readonly (string | undefined)[] => {
  const health = { status: "Failed", reason: "CrashLoopBackOff", message } as const;
  const { objects, pods } = withoutSecrets({ objects: [{ ref, health }], pods: [{ ...pod, message }] }, secrets);
  return [objects[0]?.health.message, pods[0]?.message];
};

test("no sentence about an object or a pod holds a value of a Secret, in clear, in base64, or a line of it", () => {
  const secret = secretOf("correct horse\nbattery staple\n", "hunter22hunter22");
  const hidden = (message: string, expected: string): void =>
    assert.deepEqual(said(message, secret), [expected, expected]);
  hidden("cannot log in with hunter22hunter22", "cannot log in with ***");
  hidden(`header ${base64("hunter22hunter22")}!`, "header ***!");
  hidden("got battery staple twice: battery staple", "got *** twice: ***");
  hidden("nothing of it", "nothing of it");
});

test("of values within each other the longest goes first, and words that are too short to be secret stay", () => {
  assert.deepEqual(said("abcdefgh-ijkl true", secretOf("abcdefgh", "abcdefgh-ijkl", "true")), ["*** true", "*** true"]);
  assert.deepEqual(said("true", { ...secretOf(), data: undefined }), ["true", "true"]);
});

test("the Secrets that count are those that were delivered, as they are live", () => {
  const secret = secretOf("hunter22hunter22");
  const health = { status: "Current", reason: "Current", message: "it is there" } as const;
  const refs = [{ group: "", kind: "Secret", namespace: "shop", name: "s" }, ref];
  const seen = { objects: refs.map((one) => ({ ref: one, health })), pods: [] };
  const live = { get: ({ kind }: { readonly kind: string }) => (kind === "Secret" ? secret : undefined) };
  assert.deepEqual(secretsAmong(seen, live), [secret]);
  assert.equal(hiding([secret])("log: hunter22hunter22"), "log: ***");
});
