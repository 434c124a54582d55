import assert from "node:assert/strict";
import { test } from "node:test";
import { codeBlock, markdownText } from "./markdown.ts";

test("a text shows as itself, whatever it is written like", () => {
  for (const [text, markdown] of [
    ["staging/shop-1 (v1.2)", "staging/shop-1 (v1.2)"],
    ["<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)&gt;"],
    ["a | b `c` **d** _e_ ~f~", "a &#124; b &#96;c&#96; &#42;&#42;d&#42;&#42; &#95;e&#95; &#126;f&#126;"],
    ["[a](javascript:b) ![c](d)", "&#91;a&#93;(javascript:b) !&#91;c&#93;(d)"],
    ["- a", "&#45; a"],
    ["# a", "&#35; a"],
    ["12. a", "12&#46; a"],
    ["    code", "code"],
    [
      "see #12, @team, https://evil.example and www.evil.example",
      "see &#35;&#8203;12, &#64;&#8203;team, https&#58;//evil.example and www&#46;evil.example",
    ],
    ["one\r\ntwo\u2028three\u202efour\u001b[2J", "one  two three four &#91;2J"],
    ["&lt;b&gt;", "&amp;lt;b&amp;gt;"],
  ]) {
    assert.equal(markdownText(text ?? ""), markdown);
  }
});

test("a code block ends where it is meant to", () => {
  assert.equal(codeBlock("diff", ["+ a", "```", "x ```` y\n```"]), "`````diff\n+ a\n```\nx ```` y ```\n`````");
  assert.equal(codeBlock("", []), "```\n\n```");
});
