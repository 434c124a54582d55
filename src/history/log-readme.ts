import { outcomeWords } from "../model/record.ts";
import type { DeliveryRecord, Outcome } from "../model/record.ts";
import { shortId } from "../model/revision.ts";
import { took } from "./log-message.ts";
import { markdownText } from "./markdown.ts";

/** What the delivery log's pages for people are made from. */
export interface LogState {
  readonly repository: { readonly url: string; readonly branch: string; readonly trouble?: string };
  /** In the order of their ids; of each the newest record, and the past ones, newest first. */
  readonly applications: readonly {
    readonly record: DeliveryRecord;
    readonly history: readonly DeliveryRecord[];
  }[];
}

/** How many applications the first page lists: those in trouble, then the latest; the page must not grow with every one more. */
const listed = 100;
const decisionsListed = 20;

const signs: { readonly [outcome in Outcome]: string } = {
  progressing: "⏳",
  healthy: "✅",
  failed: "❌",
  "rolled-back": "↩️",
  held: "✋",
  refused: "⛔",
  superseded: "⏭️",
};

/**
 * README.md of the delivery log: what runs now, as a forge shows it to those who open the branch. Says nothing of when it was
 * made, so that the same state gives the same bytes.
 */
export function logReadme({ repository, applications }: LogState): string {
  const records = applications.map(({ record }) => record);
  const healthy = records.filter(isHealthy).length;
  const rows = [...records].toSorted(byUrgency).slice(0, listed);
  const more = records.length - rows.length;
  return [
    "# What is delivered",
    `From ${markdownText(repository.url)}, branch ${markdownText(repository.branch)}. Written by Plumbline, one commit a decision: \`git log\` here is the deployment history.`,
    ...(repository.trouble === undefined ? [] : [`**Nothing new is delivered:** ${markdownText(repository.trouble)}`]),
    `**${healthy} of ${records.length} ${records.length === 1 ? "application is" : "applications are"} healthy.**`,
    ...(rows.length === 0 ? [] : [table(["application", "state", "runs", "since", "who", "why"], rows.map(stateRow))]),
    ...(more > 0
      ? [
          `And ${more} more, all healthy or decided longer ago: each has a page of its own, in the folder of its environment.`,
        ]
      : []),
    ...(rows.length === 0
      ? []
      : ["## The last decisions", table(["when", "application", "what", "who", "why"], lastDecisions(applications))]),
    "",
  ]
    .join("\n\n")
    .trimEnd()
    .concat("\n");
}

/** The page of one application: what runs, what Git wants, what a person has to do, and the last deliveries. */
export function applicationPage({ record, history }: LogState["applications"][number]): string {
  const { revision, lastHealthy, promotion } = record;
  const runs = lastHealthy
    ? `${images(lastHealthy.images ?? [])} of commit ${shortId(lastHealthy.commit)}, proved healthy ${when(lastHealthy.healthyAt)}`
    : "nothing that was proved healthy";
  const facts = [
    `**${signs[record.outcome]} ${outcomeWords[record.outcome]}**, since ${when(since(record))}: ${markdownText(record.message)}`,
    `Git wants: ${shortId(revision.commit)} ${markdownText(revision.subject)}, by ${who(record)}`,
    `runs: ${runs}`,
    ...(record.remedy === undefined ? [] : [`to do: ${markdownText(record.remedy)}`]),
    ...(promotion ? [`promotion: ${promotion.outcome}: ${markdownText(promotion.message)}`] : []),
    `namespace: ${markdownText(record.namespace)}${record.cluster === undefined ? "" : ` of the cluster ${markdownText(record.cluster)}`}`,
  ];
  return [
    `# ${markdownText(record.application)}`,
    facts.map((fact) => `- ${fact}`).join("\n"),
    "## Deliveries, newest first",
    table(["begun", "commit", "outcome", "who", "what", "why"], history.map(deliveryRow)),
    "[all applications](../README.md)\n",
  ].join("\n\n");
}

