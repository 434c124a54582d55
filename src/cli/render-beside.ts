import { runInThread } from "../io/thread/thread.ts";
import type { ThreadBounds } from "../io/thread/thread.ts";
import type { Application } from "../model/application.ts";
import type { Manifest } from "../model/manifest.ts";
import type { Problem, Result } from "../model/problem.ts";
import { beyondPortion, smallPortion } from "../render/limits.ts";
import { render } from "../render/render.ts";
import type { Objects, RenderAside } from "../render/render.ts";
import type { RenderGiven, RenderPart, RenderQuestion } from "./render-thread.ts";

const module = new URL("render-thread.js", import.meta.url);
/** Threads at the same time: each takes a core, and its memory. */
const mostThreads = 2;
/** Enough for 29 MiB of manifests; two of them and the engine fit into the memory that `plumb install` gives. */
const wholeThread: ThreadBounds = { memory: 192, time: 300_000 };

/**
 * Renders here what is small, as nearly all applications are, and anything else in a thread of its own: the engine's own goes
 * on with the others meanwhile, and renews its Lease (behaviours O2 and O5). Refuses what goes beyond the bounds of a thread.
 * Ends with `signal`.
 */
export function renderBeside(signal: AbortSignal, bounds = wholeThread): RenderAside {
  const inTurn = turns(mostThreads);
  return async (git, content, application, aside) => {
    const here = await render(git, content, application, smallPortion);
    if (here.ok || !here.problems.some(({ code }) => beyondPortion.has(code))) return here;
    const inThread = inTurn(async (): Promise<Result<readonly Manifest[]>> => {
      const manifests: Manifest[] = [];
      const problems: Problem[] = [];
      const beyond = await runInThread({
        module,
        what: `The rendering of ${application.id}`,
        given: [content, application] satisfies RenderGiven,
        answer: (question) => answered(git, question as RenderQuestion),
        take: (part) => {
          const taken = JSON.parse(part) as RenderPart;
          if ("problems" in taken) problems.push(...taken.problems);
          else manifests.push(...taken.manifests);
        },
        bounds,
        signal,
      });
      // The same tree takes as much the next time: to try it again would take a core for ever.
      if (beyond) return { ok: false, problems: [tooCostly(application, beyond, bounds)] };
      return problems.length > 0 ? { ok: false, problems } : { ok: true, value: manifests };
    });
    return aside(inThread);
  };
}

function tooCostly({ path }: Application, beyond: keyof ThreadBounds, { memory, time }: ThreadBounds): Problem {
  const most = beyond === "memory" ? `${memory} MiB of memory` : `${time / 1000} s`;
  return {
    code: "manifests-too-large",
    message: `Rendering ${path} takes more than ${most}, which is the most that one application may take.`,
    where: { file: path },
    remedy: "Split it into several applications.",
  };
}

function answered(git: Objects, question: RenderQuestion): Promise<unknown> {
  return "list" in question ? git.list(...question.list) : git.blobs(question.blobs);
}

/** Does work at most so many at a time; the others wait in the order in which they came. */
function turns(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
