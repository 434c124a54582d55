import type { Api } from "./api.ts";

/** What came of a constant load. */
export interface LoadResult {
  readonly asked: number;
  /** Why requests failed, each once. */
  readonly failures: readonly string[];
  readonly failed: number;
  /** The versions that answered, in the order in which they first did. */
  readonly versions: readonly string[];
}

/** Requests under way. */
export interface Load {
  stop(): Promise<LoadResult>;
}

/** Asks a Service through the API server's proxy, so many times a second, whether or not earlier requests were answered. */
export function startLoad(api: Api, namespace: string, service: string, perSecond = 20): Load {
  const path = `/api/v1/namespaces/${namespace}/services/${service}:http/proxy/metadata`;
  const open = new Set<Promise<void>>();
  const versions = new Set<string>();
  const failures = new Set<string>();
  let [asked, failed] = [0, 0];
  const ask = async (): Promise<void> => {
    asked += 1;
    const why = await api.request("GET", path).then(
      ({ status, body }) => {
        if (status === 200) versions.add(String(body.version));
        return status === 200 ? undefined : `${status} ${typeof body === "string" ? body : body.message}`;
      },
      (error: Error) => error.message,
    );
    if (why === undefined) return;
    failed += 1;
    failures.add(why);
  };
  const timer = setInterval(() => {
    const one = ask().finally(() => open.delete(one));
    open.add(one);
  }, 1000 / perSecond);
  return {
    async stop() {
      clearInterval(timer);
      await Promise.all(open);
      return { asked, failed, failures: [...failures], versions: [...versions] };
    },
  };
}
