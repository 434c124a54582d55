import { driftSentence, outcomeWords, promotionSentence } from "../model/record.ts";
import type { Outcome } from "../model/record.ts";
import { shortId } from "../model/revision.ts";
import type { ApplicationStatus, DeliverySummary, NextStep, StatusDocument } from "../model/status-document.ts";

/** How the text is shaped. `style` colours where the terminal can; `nowMs` is milliseconds since the epoch. */
export interface TextOptions {
  readonly style: (style: "good" | "bad" | "quiet" | "strong", text: string) => string;
  readonly nowMs: number;
  /** Past deliveries to list for each application. */
  readonly history: number;
}

/** The status document as plain text, for `plumb status`: a sentence an application, then what needs to be known. */
export function statusText(untrusted: StatusDocument, options: TextOptions): string {
  const document = withoutControls(untrusted);
  const { repository, applications, generatedAt, untold = [] } = document;
  const { style } = options;
  const at = repository.commit === undefined ? "" : ` at ${shortId(repository.commit)}`;
  const lines = [
    `${style("strong", repository.url)} ${repository.branch}${at}  ${style("quiet", `${age(generatedAt, options)} ago`)}`,
  ];
  if (repository.trouble !== undefined) lines.push(`  ${style("bad", repository.trouble)}`);
  for (const { receiver, message } of untold) lines.push(`  ${style("bad", `${receiver} is not told: ${message}`)}`);
  if (applications.length === 0) lines.push("  no application yet");
  for (const application of applications) lines.push("", ...applicationLines(application, options));
  return lines.map((line) => line.trimEnd()).join("\n");
}

/** Subjects and messages come from repositories and clusters: what could steer a terminal becomes a space. */
export function withoutControls<T>(document: T): T {
  const plain = (_key: string, value: unknown): unknown =>
    typeof value === "string" ? value.replaceAll(/\p{Cc}/gu, " ") : value;
  return JSON.parse(JSON.stringify(document), plain) as T;
}

/** One application on one line: what it is at, of which commit, and why. */
export function summaryLine(untrusted: ApplicationStatus, style: TextOptions["style"]): string {
  const { id, outcome, wanted, message } = withoutControls(untrusted);
  return `${style("strong", id)}  ${style(toneOf(outcome), outcomeWords[outcome])}  ${shortId(wanted.revision.commit)}  ${message}`;
}

function toneOf(outcome: Outcome): "good" | "strong" | "bad" {
  return outcome === "healthy" ? "good" : outcome === "progressing" ? "strong" : "bad";
}

function applicationLines(application: ApplicationStatus, options: TextOptions): readonly string[] {
  const { style } = options;
  const { wanted, live, outcome } = application;
  const same = live && live.tree === wanted.revision.tree;
  const liveText = live ? `${shortId(live.commit)}, proved healthy ${age(live.healthyAt, options)} ago` : "nothing yet";
  const lines = [
    `${style("strong", application.id)}  ${style(toneOf(outcome), outcomeWords[outcome])}  ${application.message}`,
    `  Git wants  ${shortId(wanted.revision.commit)} ${style("quiet", `${wanted.revision.subject}, by ${nameOf(wanted.revision.author)}`)}`,
    `  live       ${same ? "the same, " : ""}${liveText}`,
  ];
  if (application.remedy !== undefined) lines.push(`  to do      ${application.remedy}`);
  if (application.next?.who === "engine") lines.push(`  next       ${nextText(application.next, options)}`);
  const { promotion } = application;
  if (promotion) {
    lines.push(`  promotion  ${promotionSentence(promotion)}`);
    if (promotion.remedy !== undefined) lines.push(`  to do      ${promotion.remedy}`);
  }
  for (const pod of application.pods) {
    lines.push(
      `  pod        ${pod.ready ? style("good", "ready") : style("bad", "not ready")}  ${pod.generation}  ${pod.message}`,
    );
  }
  for (const drift of application.drift.slice(0, 3)) {
    lines.push(`  undone     ${driftSentence(drift)}; restored in ${drift.undoneMs} ms`);
  }
  const past = application.history.slice(0, options.history);
  if (past.length > 0) lines.push(`  ${style("quiet", "deliveries, newest first")}`);
  const deliveries = past.flatMap((delivery) => deliveryLines(delivery, application.message, options));
  return [...lines, ...deliveries.map((line) => `  ${line}`)];
}

function nextText({ at, message }: NextStep, { nowMs }: TextOptions): string {
  const seconds = at === undefined ? 0 : Math.round((Date.parse(at) - nowMs) / 1000);
  return seconds > 0 ? `in ${seconds} s: ${message}` : message;
}

/** One line a delivery, and a second that says why where it did not end well and that was not said above. */
function deliveryLines(delivery: DeliverySummary, said: string, { style }: TextOptions): readonly string[] {
  const took = delivery.durationMs === undefined ? "" : `${(delivery.durationMs / 1000).toFixed(1)} s`;
  const back = delivery.rollback ? `, undone by ${shortId(delivery.rollback.commit)}` : "";
  const subject = style("quiet", delivery.revision.subject);
  const line = `${shortId(delivery.revision.commit)}  ${outcomeWords[delivery.outcome].padEnd(11)}  ${took.padStart(7)}  ${subject}${back}`;
  const says = delivery.outcome !== "healthy" && delivery.message !== said;
  return says ? [line, `${" ".repeat(10)}${delivery.message}`] : [line];
}

/** Who wrote a commit, without the address. */
function nameOf(author: string): string {
  return author.replace(/ *<[^>]*>$/, "") || author;
}

function age(time: string, { nowMs }: TextOptions): string {
  const seconds = Math.max(0, Math.round((nowMs - Date.parse(time)) / 1000));
  if (seconds < 90) return `${seconds} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  return seconds < 36 * 3600 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86400)} d`;
}
