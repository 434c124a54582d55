import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "../client.ts";
import { Store } from "./store.ts";

function named(
  name: string,
  value = 0,
): { apiVersion: string; kind: string; metadata: { name: string; namespace: string }; value: number } {
  return { apiVersion: "v1", kind: "Thing", metadata: { name, namespace: "ns" }, value };
}

test("every write has the next revision, and lists are in the order of keys", () => {
  const store = new Store();
  const b = store.put("things", "ns/b", named("b"));
  const a = store.put("things", "ns/a", named("a"));
  assert.equal(Number(a.metadata.resourceVersion), Number(b.metadata.resourceVersion) + 1);
  assert.deepEqual(
    store.list("things").map((object) => object.metadata.name),
    ["a", "b"],
  );
  assert.deepEqual(store.list("things", "other/"), []);
});

test("what is stored is frozen through and through", () => {
  const stored = new Store().put("things", "ns/a", named("a"));
  assert.throws(() => Object.assign(stored.metadata, { name: "x" }), TypeError);
});

test("a listener that writes does not disturb the order that others see", () => {
  const store = new Store();
  const seen: string[] = [];
  store.subscribe("things", (change) => {
    if (change.key === "ns/a" && change.type === "ADDED") store.put("things", "ns/echo", named("echo"));
  });
  store.subscribe("things", (change) => seen.push(`${change.type} ${change.key}`));
  store.put("things", "ns/a", named("a"));
  assert.deepEqual(seen, ["ADDED ns/a", "ADDED ns/echo"]);
});

test("a list at an older revision undoes what came after", () => {
  const store = new Store();
  store.put("things", "ns/a", named("a", 1));
  const at = store.revision;
  store.put("things", "ns/a", named("a", 2));
  store.put("things", "ns/b", named("b"));
  store.remove("things", "ns/a", named("a", 2));
  assert.deepEqual(
    store.listAt("things", "", at).map((object) => [object.metadata.name, object["value"]]),
    [["a", 1]],
  );
  assert.deepEqual(
    store.list("things").map((object) => object.metadata.name),
    ["b"],
  );
});

test("history before the window is refused as expired", () => {
  const store = new Store();
  store.put("things", "ns/a", named("a"));
  const isExpired = (error: unknown): boolean => error instanceof ApiError && error.code === 410;
  assert.throws(() => store.changesSince("things", 1), isExpired);
  const early = store.revision;
  for (let value = 0; value < 20_001; value += 1) store.put("things", "ns/a", named("a", value));
  assert.throws(() => store.changesSince("things", early), isExpired);
  assert.equal(store.changesSince("things", store.revision - 3).length, 3);
});
