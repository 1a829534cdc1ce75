import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SAMPLE_MODEL, SAMPLE_TEXT, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inProcess } from "../../../apps/revocab/test/in-process.ts";
import { hasBrowser, openPage, startBrowser } from "../open-page.ts";

describe.skipIf(!hasBrowser)("the page of a swap in a browser", () => {
  let browser: Browser;
  let html: string;
  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), "revocab-swap-page-"));
    const page = join(folder, "swap.html");
    const inputs = [SAMPLE_MODEL, "--tokenizer", SAMPLE_TOKENIZER, "--eval", SAMPLE_TEXT, "--by-token"];
    const written = ["--method", "subtoken-mean", "--out", join(folder, "out"), "--html", page];
    expect(await inProcess(["swap", ...inputs, ...written, "--quiet"])).toMatchObject({ code: 0 });
    html = readFileSync(page, "utf8");
    rmSync(folder, { recursive: true });
    browser = await startBrowser();
  });
  afterAll(() => browser.close());

  it("opens from disk without errors, asks for nothing else, and explains the row of a token that is typed", async () => {
    const { page, faults, close } = await openPage(browser, html);
    const rows = page.locator('[data-panel="rows"]');
    await rows.getByLabel("Search").fill("butterfly");
    await rows.getByRole("button", { name: "butterfly" }).click();
    const shown = await rows.innerText();
    expect(shown).toContain("subtoken-mean");
    expect(shown).toMatch(/0\.500 ·\s+butterf/);
    // every token of a small table has neighbours
    expect(shown).not.toContain("not computed");
    expect(faults).toEqual([]);
    await close();
  });

  it.each(["light", "dark"] as const)("meets WCAG A and AA in the %s theme", async (colorScheme) => {
    const { violations, close } = await openPage(browser, html, { colorScheme });
    expect(await violations()).toEqual([]);
    await close();
  });
});
