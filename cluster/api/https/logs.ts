import { ApiError, type KubeObject } from "../../client.ts";
import type { LogOptions } from "../hooks.ts";
import { valueAt } from "../json.ts";
import { badRequest, invalid } from "../refusal.ts";
import type { Place } from "../server.ts";
import { valuesAt } from "../table/json-path.ts";
import { forbiddenField, invalidValue } from "../validation/causes.ts";
import type { Answer, Exchange } from "./exchange.ts";

/** GET of pods/log: streams the log of a container. */
export async function streamLog(exchange: Exchange, place: Place): Promise<Answer | undefined> {
  const { api, hooks, response } = exchange;
  const pod = api.get(place);
  const options = logOptions(exchange, pod);
  // A pod that is on no node yet has nothing to say.
  if (!valueAt(pod, "spec.nodeName")) return { status: 204, type: undefined, body: "" };
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
    if (abort.signal.aborted) return undefined;
  }
  response.end();
  return undefined;
}

const named = { group: "", kind: "PodLogOptions", resource: "", qualifiedName: "" };

/** The numbers among the options, and the least that each may be. */
const least = { tailLines: 0, limitBytes: 1, sinceSeconds: 1 } as const;

function logOptions({ query }: Exchange, pod: KubeObject): Omit<LogOptions, "signal"> {
  const numbers = Object.entries(least).flatMap(([key, bound]) => {
    const value = query.integer(key);
    return value === undefined ? [] : [{ key, value, bound }];
  });
  const sinceTime = query.text("sinceTime");
  if (sinceTime && Number.isNaN(Date.parse(sinceTime))) {
    const quoted = JSON.stringify(sinceTime);
    throw badRequest(`parsing time ${quoted} as "2006-01-02T15:04:05Z07:00": cannot parse ${quoted} as "2006"`);
  }
  const isTwice = sinceTime !== "" && query.text("sinceSeconds") !== "";
  const tooSmall = numbers.filter(({ key, value, bound }) => value < bound && !(isTwice && key === "sinceSeconds"));
  const causes = [
    ...tooSmall.map(({ key, value, bound }) =>
      invalidValue(key, value, `must be greater than ${bound === 0 ? "or equal to " : ""}0`),
    ),
    ...(isTwice ? [forbiddenField("[]", "at most one of `sinceTime` or `sinceSeconds` may be specified")] : []),
    ...(query.text("stream") ? [forbiddenField("stream", "may not be specified")] : []),
  ];
  if (causes.length > 0) throw invalid(named, pod.metadata.name ?? "", causes);
  return {
    container: containerOf(pod, query.text("container")),
    follow: query.flag("follow") === true,
    previous: query.flag("previous") === true,
    timestamps: query.flag("timestamps") === true,
    ...Object.fromEntries(numbers.map(({ key, value }) => [key, value])),
    ...(sinceTime ? { sinceTime } : {}),
  };
}

/** The container that is asked for, or the only one. */
function containerOf(pod: KubeObject, asked: string): string {
  const name = pod.metadata.name ?? "";
  const containers = valuesAt(pod, "spec.containers[*].name") as readonly string[];
  const init = valuesAt(pod, "spec.initContainers[*].name") as readonly string[];
  if (asked !== "") {
    if ([...containers, ...init].includes(asked)) return asked;
    throw badRequest(`container ${asked} is not valid for pod ${name}`);
  }
  const preferred = pod.metadata.annotations?.["kubectl.kubernetes.io/default-container"];
  if (preferred && containers.includes(preferred)) return preferred;
  const [only = ""] = containers;
  if (containers.length === 1) return only;
  const initial = init.length === 0 ? "" : ` or one of the init containers: [${init.join(" ")}]`;
  const choice = `choose one of: [${containers.join(" ")}]${initial}`;
  throw badRequest(`a container name must be specified for pod ${name}, ${choice}`);
}
