// Makes the pictures of docs/pages.md: parts of pages of the sample, in Chromium.
// usage: node tools/browser-test/take-screenshots.mjs                    (after npm run build)
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { findBrowser } from "./find-browser.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "revocab-screenshots-"));
const browser = await chromium.launch({ executablePath: findBrowser(), args: ["--no-sandbox"] });

const quality = await pageOf(
  "quality",
  "sample/model",
  "sample/tokenizer",
  "--text",
  "en=sample/stories.txt",
);
await quality.getByLabel("Your text").fill("Once upon a time, 1234 butterflies flew over the café.");
await quality.locator(".tokens", { hasText: "1234" }).first().waitFor();
await quality.screenshot({ path: picture("quality") });

const swap = await pageOf(
  "swap",
  "sample/model",
  "--tokenizer",
  "sample/tokenizer",
  "--out",
  join(folder, "out"),
);
const rows = swap.locator('[data-panel="rows"]').first();
await rows.getByLabel("Search").fill(" butter");
await rows.getByRole("button", { name: "butterfly" }).first().click();
await rows.screenshot({ path: picture("rows") });

await browser.close();
rmSync(folder, { recursive: true });

/** The page of a command, opened. */
async function pageOf(command, ...args) {
  const html = join(folder, `${command}.html`);
  const program = ["apps/revocab/bin/revocab.js", command, ...args, "--html", html, "--quiet"];
  const { status, stderr } = spawnSync(process.execPath, program, { cwd: root, encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  const page = await browser.newPage({ viewport: { width: 1100, height: 900 } });
  await page.goto(pathToFileURL(html).href);
  await page.waitForSelector('[data-panel]:not([aria-busy="false"])', { state: "detached" });
  return page;
}

function picture(name) {
  return join(root, `docs/images/${name}.png`);
}
