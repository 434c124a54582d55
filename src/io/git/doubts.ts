import { ProblemError } from "../../model/problem.ts";
import type { Problem } from "../../model/problem.ts";
import { fetchAnew } from "./fetch.ts";
import type { FetchTarget } from "./fetch.ts";

/** What a mirror that has lost something, or holds it in pieces, lets its readers fail with. */
const doubtful: ReadonlySet<string> = new Set(["object-missing", "git-failed", "git-ended"]);

/**
 * What readers of a mirror have stumbled over, until it is known whether the mirror is to blame: a fetch that brings nothing
 * new does not look at what was here before, so a mirror that a power cut or a bad disk has damaged would stay so for ever.
 */
export class Doubts {
  readonly #open = new Set<string>();
  /** Those for which the mirror was looked over in vain: that is done once for each. */
  readonly #settled = new Set<string>();

  /** The same methods; what they reject with is kept in mind. */
  hearing<Methods extends object>(methods: Methods): Methods {
    const heard = Object.entries(methods).map(([name, method]: [string, (...args: unknown[]) => Promise<unknown>]) => {
      const hears = (...args: unknown[]): Promise<unknown> =>
        method(...args).catch((error: unknown) => {
          if (error instanceof ProblemError) this.hear(error.problem);
          throw error;
        });
      return [name, hears];
    });
    return Object.fromEntries(heard) as Methods;
  }

  /** Makes the mirror anew where there was reason for doubt and it is damaged indeed; answers why that did not succeed. */
  async settle(target: FetchTarget, signal?: AbortSignal): Promise<Problem | undefined> {
    const news = [...this.#open].filter((doubt) => !this.#settled.has(doubt));
    this.#open.clear();
    if (news.length === 0) return undefined;
    if (!(await isSound(target))) {
      const problem = await fetchAnew(target, signal);
      if (problem !== undefined || (await isSound(target))) return problem;
    }
    // The mirror is not to blame, or the remote repository is no better: neither is mended by fetching it again and again.
    for (const doubt of news) this.#settled.add(doubt);
    return undefined;
  }

  /** Keeps in mind what may be the mirror's fault. */
  hear({ code, message }: Problem): void {
    if (doubtful.has(code)) this.#open.add(message);
  }
}

/** True when every object of the mirror is there and is what its id says. */
async function isSound({ git, timeoutMs }: FetchTarget): Promise<boolean> {
  return (await git.run(["fsck", "--no-dangling", "--no-progress", "--no-reflogs"], { timeoutMs })).code === 0;
}
