import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { roomFile } from "./fill.ts";
import type { Part } from "./cache.ts";
import { Lacking } from "./lacking.ts";

const goFiles = ["go/go.mod", "go/go.sum"].map(roomFile);
const module = "k8s.io/kubernetes";

/**
 * The Kubernetes commands, built from the module that `go/go.mod` pins; its `tool` lines name the commands, and `go.sum` the
 * content of everything they are made of.
 */
export const kubernetesCommands: Part = {
  title: "the Kubernetes commands",
  name: async () => {
    const contents = await Promise.all(goFiles.map((file) => readFile(file, "utf8")));
    const hash = createHash("sha256").update(process.arch).update(contents.join("\n")).digest("hex");
    return `kubernetes-${requiredVersion(contents.join("\n"))}-${hash.slice(0, 8)}`;
  },
  make: async (folder) => {
    const version = requiredVersion(await readFile(goFiles[0] ?? "", "utf8"));
    await goBuild([
      "-trimpath",
      "-mod=readonly",
      "-buildvcs=false",
      `-ldflags=${linkerFlags(version)}`,
      "-o",
      folder,
      "tool",
    ]);
  },
};

/** The version that a go.mod requires of the Kubernetes module. */
export function requiredVersion(goMod: string): string {
  const version = new RegExp(`^(?:require\\s+|\\s+)${module} (v\\S+)`, "m").exec(goMod)?.[1];
  if (version !== undefined) return version;
  throw new Error(`go.mod does not require ${module}`);
}

/** Without these the commands would not know their version, and the node would report none. */
function linkerFlags(version: string): string {
  const [, major, minor] = /^v(\d+)\.(\d+)\./.exec(version) ?? [];
  const values = { gitVersion: version, gitMajor: major, gitMinor: minor, gitTreeState: "clean" };
  const packages = ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"];
  const settings = packages.flatMap((path) =>
    Object.entries(values).map(([name, value]) => `-X ${path}.${name}=${value}`),
  );
  return ["-s", "-w", ...settings].join(" ");
}

/** Others share the machine for the minutes that this takes, so it runs at the lowest priority. */
function goBuild(args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn("nice", ["-n", "19", "go", "build", ...args], {
      cwd: dirname(goFiles[0] ?? ""),
      env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "", GOWORK: "off" },
      stdio: ["ignore", "inherit", "pipe"],
    });
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-64 * 1024);
    });
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve() : reject(whyNot(said))));
  });
}

/** Told from what Go said: a network or a Go that is too old is lacking, all else is broken. */
function whyNot(said: string): Error {
  // Go says the same of each command.
  const last = [...new Set(said.trim().split("\n"))].slice(-3).join("; ");
  if (/requires go >=/.test(said)) return new Lacking(`The Kubernetes commands need a newer Go: ${last}`);
  if (/dial tcp|no such host|timeout|connection re(fused|set)|proxyconnect|\b40[34] |\b50\d /.test(said)) {
    return new Lacking(
      `The Kubernetes commands need a Go module proxy that can be reached (set GOPROXY to one): ${last}`,
    );
  }
  return new Error(`The Kubernetes commands cannot be built: ${last}`);
}
