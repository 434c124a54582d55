import { monitorEventLoopDelay } from "node:perf_hooks";
import { systemClock } from "../src/io/clock/clock.ts";
import type { StatusDocument } from "../src/model/status-document.ts";
import { exampleDocument } from "../src/status/example-documents-in-test.ts";
import { serveStatus } from "../src/status/server.ts";

/**
 * The status server of two hundred applications in a process of its own. `change` makes one of them say something new; `usage` is
 * answered with what the process has used, and with how late its loop came round since it was last asked.
 */
const document = exampleDocument("crowd", Date.now());
let changes = 0;

function current(): StatusDocument {
  const changed = changes % document.applications.length;
  const applications = document.applications.map((application, index) =>
    index === changed ? { ...application, message: `change ${changes}` } : application,
  );
  return { ...document, generatedAt: new Date().toISOString(), applications };
}

const server = await serveStatus({
  host: "127.0.0.1",
  port: 0,
  clock: systemClock,
  assets: new Map(),
  metrics: () => "",
  ready: () => true,
  current,
});
const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();
process.on("message", (asked) => {
  if (asked === "change") {
    changes += 1;
    return server.changed();
  }
  const { user, system } = process.cpuUsage();
  const late = delay.percentile(99) / 1e6;
  delay.reset();
  process.send?.({ cpuMs: (user + system) / 1000, rssBytes: process.memoryUsage().rss, lateMs: late });
});
process.on("disconnect", () => process.exit());
process.send?.({ port: server.port });
