import { Agent, request } from "node:http";

/** What a constant load saw: every request sent has ended one way or the other. Latencies are milliseconds. */
export interface LoadReport {
  readonly sent: number;
  readonly failed: number;
  /** The first few failures, in words. */
  readonly failures: readonly string[];
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** How often each value of the answer's `version` was seen. */
  readonly versions: { readonly [version: string]: number };
}

/** A running load: `report` is a snapshot, `stop` ends sending and waits for the answers under way. */
export interface Load {
  report(): LoadReport;
  stop(): Promise<LoadReport>;
}

/**
 * GETs `url` at a constant rate, open loop: a slow answer does not slow the sending down. Every other request uses a
 * connection of its own, the rest keep theirs, since a rolling update treats the two differently. Anything but a 200
 * within `timeoutMs` is a failure; nothing is retried.
 */
export function startLoad(url: string, options: { readonly perSecond: number; readonly timeoutMs?: number }): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: 32 });
  const timeoutMs = options.timeoutMs ?? 5000;
  const began = performance.now();
  const latencies: number[] = [];
  const failures: string[] = [];
  const versions: Record<string, number> = {};
  const pending = new Set<Promise<void>>();
  let sent = 0;
  let failed = 0;
  let ended: number | undefined;

  const send = (): void => {
    const fresh = sent % 2 === 0;
    sent += 1;
    const started = performance.now();
    const answer = get(url, fresh ? undefined : agent, timeoutMs).then(({ status, body }) => {
      latencies.push(performance.now() - started);
      if (status !== 200) throw new Error(`answered ${status}`);
      const version = versionOf(body);
      versions[version] = (versions[version] ?? 0) + 1;
    });
    const settled = answer
      .catch((error: unknown) => {
        failed += 1;
        const at = ((performance.now() - began) / 1000).toFixed(2);
        if (failures.length < 10)
          failures.push(`after ${at} s: ${error instanceof Error ? error.message : String(error)}`);
      })
      .finally(() => pending.delete(settled));
    pending.add(settled);
  };

  // Catches up after a pause of this process, so that the rate holds on a busy machine.
  const timer = setInterval(() => {
    const owed = Math.floor(((performance.now() - began) / 1000) * options.perSecond) - sent;
    for (let count = 0; count < owed; count += 1) send();
  }, 5);

  const report = (): LoadReport => {
    const sorted = latencies.toSorted((a, b) => a - b);
    const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    const spanS = ((ended ?? performance.now()) - began) / 1000;
    return {
      sent,
      failed,
      failures: [...failures],
      perSecond: sent / spanS,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      versions: { ...versions },
    };
  };
  return {
    report,
    async stop() {
      clearInterval(timer);
      ended ??= performance.now();
      await Promise.all(pending);
      agent.destroy();
      return report();
    },
  };
}

function get(url: string, agent: Agent | undefined, timeoutMs: number): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { agent: agent ?? false, timeout: timeoutMs }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      response.once("end", () => {
        resolve({ status: response.statusCode ?? 0, body });
      });
      response.once("error", reject);
    });
    outgoing.once("timeout", () => outgoing.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    outgoing.once("error", reject);
    outgoing.end();
  });
}

function versionOf(body: string): string {
  try {
    const { version } = JSON.parse(body) as { version?: unknown };
    return typeof version === "string" ? version : "unknown";
  } catch {
    return "unknown";
  }
}
