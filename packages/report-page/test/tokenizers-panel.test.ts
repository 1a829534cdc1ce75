import { tokenizersPanel } from "@revocab/report-page";
import { SAMPLE_MODEL, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { added, BYTE_TOKENS, bpeModel, numbered } from "@revocab/test-support/tokenizer-json";
import { tokenizerOf } from "@revocab/test-support/tokenizer-of";
import { loadTokenizer } from "@revocab/vocabulary";
import { describe, expect, it } from "vitest";
import type { TokenizersData } from "../src/panels/panel-data.ts";

const LETTERS = Array.from("▁abcdefghijklmnopqrstuvwxyz");

async function describedBy(tokenizer: Awaited<ReturnType<typeof loadTokenizer>>, texts = ["abc cab"]) {
  const panel = await tokenizersPanel({ tokenizers: [{ name: "one", tokenizer }], texts });
  return (panel.data as TokenizersData).tokenizers[0]!;
}

describe("the page's encoder", () => {
  it("is given for tokenizers that it runs as the Rust library does", async () => {
    for (const path of [SAMPLE_MODEL, SAMPLE_TOKENIZER]) {
      const { json, refusal } = await describedBy(await loadTokenizer(path));
      expect(refusal).toBeUndefined();
      expect(json).toBeDefined();
    }
  });

  it("is left out, with the reason, where it gives other ids", async () => {
    // the JavaScript library knows no such flag, and finds the token inside words as well
    const { json, refusal, encoded } = await describedBy(
      tokenizerOf({
        model: bpeModel(numbered(["a", "b", "c", " "]), []),
        added: [added(4, "ab", { single_word: true })],
      }),
    );
    expect(json).toBeUndefined();
    expect(refusal).toMatch(/^for ".*ab.*" the page's encoder gives other ids than the tokenizers library$/);
    expect(encoded).toEqual([[0, 1, 2, 3, 2, 0, 1]]);
  });

  it("is left out where it has no part that the tokenizer needs", async () => {
    const { refusal } = await describedBy(
      tokenizerOf({
        model: bpeModel(numbered(["a", "b", "c", " "]), []),
        normalizer: { type: "Nmt" },
      }),
    );
    expect(refusal).toBe("it has a part that this page cannot run (Unknown Normalizer type: Nmt)");
  });

  it("is left out where a pattern takes exponential time", async () => {
    const { refusal } = await describedBy(
      tokenizerOf({
        model: bpeModel(numbered(["a", "b", "c", " "]), []),
        preTokenizer: { type: "Split", pattern: { Regex: "(a+)+$" }, behavior: "Isolated", invert: false },
      }),
    );
    expect(refusal).toBe('its pattern "(a+)+$" could keep this page busy for years');
  });

  it("spells a character without a token in its bytes, also for a Unigram", async () => {
    const pieces = ["<unk>", ...BYTE_TOKENS, ...LETTERS];
    const { refusal, encoded } = await describedBy(
      tokenizerOf({
        model: { type: "Unigram", unk_id: 0, byte_fallback: true, vocab: pieces.map((piece) => [piece, -1]) },
        preTokenizer: { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true },
      }),
      ["é"],
    );
    expect(refusal).toBeUndefined();
    expect(encoded).toEqual([[257, 1 + 0xc3, 1 + 0xa9]]);
  });

  it("says of a text that the tokenizer cannot write that it has no ids", async () => {
    const { refusal, encoded } = await describedBy(
      tokenizerOf({ model: { type: "Unigram", unk_id: null, vocab: LETTERS.map((piece) => [piece, -1]) } }),
      ["abc", "É"],
    );
    expect(encoded[1]).toBeNull();
    expect(encoded[0]).toHaveLength(3);
    expect(refusal).toBeUndefined();
  });
});

describe("tokenizersPanel", () => {
  it("takes texts as a text box has them: lines that end in \\n, at most 5,000 characters", async () => {
    const tokenizer = await loadTokenizer(SAMPLE_MODEL);
    const long = `${"a".repeat(4999)}😀`;
    const { data } = await tokenizersPanel({
      tokenizers: [{ name: "one", tokenizer }],
      texts: ["a\r\nb\rc", long],
    });
    expect((data as TokenizersData).texts).toEqual(["a\nb\nc", "a".repeat(4999)]);
  });

  it("counts the tokens of the texts for renderers without scripts", async () => {
    const tokenizer = await loadTokenizer(SAMPLE_MODEL);
    const { instead } = await tokenizersPanel({ tokenizers: [{ name: "one", tokenizer }], texts: ["Once"] });
    expect(instead).toEqual([
      {
        kind: "table",
        columns: [{ title: "text" }, { title: "one" }],
        rows: [["Once", { value: 1, unit: "tokens" }]],
      },
    ]);
  });

  it("refuses no tokenizers, no texts, and two tokenizers of one name", async () => {
    const tokenizer = await loadTokenizer(SAMPLE_MODEL);
    const one = { name: "one", tokenizer };
    for (const input of [
      { tokenizers: [], texts: ["a"] },
      { tokenizers: [one], texts: [] },
      { tokenizers: [one, one], texts: ["a"] },
    ]) {
      await expect(tokenizersPanel(input)).rejects.toMatchObject({ code: "bad_options" });
    }
  });
});
