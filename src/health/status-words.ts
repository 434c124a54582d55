/** What a word of a status means for health, whatever kind of object it stands in. */
export type WordMeaning = "bad" | "busy" | "rests" | "good";

const bad = set(`fail failed failing failure failures error errors errored err degraded invalid unhealthy lost missing
  rejected refused denied crash crashed crashing aborted broken faulted corrupted expired stalled stuck red critical
  unschedulable unrecoverable unable cannot terminated cancelled canceled`);
const busy =
  set(`progress new queued scheduled submitted requested started init unavailable unready uninitialized inactive
  incomplete unknown yellow retry requires delayed paused suspended stopped halted hibernated`);
const resting = set("paused suspended stopped halted hibernated");
const good =
  set(`ready healthy active running serving succeeded success successful successfully complete completed finished done
  available bound up online ok okay provisioned deployed established synced synchronized reconciled valid accepted applied
  installed initialized enabled attached connected normal stable green current`);
/** Words that end like something that is being done, and are not. */
const notDoing = set("running serving listening nothing existing ring string");

/** The meaning of a word like `Running`, `CREATE_FAILED`, `VMNotReady` or `Setting up primary`; undefined where none is known. */
export function meaningOf(text: string): WordMeaning | undefined {
  const words = text
    .replaceAll(/(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g, " ")
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word !== "");
  if (words[0] === "no" || words[0] === "without") return undefined;
  const has = (some: ReadonlySet<string>): boolean => words.some((word) => some.has(word));
  if (has(bad)) return "bad";
  if (words.includes("not")) return "busy";
  if (has(resting)) return "rests";
  if (has(busy) || words.some((word) => word.endsWith("ing") && !notDoing.has(word))) return "busy";
  return has(good) ? "good" : undefined;
}

function set(words: string): ReadonlySet<string> {
  return new Set(words.split(/\s+/));
}
