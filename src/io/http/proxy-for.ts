import { BlockList, isIP } from "node:net";

/** Environment variables by name. */
type Environment = { readonly [name: string]: string | undefined };

/**
 * The proxy that the environment names for a URL, by the usual variables: HTTPS_PROXY or HTTP_PROXY by the URL's scheme, unless
 * NO_PROXY names the host (names with what is below them, addresses, CIDR blocks, `*`; each with a port or without), or it is
 * this machine itself. Lower case wins, as in curl.
 */
export function proxyFor(url: URL, environment: Environment): URL | undefined {
  const name = url.protocol === "https:" ? "https_proxy" : "http_proxy";
  const text = environment[name] ?? environment[name.toUpperCase()];
  if (text === undefined || text.trim() === "" || isSpared(url, environment)) return undefined;
  const given = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  return URL.canParse(given) ? new URL(given) : undefined;
}

function isSpared(url: URL, environment: Environment): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, "").toLowerCase();
  if (host === "localhost" || host.endsWith(".localhost") || host === "::1" || host.startsWith("127.")) return true;
  const port = url.port === "" ? (url.protocol === "https:" ? "443" : "80") : url.port;
  const list = environment["no_proxy"] ?? environment["NO_PROXY"] ?? "";
  return list
    .split(/[\s,]+/)
    .filter((entry) => entry !== "")
    .some((entry) => names(entry.toLowerCase(), host, port));
}

function names(entry: string, host: string, port: string): boolean {
  if (entry === "*") return true;
  if (entry.includes("/")) return holds(entry, host);
  const [, name = entry, only] = /^(\[.*\]|[^:]*):(\d+)$/.exec(entry) ?? [];
  if (only !== undefined && only !== port) return false;
  const bare = name.replace(/^\[|\]$/g, "").replace(/^\*?\./, "");
  return bare !== "" && (host === bare || host.endsWith(`.${bare}`));
}

function holds(block: string, host: string): boolean {
  const [address = "", bits = ""] = block.split("/");
  const family = (text: string): "ipv4" | "ipv6" => (isIP(text) === 6 ? "ipv6" : "ipv4");
  if (isIP(address) === 0 || isIP(host) === 0 || family(address) !== family(host)) return false;
  const length = Number(bits);
  if (!Number.isInteger(length) || length < 0 || length > (isIP(address) === 6 ? 128 : 32)) return false;
  const list = new BlockList();
  list.addSubnet(address, length, family(address));
  return list.check(host, family(host));
}
