import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { renderPage, rowsPanel, tokenizersPanel, vocabularyPanel } from "@revocab/report-page";
import { gpt2TokenizerJson } from "@revocab/test-support/gpt2";
import {
  byte,
  handMadeVocabulary,
  special,
  text,
  textBytes,
} from "@revocab/test-support/hand-made-vocabulary";
import { SAMPLE_MODEL, SAMPLE_TEXT, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { BYTE_TOKENS, bpeModel, numbered } from "@revocab/test-support/tokenizer-json";
import { tokenizerFrom, tokenizerOf } from "@revocab/test-support/tokenizer-of";
import { loadTokenizer, type Tokenizer } from "@revocab/vocabulary";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { idsInBox } from "../browser-ids.ts";
import { hasBrowser, openPage, startBrowser } from "../open-page.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

describe.skipIf(!hasBrowser)("a page in a browser", () => {
  let browser: Browser;
  let sample: string;
  beforeAll(async () => {
    browser = await startBrowser();
    sample = await samplePage();
  });
  afterAll(() => browser.close());

  it("opens from disk without errors, and asks for nothing else", async () => {
    const { faults, close } = await openPage(browser, sample);
    expect(faults).toEqual([]);
    await close();
  });

  it.each(["light", "dark"] as const)("meets WCAG A and AA in the %s theme", async (colorScheme) => {
    const { page, violations, close } = await openPage(browser, sample, { colorScheme });
    await page.getByLabel("Show ids").check();
    await chooseButterfly(page);
    expect(await violations()).toEqual([]);
    await close();
  });

  it("shows the text that is typed in the ids of the Rust library, for 1,000 lines and every family", async () => {
    const tokenizers: Record<string, Tokenizer> = {
      "byte-level-bpe": tokenizerFrom({ "tokenizer.json": gpt2TokenizerJson() }),
      "sentencepiece-bpe": sentencePieceBpe(),
      unigram: await loadTokenizer(SAMPLE_TOKENIZER),
      wordpiece: wordPiece(),
    };
    for (const [family, tokenizer] of Object.entries(tokenizers)) expect(tokenizer.family).toBe(family);
    const lines = linesOfTheRepository(1000);
    const panel = await tokenizersPanel({
      tokenizers: Object.entries(tokenizers).map(([name, tokenizer]) => ({ name, tokenizer })),
      texts: ["Hello"],
    });
    const { page, faults, close } = await openPage(browser, renderPage({ title: "ids", blocks: [panel] }));
    const shown = await idsInBox(page, lines);
    for (const [place, tokenizer] of Object.values(tokenizers).entries()) {
      const expected = await Promise.all(lines.map(async (line) => (await tokenizer.encode(line)).join(" ")));
      expect(shown.map((ids) => ids[place])).toEqual(expected);
    }
    expect(faults).toEqual([]);
    await close();
  });

  it("is used by keyboard: tabs by arrow keys, a search by typing", async () => {
    const { page, close } = await openPage(browser, sample);
    const tabs = page.getByRole("tab");
    await tabs.nth(0).focus();
    await page.keyboard.press("ArrowRight");
    expect(await tabs.nth(1).getAttribute("aria-selected")).toBe("true");
    expect(await page.evaluate("document.activeElement.textContent")).toBe("target");
    await page.keyboard.press("Tab"); // the open panel
    await page.keyboard.press("Tab"); // its search
    await page.keyboard.type("butterfly");
    const open = page.getByRole("tabpanel").filter({ visible: true });
    await open.getByText("1 token found").waitFor();
    expect(await open.locator("tbody tr").allInnerTexts()).toEqual([
      "739\t butterfly\t20 62 75 74 74 65 72 66 6c 79\ttext\t butterf ly",
    ]);
    await page.keyboard.press("Tab");
    await page.keyboard.press("ArrowDown"); // by bytes
    await open.getByText("Bytes are written in hex").waitFor();
    await close();
  });

  it("shows the map, the nearest rows and the sources of a token that is chosen", async () => {
    const { page, close } = await openPage(browser, sample);
    await chooseButterfly(page);
    const panel = page.locator('[data-panel="rows"]');
    const details = await panel.locator(".details").innerText();
    expect(details).toContain(" butterfly (id 739)");
    expect(details).toContain("Its row is from subtoken-mean:");
    expect(details).toContain("0.500 · ");
    expect(await panel.locator("circle.chosen").count()).toBe(1);
    await close();
  });

  it("shows hostile tokens as text", async () => {
    const hostile = [
      "</script><script>alert(1)</script>",
      "<img src=x onerror=alert(1)>",
      "<!--",
      "\u202Ereversed",
      "\u0000\u001b[31m",
      "\u2028",
    ];
    const vocabulary = handMadeVocabulary([
      ...hostile.map((string) => text(string)),
      special("</script><b>"),
      textBytes("half", 0xed, 0xa0, 0x80),
      byte(0xff),
    ]);
    const html = renderPage({
      title: hostile[0]!,
      blocks: [
        vocabularyPanel({ vocabularies: [{ name: hostile[1]!, vocabulary }] }),
        rowsPanel({ vocabulary, title: hostile[2]! }),
      ],
    });
    const { page, faults, close } = await openPage(browser, html);
    expect(faults).toEqual([]);
    expect(await page.locator("img, b").count()).toBe(0);
    expect(await page.locator("tbody code").allInnerTexts()).toEqual([
      "</script><script>alert(1)</script>",
      "<img src=x onerror=alert(1)>",
      "<!--",
      "\\u{202e}reversed",
      "\\x00\\x1b[31m",
      "\\u{2028}",
      "</script><b>",
      "\\xed\\xa0\\x80",
      "\\xff",
    ]);
    await close();
  });
});

/** In the panel of rows, by keyboard. */
async function chooseButterfly(page: Page): Promise<void> {
  const panel = page.locator('[data-panel="rows"]');
  await panel.getByLabel("Search").fill(" butterfly");
  await panel.getByRole("button", { name: "butterfly" }).first().focus();
  await page.keyboard.press("Enter");
}

async function samplePage(): Promise<string> {
  const source = await loadTokenizer(SAMPLE_MODEL);
  const target = await loadTokenizer(SAMPLE_TOKENIZER);
  const { vocabulary } = target;
  const ids = Uint32Array.from({ length: 1000 }, (_, id) => id);
  const tokenizers = [
    { name: "source", tokenizer: source },
    { name: "target", tokenizer: target },
  ];
  return renderPage({
    title: "Two tokenizers",
    blocks: [
      await tokenizersPanel({ tokenizers, texts: ["Once upon a time", "there was a 🦋"] }),
      vocabularyPanel({
        vocabularies: tokenizers.map(({ name, tokenizer }) => ({ name, vocabulary: tokenizer.vocabulary })),
      }),
      rowsPanel({
        vocabulary,
        map: {
          axes: ["first component", "second component"],
          series: ["shared", "spelled"],
          ids,
          x: Float32Array.from(ids, (id) => Math.cos(id)),
          y: Float32Array.from(ids, (id) => Math.sin(2 * id)),
          seriesOf: Uint8Array.from(ids, (id) => id % 2),
        },
        nearest: {
          measure: "cosine",
          ids,
          neighbors: Uint32Array.from(ids, (id) => (id + 1) % 1000),
          similarities: new Float32Array(1000).fill(0.5),
        },
        origins: {
          names: ["subtoken-mean"],
          of: new Uint8Array(vocabulary.size),
          source: source.vocabulary,
          mixture: {
            offsets: Uint32Array.from({ length: vocabulary.size + 1 }, (_, row) => 2 * row),
            sources: Uint32Array.from(
              { length: 2 * vocabulary.size },
              (_, place) => place % source.vocabulary.size,
            ),
            weights: new Float32Array(2 * vocabulary.size).fill(0.5),
          },
        },
      }),
    ],
  });
}

/** Pieces of lines with words, signs, code and figures, at most 60 characters each, and hard ones among them. */
function linesOfTheRepository(count: number): string[] {
  const files = [
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "README.md",
    "docs/command-line.md",
    "docs/evaluation.md",
    "docs/report.md",
    "docs/tokenizers.md",
  ];
  const texts = [SAMPLE_TEXT, ...files.map((name) => join(root, name))].map((path) =>
    readFileSync(path, "utf8"),
  );
  const lines = texts.flatMap((content) => Array.from(content.matchAll(/.{1,60}/gu), String));
  const hard = [
    "Größe naïve",
    "  indented\t",
    "你好，世界",
    "مرحبا بالعالم",
    "नमस्ते",
    "👩‍👩‍👧‍👦 🇩🇪",
    "ﬁ Ａ ①",
    "x\u0000y\u202Ez",
  ];
  const mixed = lines.map((line, place) =>
    place % 3 === 0 ? `${line} ${hard[(place / 3) % hard.length]}` : line,
  );
  if (mixed.length < count) throw new Error(`the repository has ${mixed.length} lines, expected ${count}`);
  return mixed.slice(0, count);
}

function sentencePieceBpe(): Tokenizer {
  const merges = ["▁ t", "h e", "▁t he", "e r", "i n", "▁ a", "o n", "r e"];
  const pieces = [
    "<unk>",
    ...BYTE_TOKENS,
    ..."▁abcdefghijklmnopqrstuvwxyz",
    ...merges.map((merge) => merge.replace(" ", "")),
  ];
  return tokenizerOf({
    model: {
      ...bpeModel(numbered(pieces), merges),
      unk_token: "<unk>",
      byte_fallback: true,
      fuse_unk: true,
    },
    normalizer: {
      type: "Sequence",
      normalizers: [
        { type: "Prepend", prepend: "▁" },
        { type: "Replace", pattern: { String: " " }, content: "▁" },
      ],
    },
  });
}

function wordPiece(): Tokenizer {
  const words = ["the", "a", "and", "of", "model", "token", "世", "!"];
  const letters = Array.from("abcdefghijklmnopqrstuvwxyz0123456789.,:;()`-");
  return tokenizerOf({
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: numbered(
        [
          "[UNK]",
          ...letters,
          ...letters.map((letter) => `##${letter}`),
          ...words,
          "##izer",
          "##s",
          "##ing",
        ].filter((piece, place, all) => all.indexOf(piece) === place),
      ),
    },
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    preTokenizer: { type: "BertPreTokenizer" },
  });
}
