import { access, realpath, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { makeFolder } from "../io/files/make-folder.ts";
import { outcomeWords } from "../model/record.ts";
import { shortId } from "../model/revision.ts";
import type { StatusDocument } from "../model/status-document.ts";
import { aborted, exitCodeOfEnding, Interrupted } from "./ending.ts";
import { startLocalCi } from "./local-ci.ts";
import { ProblemError } from "../model/problem.ts";
import { announce, leaveFolder, takeFolder } from "./up-file.ts";
import { openWorkshop } from "./workshop.ts";
import type { Workshop } from "./workshop.ts";
import type { World } from "./world.ts";

/** Options of `plumb up`, parsed. */
export interface UpCommandOptions {
  readonly folder: string;
  readonly statusPort?: number;
  readonly ingressPort: number;
  readonly port: number;
  readonly deadline: string;
  readonly soak: string;
}

/** Where the page is, unless someone says otherwise: the frontend's manifest names it. */
const defaultStatusPort = 8480;

/**
 * `plumb up`: everything on this machine below one folder, until it is asked to end. What Git holds stays; the cluster keeps
 * nothing and is filled from Git the next time (behaviour O4).
 */
export async function upCommand(world: World, options: UpCommandOptions): Promise<number> {
  const ending = world.ending();
  const folder = await prepareFolder(resolve(world.cwd, options.folder));
  await takeFolder(folder);
  try {
    const step = world.err.step("set up: two Git remotes, a Kubernetes of one node, an engine");
    const workshop = await openWorkshop(world, {
      folder,
      deadline: options.deadline,
      soak: options.soak,
      ingressPort: options.ingressPort,
      apiPort: options.port,
      statusPort: options.statusPort ?? (await rememberedPort(folder)),
      signal: ending,
      onRelease: (text) => {
        step.update(text);
      },
    }).catch((error: unknown) => {
      step.failed(ending.aborted ? "interrupted" : "");
      throw error;
    });
    step.done(workshop.first ? `released ${workshop.first.version}` : "went on from what Git holds");
    try {
      await stay(world, workshop, options);
    } finally {
      const end = world.err.step("end");
      await workshop.stop();
      end.done(`${folder} keeps the repositories and images; the next \`plumb up\` goes on from there`);
    }
    return exitCodeOfEnding(world);
  } finally {
    await leaveFolder(folder);
  }
}

/** Undefined lets the workshop take the port it was set up with. */
async function rememberedPort(folder: string): Promise<number | undefined> {
  return access(join(folder, "workshop.json")).then(
    () => undefined,
    () => defaultStatusPort,
  );
}

/** The folder's real path, with a mark that it is ours and that Git must not track it. */
async function prepareFolder(folder: string): Promise<string> {
  await makeFolder(folder, 0o700);
  await writeFile(join(folder, ".gitignore"), "*\n");
  const real = await realpath(folder);
  // oxlint-disable-next-line no-control-regex -- git takes no path with these in one line
  if (/[\u0000-\u001f]/.test(real)) {
    throw new ProblemError({ code: "folder", message: `${JSON.stringify(real)} cannot be used`, remedy: "rename it" });
  }
  return real;
}

async function stay(world: World, workshop: Workshop, options: UpCommandOptions): Promise<void> {
  if (world.ending().aborted) throw new Interrupted();
  const { ingressUrl, kubeconfigPath } = workshop.cluster.ready;
  const { statusUrl } = workshop.engine.ready;
  await announce(workshop.folder, { statusUrl, ingressUrl, kubeconfigPath, ...workshop.remotes });
  printWelcome(world, workshop, options);
  const endTelling = workshop.feed.follow(teller(world));
  const endCi = await startLocalCi(world, workshop);
  const part = await Promise.race([
    aborted(world.ending()).then(() => undefined),
    workshop.cluster.exited.then(() => "cluster"),
    workshop.engine.exited.then(() => "engine"),
  ]);
  await endCi();
  endTelling();
  if (part === undefined) return;
  throw new ProblemError({
    code: "part-ended",
    message: `plumb ${part} ended by itself, so everything else was ended as well`,
    remedy: `its log says why: ${join(workshop.folder, `${part}.log`)}; then start \`plumb up\` again`,
  });
}

function printWelcome({ out }: World, workshop: Workshop, { folder }: UpCommandOptions): void {
  const { ingressUrl, kubeconfigPath } = workshop.cluster.ready;
  const { statusUrl } = workshop.engine.ready;
  const own = folder === ".plumb" ? "" : ` --folder ${folder}`;
  const rows: readonly (readonly [string, string])[] = [
    ["page", statusUrl],
    ["application", ingressUrl],
    ["kubeconfig", `export KUBECONFIG=${kubeconfigPath}`],
    ["Git, application", workshop.remotes.application],
    ["Git, deployment", workshop.remotes.deployment],
  ];
  out.line();
  for (const [name, value] of rows) out.line(`${out.style("strong", name.padEnd(18))}${value}`);
  out.line();
  out.line(out.style("strong", "Three things to try"));
  out.line(`1. Deliver   git clone ${workshop.remotes.application} my-application; change its`);
  out.line("             backend/src/service.ts, commit, push to main, and watch the page");
  out.line(`2. Break     plumb drill crash-loop${own}`);
  out.line("3. Meddle    kubectl -n probe-staging scale deployment backend --replicas=5 (after the export above)");
  out.line();
  if (statusUrl !== `http://127.0.0.1:${workshop.plannedStatusPort}/`) {
    out.line(
      `The frontend's manifest names port ${workshop.plannedStatusPort} as the page's; change STATUS_URL there.`,
    );
  }
  out.line("Ctrl-C ends everything; so does `plumb down` in another terminal.");
}

/** Prints a line whenever an application's delivery says something new. */
function teller(world: World): (document: StatusDocument) => void {
  const told = new Map<string, string>();
  return ({ applications }) => {
    for (const { id, wanted, outcome, message } of applications) {
      const line = `${id}  ${shortId(wanted.revision.commit)}  ${message}`;
      if (told.get(id) === `${outcome} ${wanted.revision.commit}`) continue;
      told.set(id, `${outcome} ${wanted.revision.commit}`);
      const style = outcome === "healthy" ? "good" : outcome === "progressing" ? "quiet" : "bad";
      world.out.line(`${world.out.style(style, outcomeWords[outcome].padEnd(12))}${line}`);
    }
  };
}
