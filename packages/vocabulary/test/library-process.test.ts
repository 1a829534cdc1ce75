import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { failure } from "@revocab/test-support/failure";
import { gpt2TokenizerJson } from "@revocab/test-support/gpt2";
import { tokenizerFrom, tokenizerOf } from "@revocab/test-support/tokenizer-of";
import type { Tokenizer } from "@revocab/vocabulary";
import type * as Library from "tokenizers";
import { describe, expect, it, test } from "vitest";

const library = createRequire(import.meta.url)("tokenizers") as typeof Library;
const model = { type: "BPE", vocab: { a: 0, b: 1, ".": 2 }, merges: [] };
const wordPiece = { type: "WordPiece", unk_token: "a", continuing_subword_prefix: "", vocab: { a: 0, b: 1 } };
/** A word that takes n³ steps. */
const slow = { model: { ...wordPiece, max_input_chars_per_word: 1e9 } };
const doubling = { type: "Replace", pattern: { String: "a" }, content: "aa" };

const encode = (text: string) => (tokenizer: Tokenizer) => tokenizer.encode(text);

/** What the library does not survive, though the file can be read; the memory and the time it may take are small. */
const DEADLY: readonly (readonly [
  string,
  Parameters<typeof tokenizerOf>[0],
  (one: Tokenizer) => Promise<unknown>,
])[] = [
  [
    "a pattern that backtracks without end",
    {
      model,
      preTokenizer: {
        type: "Split",
        pattern: { Regex: "(\\p{L}+\\p{L}+)+\\d" },
        behavior: "Isolated",
        invert: false,
      },
    },
    encode("a".repeat(5000)),
  ],
  [
    "a decoder that strips more than there is",
    { model, decoder: { type: "Strip", content: "a", start: 0, stop: 5 } },
    (tokenizer) => tokenizer.decode([0]),
  ],
  [
    "a template with a token that it does not explain, in a sequence",
    {
      model,
      postProcessor: {
        type: "Sequence",
        processors: [
          {
            type: "TemplateProcessing",
            single: [{ SpecialToken: { id: "x", type_id: 0 } }],
            pair: [],
            special_tokens: {},
          },
        ],
      },
    },
    (tokenizer) => tokenizer.encodeWithSpecials("a"),
  ],
  [
    "a text that is doubled 40 times",
    { model, normalizer: { type: "Sequence", normalizers: Array.from({ length: 40 }, () => doubling) } },
    encode("a"),
  ],
  ["a word that takes for ever", slow, encode("b".repeat(5000).replace(/b$/u, "c"))],
];

describe("a tokenizer that the library does not survive", () => {
  it.each(DEADLY)("%s: is refused by name, and others go on", async (_, parts, use) => {
    const good = tokenizerOf({ model });
    await good.encode("ab");
    const deadly = tokenizerOf(parts);
    const [refused, beside] = await Promise.all([failure(use(deadly)), good.encode("ba")]);
    expect(refused.code).toBe("bad_tokenizer");
    expect(refused.message).toMatch(
      /^test\/tokenizer\.json: the tokenizers library (did not survive|refuses)/,
    );
    expect(refused.hint).toBeTruthy();
    expect([...beside]).toEqual([1, 0]);
    expect([...(await good.encode("aab"))]).toEqual([0, 0, 1]);
    // it is not tried again
    expect((await failure(deadly.encode("a"))).message).toBe(refused.message);
  });

  it.each([
    ["words of no characters", { model, preTokenizer: { type: "FixedLength", length: 0 } }, "FixedLength"],
    [
      "a search for nothing",
      { model, normalizer: { type: "Replace", pattern: { Regex: "" }, content: "x" } },
      "empty pattern",
    ],
    [
      "a search for no text",
      { model, normalizer: { type: "Replace", pattern: { String: "" }, content: "x" } },
      "empty pattern",
    ],
    [
      "a search for nothing, deep in a sequence",
      {
        model,
        decoder: {
          type: "Sequence",
          decoders: [
            { type: "Sequence", decoders: [{ type: "Replace", pattern: { String: "" }, content: "x" }] },
          ],
        },
      },
      "empty pattern",
    ],
    [
      "a piece of 300,000 characters",
      {
        model: {
          type: "Unigram",
          unk_id: 0,
          vocab: [
            ["a", 0],
            ["b".repeat(300_000), -1],
          ],
        },
      },
      "model.vocab[1] has 300000 bytes, expected at most",
    ],
  ])("%s is refused when the file is read", (_, parts, problem) => {
    expect(() => tokenizerOf(parts)).toThrow(problem);
  });
});

