import assert from "node:assert/strict";
import { test } from "node:test";
import { duplicateFields, parseJson } from "./bodies.ts";

test("keys that stand twice are named by their path", () => {
  assert.deepEqual(duplicateFields('{"a":1,"b":{"c":1,"c":2},"l":[{"x":"a"},{"x":"}","x":2}],"a":"{"}'), [
    'duplicate field "b.c"',
    'duplicate field "l[1].x"',
    'duplicate field "a"',
  ]);
  assert.deepEqual(duplicateFields('{"a":{"k":1},"b":{"k":1},"c":["a","a"],"d":"\\"d\\":1"}'), []);
});

test("a text that is no JSON is refused in the words of Go", () => {
  const cases: Readonly<Record<string, string>> = {
    "": "unexpected end of JSON input",
    "{": "unexpected end of JSON input",
    '{"a"': "unexpected end of JSON input",
    '{"a":"b': "unexpected end of JSON input",
    abc: "invalid character 'a' looking for beginning of value",
    "{x:1}": "invalid character 'x' looking for beginning of object key string",
    '{"a":1,}': "invalid character '}' looking for beginning of object key string",
    '{"a" 1}': "invalid character '1' after object key",
    '{"a":1 "b"}': "invalid character '\\\"' after object key:value pair",
    "[1 2]": "invalid character '2' after array element",
    "[1,]": "invalid character ']' looking for beginning of value",
    "{} x": "invalid character 'x' after top-level value",
    '"a\nb"': "invalid character '\\n' in string literal",
    '"\\q"': "invalid character 'q' in string escape code",
  };
  for (const [text, message] of Object.entries(cases)) assert.throws(() => parseJson(text), { message }, text);
});
