import assert from "node:assert/strict";
import { test } from "node:test";
import type { StatusDocument } from "../model/status-document.ts";
import { editionOf } from "./edition.ts";
import { exampleDocument } from "./example-documents-in-test.ts";

const document = exampleDocument("many", Date.parse("2026-01-01T00:00:00.000Z"));

function read(event: Buffer): { readonly type: string; readonly data: StatusDocument & { readonly ids?: string[] } } {
  const [, type = "", data = ""] = /^event: (\w+)\ndata: (.*)\n\n$/.exec(event.toString()) ?? [];
  return { type, data: JSON.parse(data) as StatusDocument };
}

test("a whole edition is the document, in the answer and in the event", () => {
  const edition = editionOf(document);
  assert.deepEqual(JSON.parse(Buffer.from(edition.answer.body).toString()), document);
  assert.deepEqual(read(edition.whole), { type: "status", data: document });
});

test("the tag is of what is said, not of when it was looked at", () => {
  const tag = (one: StatusDocument): string | undefined => editionOf(one).answer.tag;
  assert.equal(tag(document), tag({ ...document, generatedAt: "later" }));
  assert.notEqual(tag(document), tag({ ...document, applications: document.applications.slice(1) }));
  assert.notEqual(tag(document), tag({ ...document, repository: { ...document.repository, commit: "c2" } }));
});

test("news is what has changed, what came, and by its absence what went; who missed some gets all of it", () => {
  const first = editionOf(document);
  const [one, two, ...others] = document.applications;
  assert.ok(one && two);
  const changed = { ...document, generatedAt: "later", applications: [one, { ...two, message: "new" }, ...others] };
  const second = editionOf(changed, first.applications);
  const { type, data } = read(second.newsSince(first.applications));
  assert.equal(type, "news");
  assert.deepEqual(data.applications, [{ ...two, message: "new" }]);
  assert.deepEqual(
    data.ids,
    document.applications.map(({ id }) => id),
  );
  assert.equal(data.generatedAt, "later");
  const third = editionOf(
    { ...changed, applications: [...others, { ...one, id: "staging/new" }] },
    second.applications,
  );
  const news = read(third.newsSince(first.applications)).data;
  assert.deepEqual(
    news.applications.map(({ id }) => id),
    ["staging/new"],
  );
  assert.deepEqual(news.ids, [...others.map(({ id }) => id), "staging/new"]);
  assert.equal(third.newsSince(first.applications), third.newsSince(first.applications), "written once for all");
});
