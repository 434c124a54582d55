import { refLabel } from "../../model/object-ref.ts";
import { formatProblem } from "../../model/problem.ts";
import { outcomeWords } from "../../model/record.ts";
import { shortId } from "../../model/revision.ts";
import { withoutControls } from "../../status/text.ts";
import { fieldText, marks, objectText } from "../plan/words.ts";
import type { Style } from "../terminal.ts";
import type { Cause, CauseCommit, Explanation } from "./explanation.ts";

type Paint = (style: Style, text: string) => string;

/** A delivery in the order of its story: what changed, what was applied, why it failed, what was done, what can be done. */
export function explainText(untrusted: Explanation, style: Paint): readonly string[] {
  const story = withoutControls(untrusted);
  const { application, outcome, revision, message, delivery, cause, next, now } = story;
  const tone = outcome === "healthy" ? "good" : outcome === "progressing" ? "strong" : "bad";
  const title = `${style("strong", application)}  ${style(tone, outcomeWords[outcome])}  ${message}`;
  return [
    title,
    style("quiet", `delivery ${delivery} of commit ${revision.commit}`),
    ...section(style, "what changed", causeLines(cause)),
    ...section(style, "what was applied", appliedLines(story)),
    ...section(
      style,
      "what happened",
      story.steps.map(({ at, outcome: was, message: said }) => `${when(at)}  ${outcomeWords[was]}: ${said}`),
    ),
    ...section(style, "why", whyLines(story)),
    ...section(style, "what was done", rollbackLines(story)),
    ...section(style, "now", now ? [`${shortId(now.commit)} ${outcomeWords[now.outcome]}: ${now.message}`] : []),
    ...section(style, "what you can do", next),
  ];
}

function section(style: Paint, title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ["", style("strong", title), ...lines.map((line) => `  ${line}`)];
}

function causeLines({ since, commits, restores, files, settings, objects }: Cause): readonly string[] {
  return [
    ...commits.map(commitText),
    ...(restores ? [`it brings back ${commitText(restores)}`] : []),
    since
      ? `compared with ${shortId(since.commit)}, which was proved healthy ${when(since.healthyAt)}`
      : "nothing was healthy before, so all of it is new",
    ...files.map(({ path, change }) => `${change} ${path}`),
    ...settings.map((setting) => `~ delivery.yaml ${fieldText(setting)}`),
    ...objects.flatMap((object) => [
      `${marks[object.action]} ${objectText(object)}`,
      ...object.fields.map((field) => `    ${fieldText(field)}`),
    ]),
  ];
}

function commitText({ commit, subject, author, committedAt }: CauseCommit): string {
  return `${shortId(commit)} ${subject}, by ${author}, ${when(committedAt)}`;
}

function appliedLines({ applied, takeovers }: Explanation): readonly string[] {
  return [
    ...applied.map(({ ref, outcome }) => `${outcome} ${refLabel(ref)}`),
    ...takeovers.map(({ ref, field, manager }) => `${refLabel(ref)}: ${field} was taken over from ${manager}`),
  ];
}

function whyLines({ reason, message, unhealthy, problems, outcome }: Explanation): readonly string[] {
  if (outcome === "healthy" || outcome === "progressing") return [];
  return [
    `${reason}: ${message}`,
    // What the sentence says already need not be said twice.
    ...unhealthy
      .filter(({ health }) => !message.includes(health.message))
      .map(({ ref, health }) => `${refLabel(ref)} is ${health.status}: ${health.message}`),
    ...problems.map(formatProblem),
  ];
}

function rollbackLines({ rollback, rejected }: Explanation): readonly string[] {
  return [
    ...(rollback
      ? [
          // Without its time: that follows from its parent, so that two engines write the same commit.
          `rolled back by commit ${rollback.commit}, on top of ${rollback.parents.map(shortId).join(", ")}`,
          `it restores what was healthy at ${shortId(rollback.restores.commit)}`,
        ]
      : []),
    ...rejected.map(({ image, by }) => `rejected here since ${shortId(by)}: ${image}`),
  ];
}

function when(time: string): string {
  return `${time.slice(0, 10)} ${time.slice(11, 19)} UTC`;
}
