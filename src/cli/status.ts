import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { existsSync } from "node:fs";
import { logBranch } from "../history/delivery-log.ts";
import type { Git } from "../io/git/git.ts";
import { openMirror } from "../io/git/mirror.ts";
import { ProblemError } from "../model/problem.ts";
import type { StatusDocument } from "../model/status-document.ts";
import { statusText } from "../status/text.ts";
import { WorkingCopy } from "./working-copy.ts";
import { exitCodes } from "./world.ts";
import type { World } from "./world.ts";

/** Options of `plumb status`, as the command line gives them. */
export interface StatusCommandOptions {
  readonly repository: string;
  readonly watch?: boolean;
  readonly json?: boolean;
}

/**
 * `plumb status`: what is delivered, read from the delivery log alone; no access to a cluster is needed (behaviour V1). Exit
 * code 0 when everything is healthy, 1 otherwise.
 */
export async function statusCommand(world: World, options: StatusCommandOptions): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "plumb-status-"));
  try {
    const url = await remoteOf(world, options.repository);
    const git = await openMirror({ url, folder: join(folder, "mirror.git"), environment: world.env });
    try {
      return options.watch === true ? await watch(world, git, options) : await once(world, git, options);
    } finally {
      git.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A clone stands for the remote it came from: that is where the engine writes its log. */
async function remoteOf(world: World, repository: string): Promise<string> {
  const folder = resolve(world.cwd, repository);
  if (!existsSync(join(folder, ".git"))) return repository;
  return new WorkingCopy(folder, world.env).git("remote", "get-url", "origin").catch(() => folder);
}

async function once(world: World, git: Git, options: StatusCommandOptions): Promise<number> {
  const document = await readDocument(git);
  print(world, document, options);
  return document.applications.every(({ inSync }) => inSync) ? exitCodes.done : exitCodes.failed;
}

/** Prints again whenever the log says something new, until Ctrl-C. */
async function watch(world: World, git: Git, options: StatusCommandOptions): Promise<number> {
  let shown = "";
  let showing = Promise.resolve();
  const show = (): void => {
    showing = showing.then(async () => {
      const document = await readDocument(git);
      if (document.generatedAt === shown) return;
      shown = document.generatedAt;
      print(world, document, options);
    });
  };
  const endWatch = git.onLocalPush(show);
  const timer = setInterval(show, 5000);
  show();
  await new Promise((resolve) => process.once("SIGINT", resolve));
  clearInterval(timer);
  endWatch();
  await showing;
  return exitCodes.done;
}

function print(world: World, document: StatusDocument, options: StatusCommandOptions): void {
  if (options.json === true) {
    world.out.line(JSON.stringify(document));
    return;
  }
  const style = world.out.style.bind(world.out);
  world.out.line(statusText(document, { style, nowMs: world.clock.now(), history: 8 }));
}

async function readDocument(git: Git): Promise<StatusDocument> {
  const fetched = await git.fetch();
  if (!fetched.ok) throw new ProblemError(fetched.problem);
  const head = await git.branch(logBranch);
  const found = head === undefined ? undefined : await git.find(head, "status.json");
  const content = found && (await git.blobs([found.id])).get(found.id);
  if (content) return JSON.parse(content.toString("utf8")) as StatusDocument;
  throw new ProblemError({
    code: "no-delivery-log",
    message: `${git.url} has no delivery log: no engine has delivered from it yet`,
    remedy: "name the deployment repository with --repository, or start `plumb engine` on it",
  });
}
