import assert from "node:assert/strict";
import { test } from "node:test";
import { LiveScreen } from "./live-screen.ts";

test("a screen draws from the top, tells what does not fit, draws again at a resize, and leaves the terminal as it was", () => {
  let written: string[] = [];
  let rows = 4;
  const listeners = new Set<() => void>();
  const screen = new LiveScreen({
    write: (text) => void written.push(text),
    size: () => ({ columns: 80, rows }),
    onResize: (changed) => {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
  });
  const taken = () => {
    const all = written.join("");
    written = [];
    return all;
  };
  assert.equal(taken(), "\u001B[?1049h\u001B[?25l\u001B[?7l", "a screen of its own, no cursor, nothing is wrapped");
  screen.draw(["a", "b", "c", "d"]);
  assert.equal(taken(), "\u001B[Ha\u001B[K\r\nb\u001B[K\r\nc\u001B[K\r\nd\u001B[K\u001B[J");
  rows = 3;
  for (const changed of listeners) changed();
  assert.equal(taken(), "\u001B[Ha\u001B[K\r\nb\u001B[K\r\n… 2 more lines\u001B[K\u001B[J");
  screen.close();
  assert.equal(taken(), "\u001B[?7h\u001B[?25h\u001B[?1049l");
  assert.equal(listeners.size, 0);
});
