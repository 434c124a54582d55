import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import type { Drill, DrillFiles } from "../../drills/drill.ts";
import { ProblemError } from "../model/problem.ts";
import { outcomeWords } from "../model/record.ts";
import { shortId } from "../model/revision.ts";
import type { ApplicationStatus, StatusDocument } from "../model/status-document.ts";
import type { Feed } from "./log-feed.ts";
import type { Observations } from "./observations.ts";
import type { WorkingCopy } from "./working-copy.ts";
import type { World } from "./world.ts";

/** What a drill runs with. */
export interface DrillRun {
  readonly world: World;
  readonly drill: Drill;
  readonly feed: Feed;
  /** A clone of the deployment repository. */
  readonly copy: WorkingCopy;
  readonly observations: Observations;
  /** The application's directory. */
  readonly path: string;
  readonly timeoutMs: number;
}

/** Commits the fault, waits for what must follow, and heals where the drill says that a person does. */
export async function runDrill(run: DrillRun): Promise<void> {
  const { world, drill, feed, copy, observations, path, timeoutMs } = run;
  await mustBeHealthy(run);
  const files = await readFiles(join(copy.folder, path), path);
  const step = world.err.step(`${drill.name}: ${drill.title}`);
  const end = feed.follow((document) => {
    step.update(application(document, path)?.message ?? "");
  });
  try {
    for (const [name, text] of inject(drill, files, path)) {
      const target = join(copy.folder, path, name);
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, text);
    }
    const commit = await copy.commitAndPush(`Drill: ${drill.name}`);
    const ended = await feed.until(
      `the delivery of ${shortId(commit)} is decided`,
      (document) => outcomeOf(application(document, path), commit) !== undefined,
      timeoutMs,
    );
    const outcome = outcomeOf(application(ended, path), commit);
    observations.note("the drill's commit", drill.expect.outcome, outcome?.outcome ?? "nothing");
    if (drill.expect.reason) {
      const sentence = outcome?.message ?? "";
      observations.note(
        "why, in one sentence",
        String(drill.expect.reason),
        sentence,
        drill.expect.reason.test(sentence),
      );
    }
    await heal(run, commit, outcome?.outcome);
    step.done(outcome?.message ?? "");
  } catch (error) {
    step.failed("");
    throw error;
  } finally {
    end();
  }
}

/** A drill on something that is broken already would prove nothing. */
async function mustBeHealthy({ feed, path, timeoutMs }: DrillRun): Promise<void> {
  const document = await feed.until("the status is there", () => true, Math.min(timeoutMs, 30_000));
  const found = application(document, path);
  if (found?.outcome === "healthy") return;
  const known = document.applications.map(({ id }) => id).join(", ") || "none";
  throw new ProblemError({
    code: found ? "not-healthy" : "application-unknown",
    message: found
      ? `${path} is ${outcomeWords[found.outcome]}: ${found.message}`
      : `no application ${path} is delivered`,
    remedy: found ? "drill when it is healthy" : `name one with --path (there is: ${known})`,
  });
}

async function readFiles(folder: string, path: string): Promise<DrillFiles> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => {
    throw new ProblemError({
      code: "path-not-found",
      message: `main of the deployment repository has no folder ${path}`,
      remedy: "name the application's directory with --path",
    });
  });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const texts = files.map(async (file) => [relative(folder, file), await readFile(file, "utf8")] as const);
  return new Map(await Promise.all(texts));
}

/** What the drill itself refuses is about the application's files. */
function inject(drill: Drill, files: DrillFiles, path: string): DrillFiles {
  try {
    return drill.inject(files);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new ProblemError({ code: "drill-does-not-fit", message, where: { file: path } }, error);
  }
}

interface Ended {
  readonly outcome: string;
  readonly message: string;
}

/** Where the delivery of a commit ended, in the words of a drill; undefined while it goes on. */
function outcomeOf(status: ApplicationStatus | undefined, commit: string): Ended | undefined {
  const past = status?.history.find(({ revision }) => revision.commit === commit);
  if (past === undefined || past.outcome === "progressing" || past.outcome === "failed") return undefined;
  return { outcome: past.outcome === "healthy" ? "delivered" : past.outcome, message: past.message };
}

async function heal({ drill, feed, copy, observations, path, timeoutMs }: DrillRun, commit: string, outcome?: string) {
  if (drill.heal === "revert") {
    await copy.pull();
    await copy.git("revert", "--no-edit", commit);
    await copy.git("push", "--quiet", "origin", "main");
    const undone = await copy.git("rev-parse", "HEAD");
    await feed.until(
      "the commit that puts it back is healthy",
      (document) => isHealthyAt(application(document, path), undone),
      timeoutMs,
    );
    observations.note("afterwards", "healthy", "healthy");
  } else if (outcome === "rolled-back") {
    await feed.until(
      "the rollback is healthy",
      (document) => {
        const status = application(document, path);
        return status?.wanted.revision.undoes === commit && status.outcome === "healthy";
      },
      timeoutMs,
    );
    await copy.pull();
    const same = (await copy.git("rev-parse", `HEAD:${path}`)) === (await copy.git("rev-parse", `${commit}~:${path}`));
    observations.note("afterwards", "healthy", "healthy");
    observations.note("the rollback's tree", "as before the drill", same ? "as before the drill" : "another");
  }
}

function isHealthyAt(status: ApplicationStatus | undefined, commit: string): boolean {
  return status?.wanted.revision.commit === commit && status.outcome === "healthy";
}

function application(document: StatusDocument, path: string): ApplicationStatus | undefined {
  return document.applications.find(({ id }) => id === path);
}
