import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ProgressEvent } from "@revocab/core";
import { failure } from "@revocab/test-support/failure";
import { scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TEXT, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { added, bpeModel, byteLevel, numbered } from "@revocab/test-support/tokenizer-json";
import { tokenizerOf } from "@revocab/test-support/tokenizer-of";
import { measureQuality, type QualityOptions, testReachability } from "@revocab/tokenizer-quality";
import { loadTokenizer } from "@revocab/vocabulary";
import { describe, expect, it } from "vitest";
import { expectFigures, type OracleFigures } from "./oracle-figures.ts";

const scratch = scratchFolders();

function fileOf(name: string, content: string | Uint8Array): string {
  const path = join(scratch(), name);
  writeFileSync(path, content);
  return path;
}

async function sampleTokenizers(): Promise<QualityOptions["tokenizers"]> {
  return [
    { name: "model", tokenizer: await loadTokenizer(SAMPLE_MODEL) },
    { name: "tokenizer", tokenizer: await loadTokenizer(SAMPLE_TOKENIZER) },
  ];
}

/** Lower-cases, cuts at spaces, and knows four letters and two words. */
const SMALL = tokenizerOf({
  normalizer: { type: "Lowercase" },
  preTokenizer: { type: "WhitespaceSplit" },
  decoder: { type: "Fuse" },
  model: {
    ...bpeModel(numbered(["<unk>", "a", "b", "c", "d", "ab", "abc", "A", "a b", "cd"]), [
      ["a", "b"],
      ["ab", "c"],
    ]),
    unk_token: "<unk>",
  },
  added: [added(0, "<unk>")],
});

describe("figures of the sample's tokenizers", () => {
  it("are those that Python computes by the published definitions", async () => {
    const golden = JSON.parse(
      readFileSync(new URL("fixtures/sample.json", import.meta.url), "utf8"),
    ) as OracleFigures;
    const fixture = (name: string) => new URL(`fixtures/${name}`, import.meta.url).pathname;
    const report = await measureQuality({
      tokenizers: await sampleTokenizers(),
      texts: [
        { name: "stories", path: SAMPLE_TEXT },
        { name: "de", path: fixture("de.txt") },
      ],
      parallel: [{ name: "en:de", source: fixture("en.txt"), target: fixture("de.txt") }],
      wordLists: [{ name: "words", path: fixture("words.txt") }],
    });
    expectFigures(report, golden);
    expect(report.tokenizers[0]!.texts[0]!.relativeLength).toBe(1);
    expect(report.tokenizers[0]!.allTexts!.tokens).toBe(
      report.tokenizers[0]!.texts.reduce((sum, { tokens }) => sum + tokens, 0),
    );
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  it("without texts are of the vocabularies alone", async () => {
    const { tokenizers, texts } = await measureQuality({ tokenizers: await sampleTokenizers() });
    expect(texts).toEqual([]);
    expect(tokenizers.map(({ fairness }) => fairness)).toEqual([
      { texts: null, parallel: null },
      { texts: null, parallel: null },
    ]);
    expect(tokenizers[0]).not.toHaveProperty("languages");
    expect(tokenizers[0]!.digits.name).toBe("single-digits");
  });
});

describe("a token that no text is written with", () => {
  it("is found, with the reason", async () => {
    const { reachable, special, unreachable, examples } = await testReachability(SMALL, "small");
    expect({ reachable, special }).toEqual({ reachable: 6, special: 1 });
    expect(unreachable).toMatchObject({ normalizer: 1, cut: 1, model: 1, "same-bytes": 0 });
    expect(examples.map(({ token, cause }) => [token, cause])).toEqual([
      ["A", "normalizer"],
      ["a b", "cut"],
      ["cd", "model"],
    ]);
    expect(examples[2]!.reason).toBe('the tokenizer still writes it as "c" "d"');
  });

  it("is a byte token of a byte that another token stands for", async () => {
    const tokenizer = tokenizerOf({
      model: { ...bpeModel(numbered(["a", "<0x61>", "<0xC3>", "▁"]), []), byte_fallback: true },
      decoder: { type: "Sequence", decoders: [{ type: "ByteFallback" }, { type: "Fuse" }] },
      preTokenizer: { type: "Metaspace", replacement: "▁", prepend_scheme: "never", split: false },
    });
    const { reachable, undecodable, unreachable, examples } = await testReachability(tokenizer, "bytes");
    expect({ reachable, undecodable, lost: unreachable["same-bytes"] }).toEqual({
      reachable: 2,
      undecodable: 1,
      lost: 1,
    });
    expect(examples[0]!.reason).toBe("token 0 stands for the same bytes");
  });

  it("is one whose text an added token takes, though its id is the lower one", async () => {
    const tokenizer = tokenizerOf({
      model: bpeModel(numbered(["a", "Ġ", "ĠĠ"]), [["Ġ", "Ġ"]]),
      preTokenizer: byteLevel(false),
      decoder: byteLevel(false),
      added: [added(3, "  ", { special: false })],
    });
    const { unreachable, examples } = await testReachability(tokenizer, "added");
    expect(unreachable).toMatchObject({ "same-bytes": 1, model: 0 });
    expect(examples).toEqual([
      { id: 2, token: "  ", cause: "same-bytes", reason: "token 3 stands for the same bytes" },
    ]);
  });
});

describe("what becomes of lines", () => {
  it("is told apart: white space, forms of characters, and the rest", async () => {
    const path = fileOf("lines.txt", "abc\nab c\nABC\nabé\n\n<|endoftext|>\nab\n");
    const { tokenizers, texts } = await measureQuality({
      tokenizers: [{ name: "small", tokenizer: SMALL }],
      texts: [{ name: "lines", path }],
    });
    expect(texts).toEqual([
      { name: "lines", lines: 5, bytes: 16, characters: 15, words: 6, isWordless: false },
    ]);
    const { roundTrips } = tokenizers[0]!.texts[0]!;
    expect(roundTrips).toMatchObject({ exact: 2, spaces: 1, forms: 1, lost: 1, unknown: 1 });
    expect(roundTrips.examples).toEqual([{ line: "abé", decoded: "ab<unk>" }]);
  });

  it("has no tokens per word where a script has no spaces between words", async () => {
    const path = fileOf("zh.txt", "猫在这里。\n");
    const { tokenizers, texts } = await measureQuality({
      tokenizers: [{ name: "small", tokenizer: SMALL }],
      texts: [{ name: "zh", path }],
    });
    expect(texts[0]!.isWordless).toBe(true);
    expect(tokenizers[0]!.texts[0]!.tokensPerWord).toBeNull();
    expect(tokenizers[0]!.texts[0]!.roundTrips.unknown).toBeGreaterThan(0);
  });

  it("counts characters of a tokenizer that has no unknown token", async () => {
    const tokenizer = tokenizerOf({
      model: {
        type: "Unigram",
        unk_id: null,
        vocab: [
          ["a", -1],
          ["▁", -2],
        ],
      },
      preTokenizer: { type: "Metaspace", replacement: "▁", prepend_scheme: "never", split: false },
    });
    const { tokenizers } = await measureQuality({
      tokenizers: [{ name: "a", tokenizer }],
      texts: [{ name: "ab", path: fileOf("ab.txt", "aba\n") }],
    });
    expect(tokenizers[0]!.texts[0]).toMatchObject({ tokens: 2, roundTrips: { unknown: 1, lost: 1 } });
  });
});

describe("white space", () => {
  it("is kept by bytes, and its longest run of spaces counted", async () => {
    const { tokenizers } = await measureQuality({ tokenizers: await sampleTokenizers() });
    const { whiteSpace } = tokenizers[0]!;
    expect(whiteSpace.lost).toEqual([]);
    expect(whiteSpace.indentations.map(({ tokens }) => tokens)).not.toContain(null);
  });

  it("is lost where texts are cut at it", async () => {
    const { tokenizers } = await measureQuality({ tokenizers: [{ name: "small", tokenizer: SMALL }] });
    expect(tokenizers[0]!.whiteSpace.kept).toEqual([]);
    expect(tokenizers[0]!.whiteSpace.indentations.map(({ tokens }) => tokens)).toEqual(Array(6).fill(null));
  });
});

describe("names of special tokens", () => {
  it("are one token where the tokenizer has them, and split where not", async () => {
    const letters = [..."<|im_start|>"].filter((letter, i, all) => all.indexOf(letter) === i);
    const make = (specials: readonly string[]) =>
      tokenizerOf({
        model: bpeModel(numbered(letters), []),
        preTokenizer: byteLevel(false),
        decoder: byteLevel(true),
        added: specials.map((token, i) => added(letters.length + i, token)),
      });
    const { tokenizers } = await measureQuality({
      tokenizers: [
        { name: "chat", tokenizer: make(["<|im_start|>"]) },
        { name: "plain", tokenizer: make([]) },
      ],
    });
    const [chat, plain] = tokenizers.map(({ specialNames }) =>
      specialNames.find(({ name }) => name === "<|im_start|>"),
    );
    expect(chat).toEqual({ name: "<|im_start|>", id: letters.length, pieces: [] });
    expect(plain).toEqual({ name: "<|im_start|>", id: null, pieces: [..."<|im_start|>"] });
  });
});

describe("bad input is refused in one sentence", () => {
  it.each([
    [
      "an empty text",
      "bad_text",
      { texts: (): string => " \n\n" },
      /found no text, only white space or nothing/,
    ],
    [
      "a text that is no UTF-8",
      "bad_text",
      { texts: (): Uint8Array => Uint8Array.of(0x61, 0xff, 0x0a) },
      /not UTF-8/,
    ],
    ["an empty word list", "bad_text", { wordLists: (): string => "\n" }, /found no word/],
  ] as const)("%s", async (_, code, input, message) => {
    const [[option, content]] = Object.entries(input) as [["texts" | "wordLists", () => string | Uint8Array]];
    const path = fileOf("input.txt", content());
    const error = await failure(
      measureQuality({ tokenizers: [{ name: "small", tokenizer: SMALL }], [option]: [{ name: "x", path }] }),
    );
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(error.hint).toBeTruthy();
  });

  it("parallel texts of different lengths, with both numbers", async () => {
    const error = await failure(
      measureQuality({
        tokenizers: [{ name: "small", tokenizer: SMALL }],
        parallel: [{ name: "a:b", source: fileOf("a.txt", "a\nb\n"), target: fileOf("b.txt", "a\n") }],
      }),
    );
    expect(error.code).toBe("bad_text");
    expect(error.message).toMatch(/has 2 lines and .* has 1;/);
  });

  it("no tokenizer, and one name twice", async () => {
    expect((await failure(measureQuality({ tokenizers: [] }))).code).toBe("bad_options");
    const twice = { name: "small", tokenizer: SMALL };
    expect((await failure(measureQuality({ tokenizers: [twice, twice] }))).message).toBe(
      'found two of the name "small", expected another name for each tokenizer',
    );
  });
});

describe("a measurement", () => {
  it("stops when it is aborted, and says how far it is", async () => {
    const tokenizers = await sampleTokenizers();
    const events: ProgressEvent[] = [];
    const controller = new AbortController();
    await measureQuality({
      tokenizers,
      texts: [{ name: "stories", path: SAMPLE_TEXT }],
      job: { onProgress: (event) => events.push(event) },
    });
    const shares = events.flatMap((event) =>
      event.type === "progress" && event.whole !== undefined ? [event.whole] : [],
    );
    expect(shares.at(-1)).toBeCloseTo(1, 6);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    controller.abort();
    const error = await failure(measureQuality({ tokenizers, job: { abortSignal: controller.signal } }));
    expect(error.code).toBe("aborted");
  });
});
