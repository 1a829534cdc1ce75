import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SAMPLE_MODEL, SAMPLE_TEXT, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inProcess } from "../../../apps/revocab/test/in-process.ts";
import { hasBrowser, openPage, startBrowser } from "../open-page.ts";

/** Pages without panels; those with them have tests of their own. */
describe.skipIf(!hasBrowser)("the page of a command in a browser", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(() => browser.close());

  it.each([
    ["inspect", [SAMPLE_MODEL]],
    [
      "compare",
      [
        SAMPLE_MODEL,
        "--tokenizer",
        SAMPLE_TOKENIZER,
        "--text",
        SAMPLE_TEXT,
        "--methods",
        "mean,subtoken-mean",
      ],
    ],
  ])("%s: no error, no request, WCAG A and AA in both themes", async (command, args) => {
    const folder = mkdtempSync(join(tmpdir(), "revocab-pages-"));
    const page = join(folder, "page.html");
    expect(await inProcess([command, ...args, "--html", page, "--quiet"])).toMatchObject({ code: 0 });
    const html = readFileSync(page, "utf8");
    rmSync(folder, { recursive: true });
    for (const colorScheme of ["light", "dark"] as const) {
      const { faults, violations, close } = await openPage(browser, html, { colorScheme });
      expect(await violations()).toEqual([]);
      expect(faults).toEqual([]);
      await close();
    }
  });
});
