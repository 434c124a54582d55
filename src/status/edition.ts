import type { StatusDocument } from "../model/status-document.ts";
import { tagOf } from "./answer.ts";
import type { Answer } from "./answer.ts";

/** Each application of a document by its id, as JSON. */
export type Told = ReadonlyMap<string, string>;

/** One state of the document, written down once for everyone who asks or watches. */
export interface Edition {
  readonly applications: Told;
  readonly answer: Answer;
  /** The event for somebody who was told nothing yet, or for whom news is not enough. */
  readonly whole: Buffer;
  /**
   * The event for somebody who was told an earlier edition: the same document, but with the applications alone that are not as they
   * were, and the ids of all. Of two hundred applications a change concerns one, and a thousand may be watching.
   */
  newsSince(told: Told): Buffer;
}

/** Writes a document down. What is as it was `before` is kept in memory once. */
export function editionOf(document: StatusDocument, before?: Told): Edition {
  const { applications, ...head } = document;
  const written = new Map(
    applications.map((application): [string, string] => {
      const text = JSON.stringify(application);
      const known = before?.get(application.id);
      return [application.id, known === text ? known : text];
    }),
  );
  const texts = [...written.values()];
  // The time of looking changes with every answer: without it, a document in which nothing happened has the same tag.
  const tag = `W/${tagOf([JSON.stringify({ ...head, generatedAt: "" }), ...texts].join("\n"))}`;
  const text = withApplications(head, texts);
  const news = new Map<Told, Buffer>();
  return {
    applications: written,
    answer: { status: 200, type: "application/json", body: Buffer.from(text), tag },
    whole: Buffer.from(`event: status\ndata: ${text}\n\n`),
    newsSince(told) {
      const known = news.get(told);
      if (known) return known;
      const changed = [...written].filter(([id, now]) => told.get(id) !== now).map(([, now]) => now);
      const more = withApplications({ ...head, ids: [...written.keys()] }, changed);
      const event = Buffer.from(`event: news\ndata: ${more}\n\n`);
      news.set(told, event);
      return event;
    },
  };
}

function withApplications(head: object, applications: readonly string[]): string {
  return `${JSON.stringify(head).slice(0, -1)},"applications":[${applications.join(",")}]}`;
}
