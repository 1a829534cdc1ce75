import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inProcess } from "../../../apps/revocab/test/in-process.ts";
import { livePages } from "../../site/live-pages.mjs";
import { siteFiles, writeFiles } from "../../site/site-files.mjs";
import { type FileOptions, hasBrowser, openFile, startBrowser } from "../open-page.ts";

describe.skipIf(!hasBrowser)("the site in a browser, from disk", () => {
  const folder = mkdtempSync(join(tmpdir(), "revocab-site-"));
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser();
    writeFiles(siteFiles(await livePages(inProcess)), folder);
  });
  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true });
  });

  const open = (path: string, options: FileOptions = {}) =>
    openFile(browser, join(folder, path), { within: folder, ...options });

  it.each([
    ["index.html", "light", 1440],
    ["methods/subtoken-mean.html", "dark", 1440],
    ["api/neighbors.html", "light", 800],
    ["live-examples.html", "dark", 400],
    ["examples/continue-training.py.html", "light", 400],
  ] as const)(
    "%s: no error, no request to elsewhere, WCAG A and AA, %s, %i pixels wide",
    async (path, colorScheme, width) => {
      const { page, faults, violations, close } = await open(path, { colorScheme, width });
      expect(await violations()).toEqual([]);
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
      expect(faults).toEqual([]);
      await close();
    },
  );

  it.each(["swap", "quality"])(
    "the live example %s is opened by its link, without an error",
    async (name) => {
      const { page, faults, close } = await open("live-examples.html");
      await page
        .getByRole("link", { name: "Open the page" })
        .and(page.locator(`[href="live/${name}.html"]`))
        .click();
      await page.waitForURL(new RegExp(`live/${name}\\.html$`));
      await page.waitForSelector('[data-panel]:not([aria-busy="false"])', { state: "detached" });
      expect(await page.locator("[data-panel]").count()).toBeGreaterThan(0);
      expect(faults).toEqual([]);
      await close();
    },
  );

  it("finds a section by keyboard, and goes there", async () => {
    const { page, faults, close } = await open("guides/swap.html");
    await page.keyboard.press("/");
    await page.keyboard.type("calibrated norms");
    await page.locator(".results a").first().waitFor();
    expect(await page.locator(".results mark").first().innerText()).toMatch(/calibrated|norms/i);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.waitForURL(/methods\/subtoken-mean\.html#calibrated-norms$/);
    await page.keyboard.press("/");
    await page.keyboard.type("zzzz qqqq");
    await page.getByText("Nothing found").waitFor();
    await page.keyboard.press("Escape");
    expect(await page.locator(".results").isVisible()).toBe(false);
    expect(faults).toEqual([]);
    await close();
  });

  it("keeps the theme that a reader chose on the next page", async () => {
    const { page, close } = await open("index.html");
    await page.getByRole("button", { name: "Dark theme" }).click();
    await page.getByRole("link", { name: "The command line", exact: true }).first().click();
    await page.waitForURL(/command-line\.html$/);
    expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).toBe("rgb(20, 23, 26)");
    await close();
  });

  it("opens its navigation by a button where the window is narrow", async () => {
    const { page, violations, close } = await open("index.html", { width: 400 });
    const link = page.getByRole("link", { name: "Heal rows", exact: true });
    expect(await link.isVisible()).toBe(false);
    await page.getByRole("button", { name: "Navigation" }).click();
    expect(await violations()).toEqual([]);
    await link.click();
    await page.waitForURL(/guides\/heal\.html$/);
    await close();
  });
});
