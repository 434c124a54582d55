import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { Audit } from "./audit.ts";
import type { ClusterUnderTest } from "./cluster.ts";
import { startEmbedded } from "./embedded.ts";
import type { EngineAdapter } from "./engine.ts";
import { plumbInstalled } from "./engines/plumb-installed.ts";
import { plumbProcess } from "./engines/plumb-process.ts";
import { releaseEngine, releaseTwice } from "./released.ts";
import { behaviours, runSuite } from "./suite.ts";
import type { Verdict } from "./suite.ts";

const usage = `usage: npm run conformance -- [options]
  --kubeconfig <file>   the cluster; without it an embedded one is started and ended
  --publish <program>   is run with an OCI layout folder, to bring its images (plumbline.local/…) to the cluster
  --restart-api <program>  is run to end the API server and start it again
  --audit-log <file>    the API server's, in JSON lines
  --engine <how>        process (default): outside of the cluster; installed: in it, by \`plumb install\`
  --host-for-pods <address>  this machine as pods reach it, for --engine installed
  --only <numbers>      such as B1,D6 or o2
  --at-once <number>    how many behaviours at once; default 2
  --json                the verdicts as JSON`;

const { values } = parseArgs({
  options: {
    kubeconfig: { type: "string" },
    publish: { type: "string" },
    "restart-api": { type: "string" },
    "audit-log": { type: "string" },
    engine: { type: "string", default: "process" },
    "host-for-pods": { type: "string" },
    only: { type: "string" },
    "at-once": { type: "string", default: "2" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (values.help) console.log(usage);
else process.exitCode = await main();

async function main(): Promise<number> {
  const wanted = values.only?.toLowerCase().split(",");
  const chosen = behaviours.filter(
    ({ number, name }) => !wanted || wanted.includes(number.toLowerCase()) || wanted.includes(name),
  );
  if (chosen.length === 0) {
    console.error(
      `no behaviour is called ${values.only}; there are ${[...new Set(behaviours.map(({ number }) => number))].join(", ")}`,
    );
    return 2;
  }
  const folder = await mkdtemp(join(tmpdir(), "plumb-conformance-"));
  try {
    const cluster = await clusterUnderTest(folder);
    try {
      console.error(`on ${cluster.name}: building two releases of two services`);
      const released = await releaseTwice(join(folder, "release"));
      const engine = await engineUnderTest(join(folder, "release"), released.layout);
      await cluster.publish(released.layout);
      console.error(`${engine.name}:`);
      const ground = { cluster, engine, released, folder, tell: (text: string) => console.error(text) };
      const verdicts = await runSuite(ground, chosen, Number(values["at-once"]), (verdict) =>
        console.error(line(verdict)),
      );
      if (values.json) console.log(JSON.stringify(verdicts, undefined, 1));
      const count = (kind: Verdict["verdict"]): number => verdicts.filter(({ verdict }) => verdict === kind).length;
      const skipped = count("skipped");
      console.log(`${count("held")} passed, ${count("failed")} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
      return count("failed") > 0 ? 1 : 0;
    } finally {
      await cluster.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function clusterUnderTest(folder: string): Promise<ClusterUnderTest> {
  const { kubeconfig, publish, "restart-api": restart, "audit-log": log } = values;
  if (kubeconfig === undefined) return startEmbedded(join(folder, "embedded"), join(folder, "release", "images"));
  return {
    name: kubeconfig,
    kubeconfig,
    publish: (layout) => (publish === undefined ? Promise.resolve() : runProgram(publish, layout)),
    ...(restart === undefined ? {} : { restartApi: () => runProgram(restart) }),
    ...(log === undefined ? {} : { audit: new Audit(log) }),
    stop: () => Promise.resolve(),
  };
}

async function engineUnderTest(folder: string, layout: string): Promise<EngineAdapter> {
  const host = values["host-for-pods"];
  if (values.engine === "process") return plumbProcess;
  if (values.engine !== "installed" || host === undefined) throw new Error(usage);
  console.error("building the engine's image");
  return plumbInstalled(await releaseEngine(folder, layout), host);
}

async function runProgram(program: string, ...further: readonly string[]): Promise<void> {
  const [file = "", ...args] = program.split(" ");
  await promisify(execFile)(file, [...args, ...further]);
}

function line({ number, title, verdict, why, seconds }: Verdict): string {
  const because = why === undefined ? "" : `\n         ${why.replaceAll("\n", "\n         ")}`;
  return `${verdict.padEnd(7)}  ${number.padEnd(3)}  ${title}  (${seconds} s)${because}`;
}
