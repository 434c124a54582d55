import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json } from "../model/json.ts";
import { referencesIn, renameReferences } from "./configuration-references.ts";

const pod: Json = {
  metadata: { name: "settings" },
  spec: {
    serviceAccountName: "settings",
    imagePullSecrets: [{ name: "pull" }],
    containers: [
      {
        name: "settings",
        envFrom: [{ configMapRef: { name: "from" } }, { secretRef: { name: "hidden" } }],
        env: [
          { name: "A", valueFrom: { configMapKeyRef: { name: "settings", key: "name" } } },
          { name: "B", valueFrom: { secretKeyRef: { name: "login", key: "b" } } },
        ],
      },
    ],
    volumes: [
      { name: "settings", configMap: { name: "mounted", items: [{ key: "name", path: "secretName" }] } },
      { name: "s", secret: { secretName: "files" } },
      { name: "broken", configMap: { name: 7 } },
    ],
  },
};

test("what a pod reads is found wherever it may be named, and nothing else that is called so", () => {
  assert.deepEqual([...referencesIn([pod])].toSorted(), [
    "ConfigMap/from",
    "ConfigMap/mounted",
    "ConfigMap/settings",
    "Secret/files",
    "Secret/hidden",
    "Secret/login",
    "Secret/pull",
  ]);
});

test("renamed it is the same but for those names", () => {
  const renamed = JSON.stringify(renameReferences(pod, (kind, name) => `${kind}-${name}-copy`));
  const back = renamed.replaceAll(/(?:ConfigMap|Secret)-(\w+)-copy/g, "$1");
  assert.deepEqual(JSON.parse(back), pod);
  assert.equal(renamed.match(/-copy"/g)?.length, 7);
});
