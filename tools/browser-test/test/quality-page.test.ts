import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TEXT, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { loadTokenizer } from "@revocab/vocabulary";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inProcess } from "../../../apps/revocab/test/in-process.ts";
import { idsInBox } from "../browser-ids.ts";
import { hasBrowser, openPage, startBrowser } from "../open-page.ts";

const scratch = scratchFolders();
const fixture = (name: string) =>
  fileURLToPath(new URL(`../../../packages/tokenizer-quality/test/fixtures/${name}`, import.meta.url));

describe.skipIf(!hasBrowser)("the page of revocab quality", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(() => browser.close());

  it("opens without errors or requests, meets WCAG A and AA, and its box gives the ids of the Rust library", async () => {
    const file = join(scratch(), "quality.html");
    const { code } = await inProcess([
      ...["quality", SAMPLE_MODEL, SAMPLE_TOKENIZER, "--text", SAMPLE_TEXT, "--text", fixture("de.txt")],
      ...["--parallel", `${fixture("en.txt")}:${fixture("de.txt")}`, "--words", fixture("words.txt")],
      ...["--model", SAMPLE_MODEL, "--html", file, "--quiet"],
    ]);
    expect(code).toBe(0);
    const html = readFileSync(file, "utf8");
    for (const colorScheme of ["light", "dark"] as const) {
      const { page, faults, violations, close } = await openPage(browser, html, { colorScheme });
      const line = "Once upon a time a butterfly flew over Zürich.";
      const [shown] = await idsInBox(page, [line]);
      for (const [place, path] of [SAMPLE_MODEL, SAMPLE_TOKENIZER].entries()) {
        const { encode } = await loadTokenizer(path);
        expect(shown![place]).toBe((await encode(line)).join(" "));
      }
      expect(await violations()).toEqual([]);
      expect(faults).toEqual([]);
      await close();
    }
  });
});
