import assert from "node:assert/strict";
import { test } from "node:test";
import { Terminal } from "./terminal.ts";

function captured(options: { colour?: boolean; moving?: boolean } = {}) {
  let text = "";
  const terminal = new Terminal({
    write: (more) => {
      text += more;
    },
    colour: options.colour ?? false,
    moving: options.moving ?? false,
    columns: 80,
  });
  return { terminal, text: () => text };
}

test("piped, a step is plain lines without control characters", () => {
  const { terminal, text } = captured();
  const step = terminal.step("deploying");
  step.update("1 of 2");
  step.done("2 of 2 pods ready");
  assert.equal(text(), "… deploying\n✓ deploying  2 of 2 pods ready\n");
});

test("in a terminal, a step is one line that is drawn over", () => {
  const { terminal, text } = captured({ moving: true });
  const step = terminal.step("deploying");
  step.update("1 of 2");
  step.failed("no pod is ready");
  assert.ok(text().endsWith("\r\u001B[2K✗ deploying  no pod is ready\n"));
  assert.equal(text().split("\n").length, 2);
});

test("colour is written only where it is wanted", () => {
  assert.equal(captured().terminal.style("good", "ok"), "ok");
  assert.equal(captured({ colour: true }).terminal.style("good", "ok"), "\u001B[32mok\u001B[39m");
});

test("a table is aligned by its widest cells", () => {
  const { terminal, text } = captured();
  terminal.table(
    ["what", "seen"],
    [
      ["upgrade", "0 failed"],
      ["a", "b"],
    ],
  );
  assert.equal(text(), "what     seen\nupgrade  0 failed\na        b\n");
});

test("a step that was given up draws no more once the next one begins", (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const { terminal, text } = captured({ moving: true });
  terminal.step("building");
  const next = terminal.step("tearing down");
  const before = text().split("building").length;
  t.mock.timers.tick(1000);
  assert.equal(text().split("building").length, before);
  next.done("");
});
