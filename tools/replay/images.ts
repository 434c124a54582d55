import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeLayout } from "../../cluster/node/layout-in-test.ts";

/** Answers 200 to /index.html, as the recorded httpd, and 404 to all else. */
const web = `
require("node:http")
  .createServer(({ url }, response) => response.writeHead(url === "/" || url === "/index.html" ? 200 : 404).end())
  .listen(8080);
`;

/** Answers what was asked of which pod, as the recorded echo; it leaves the content type to who passes it on. */
const echo = `
const { HOSTNAME: pod, VERSION: version } = process.env;
require("node:http")
  .createServer(({ url: path }, response) => response.end(JSON.stringify({ version, pod, path })))
  .listen(8080);
`;

/** The images that recordings name; busybox is this machine's own shell and coreutils. */
export const images = ["web:v1", "web:v2", "node:20", "busybox:1.35"].map((name) => `registry.example/${name}`);

let layout: Promise<string> | undefined;

/** An OCI layout of stand-ins for the recorded images, written once and gone with this process. */
export function imageLayout(): Promise<string> {
  layout ??= write();
  return layout;
}

async function write(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "replay-images-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  await writeLayout(
    folder,
    images.map((ref) => {
      const config = { Env: ["PATH=/bin"], WorkingDir: "/" };
      if (ref.includes("busybox")) return { ref, layers: [], config: { ...config, Cmd: ["sh"] } };
      const text = ref.includes("web") ? web : echo;
      const served = { ...config, WorkingDir: "/app", Entrypoint: ["node", "main.js"] };
      return { ref, layers: [[{ name: "app/main.js", text }]], config: served };
    }),
  );
  return folder;
}
