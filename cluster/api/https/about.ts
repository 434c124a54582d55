import { type Answer, type Exchange, json, plain } from "./exchange.ts";

const checks = ["ping", "log", "etcd", "poststarthook/start-apiextensions-controllers"];

/** Answers /version, /healthz, /livez and /readyz; undefined for any other path. */
export function about({ url }: Exchange): Answer | undefined {
  const path = url.pathname.replace(/\/$/, "");
  if (path === "/version") return json(200, version);
  const [, root = "", ...rest] = path.split("/");
  if (root !== "healthz" && root !== "livez" && root !== "readyz") return undefined;
  const check = rest.join("/");
  if (check !== "") return checks.includes(check) ? plain(200, "ok") : plain(404, "404 page not found\n");
  if (!url.searchParams.has("verbose")) return plain(200, "ok");
  const excluded = url.searchParams.getAll("exclude");
  const lines = checks.map((name) => `[+]${name} ${excluded.includes(name) ? "excluded: ok" : "ok"}`);
  const wrong = excluded.filter((name) => !checks.includes(name)).map((name) => `"${name}"`);
  const warning =
    wrong.length === 0 ? [] : [`warn: some health checks cannot be excluded: no matches for ${wrong.join(",")}`];
  return plain(200, [...lines, ...warning, `${root} check passed`, ""].join("\n"));
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
