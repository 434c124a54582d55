import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";

/** A real browser for tests. */
export interface TestBrowser {
  /** Opens a page of its own, which shares nothing with the others; `errors` fills with what the page's console says. */
  page(options?: BrowserContextOptions): Promise<{ readonly page: Page; readonly errors: string[] }>;
  close(): Promise<void>;
}

/** Own arguments: the package's defaults run the browser in a single process, which crashes. */
const browserArguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"];

/** Starts the browser that comes with the npm package; the reason as a string where it cannot start on this machine. */
export async function openBrowser(): Promise<TestBrowser | string> {
  const folder = await mkdtemp(join(tmpdir(), "plumbline-browser-"));
  try {
    const browser = await launch(folder);
    return {
      async page(options = {}) {
        const context = await browser.newContext(options);
        const page = await context.newPage();
        const errors: string[] = [];
        page.on("console", (message) => {
          if (message.type() === "error" || message.type() === "warning") errors.push(message.text());
        });
        page.on("pageerror", (error) => errors.push(String(error)));
        return { page, errors };
      },
      async close() {
        await browser.close();
        await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    return `Chromium cannot start here: ${error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error)}`;
  }
}

/** What axe finds wrong with the page as it is now: rule, element and remedy of each violation. */
export async function axeViolations(page: Page): Promise<readonly string[]> {
  const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  // Evaluated and not added as a script: the page's own policy would refuse that, as it should.
  await page.evaluate(axe);
  return page.evaluate(`axe.run().then(({ violations }) =>
    violations.map(({ id, nodes }) => id + ": " + nodes[0].html + " " + nodes[0].failureSummary))`);
}

async function launch(folder: string): Promise<Browser> {
  // The package unpacks its libraries (libnss3 among them) only where it believes to be on AWS, and all to TMPDIR.
  process.env["AWS_EXECUTION_ENV"] ??= "AWS_Lambda_nodejs20.x";
  const temporary = process.env["TMPDIR"];
  process.env["TMPDIR"] = folder;
  try {
    const { default: packaged } = await import("@sparticuz/chromium");
    const executablePath = await packaged.executablePath();
    // Its own font configuration names folders that are not there: without a font, no text is drawn at all.
    const fonts = join(folder, "own-fonts.conf");
    await writeFile(fonts, fontConfiguration(folder));
    const env = { ...process.env, TMPDIR: folder, HOME: folder, FONTCONFIG_FILE: fonts };
    return await chromium.launch({ executablePath, args: browserArguments, env });
  } finally {
    if (temporary === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = temporary;
  }
}

function fontConfiguration(folder: string): string {
  const folders = [folder, "/usr/share/fonts"].map((each) => `<dir>${each}</dir>`).join("");
  return `<?xml version="1.0"?><fontconfig>${folders}<cachedir>${folder}/font-cache</cachedir></fontconfig>\n`;
}
