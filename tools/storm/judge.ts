import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { saidOnLog } from "../../conformance/engines/delivery-log.ts";
import { plumb } from "../../conformance/engines/plumb-process.ts";
import type { Repository } from "../../conformance/repository.ts";
import { applications } from "./scene.ts";
import type { Scene } from "./scene.ts";

/** Throws why the scene is not at rest: the delivery log ends with a decision on what Git has, and the cluster is as Git says. */
export async function assertAtRest({ repository, cluster }: Scene): Promise<true> {
  let isHealthy = true;
  for (const name of applications) {
    const said = saidOnLog(repository, `staging/${name}`);
    if (!said) throw new Error(`the log has no record of ${name}`);
    const wanted = repository.read("log", "-1", "--format=%H", "main", "--", `staging/${name}`);
    if (said.commit !== wanted) throw new Error(`${name} is at ${said.commit}, and Git at ${wanted}`);
    if (!["healthy", "held"].includes(said.outcome)) throw new Error(`${name} is ${said.outcome}: ${said.message}`);
    isHealthy &&= said.outcome === "healthy";
  }
  // What is held is not as Git says, and the log says why.
  if (!isHealthy) return true;
  const args = ["verify", `--repository=${repository.folder}`, `--kubeconfig=${cluster.kubeconfig}`];
  await promisify(execFile)(process.execPath, [plumb, ...args]).catch((error: { stdout?: string; stderr?: string }) => {
    throw new Error(`plumb verify: ${error.stdout}${error.stderr}`);
  });
  return true;
}

/** What is wrong with the history: forced branches, two rollbacks of one failure, a rollback of a rollback. */
export function accuseHistory(repository: Repository): readonly string[] {
  const forced = ["main", "plumbline/log"].flatMap((branch) => forcedMoves(repository, branch));
  const format = "%H %(trailers:key=Plumbline-Undoes,valueonly,separator=%x2C)";
  const rollbacks = (repository.read("log", `--format=${format}`, "main") ?? "")
    .split("\n")
    .map((line) => line.split(" "))
    .filter(([, undoes]) => undoes !== undefined && undoes !== "");
  const undone = rollbacks.map(([, undoes = ""]) => undoes);
  const twice = undone.filter((commit, index) => undone.indexOf(commit) !== index);
  const ofRollbacks = rollbacks.filter(([commit = ""]) => undone.includes(commit)).map(([commit]) => commit);
  return [
    ...forced,
    ...twice.map((commit) => `${commit} was rolled back twice`),
    ...ofRollbacks.map((commit) => `the rollback ${commit} was rolled back`),
  ];
}

/** Movements of a branch to a commit that does not descend from the one before; that it was deleted is none. */
function forcedMoves(repository: Repository, branch: string): readonly string[] {
  const text = readFileSync(join(repository.folder, "logs", "refs", "heads", branch), "utf8");
  return text.split("\n").flatMap((line) => {
    const [before = "", after = ""] = line.split(" ");
    if (line === "" || /^0+$/.test(before) || /^0+$/.test(after)) return [];
    const base = repository.read("merge-base", before, after);
    return base === before ? [] : [`${branch} was forced from ${before} to ${after}`];
  });
}

/** What is left of a scene that was ended: processes that name its folder, and temporary files. */
export function leftOf(folder: string): readonly string[] {
  const processes = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  const left = processes.flatMap((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      return command.includes(folder) ? [`process ${pid} ${command}`] : [];
    } catch {
      // It ended while we looked.
      return [];
    }
  });
  return [...left, ...readdirSync(join(folder, "tmp")).map((name) => `temporary ${name}`)];
}
