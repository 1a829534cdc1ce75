import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { findBrowser } from "./find-browser.mjs";

/** Whether there is a browser; where there is none, the tests of pages are skipped. */
export const hasBrowser = findBrowser() !== undefined;
if (!hasBrowser) {
  console.warn(
    "skipping the tests of pages: no Chromium (Debian: apt-get install chromium; or set REVOCAB_CHROMIUM)",
  );
}

/** For the tests of a file, which closes it: a start takes a second. */
export async function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: findBrowser()!, args: ["--no-sandbox"] });
}

export interface OpenedPage {
  readonly page: Page;
  /** What went wrong so far: errors on the console, errors of scripts, and requests for anything but the file. */
  readonly faults: readonly string[];
  /** Violations of WCAG 2.1 A and AA that axe-core finds, one line each. */
  violations(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** Opens a page from disk, as a reader does, and waits for its panels. */
export async function openPage(
  browser: Browser,
  html: string,
  { colorScheme = "light" }: { readonly colorScheme?: "light" | "dark" } = {},
): Promise<OpenedPage> {
  const folder = mkdtempSync(join(tmpdir(), "revocab-page-"));
  const file = join(folder, "page.html");
  writeFileSync(file, html);
  const opened = await openFile(browser, file, { colorScheme });
  return {
    ...opened,
    async close() {
      await opened.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Opens a page in its place on disk. @param options.within the folder whose files it may ask for. @default none but itself */
export async function openFile(
  browser: Browser,
  file: string,
  { within, width = 1280, colorScheme = "light" }: FileOptions = {},
): Promise<OpenedPage> {
  const url = pathToFileURL(file).href;
  const own = within === undefined ? undefined : pathToFileURL(join(within, "/")).href;
  const page = await browser.newPage({ colorScheme, viewport: { width, height: 720 } });
  const faults: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") faults.push(message.text());
  });
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("dialog", (dialog) => faults.push(`a dialog: ${dialog.message()}`));
  page.on("request", (request) => {
    const isOwn = own === undefined ? request.url() === url : request.url().startsWith(own);
    if (!isOwn) faults.push(`a request for ${request.url().slice(0, 100)}`);
  });
  await page.goto(url);
  await page.waitForSelector(UNFINISHED_PANEL, { state: "detached" });
  return {
    page,
    faults,
    async violations() {
      await page.evaluate(AXE);
      const { violations } = (await page.evaluate(RUN_AXE)) as {
        violations: { id: string; help: string; nodes: { html: string }[] }[];
      };
      return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes[0]!.html.slice(0, 200)}`);
    },
    close: () => page.close(),
  };
}

export interface FileOptions {
  readonly within?: string;
  /** Of the window, in pixels. @default 1280 */
  readonly width?: number;
  /** @default "light" */
  readonly colorScheme?: "light" | "dark";
}

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RUN_AXE =
  'axe.run({ runOnly: { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] }, resultTypes: ["violations"], preload: false })';

const UNFINISHED_PANEL = '[data-panel]:not([aria-busy="false"])';
