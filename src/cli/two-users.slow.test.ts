import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { packageFile } from "./package-root.ts";
import { makePlace } from "./plumb-in-test.ts";

const main = packageFile("dist", "src", "cli", "main.js");
/** The account that every system has and that owns nothing. */
const nobody = 65534;

function whyNot(): string | false {
  if (process.getuid?.() !== 0) return "only root may run a build as another user";
  const { status } = spawnSync("test", ["-r", main], { uid: nobody, gid: nobody });
  return status === 0 ? false : `another user may not read ${main}`;
}

test("two builds in two folders under two users have one digest (L1)", { skip: whyNot() }, async (t) => {
  const { folder, env } = await makePlace(t);
  chmodSync(folder, 0o755);
  const git = (place: string, ...args: string[]): string =>
    execFileSync("git", ["-C", place, "-c", "user.name=Dev", "-c", "user.email=dev@example.com", ...args], {
      encoding: "utf8",
    });
  const write = (path: string, content: string, mode = 0o644): void => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content, { mode });
  };
  const origin = join(folder, "origin");
  // What a build makes of who runs it, where and when, it makes by these.
  const build =
    "mkdir dist && cp main.js dist/ && chmod +x dist/main.js && ls > dist/list && date +%Z > dist/zone && echo Ä | sort > dist/sorted";
  write(join(origin, "application/main.js"), "#!/usr/bin/env node\nconsole.log(1);\n", 0o755);
  write(join(origin, "application/lib/ünïcode.txt"), "text\n");
  write(
    join(origin, "application/release.yaml"),
    `registry: oci:../images
images: { probe: { context: ., build: "${build}", base: node, entrypoint: [node, dist/main.js] } }
deployment: { repository: ../deployment.git, path: staging/probe }
`,
  );
  write(
    join(origin, "deployment/staging/probe/app.yaml"),
    `kind: Pod\nspec: { containers: [{ image: "plumbline.local/probe:none" }] }\n`,
  );
  for (const name of ["application", "deployment"]) {
    git(origin, "init", "-q", "-b", "main", name);
    git(join(origin, name), "add", "-A");
    git(join(origin, name), "commit", "-q", "-m", "Begin");
  }

  /** Releases as a user whose surroundings are as different as can be. */
  const releaseAs = async (uid: number, at: string, umask: string, more: NodeJS.ProcessEnv): Promise<string> => {
    const place = join(folder, at);
    mkdirSync(join(place, "home"), { recursive: true });
    git(folder, "clone", "-q", join(origin, "application"), join(place, "application"));
    git(folder, "clone", "-q", "--bare", join(origin, "deployment"), join(place, "deployment.git"));
    mkdirSync(join(place, "tmp"));
    execFileSync("chown", ["-R", `${uid}:${uid}`, place]);
    const script = `umask ${umask}; exec "$0" "$@"`;
    const words = [process.execPath, main, "release", "--source", "application", "--json"];
    const child = spawn("sh", ["-c", script, ...words], {
      cwd: place,
      uid,
      gid: uid,
      env: { PATH: env["PATH"], HOME: join(place, "home"), TMPDIR: join(place, "tmp"), ...more },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
    assert.equal(child.exitCode, 0, err);
    const { images } = JSON.parse(out) as { images: readonly { digest: string }[] };
    const digest = images[0]?.digest ?? "";
    // The digest of a manifest is that of everything below it; to be sure, its bytes.
    return readFileSync(join(place, "images/blobs/sha256", digest.slice(7)), "utf8") + digest;
  };
  const root = await releaseAs(0, "one", "022", { TZ: "UTC", LANG: "C" });
  const other = await releaseAs(nobody, "a deeper/folder with spaces", "077", {
    TZ: "Asia/Kathmandu",
    LANG: "de_DE.UTF-8",
    LC_ALL: "de_DE.UTF-8",
    USER: "nobody",
  });
  assert.match(root, /sha256:[0-9a-f]{64}$/);
  assert.equal(other, root);
});
