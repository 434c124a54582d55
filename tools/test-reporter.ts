import type { TestEvent } from "node:test/reporters";

/** One marked line a finished test or file for the runner to count, and for people: failures in full, skips with their reason. */
async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of source) {
    if (event.type === "test:stderr" || event.type === "test:stdout") yield event.data.message;
    if (event.type === "test:complete" && event.data.name === event.data.file)
      yield `@@file ${event.data.file} ${event.data.details.duration_ms}\n`;
    if (event.type !== "test:pass" && event.type !== "test:fail") continue;
    const { name, file = "", details, skip, nesting } = event.data;
    const isFile = name === file || name.endsWith(".test.js");
    const isSuite = details.type === "suite";
    if (event.type === "test:fail") {
      const error = "error" in details ? details.error : new Error("failed without a reason");
      yield `FAILED ${file}\n  ${name}\n${indent(explain(error))}\n`;
      if (!isSuite) yield "@@fail\n";
    } else if (skip !== undefined && skip !== false) {
      yield `skipped: ${name}${typeof skip === "string" ? ` (${skip})` : ""}\n@@skipped\n`;
    } else if (!isSuite && !isFile) {
      if (details.duration_ms > 2000)
        yield `${"  ".repeat(nesting)}${name}: ${(details.duration_ms / 1000).toFixed(1)} s\n`;
      yield "@@pass\n";
    }
  }
}

function explain(error: Error): string {
  if (error.cause instanceof Error) return error.cause.stack ?? error.cause.message;
  return typeof error.cause === "string" ? error.cause : (error.stack ?? error.message);
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, "    ");
}

// node's --test-reporter takes the default export of a module.
// oxlint-disable-next-line import/no-default-export
export default report;