test("characters without a token are unknown_text where there is no unknown token, and only they", async () => {
  const unigram = tokenizerOf({
    model: {
      type: "Unigram",
      vocab: [
        ["a", -1],
        ["b", -2],
      ],
    },
  });
  const words = tokenizerOf({ model: { type: "WordLevel", vocab: { a: 0 }, unk_token: "[UNK]" } });
  const [known, unknown, later] = await Promise.all([
    unigram.encode("ab"),
    failure(unigram.encode("ac")),
    unigram.encode("b"),
  ]);
  expect([...known]).toEqual([0, 1]);
  expect(unknown.code).toBe("unknown_text");
  expect([...later]).toEqual([1]);
  expect((await failure(words.encode("b"))).code).toBe("unknown_text");
});

test("texts encoded at once have the ids that the library gives them one by one", async () => {
  const json = gpt2TokenizerJson();
  const tokenizer = tokenizerFrom({ "tokenizer.json": json });
  const direct = library.Tokenizer.fromString(json);
  const texts = Array.from({ length: 300 }, (_, i) => ["", " ", "é\ud800", "東京", "x".repeat(i)][i % 5] + i);
  const atOnce = await Promise.all(texts.map((text) => tokenizer.encode(text)));
  const pairs = await Promise.all(texts.map((text, i) => tokenizer.encodeWithSpecials(text, texts[i + 1])));
  const decoded = await Promise.all(atOnce.map((ids) => tokenizer.decode(ids)));
  for (const [i, text] of texts.entries()) {
    const alone = await direct.encode(text, null, { addSpecialTokens: false });
    const pair = await direct.encode(text, texts[i + 1] ?? null, { addSpecialTokens: true });
    expect([...atOnce[i]]).toEqual(alone.getIds());
    expect([...pairs[i].ids]).toEqual(pair.getIds());
    expect([...pairs[i].typeIds]).toEqual(pair.getTypeIds());
    expect(decoded[i]).toBe(await direct.decode(alone.getIds(), false));
  }
});

const built = new URL("../dist/index.js", import.meta.url);
const program = `
  import { tokenizerFromFiles } from ${JSON.stringify(built.href)};
  const json = ${JSON.stringify(JSON.stringify({ version: "1.0", added_tokens: [], ...slow }))};
  const tokenizer = tokenizerFromFiles(new Map([["tokenizer.json", new TextEncoder().encode(json)]]), "test");
  console.log((await tokenizer.encode("ab")).join());
`;

describe("the process of the library", () => {
  it("does not hold up the end of a program", () => {
    const { stdout, status } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
      encoding: "utf8",
      timeout: 60_000,
    });
    expect([stdout, status]).toEqual(["0,1\n", 0]);
  });

  it.runIf(process.platform === "linux")(
    "ends with a program that is killed, also while the library loops",
    async () => {
      const looping = `${program}; tokenizer.encode("b".repeat(5000) + "c");`;
      const child = spawn(process.execPath, ["--input-type=module", "-e", looping], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      await new Promise((resolve) => child.stdout.once("data", resolve));
      const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8")
        .trim()
        .split(" ");
      expect(children).toHaveLength(1);
      child.kill("SIGKILL");
      await expect.poll(() => existsSync(`/proc/${children[0]}`), { timeout: 30_000 }).toBe(false);
    },
  );
});
