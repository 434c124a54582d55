import assert from "node:assert/strict";
import { test } from "node:test";
import { isAdopted, wasThere } from "./adoption.ts";
import type { KubeObject } from "./kube-object.ts";

function object(uid: string, ...managers: readonly string[]): KubeObject {
  const managedFields = managers.map((manager) => ({ manager, operation: "Apply" }));
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c", uid, resourceVersion: "7", managedFields } };
}

const entry = { group: "", kind: "ConfigMap", namespace: "", name: "c", apiVersion: "v1" };

test("an object was there before when its dry run has a version and Plumbline has no part in what is live", () => {
  const { resourceVersion: _, ...metadata } = object("1", "plumbline").metadata;
  assert.equal(wasThere({ ...object("1"), metadata }, undefined, undefined), false, "it is yet to be created");
  assert.equal(wasThere(object("1", "plumbline", "kubectl"), undefined, undefined), true);
  assert.equal(
    wasThere(object("1", "plumbline", "kubectl"), object("1", "kubectl"), undefined),
    true,
    "labelled by hand",
  );
  assert.equal(wasThere(object("1", "plumbline", "kubectl"), object("1", "plumbline"), undefined), false);
});

test("one that the inventory knows by its uid is Plumbline's, though its label was taken away", () => {
  const answer = object("1", "plumbline", "kubectl");
  assert.equal(wasThere(answer, undefined, { ...entry, uid: "1" }), false);
  assert.equal(wasThere(answer, undefined, { ...entry, uid: "2" }), true);
  assert.equal(wasThere(answer, undefined, entry), true);
});

test("an inventory's word counts for that very object only", () => {
  const adopted = { ...entry, adopted: true } as const;
  assert.equal(isAdopted(object("1"), { ...adopted, uid: "1" }), true);
  assert.equal(isAdopted(object("1"), { ...adopted, uid: "2" }), false);
  assert.equal(isAdopted(object("1"), adopted), false);
  assert.equal(isAdopted(object("1"), { ...entry, uid: "1" }), false);
  assert.equal(isAdopted(object("1"), undefined), false);
  const said = (value: string): KubeObject => ({
    ...object("1"),
    metadata: { name: "c", annotations: { "plumbline.dev/adopted": value } },
  });
  assert.equal(isAdopted(said("true"), undefined), true);
  assert.equal(isAdopted(said("false"), undefined), false);
});
