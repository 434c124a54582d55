import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { systemProcesses } from "../process/system-processes.ts";
import { findHostRuntime } from "./host-runtime.ts";

const isRoot = process.getuid?.() === 0 && process.platform === "linux";

test(
  "SSH's programs run in an image of nothing else, as the user of images, and check a signature there",
  isRoot ? {} : { skip: "only root may enter a folder as its root" },
  async (t) => {
    const root = mkdtempSync(join(tmpdir(), "plumb-rootfs-"));
    t.after(() => rmSync(root, { recursive: true, force: true }));
    chmodSync(root, 0o755);
    const { files } = await findHostRuntime(systemProcesses, ["node", "git", "ssh"]);
    for (const file of files) {
      const target = join(root, file.path);
      mkdirSync(dirname(target), { recursive: true });
      if ("text" in file) writeFileSync(target, file.text);
      else copyFileSync(file.source, target);
      chmodSync(target, 0o755);
    }
    // What every container has.
    mkdirSync(join(root, "dev"));
    execFileSync("mknod", ["-m", "666", join(root, "dev/null"), "c", "1", "3"]);
    const inside = (input: string, ...args: readonly string[]) =>
      spawnSync("chroot", ["--userspec=65532:65532", root, ...args], {
        encoding: "utf8",
        input,
        env: { PATH: "/usr/sbin:/usr/bin" },
      });
    assert.match(inside("", "/usr/bin/ssh", "-V").stderr, /^OpenSSH/);

    const key = join(root, "key");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key]);
    const signature = execFileSync("ssh-keygen", ["-q", "-Y", "sign", "-n", "git", "-f", key], { input: "text" });
    writeFileSync(join(root, "signature"), signature);
    const publicKey = execFileSync("ssh-keygen", ["-y", "-f", key], { encoding: "utf8" });
    writeFileSync(join(root, "allowed"), `alice@example.com ${publicKey}`);
    const verify = (text: string) => {
      const how = ["-Y", "verify", "-n", "git", "-f", "/allowed", "-I", "alice@example.com", "-s", "/signature"];
      return inside(text, "/usr/bin/ssh-keygen", ...how);
    };
    const good = verify("text");
    assert.equal(good.status, 0, good.stderr);
    assert.match(good.stdout, /Good "git" signature for alice@example\.com/);
    assert.notEqual(verify("another text").status, 0);
  },
);
