import assert from "node:assert/strict";
import { test } from "node:test";
import { referencesIn, renameReferences } from "./configuration-references.ts";

const pod = {
  metadata: { name: "web", labels: { secret: "yes" } },
  spec: {
    imagePullSecrets: [{ name: "pull" }],
    containers: [
      {
        name: "app",
        env: [
          { name: "A", valueFrom: { configMapKeyRef: { name: "settings", key: "settings", optional: true } } },
          { name: "B", valueFrom: { secretKeyRef: { name: "key", key: "key" } } },
        ],
        envFrom: [{ configMapRef: { name: "all" } }, { secretRef: { name: "hidden" } }],
      },
    ],
    volumes: [
      { name: "one", configMap: { name: "files", items: [{ key: "files", path: "files" }] } },
      { name: "two", secret: { secretName: "tls", items: [{ key: "tls", path: "tls" }] } },
      { name: "three", projected: { sources: [{ configMap: { name: "part" } }, { secret: { name: "rest" } }] } },
      { name: "four", persistentVolumeClaim: { claimName: "data" } },
    ],
  },
};

test("every place of a pod that names a ConfigMap or Secret is known, and nothing else is taken for one", () => {
  assert.deepEqual([...referencesIn([pod])].toSorted(), [
    "ConfigMap/all",
    "ConfigMap/files",
    "ConfigMap/part",
    "ConfigMap/settings",
    "Secret/hidden",
    "Secret/key",
    "Secret/pull",
    "Secret/rest",
    "Secret/tls",
  ]);
});

test("names are changed where they stand, and keys, paths and names of other things are not", () => {
  const renamed = JSON.stringify(renameReferences(pod, (_, name) => `${name}-2`));
  const expected = JSON.stringify(pod)
    .replaceAll(/"name":"(settings|key|all|hidden|files|part|rest|pull)"/g, '"name":"$1-2"')
    .replaceAll('"secretName":"tls"', '"secretName":"tls-2"');
  assert.equal(renamed, expected);
});
