import { parseCommit } from "./commit-text.ts";
import type { ObjectReader } from "./object-reader.ts";

/** So many first parents are followed; to ask git takes a process, which then looks much faster. */
const nearest = 64;

/** True when reading alone shows that `ancestor` is one, as of a commit that was just written; false says nothing. */
export async function isNearAncestor(reader: ObjectReader, ancestor: string, commit: string): Promise<boolean> {
  let at: string | undefined = commit;
  for (let steps = 0; at !== undefined && steps < nearest; steps += 1) {
    if (at === ancestor) return true;
    const object = await reader.contents(at);
    at = object?.type === "commit" ? parseCommit(at, object.content).parents[0] : undefined;
  }
  return false;
}
