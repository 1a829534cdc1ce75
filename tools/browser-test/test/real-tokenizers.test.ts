import { renderPage, tokenizersPanel } from "@revocab/report-page";
import { realData, realLines } from "@revocab/test-support/real-data";
import { loadTokenizer } from "@revocab/vocabulary";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { idsInBox } from "../browser-ids.ts";
import { hasBrowser, openPage, startBrowser } from "../open-page.ts";

/** One of each family, and of each way in which published ones treat a text before the model sees it. */
const TOKENIZERS = ["gpt2", "qwen2", "llama-2", "t5-small", "de-unigram-50k", "bert-cased"];
const TEXTS = ["wikitext2-valid", "multi30k.de", "xquad.ar", "xquad.zh", "en-sw.sw"];

describe.skipIf(!hasBrowser || !realData)("a page with real tokenizers", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(() => browser.close());

  it("gives the ids of the Rust library for 1,000 lines in five languages", async () => {
    const tokenizers = await Promise.all(
      TOKENIZERS.map(async (name) => ({
        name,
        tokenizer: await loadTokenizer(`${realData}/tokenizers/${name}`),
      })),
    );
    const lines = TEXTS.flatMap((name) => realLines([name], 200_000).slice(0, 200)).map(startOfLine);
    expect(lines).toHaveLength(1000);
    const panel = await tokenizersPanel({ tokenizers, texts: ["Hello"] });
    const { page, faults, close } = await openPage(browser, renderPage({ title: "ids", blocks: [panel] }));
    const shown = await idsInBox(page, lines);
    for (const [place, { tokenizer }] of tokenizers.entries()) {
      const expected = await Promise.all(lines.map(async (line) => (await tokenizer.encode(line)).join(" ")));
      expect(shown.map((ids) => ids[place])).toEqual(expected);
    }
    expect(faults).toEqual([]);
    await close();
  }, 300_000);
});

/** Its first 60 characters, so that the test takes seconds. */
function startOfLine(line: string): string {
  return [...line].slice(0, 60).join("");
}
