import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { ApiError } from "../../client.ts";
import { badRequest, noSuchResource } from "../refusal.ts";
import type { Place } from "../server.ts";
import type { JsonMap } from "../stored-object.ts";
import { listAt, textAt } from "../validation/causes.ts";
import type { Exchange } from "./exchange.ts";

/** Where a proxied request goes. */
interface Target {
  readonly scheme: string;
  readonly host: string;
  readonly port: number;
}

/** Passes a request on to a pod, or to a ready endpoint of a service: `[scheme:]name[:port]`. */
export async function proxy(exchange: Exchange, place: Place, rest: string): Promise<void> {
  const { scheme, name, port } = readName(place.name);
  const exact = { ...place, name };
  const target =
    place.resource.qualifiedName === "pods" ? podTarget(exchange, exact, port) : serviceTarget(exchange, exact, port);
  if (rest === "") {
    const { pathname, search } = exchange.url;
    exchange.response.writeHead(301, { location: `${pathname}/${search}` }).end();
    return;
  }
  await pass(exchange, { ...target, scheme }, rest);
}

function readName(text: string): { readonly scheme: string; readonly name: string; readonly port: string } {
  const parts = text.split(":");
  const [scheme, name = "", port = ""] = parts.length === 3 ? parts : ["http", ...parts];
  if (parts.length > 3 || !["http", "https", ""].includes(scheme ?? "")) {
    throw badRequest(`invalid service request ${JSON.stringify(text)}`);
  }
  return { scheme: scheme || "http", name, port };
}

function unavailable(message: string): ApiError {
  return new ApiError(503, "ServiceUnavailable", message);
}

function dialed({ hooks }: Exchange, ip: string, port: number): Omit<Target, "scheme"> {
  return hooks?.dial(ip, port) ?? { host: ip, port };
}

function podTarget(exchange: Exchange, place: Place, port: string): Omit<Target, "scheme"> {
  const pod = exchange.api.get(place);
  const ports = listAt(pod.spec, "containers").flatMap((container) => listAt(container, "ports"));
  const found = port === "" ? ports[0] : ports.find((candidate) => candidate["name"] === port);
  const number = /^\d+$/.test(port) ? Number(port) : Number(found?.["containerPort"] ?? 80);
  const ip = textAt(pod.status, "podIP");
  if (ip === "") throw badRequest("address not allowed");
  return dialed(exchange, ip, number);
}

function serviceTarget(exchange: Exchange, place: Place, port: string): Omit<Target, "scheme"> {
  const { api } = exchange;
  const service = api.get(place);
  const ports = listAt(service.spec, "ports");
  const none = unavailable(`no endpoints available for service ${JSON.stringify(place.name)}`);
  const wanted =
    port === "" && ports.length === 1
      ? ports[0]
      : ports.find((candidate) => (candidate["name"] ?? "") === port || String(Number(candidate["port"])) === port);
  if (!wanted)
    throw port === ""
      ? none
      : unavailable(`no service port ${JSON.stringify(port)} found for service ${JSON.stringify(place.name)}`);
  const slices = api.store
    .list("endpointslices.discovery.k8s.io", `${place.namespace}/`)
    .filter(({ metadata }) => metadata.labels?.["kubernetes.io/service-name"] === place.name);
  const points = slices.flatMap((slice) => {
    const number = listAt(slice, "ports").find((candidate) => (candidate["name"] ?? "") === (wanted["name"] ?? ""))?.[
      "port"
    ];
    if (typeof number !== "number") return [];
    return readyAddresses(listAt(slice, "endpoints")).map((ip) => ({ ip, port: number }));
  });
  const chosen = points[Math.floor(Math.random() * points.length)];
  if (!chosen) throw none;
  return dialed(exchange, chosen.ip, chosen.port);
}

function readyAddresses(endpoints: readonly JsonMap[]): readonly string[] {
  return endpoints.flatMap((endpoint) => {
    const conditions = (endpoint["conditions"] ?? {}) as JsonMap;
    return conditions["ready"] === false ? [] : ((endpoint["addresses"] ?? []) as readonly string[]).slice(0, 1);
  });
}

const hopByHop = new Set([
  "connection",
  "keep-alive",
  "transfer-encoding",
  "upgrade",
  "authorization",
  "host",
  "te",
  "trailer",
]);

function pass(exchange: Exchange, target: Target, rest: string): Promise<void> {
  const { request, response, method, url } = exchange;
  const send = target.scheme === "https" ? httpsRequest : httpRequest;
  const headers = Object.fromEntries(Object.entries(request.headers).filter(([key]) => !hopByHop.has(key)));
  return new Promise((resolve, reject) => {
    const onward = send(
      {
        host: target.host,
        port: target.port,
        method,
        path: `${rest}${url.search}`,
        headers: { ...headers, host: `${target.host}:${target.port}`, connection: "close" },
        rejectUnauthorized: false,
      },
      (answered) => {
        const kept = Object.entries(answered.headers).filter(([key]) => !hopByHop.has(key));
        response.writeHead(answered.statusCode ?? 502, Object.fromEntries(kept));
        answered.pipe(response);
        answered.once("end", resolve);
        answered.once("error", () => {
          response.destroy();
          resolve();
        });
      },
    );
    onward.once("error", (error) => {
      if (response.headersSent) {
        response.destroy();
        resolve();
      } else {
        reject(unavailable(`error trying to reach service: ${error.message}`));
      }
    });
    response.once("close", () => onward.destroy());
    request.pipe(onward);
  });
}

/** Nothing but these two kinds can be reached through the API server. */
export function mustBeProxied(place: Place): void {
  if (!["pods", "services"].includes(place.resource.qualifiedName)) throw noSuchResource();
}
