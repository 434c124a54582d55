import { ApiError } from "../../client.ts";
import type { LogOptions } from "../hooks.ts";
import { badRequest, invalid } from "../refusal.ts";
import type { Place } from "../server.ts";
import type { StoredObject } from "../stored-object.ts";
import { type Cause } from "../refusal.ts";
import { forbiddenField, invalidValue, listAt, textAt } from "../validation/causes.ts";
import type { Exchange } from "./exchange.ts";

/** Streams the log of a pod's container. */
export async function streamLog(exchange: Exchange, place: Place): Promise<void> {
  const { api, hooks, response } = exchange;
  const pod = api.get(place);
  const options = logOptions(exchange, pod);
  const abort = new AbortController();
  response.once("close", () => {
    abort.abort();
  });
  if (!hooks) throw new ApiError(503, "ServiceUnavailable", "no node runs in this cluster");
  const log = hooks.logs(place.namespace, place.name, { ...options, signal: abort.signal });
  if (log instanceof ApiError) throw log;
  response.writeHead(200, { "content-type": "text/plain" });
  response.flushHeaders();
  for await (const chunk of log) {
    if (!response.write(chunk)) await new Promise((resolve) => response.once("drain", resolve).once("close", resolve));
    if (abort.signal.aborted) return;
  }
  response.end();
}

const named = { group: "", kind: "PodLogOptions", resource: "", qualifiedName: "" };

function logOptions({ url }: Exchange, pod: StoredObject): Omit<LogOptions, "signal"> {
  const { searchParams } = url;
  const flag = (key: string): boolean => {
    const value = searchParams.get(key);
    return value !== null && value !== "false" && value !== "0";
  };
  const numbers = Object.fromEntries(
    ["tailLines", "limitBytes", "sinceSeconds"].flatMap((key) => {
      const value = integer(searchParams.get(key));
      return value === undefined ? [] : [[key, value]];
    }),
  ) as { tailLines?: number; limitBytes?: number; sinceSeconds?: number };
  const sinceTime = searchParams.get("sinceTime");
  if (sinceTime && Number.isNaN(Date.parse(sinceTime))) {
    const quoted = JSON.stringify(sinceTime);
    throw badRequest(`parsing time ${quoted} as "2006-01-02T15:04:05Z07:00": cannot parse ${quoted} as "2006"`);
  }
  const stream = searchParams.has("stream") ? [forbiddenField("stream", "may not be specified")] : [];
  const causes = [...logCauses(numbers, sinceTime), ...stream];
  if (causes.length > 0) throw invalid(named, pod.metadata.name ?? "", causes);
  return {
    container: containerOf(pod, searchParams.get("container")),
    follow: flag("follow"),
    previous: flag("previous"),
    timestamps: flag("timestamps"),
    ...numbers,
    ...(sinceTime ? { sinceTime } : {}),
  };
}

function integer(text: string | null): number | undefined {
  if (text === null || text === "") return undefined;
  if (/^-?\d+$/.test(text)) return Number(text);
  throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
}

function logCauses(
  { tailLines, limitBytes, sinceSeconds }: { tailLines?: number; limitBytes?: number; sinceSeconds?: number },
  sinceTime: string | null,
): readonly Cause[] {
  const causes: Cause[] = [];
  if (tailLines !== undefined && tailLines < 0) {
    causes.push(invalidValue("tailLines", tailLines, "must be greater than or equal to 0"));
  }
  if (limitBytes !== undefined && limitBytes < 1)
    causes.push(invalidValue("limitBytes", limitBytes, "must be greater than 0"));
  if (sinceSeconds !== undefined && sinceTime) {
    causes.push(forbiddenField("[]", "at most one of `sinceTime` or `sinceSeconds` may be specified"));
  } else if (sinceSeconds !== undefined && sinceSeconds < 1) {
    causes.push(invalidValue("sinceSeconds", sinceSeconds, "must be greater than 0"));
  }
  return causes;
}

/** The container that is asked for, or the only one. */
function containerOf(pod: StoredObject, asked: string | null): string {
  const name = pod.metadata.name ?? "";
  const containers = listAt(pod.spec, "containers").map((container) => textAt(container, "name"));
  const init = listAt(pod.spec, "initContainers").map((container) => textAt(container, "name"));
  if (asked) {
    if ([...containers, ...init].includes(asked)) return asked;
    throw badRequest(`container ${asked} is not valid for pod ${name}`);
  }
  const preferred = pod.metadata.annotations?.["kubectl.kubernetes.io/default-container"];
  if (preferred && containers.includes(preferred)) return preferred;
  const [only] = containers;
  if (containers.length === 1 && init.length === 0 && only) return only;
  if (containers.length === 1 && only) return only;
  throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${containers.join(" ")}]`);
}
