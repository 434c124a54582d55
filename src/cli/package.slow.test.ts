import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { packageFile } from "./package-root.ts";
import { makePlace, pressCtrlC, startProgram } from "./plumb-in-test.ts";
import type { UpFile } from "./up-file.ts";

test("installed from its tarball in a folder of its own, plumb delivers and shows its page", async (t) => {
  const place = await makePlace(t);
  const { npm_config_local_prefix: _, npm_config_prefix: __, ...env } = place.env;
  const npm = (cwd: string, ...args: string[]): { status: number | null; stderr: string } =>
    spawnSync("npm", [...args, "--prefer-offline", "--no-audit", "--no-fund"], { cwd, env, encoding: "utf8" });

  // Without scripts: the build that would run first may not change what other tests run from.
  const packed = npm(packageFile(), "pack", "--ignore-scripts", `--pack-destination=${place.folder}`);
  assert.equal(packed.status, 0, packed.stderr);
  const [tarball = ""] = (await readdir(place.folder)).filter((name) => name.endsWith(".tgz"));
  const app = join(place.folder, "app");
  await mkdir(app);
  await writeFile(join(app, "package.json"), '{ "private": true }\n');
  const installed = npm(app, "install", join(place.folder, tarball));
  if (installed.status !== 0 && /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENOTCACHED/.test(installed.stderr)) {
    t.skip("the package registry cannot be reached");
    return;
  }
  assert.equal(installed.status, 0, installed.stderr);
  const files = await readdir(join(app, "node_modules", "plumbline"), { recursive: true });
  assert.deepEqual(
    files.filter((name) => /\.test\.|\.map$|node_modules/.test(name)),
    [],
  );
  assert.ok(!(await readdir(join(app, "node_modules"))).some((name) => name === "typescript" || name === "@types"));

  const bin = join(app, "node_modules", ".bin", "plumb");
  const up = startProgram(t, { ...place, folder: app, env }, bin, [
    "up",
    "--status-port=0",
    "--ingress-port=0",
    "--soak=1s",
  ]);
  await up.printed("every object is healthy");
  const { ready } = JSON.parse(await readFile(join(app, ".plumb", "up.json"), "utf8")) as UpFile;
  const page = await fetch(ready?.statusUrl ?? "");
  assert.match(await page.text(), /<!doctype html>/i);
  pressCtrlC(up);
  assert.equal((await up.ended).code, 130);
  assert.deepEqual(await readdir(place.temporary), []);
});
