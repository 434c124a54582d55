import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { promisify } from "node:util";
import { debianProgram } from "../../tools/kubernetes/packages.ts";
import { commandOf, findPackages } from "../io/registry/network/debian-program-in-test.ts";
import { account, noDockerRegistry } from "../io/registry/network/docker-registry-in-test.ts";
import { makeNetworkWorld } from "./network-release-in-test.ts";
import { digests } from "./release-in-test.ts";

const libraries = ["libassuan9", "libc6", "libgpg-error0", "libgpgme11t64", "libseccomp2", "libsqlite3-0", "libsubid5"];
const libselinux = ["libselinux1", "libpcre2-8-0", "libaudit1", "libcap-ng0"];
const helpers = ["conmon", "crun", "netavark"];
const part = debianProgram("podman", ["podman", ...helpers, ...libraries, ...libselinux]);

/** Podman makes a few files in /run and /var/lib whatever it is told, so it gets its own of these: that takes root. */
const ownRun = ["--mount", "sh", "-c", 'mount -t tmpfs none /run && mount -t tmpfs none /var/lib && exec "$@"', "sh"];

async function whyNot(): Promise<string | undefined> {
  if (process.platform !== "linux" || process.getuid?.() !== 0)
    return "only root may give podman folders of its own in place of the system's";
  if (spawnSync("unshare", [...ownRun, "true"]).status !== 0) return "this machine lets nobody mount anything";
  const root = await findPackages(part);
  return typeof root === "string" ? noDockerRegistry() : root.message;
}
const lacking = await whyNot();

/** Prepares Debian's podman with folders of its own. It starts itself again, so its own loader is written into a copy of it. */
async function preparePodman(t: TestContext, root: string): Promise<(...args: readonly string[]) => Promise<string>> {
  const [loader, , libraryPath = "", program = ""] = await commandOf(root, "usr/bin/podman");
  // Not longer than the path that it replaces.
  const folder = mkdtempSync(join(tmpdir(), "pl-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const at = (name: string): string => join(folder, name);
  symlinkSync(loader, at("ld"));
  const content = readFileSync(program);
  const named = /\/lib(64)?\/ld-linux-[a-z0-9-]+\.so\.\d\0/.exec(content.subarray(0, 4096).toString("latin1"));
  assert.ok(named && at("ld").length < named[0].length, "its loader can be named");
  content.fill(0, named.index, named.index + named[0].length);
  content.write(at("ld"), named.index);
  writeFileSync(at("podman"), content);
  writeFileSync(
    at("conmon"),
    `#!/bin/sh\nexec ${at("ld")} --library-path ${libraryPath} ${root}/usr/bin/conmon "$@"\n`,
  );
  for (const name of ["podman", "conmon"]) chmodSync(at(name), 0o755);
  writeFileSync(
    at("containers.conf"),
    `[engine]
conmon_path = ["${at("conmon")}"]
helper_binaries_dir = ["${root}/usr/lib/podman"]
runtime = "crun"
[engine.runtimes]
crun = ["${root}/usr/bin/crun"]
[network]
network_config_dir = "${at("networks")}"
`,
  );
  writeFileSync(
    at("storage.conf"),
    `[storage]\ndriver = "vfs"\ngraphroot = "${at("root")}"\nrunroot = "${at("run")}"\n`,
  );
  mkdirSync(at("home/.config/containers"), { recursive: true });
  writeFileSync(at("policy.json"), `{ "default": [{ "type": "insecureAcceptAnything" }] }`);
  const variables = {
    LD_LIBRARY_PATH: libraryPath,
    CONTAINERS_CONF: at("containers.conf"),
    CONTAINERS_STORAGE_CONF: at("storage.conf"),
    HOME: at("home"),
    XDG_RUNTIME_DIR: at("xdg"),
    PODMAN_IGNORE_CGROUPSV1_WARNING: "1",
  };
  const places = [`--root=${at("root")}`, `--runroot=${at("run")}`, `--tmpdir=${at("tmp")}`];
  const settings = ["--storage-driver=vfs", "--cgroup-manager=cgroupfs", "--events-backend=none"];
  const words = ["env", ...Object.entries(variables).map(([name, value]) => `${name}=${value}`), at("podman")];
  return async (command = "", ...args) => {
    const policy = command === "pull" ? [`--signature-policy=${at("policy.json")}`] : [];
    const all = [...ownRun, ...words, ...places, ...settings, command, ...policy, ...args];
    return (await promisify(execFile)("unshare", all)).stdout;
  };
}

test(
  "podman pulls what was released, by the digest that Git pins",
  lacking === undefined ? {} : { skip: lacking },
  async (t) => {
    const world = await makeNetworkWorld(t);
    const { name, through } = world;
    const released = await world.release({}, through);
    const [one = ""] = digests(released);
    const podman = await preparePodman(t, String(await findPackages(part)));
    const reference = `${name}/one@${one}`;
    await podman("pull", "--tls-verify=false", `--creds=${account.username}:${account.password}`, reference);
    const [inspected] = JSON.parse(await podman("image", "inspect", reference)) as readonly [
      {
        Digest: string;
        Labels: Readonly<Record<string, string>>;
        User: string;
        Config: { Entrypoint: readonly string[] };
      },
    ];
    assert.equal(inspected.Digest, one);
    assert.equal(inspected.Labels["org.opencontainers.image.revision"], released.commit);
    assert.deepEqual(inspected.Config.Entrypoint, ["node", "dist/main.js"]);
    assert.equal(inspected.User, "65532:65532");
  },
);
