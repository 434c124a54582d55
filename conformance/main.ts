import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import type { ClusterUnderTest } from "./cluster.ts";
import { startEmbedded } from "./embedded.ts";
import { plumbProcess } from "./engines/plumb-process.ts";
import { releaseTwice } from "./released.ts";
import { behaviours, runSuite } from "./suite.ts";
import type { Verdict } from "./suite.ts";

const usage = `usage: npm run conformance -- [options]
  --kubeconfig <file>   the cluster; without it an embedded one is started and ended
  --image-name <name>   what images are called there, such as registry.example/conformance
  --publish <program>   is run with an OCI layout folder, to bring its images to the cluster
  --only <numbers>      such as B1,D6 or o2
  --at-once <number>    how many behaviours at once; default 2
  --json                the verdicts as JSON`;

const { values } = parseArgs({
  options: {
    kubeconfig: { type: "string" },
    "image-name": { type: "string", default: "plumbline.local" },
    publish: { type: "string" },
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
      console.error(`${plumbProcess.name}, on ${cluster.name}: building two releases of two services`);
      const released = await releaseTwice(join(folder, "release"), cluster.imageName);
      await cluster.publish(released.layout);
      const ground = { cluster, engine: plumbProcess, released, folder };
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
  const { kubeconfig, publish } = values;
  if (kubeconfig === undefined) return startEmbedded(join(folder, "embedded"), join(folder, "release", "images"));
  return {
    name: kubeconfig,
    kubeconfig,
    imageName: values["image-name"],
    async publish(layout) {
      if (publish === undefined) return;
      const [file = "", ...args] = publish.split(" ");
      await promisify(execFile)(file, [...args, layout]);
    },
    stop: () => Promise.resolve(),
  };
}

function line({ number, title, verdict, why, seconds }: Verdict): string {
  const because = why === undefined ? "" : `\n         ${why.replaceAll("\n", "\n         ")}`;
  return `${verdict.padEnd(7)}  ${number.padEnd(3)}  ${title}  (${seconds} s)${because}`;
}
