import type { Step } from "./trace.ts";
import type { World } from "./world.ts";

/** Whether the cluster serves what an exchange is about: a kind that was served when it was recorded, or no kind at all. */
export function isServed({ api }: World, { request, response }: Pick<Step, "request" | "response">): boolean {
  if (response.status >= 404 && response.status <= 405) return true;
  const path = request.path.split("?")[0] ?? "";
  const [, core, named, rest = ""] = /^\/(?:api\/(v1)|apis\/([^/]+\/[^/]+))\/(.+)$/.exec(path) ?? [];
  const apiVersion = core ?? named;
  if (apiVersion === undefined) return true;
  const segments = rest.replace(/^watch\//, "").split("/");
  const [first = "", , third] = segments;
  const resource = first === "namespaces" && third !== undefined ? third : first;
  const known = api.table.all().some((row) => row.apiVersion === apiVersion && row.resource === resource);
  return (
    known || first.startsWith("self") || first.endsWith("reviews") || resource === "finalize" || resource === "status"
  );
}