function stateRow(record: DeliveryRecord): readonly string[] {
  const { application, outcome, lastHealthy, revision, message } = record;
  return [
    link(application),
    `${signs[outcome]} ${outcomeWords[outcome]}`,
    lastHealthy ? `${images(lastHealthy.images ?? [])} ${shortId(lastHealthy.commit)}`.trim() : "nothing yet",
    when(since(record)),
    who(record),
    isHealthy(record)
      ? markdownText(cut(revision.subject))
      : `${shortId(revision.commit)}: ${markdownText(cut(message))}`,
  ];
}

function lastDecisions(applications: LogState["applications"]): readonly (readonly string[])[] {
  const decided = applications.map(({ history }) => history.filter(({ decidedAt }) => decidedAt !== undefined));
  // Whoever has one of the latest has its own latest among them, so there is no need to sort all that ever was.
  const candidates = decided.filter(([newest]) => newest).toSorted(([a], [b]) => (a && b ? byTime(a, b) : 0));
  const latest = candidates.slice(0, decisionsListed).flat().toSorted(byTime);
  return latest.slice(0, decisionsListed).map((record) => {
    const { outcome, revision, message, application, rollback } = record;
    const back = rollback ? `, undone by ${shortId(rollback.commit)}` : "";
    const what = `${signs[outcome]} ${outcomeWords[outcome]} ${shortId(revision.commit)}${took(record)}${back}`;
    return [
      when(since(record)),
      link(application),
      what,
      who(record),
      markdownText(cut(isHealthy(record) ? revision.subject : message)),
    ];
  });
}

function deliveryRow(record: DeliveryRecord): readonly string[] {
  const { outcome, revision, message, rollback, startedAt } = record;
  const back = rollback ? `, undone by ${shortId(rollback.commit)}` : "";
  return [
    when(startedAt),
    shortId(revision.commit),
    `${signs[outcome]} ${outcomeWords[outcome]}${took(record)}${back}`,
    who(record),
    markdownText(cut(revision.subject)),
    isHealthy(record) ? "" : markdownText(message),
  ];
}

/** Those that somebody should look at first; then the latest. */
function byUrgency(a: DeliveryRecord, b: DeliveryRecord): number {
  return Number(isHealthy(a)) - Number(isHealthy(b)) || byTime(a, b);
}

/** The latest first. */
function byTime(a: DeliveryRecord, b: DeliveryRecord): number {
  return order(since(b), since(a)) || order(a.application, b.application);
}

function isHealthy({ outcome }: DeliveryRecord): boolean {
  return outcome === "healthy";
}

/** Since when it stands as it does. */
function since({ decidedAt, startedAt }: DeliveryRecord): string {
  return decidedAt ?? startedAt;
}

/** The page of an application, from the first page; a name of anybody's is no way out of the brackets. */
function link(application: string): string {
  const target = application
    .split("/")
    .map((part) => encodeURIComponent(part).replaceAll(/[!'()*_~]/g, escaped))
    .join("/");
  return `[${markdownText(application)}](${target}.md)`;
}

function escaped(character: string): string {
  return `%${character.charCodeAt(0).toString(16)}`;
}

/** Who wrote the commit, without the address. */
function who({ revision }: DeliveryRecord): string {
  return markdownText(cut(revision.author.replace(/ *<[^>]*>$/, "") || revision.author));
}

/** Images by their last name and tag, which people know them by. */
function images(references: readonly string[]): string {
  return references.map((image) => markdownText((image.split("@")[0] ?? image).split("/").at(-1) ?? image)).join(", ");
}

/** To the second, in UTC, as people read it. */
function when(time: string): string {
  return `${time.slice(0, 10)} ${time.slice(11, 19)} UTC`;
}

function cut(text: string): string {
  return text.length <= 200 ? text : `${text.slice(0, 199)}…`;
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(header), line(header.map(() => "---")), ...rows.map(line)].join("\n");
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
