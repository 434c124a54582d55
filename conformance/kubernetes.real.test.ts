import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

/** The instance that tools/kubernetes brought up for these tests; another cluster's images and API server are out of reach. */
const instance = process.env["PLUMBLINE_KUBERNETES"];
const skip =
  instance === undefined && "images cannot be brought to this cluster from here: run npm run conformance by hand";

for (const engine of ["process", "installed"]) {
  test(`every behaviour holds on a real Kubernetes, engine ${engine}`, { skip, timeout: 1_200_000 }, async (t) => {
    const program = fileURLToPath(new URL("../tools/kubernetes/main.js", import.meta.url));
    const tool = (command: string): string => `${process.execPath} ${program} ${command} --folder ${instance}`;
    const args = [
      fileURLToPath(new URL("../src/cli/main.js", import.meta.url)),
      "conformance",
      `--kubeconfig=${process.env["KUBECONFIG"]}`,
      `--publish=${tool("load")}`,
      `--restart-api=${tool("restart kube-apiserver")}`,
      `--audit-log=${instance}/audit.log`,
      `--engine=${engine}`,
      `--host-for-pods=${process.env["PLUMBLINE_KUBERNETES_HOST"]}`,
    ];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    t.after(() => child.kill());
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
    const code = await new Promise((resolve) => child.once("close", resolve));
    assert.equal(code, 0, said);
    assert.match(said, /^\d{2} passed, 0 failed/);
  });
}
