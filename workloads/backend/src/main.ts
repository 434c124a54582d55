import { createService } from "./service.ts";
import { readSettings, type Settings } from "./settings.ts";

const settings = settingsOrExit();
const service = createService(settings, new Date(Date.now() - process.uptime() * 1000));
const { host, port, version, commit } = settings;
service.server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
  const address = service.server.address();
  log("listening", { ...(typeof address === "object" ? address : {}), version, commit });
});
service.server.on("error", (error) => {
  log("cannot listen", { error: error.message });
  process.exit(1);
});
process.on("SIGTERM", stop);
process.on("SIGINT", stop);
startFaults(settings);

/** Traffic still arrives until every proxy knows that this pod goes: answer it, then close and leave. */
function stop(signal: NodeJS.Signals): void {
  log("draining", { signal, seconds: settings.drainSeconds });
  service.startDraining();
  process.removeAllListeners("SIGTERM").removeAllListeners("SIGINT");
  setTimeout(() => {
    service.server.close(() => {
      log("stopped", {});
      process.exit(0);
    });
    service.server.closeIdleConnections();
  }, settings.drainSeconds * 1000);
}

function startFaults({ faults }: Settings): void {
  if (faults.crashAfterSeconds !== undefined) {
    setTimeout(() => {
      log("crashing as told", { variable: "FAULT_CRASH_AFTER_SECONDS" });
      process.exit(1);
    }, faults.crashAfterSeconds * 1000);
  }
  if (faults.memoryMebibytesPerSecond > 0) {
    const kept: Buffer[] = [];
    setInterval(() => {
      // Filled, because memory that is never written is never resident.
      kept.push(Buffer.alloc(Math.ceil(faults.memoryMebibytesPerSecond * 1024 * 1024), 1));
    }, 1000);
  }
}

function settingsOrExit(): Settings {
  try {
    return readSettings(process.env);
  } catch (error) {
    log("bad setting", { error: error instanceof Error ? error.message : String(error) });
    return process.exit(1);
  }
}

function log(event: string, details: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), event, ...details })}\n`);
}
