import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { openBrowser } from "./browser.ts";

/**
 * `npm run pictures`: takes the pictures of the documents from a real run, which delivers, upgrades, breaks and rolls back
 * with the page open in a real browser, and fails where any of that is not as it must be. Small enough to be cloned by
 * everybody: together at most 150 kB.
 */
const root = fileURLToPath(new URL("../..", import.meta.url));
const into = join(root, "docs", "pictures");
const shown = ["blocked-light", "rolled-back-dark"];
const mostBytes = 150_000;

const taken = mkdtempSync(join(tmpdir(), "plumbline-pictures-"));
try {
  const args = [join(root, "dist", "tools", "test.js"), "slow", "src/cli/end-to-end"];
  const { status } = spawnSync(process.execPath, args, { stdio: "inherit", env: { ...process.env, PICTURES: taken } });
  if (status === 0) await keep();
  else process.exitCode = 1;
} finally {
  rmSync(taken, { recursive: true });
}

async function keep(): Promise<void> {
  const browser = await openBrowser();
  if (typeof browser === "string") throw new Error(browser);
  mkdirSync(into, { recursive: true });
  const { page } = await browser.page();
  let bytes = 0;
  for (const name of shown) {
    const small = await asWebp(page, readFileSync(join(taken, `${name}.png`)));
    writeFileSync(join(into, `${name}.webp`), small);
    console.log(`docs/pictures/${name}.webp: ${small.length} bytes`);
    bytes += small.length;
  }
  await browser.close();
  if (bytes <= mostBytes) return;
  console.error(`the pictures weigh ${bytes} bytes, and may weigh ${mostBytes}`);
  process.exitCode = 1;
}

/** The browser's own encoder, since it is there. */
async function asWebp(page: Page, png: Buffer): Promise<Buffer> {
  const address: string = await page.evaluate(`(async () => {
    const image = new Image();
    image.src = "data:image/png;base64,${png.toString("base64")}";
    await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
    canvas.getContext("2d").drawImage(image, 0, 0);
    return canvas.toDataURL("image/webp", 0.6);
  })()`);
  return Buffer.from(address.slice(address.indexOf(",") + 1), "base64");
}
