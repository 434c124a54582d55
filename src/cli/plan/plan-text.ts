import { planCounts } from "../../model/plan-document.ts";
import type { PlanDocument, PlannedApplication } from "../../model/plan-document.ts";
import { formatProblem } from "../../model/problem.ts";
import { shortId } from "../../model/revision.ts";
import { withoutControls } from "../../status/text.ts";
import type { Style } from "../terminal.ts";
import { countsText, fieldText, marks, objectText } from "./words.ts";

type Paint = (style: Style, text: string) => string;

const tones = { create: "good", configure: "strong", delete: "bad", keep: "quiet" } as const;

/** A plan as plain text for a terminal. */
export function planText(untrusted: PlanDocument, style: Paint): readonly string[] {
  const document = withoutControls(untrusted);
  const { from, to, against, applications, problems, notes } = document;
  const what = against === "git" ? "from Git alone" : "against the cluster";
  const title = `${from.name} (${shortId(from.commit)}) → ${to.name} (${shortId(to.commit)})`;
  const lines = [
    `${style("strong", title)}  ${style("quiet", what)}`,
    ...notes.map((note) => style("quiet", `note: ${note}`)),
    ...problems.map((problem) => `${style("bad", "refused")}  ${formatProblem(problem)}`),
  ];
  if (problems.length > 0) return [...lines, "nothing would be delivered, of any application"];
  for (const application of applications) lines.push("", ...applicationLines(application, style));
  const sum = applications.length === 0 ? "no changes" : countsText(planCounts(applications));
  return [...lines, "", style("strong", sum)];
}

function applicationLines(application: PlannedApplication, style: Paint): readonly string[] {
  const { id, change, verdict, problems, notes, settings, objects, unchanged } = application;
  const word = verdict === "delivered" ? change : `${change}, ${verdict}`;
  return [
    `${style("strong", id)}  ${style(verdict === "delivered" ? "quiet" : "bad", word)}`,
    ...problems.map((problem) => `  ${style("bad", verdict)}  ${formatProblem(problem)}`),
    ...settings.map((setting) => `  ~ delivery.yaml ${fieldText(setting)}`),
    ...objects.flatMap((object) => [
      `  ${style(tones[object.action], `${marks[object.action]} ${objectText(object)}`)}`,
      ...object.fields.map((field) => `      ${fieldText(field)}`),
    ]),
    ...notes.map((note) => `  note: ${note}`),
    ...(unchanged > 0
      ? [style("quiet", `  ${unchanged} ${unchanged === 1 ? "object stays" : "objects stay"} the same`)]
      : []),
  ];
}
