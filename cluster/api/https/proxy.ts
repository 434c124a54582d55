import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { ApiError } from "../../client.ts";
import { badRequest } from "../refusal.ts";
import type { Place } from "../server.ts";
import { valuesAt } from "../table/json-path.ts";
import type { Exchange, ResourcePath } from "./exchange.ts";

/** A place as the path of a proxy names it, `[scheme:]name[:port]`. */
interface Named {
  readonly place: Place;
  readonly scheme: string;
  readonly port: string;
}

/** An address of a pod. */
interface Address {
  readonly ip: string;
  readonly port: number;
}

/** Any verb on pods/proxy and services/proxy: passes the request on to the pod, or to a ready endpoint of the service. */
export async function proxy(exchange: Exchange, place: Place, { rest }: ResourcePath): Promise<undefined> {
  const { method, request, response, url } = exchange;
  const named = namedBy(place);
  const address = place.resource.resource === "pods" ? podAddress(exchange, named) : serviceAddress(exchange, named);
  if (rest === "" && ["GET", "HEAD"].includes(method)) {
    response.writeHead(301, { location: `${url.pathname}/${url.search}` }).end();
    return undefined;
  }
  if (Number.isNaN(address.port)) {
    // Kubernetes takes the name of a port for a part of the URL, stumbles over it and hangs up.
    request.socket.destroy();
    return undefined;
  }
  await pass(exchange, named.scheme, address, rest === "" ? "/" : rest);
  return undefined;
}

function namedBy(place: Place): Named {
  const parts = place.name.split(":");
  const [scheme = "", name = "", port = ""] = parts.length === 3 ? parts : ["", ...parts];
  if (parts.length > 3 || name === "" || !["http", "https", ""].includes(scheme)) {
    throw badRequest(`invalid ${place.resource.singular} request ${JSON.stringify(place.name)}`);
  }
  return { place: { ...place, name }, scheme, port };
}

function podAddress({ api }: Exchange, { place, port }: Named): Address {
  const pod = api.get(place);
  const ip = valuesAt(pod, "status.podIP")[0];
  if (typeof ip !== "string") throw badRequest("address not allowed");
  return { ip, port: Number(port || (valuesAt(pod, "spec.containers[*].ports[*].containerPort")[0] ?? 80)) };
}

function serviceAddress({ api }: Exchange, { place, port }: Named): Address {
  const service = api.get(place);
  let portName: unknown = port;
  if (/^\d+$/.test(port)) {
    const ports = valuesAt(service, "spec.ports[*]") as readonly { port?: number; name?: string }[];
    const found = ports.find((candidate) => candidate.port === Number(port));
    if (!found) throw unavailable(`no service port ${port} found for service ${JSON.stringify(place.name)}`);
    portName = found.name ?? "";
  }
  const resource = api.resource({ group: "", resource: "endpoints" });
  const points = valuesAt(api.get({ ...place, resource }), "subsets[*]").flatMap((subset) => {
    const ports = valuesAt(subset, "ports[*]") as readonly { port: number; name?: string }[];
    const number = ports.find(({ name = "" }) => name === portName)?.port;
    const ips = valuesAt(subset, "addresses[*].ip") as readonly string[];
    return number === undefined ? [] : ips.map((ip) => ({ ip, port: number }));
  });
  const chosen = points[Math.floor(Math.random() * points.length)];
  if (chosen) return chosen;
  const asked = port === "" || /^\d+$/.test(port) ? place.name : `${place.name}:${port}`;
  throw unavailable(`no endpoints available for service ${JSON.stringify(asked)}`);
}

function unavailable(message: string): ApiError {
  return new ApiError(503, "ServiceUnavailable", message);
}

/** Headers that are about one connection, or for this server alone. */
const ownHeaders = /^(connection|keep-alive|transfer-encoding|upgrade|authorization|host|te|trailer)$/;

function pass(exchange: Exchange, scheme: string, address: Address, rest: string): Promise<void> {
  const { request, response, method, url, hooks } = exchange;
  const { host, port } = hooks?.dial(address.ip, address.port) ?? { host: address.ip, port: address.port };
  const send = scheme === "https" ? httpsRequest : httpRequest;
  const kept = (headers: object): object =>
    Object.fromEntries(Object.entries(headers).filter(([key]) => !ownHeaders.test(key)));
  const options = {
    host,
    port,
    method,
    path: `${encodeURI(rest)}${url.search}`,
    headers: { ...kept(request.headers), host: `${host}:${port}`, connection: "close" },
    rejectUnauthorized: false,
  };
  return new Promise((resolve, reject) => {
    const onward = send(options, (answered) => {
      answered.once("readable", () => {
        const first = answered.read() as Buffer | null;
        response.writeHead(answered.statusCode ?? 502, { ...guessedType(first), ...kept(answered.headers) });
        if (first) response.write(first);
        answered.pipe(response);
      });
      answered.once("end", resolve);
      answered.once("error", () => response.destroy());
      answered.once("close", resolve);
    });
    onward.once("error", (error: NodeJS.ErrnoException) => {
      if (!response.headersSent) {
        reject(unavailable(`error trying to reach service: ${reasonOf(error, address)}`));
      } else {
        response.destroy();
        resolve();
      }
    });
    response.once("close", () => onward.destroy());
    request.pipe(onward);
  });
}

/** What Go's server says that a body is of which nobody said it. */
function guessedType(first: Buffer | null): object {
  if (!first) return {};
  const beginning = first.subarray(0, 512).toString("latin1");
  // oxlint-disable-next-line no-control-regex -- control characters are what tells bytes from text
  if (/[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]/.test(beginning)) return { "content-type": "application/octet-stream" };
  const isHtml = /^\s*<(!doctype html|html|head|body|script|div|p|a|h1|table|title|style|br|!--)[\s>]/i.test(beginning);
  return { "content-type": `text/${isHtml ? "html" : "plain"}; charset=utf-8` };
}

/** Why a pod could not be reached, as Go's network says it. */
function reasonOf({ code = "", message }: NodeJS.ErrnoException, { ip, port }: Address): string {
  if (code === "EPROTO" || code.startsWith("ERR_SSL")) return "tls: first record does not look like a TLS handshake";
  const known = reasons[code];
  return known === undefined ? message : `dial tcp ${ip}:${port}: ${known}`;
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connect: connection refused",
  EHOSTUNREACH: "connect: no route to host",
  ENETUNREACH: "connect: network is unreachable",
  ETIMEDOUT: "i/o timeout",
};
