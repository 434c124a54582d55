import type { TestEvent } from "node:test/reporters";

/** Ends the process with the first test that fails: whether a mutant is caught is all that is asked. */
async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of source) {
    if (event.type === "test:fail") process.exit(1);
    yield "";
  }
}

// node's --test-reporter takes the default export of a module.
// oxlint-disable-next-line import/no-default-export
export default report;
