import { join } from "node:path";
import type { Git } from "../io/git/git.ts";
import { formatProblem } from "../model/problem.ts";
import type { Problem } from "../model/problem.ts";
import type { StatusDocument } from "../model/status-document.ts";
import { statusText, summaryLine, withoutControls } from "../status/text.ts";
import { aborted } from "./ending.ts";
import { StatusFeed } from "./feed.ts";
import { LiveScreen } from "./live-screen.ts";
import { LogFeed, readLog } from "./log-feed.ts";
import { runningUp } from "./up-file.ts";
import { exitCodes } from "./world.ts";
import type { World } from "./world.ts";

/** How a status is shown as it changes. */
interface View {
  show(document: StatusDocument): void;
  /** The source cannot be read at the moment, and why; undefined once it can again. */
  trouble(problem: Problem | undefined): void;
  close(): void;
}

/**
 * Shows what is delivered and every change of it until Ctrl-C: drawn over in a terminal, elsewhere a line for each application that
 * says something new, or a document each time as JSON. Learns of changes from the engine of a `plumb up` in this folder, where
 * that is whose repository it is, and else from the delivery log. Rejects with `ProblemError` where there is no log to begin with.
 */
export async function watchStatus(world: World, git: Git, url: string, isJson: boolean): Promise<number> {
  const first = await readLog(git);
  const view = isJson ? documents(world) : (onScreen(world) ?? inLines(world));
  view.show(first);
  let shownAt = first.generatedAt;
  const feed = open(world, git, url, view);
  const endFollowing = feed.follow((document) => {
    if (document.generatedAt !== shownAt) view.show(document);
    shownAt = document.generatedAt;
  });
  await aborted(world.ending());
  endFollowing();
  feed.close();
  view.close();
  await feed.settled();
  return exitCodes.interrupted;
}

function open(world: World, git: Git, url: string, view: View) {
  const up = runningUp(join(world.cwd, ".plumb"))?.ready;
  if (up?.deployment !== url) {
    return new LogFeed(git, world.ending(), { onTrouble: (problem) => view.trouble(problem) });
  }
  const feed = new StatusFeed(up.statusUrl, world.ending());
  return {
    follow: (listener: (document: StatusDocument) => void) => feed.follow(listener),
    close: () => feed.close(),
    settled: () => Promise.resolve(),
  };
}

function documents({ out, err }: World): View {
  return {
    show: (document) => out.line(JSON.stringify(document)),
    trouble: (problem) => problem && err.line(formatProblem(problem)),
    close: () => undefined,
  };
}

/** A line when an application says something new: for logs and for those who cannot see a screen. */
function inLines({ out, err }: World): View {
  const told = new Map<string, string>();
  const style = out.style.bind(out);
  let troubled = "";
  return {
    show({ applications, generatedAt }) {
      for (const application of applications) {
        const line = summaryLine(application, style);
        if (told.get(application.id) !== line) out.line(`${generatedAt.slice(0, 19)}Z  ${line}`);
        told.set(application.id, line);
      }
    },
    trouble(problem) {
      const text = problem ? withoutControls(formatProblem(problem)) : "";
      if (text !== troubled) err.line(problem ? text : "the delivery log can be read again");
      troubled = text;
    },
    close: () => undefined,
  };
}

/** The whole of the terminal; undefined where there is none. Ages are told anew every second. */
function onScreen({ out, clock }: World): View | undefined {
  const door = out.screen();
  if (!door) return undefined;
  const screen = new LiveScreen(door);
  const style = out.style.bind(out);
  let shown: StatusDocument | undefined;
  let problem: Problem | undefined;
  const draw = (): void => {
    if (!shown) return;
    const text = (history: number): string[] =>
      statusText(shown as StatusDocument, { style, nowMs: clock.now(), history }).split("\n");
    const head = problem ? [style("bad", withoutControls(formatProblem(problem))), ""] : [];
    const fits = [text(5), text(0)].find((lines) => head.length + lines.length <= door.size().rows);
    const lines = fits ?? [
      ...text(0).slice(0, 1),
      "",
      ...byNeed(shown).map((application) => summaryLine(application, style)),
    ];
    screen.draw([...head, ...lines]);
  };
  const timer = setInterval(draw, 1000);
  return {
    show(document) {
      shown = document;
      draw();
    },
    trouble(found) {
      problem = found;
      draw();
    },
    close() {
      clearInterval(timer);
      screen.close();
    },
  };
}

/** Those that are not as they must be first. */
function byNeed({ applications }: StatusDocument): StatusDocument["applications"] {
  return applications.toSorted((a, b) => Number(a.inSync) - Number(b.inSync));
}
