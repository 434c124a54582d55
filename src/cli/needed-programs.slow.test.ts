import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { systemProcesses } from "../io/process/system-processes.ts";
import { ProblemError } from "../model/problem.ts";
import type { EngineCommandOptions } from "./engine.ts";
import { checkPrograms } from "./needed-programs.ts";

test("an engine says which program is missing, or cannot run, and which option needs it", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "plumb-programs-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const check = (options: Partial<EngineCommandOptions>, path = folder): Promise<string> =>
    checkPrograms(systemProcesses, { PATH: path }, {
      repository: "https://git.example/x.git",
      ...options,
    } as EngineCommandOptions).then(
      () => "",
      (error: unknown) => (error instanceof ProblemError ? error.problem.message : String(error)),
    );
  assert.equal(await check({}), "");
  assert.match(
    await check({ repository: "ssh://git@host/x.git" }),
    /^--repository .*needs the program ssh, which is not/,
  );
  assert.match(await check({ repository: "git@host:x.git" }), /needs the program ssh,/);
  assert.match(await check({ allowedSigners: "a" }), /^--allowed-signers needs the program ssh-keygen,/);
  assert.match(await check({ signingKey: "a" }), /^--signing-key needs the program ssh-keygen,/);
  assert.match(await check({ allowedKeys: "a" }), /^--allowed-keys needs the program gpg,/);

  const program = join(folder, "ssh-keygen");
  writeFileSync(program, '#!/bin/sh\necho "No user exists for uid 65532" >&2\nexit 255\n');
  chmodSync(program, 0o755);
  symlinkSync("/bin/sh", join(folder, "sh"));
  assert.match(await check({ allowedSigners: "a" }), /cannot run: the user of this process has no line/);
  assert.equal(await check({ allowedSigners: "a", signingKey: "b" }, process.env["PATH"] ?? ""), "");
});
