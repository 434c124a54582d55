import assert from "node:assert/strict";
import { test } from "node:test";
import { webTemplate } from "../cluster-in-test.ts";
import { sameTemplate, templateHash } from "./template.ts";

test("the hash is of what the template means, in letters that spell nothing", () => {
  const template = webTemplate("web:1");
  const turned = { spec: { ...template.spec }, metadata: { ...template.metadata } } as typeof template;
  assert.equal(templateHash(template), templateHash(turned));
  assert.match(templateHash(template), /^[bcdfghjklmnpqrstvwxz2456789]{1,10}$/);
  assert.notEqual(templateHash(template), templateHash(webTemplate("web:2")));
  assert.notEqual(templateHash(template), templateHash(template, 1));
});

test("templates are the same whatever hash label they carry", () => {
  const template = webTemplate("web:1");
  const labelled = { ...template, metadata: { labels: { app: "web", "pod-template-hash": "abc" } } };
  assert.ok(sameTemplate(template, labelled));
  assert.ok(!sameTemplate(template, { ...template, metadata: { labels: { app: "other" } } }));
});
