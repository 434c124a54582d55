import assert from "node:assert/strict";
import { test } from "node:test";
import type { PlanDocument, PlannedApplication } from "../../model/plan-document.ts";
import { planMarkdown } from "./plan-markdown.ts";
import { planText } from "./plan-text.ts";

const ref = { group: "", kind: "ConfigMap", namespace: "shop", name: "config" };

function planned(id: string, different: Partial<PlannedApplication> = {}): PlannedApplication {
  return {
    id,
    change: "changed",
    verdict: "delivered",
    problems: [],
    notes: [],
    settings: [],
    objects: [
      {
        ref,
        action: "configure",
        where: { file: `${id}/all.yaml`, line: 3 },
        fields: [{ field: "data.a", from: "1", to: "2" }],
      },
    ],
    unchanged: 2,
    ...different,
  };
}

function document(applications: readonly PlannedApplication[]): PlanDocument {
  return {
    schema: 1,
    repository: "/srv/shop.git",
    from: { name: "main", commit: "a".repeat(40) },
    to: { name: "change", commit: "b".repeat(40) },
    against: "git",
    problems: [],
    notes: [],
    applications,
  };
}

test("a comment names what changes and unfolds it; what is in trouble comes first and is open", () => {
  const problem = {
    code: "x",
    message: "it is wrong",
    where: { file: "staging/b/all.yaml", line: 7 },
    remedy: "mend it",
  };
  const text = planMarkdown(
    document([planned("staging/a"), planned("staging/b", { verdict: "refused", problems: [problem], objects: [] })]),
  );
  assert.match(
    text,
    /^<!-- plumb plan -->\n\n### Plan: 0 to create, 1 to change, 0 to delete; 1 application refused\n/,
  );
  assert.ok(
    text.indexOf("<details open><summary><b>staging/b</b>") < text.indexOf("<details><summary><b>staging/a</b>"),
  );
  assert.match(text, /- refused: staging\/b\/all\.yaml:7: it is wrong \(mend it\)/);
  assert.match(
    text,
    /```diff\n! ConfigMap shop\/config \(staging\/a\/all\.yaml:3\)\n {6}data\.a: 1 → 2\n {2}2 more the same\n```/,
  );
});

test("it is never longer than a forge takes, and says how much more there is", () => {
  const many = Array.from({ length: 500 }, (_, index) => planned(`staging/application-${index}`));
  for (const longest of [60_000, 5000, 1000]) {
    const text = planMarkdown(document(many), longest);
    assert.ok(text.length <= longest, `${text.length} of ${longest}`);
    const [, more = ""] = /\*\*And (\d+) more applications\*\*/.exec(text) ?? [];
    const shown = [...text.matchAll(/staging\/application-\d+<\/b>/g)].length;
    const titles = [...text.matchAll(/^- \*\*staging\/application/gm)].length;
    assert.equal(shown + titles + Number(more), 500);
    assert.equal([...text.matchAll(/<details>/g)].length, [...text.matchAll(/<\/details>/g)].length);
  }
  const fields = Array.from({ length: 5000 }, (_, index) => ({ field: `data.key-${index}`, to: "x" }));
  const big = planMarkdown(document([planned("staging/big", { objects: [{ ref, action: "configure", fields }] })]));
  assert.match(big, /… and 4802 more lines/);
});

test("names, values and messages are only ever text, in Markdown and in a terminal", () => {
  const hostile =
    "<img src=x onerror=alert(1)> ```\n| [a](javascript:b) @everyone \u001b[2J **b** https://evil.example";
  const one = planned(hostile, {
    problems: [{ code: "x", message: hostile, remedy: hostile }],
    notes: [hostile],
    objects: [{ ref: { ...ref, name: hostile }, action: "create", fields: [], why: hostile }],
  });
  const text = planMarkdown({ ...document([one]), notes: [hostile], to: { name: hostile, commit: "c".repeat(40) } });
  const [outside = "", , rest = ""] = text.split("````");
  for (const part of [outside, rest]) {
    const own = part.replaceAll(/<!-- plumb plan -->|<\/?(details|summary|b)( open)?>/g, "");
    assert.doesNotMatch(own, /<|`|\]\(|@|https:\/\/|\*\*b/);
  }
  assert.equal(text.split("````").length, 3, "the block is closed by its own fence and by no other");
  assert.doesNotMatch(text.replaceAll("\n", ""), /\p{Cc}/u);
  const style = (_: string, words: string): string => words;
  assert.doesNotMatch(planText(document([one]), style).join(""), /\p{Cc}/u);
});

test("what cannot be read as a whole says that nothing is delivered", () => {
  const problem = { code: "config-invalid", message: "wrong", where: { file: "delivery.yaml", line: 2 } };
  const broken = { ...document([]), problems: [problem] };
  assert.match(planMarkdown(broken), /### Plan: nothing would be delivered\n[^]*- refused: delivery\.yaml:2: wrong/);
  assert.match(
    planText(broken, (_, words) => words).join("\n"),
    /refused {2}delivery\.yaml:2: wrong\nnothing would be delivered/,
  );
});
