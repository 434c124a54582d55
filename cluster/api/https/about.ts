import { dataFile } from "../data-file.ts";
import { mustRead, servedBy } from "./discovery.ts";
import { type Answer, type Exchange, json, pageNotFound, plain } from "./exchange.ts";

/** Answers the root, /version, /healthz, /livez and /readyz; undefined for any other path. */
export function about(exchange: Exchange): Answer | undefined {
  const { pathname } = exchange.url;
  if (pathname === "/") return json(200, { paths: rootPaths(exchange) });
  if (/^\/version\/?$/.test(pathname)) {
    mustRead(exchange);
    return json(200, version);
  }
  const [, root = "", ...rest] = pathname.split("/");
  if (!healthRoots.includes(root)) return undefined;
  return pathname.endsWith("/") ? pageNotFound : health(exchange, root, rest.join("/"));
}

const healthRoots = ["healthz", "livez", "readyz"];

let hooks: readonly string[] | undefined;

/** The checks of a Kubernetes API server. This one listens when everything is ready, so that all of them are met. */
function checksOf(root: string): readonly string[] {
  hooks ??= dataFile<readonly string[]>("health-checks.json");
  return root === "readyz" ? ["ping", "log", "informer-sync", ...hooks, "shutdown"] : ["ping", "log", "etcd", ...hooks];
}

function health({ query }: Exchange, root: string, check: string): Answer {
  const checks = checksOf(root);
  if (check !== "") return checks.includes(check) ? plain(200, "ok") : pageNotFound;
  if (query.flag("verbose") === undefined) return plain(200, "ok");
  const excluded = query.all("exclude");
  const lines = checks.map((name) => `[+]${name} ${excluded.includes(name) ? "excluded: ok" : "ok"}`);
  const unknown = excluded.filter((name) => !checks.includes(name)).map((name) => JSON.stringify(name));
  const matches = `no matches for ${unknown.join(",")}`;
  if (unknown.length > 0) lines.push(`warn: some health checks cannot be excluded: ${matches}`);
  return plain(200, [...lines, `${root} check passed`, ""].join("\n"));
}

function rootPaths({ api }: Exchange): readonly string[] {
  const groups = [...servedBy(api.table)].flatMap(([group, versions]) =>
    group === "" ? [] : [`/apis/${group}`, ...[...versions.keys()].map((served) => `/apis/${group}/${served}`)],
  );
  const checks = healthRoots.flatMap((root) => [`/${root}`, ...checksOf(root).map((check) => `/${root}/${check}`)]);
  const openapi = ["/openapi/v2", "/openapi/v3", "/openapi/v3/"];
  return ["/api", "/api/v1", "/apis", "/apis/", ...groups, ...checks, ...openapi, "/version"].sort();
}

const version = {
  major: "1",
  minor: "34",
  emulationMajor: "1",
  emulationMinor: "34",
  minCompatibilityMajor: "1",
  minCompatibilityMinor: "33",
  gitVersion: "v1.34.0+plumbline",
  gitCommit: "unknown",
  gitTreeState: "clean",
  buildDate: "1970-01-01T00:00:00Z",
  goVersion: "none",
  compiler: "tsc",
  platform: `${process.platform}/${process.arch === "x64" ? "amd64" : process.arch}`,
};
