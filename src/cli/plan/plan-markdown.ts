import { codeBlock, markdownText } from "../../history/markdown.ts";
import { planCounts } from "../../model/plan-document.ts";
import type { PlanDocument, PlannedApplication, PlannedObject } from "../../model/plan-document.ts";
import { formatProblem } from "../../model/problem.ts";
import { shortId } from "../../model/revision.ts";
import { countsText, fieldText, marks, objectText } from "./words.ts";

/** Forges take comments of 65,536 characters; a template may put a line of its own around it. */
const longestComment = 60_000;

/** The line that a template finds its own comment by, to bring it up to date instead of adding another. */
const marker = "<!-- plumb plan -->";

/** How many lines of one application are shown. */
const linesOfOne = 200;

/**
 * A plan as a comment for a pull request: what is in trouble first, each application to be unfolded, and never longer than a forge
 * takes: what does not fit is counted.
 */
export function planMarkdown(document: PlanDocument, longest = longestComment): string {
  const { from, to, against, applications, problems, notes } = document;
  const sum = applications.length === 0 ? "no changes" : countsText(planCounts(applications));
  const head = [
    marker,
    `### Plan: ${problems.length > 0 ? "nothing would be delivered" : sum}`,
    `${markdownText(from.name)} (${shortId(from.commit)}) → ${markdownText(to.name)} (${shortId(to.commit)}), ${
      against === "git" ? "from Git alone: what a cluster has is not looked at" : "against the cluster as it is now"
    }`,
    ...list([...problems.map((problem) => `refused: ${formatProblem(problem)}`), ...notes]),
  ];
  const isTroubled = ({ verdict }: PlannedApplication): number => (verdict === "delivered" ? 1 : 0);
  const ordered = applications.toSorted((a, b) => isTroubled(a) - isTroubled(b));
  return fitted(head.join("\n\n"), ordered, longest);
}

/** As many applications as fit, each whole or by its title alone; the rest by their number. */
function fitted(head: string, applications: readonly PlannedApplication[], longest: number): string {
  const more = (count: number): string =>
    `**And ${count} more ${count === 1 ? "application" : "applications"}**, for which this comment has no room; \`plumb plan\` shows them all.`;
  const room = longest - more(applications.length).length - 4;
  let text = head.length <= room ? head : `${head.slice(0, room - 1)}…`;
  let shown = 0;
  for (const application of applications) {
    const fits = [section(application), title(application)].find((one) => text.length + one.length + 2 <= room);
    if (fits === undefined) break;
    text += `\n\n${fits}`;
    shown += 1;
  }
  const left = applications.length - shown;
  return `${text}${left > 0 ? `\n\n${more(left)}` : ""}\n`;
}

function section(application: PlannedApplication): string {
  const { id, verdict, problems, notes, settings, objects, unchanged } = application;
  const lines = [
    ...settings.map((setting) => `! delivery.yaml ${fieldText(setting)}`),
    ...objects.flatMap(objectLines),
    ...(unchanged > 0 ? [`  ${unchanged} more the same`] : []),
  ];
  const cut =
    lines.length > linesOfOne
      ? [...lines.slice(0, linesOfOne), `  … and ${lines.length - linesOfOne} more lines`]
      : lines;
  return [
    `<details${verdict === "delivered" ? "" : " open"}><summary><b>${markdownText(id)}</b>: ${markdownText(summary(application))}</summary>`,
    ...list([...problems.map((problem) => `${verdict}: ${formatProblem(problem)}`), ...notes]),
    ...(cut.length > 0 ? [codeBlock("diff", cut)] : []),
    "</details>",
  ].join("\n\n");
}

/** Its colours are those of a diff: green for what comes, red for what goes, and another for what changes. */
function objectLines(object: PlannedObject): readonly string[] {
  const mark = object.action === "configure" ? "!" : object.action === "keep" ? " " : marks[object.action];
  return [`${mark} ${objectText(object)}`, ...object.fields.map((field) => `      ${fieldText(field)}`)];
}

function title(application: PlannedApplication): string {
  return `- **${markdownText(application.id)}**: ${markdownText(summary(application))}`;
}

function summary(application: PlannedApplication): string {
  const { change, verdict } = application;
  return verdict === "delivered" ? `${change}, ${countsText(planCounts([application]))}` : `${change}, ${verdict}`;
}

function list(items: readonly string[]): readonly string[] {
  return items.length === 0 ? [] : [items.map((item) => `- ${markdownText(item)}`).join("\n")];
}
