import type { ProgressEvent } from "@revocab/core";
import { bitsPerByte } from "@revocab/evaluation";
import { failure } from "@revocab/test-support/failure";
import { special } from "@revocab/test-support/hand-made-vocabulary";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { characterTokenizer } from "./character-tokenizer.ts";
import { bigramModel, handMadeModel, uniformModel } from "./hand-made-models.ts";

const BOS = special("<s>", "bos");
const UNK = special("<unk>", "unk");
const LETTERS = "abcdefg";

describe("bits per byte", () => {
  it("of a uniform model are log2 V × scored tokens ÷ bytes", async () => {
    const score = await bitsPerByte({
      model: uniformModel({ vocabularySize: 16, contextLength: 4 }),
      tokenizer: characterTokenizer(`${LETTERS}ö`, BOS),
      documents: ["abcdefg", "ö", "aö"],
    });
    expect(score).toMatchObject({
      kind: "bits-per-byte",
      documents: 3,
      bytes: 12,
      tokens: 10,
      scoredTokens: 10,
      bytesPerToken: 1.2,
      bos: "<s>",
      windows: 5,
      context: 4,
      stride: 3,
      notes: [],
    });
    expect(score.bitsPerByte).toBeCloseTo((4 * 10) / 12, 6);
    expect(score.bitsPerToken).toBeCloseTo(4, 6);
    expect(score.seconds).toBeGreaterThan(0);
    expect(score.tokensPerSecond).toBeCloseTo(10 / score.seconds, 6);
  });

  it("of a table of bigrams are the sum over the pairs, worked by hand", async () => {
    const table = [
      [0, 0.5, 0.5],
      [0, 0.25, 0.75],
      [0, 1, 0],
    ];
    // <s>a: 1 bit, aa: 2 bits, ab: log2 4/3, ba: 0 bits.
    const tokenizer = characterTokenizer("ab", BOS);
    const score = await bitsPerByte({ model: bigramModel(table), tokenizer, documents: ["aaba"] });
    expect(score.bitsPerByte).toBeCloseTo((1 + 2 + Math.log2(4 / 3) + 0) / 4, 6);
    const without = await bitsPerByte({
      model: bigramModel(table),
      tokenizer,
      documents: ["aaba"],
      bos: "never",
    });
    expect(without).toMatchObject({ bos: null, tokens: 4, scoredTokens: 3 });
    expect(without.bitsPerByte).toBeCloseTo((2 + Math.log2(4 / 3) + 0) / 4, 6);
  });

  it("of a model that begins every text by itself are those of the text after all that stands before it", async () => {
    const table = [
      [0, 0.5, 0.5],
      [0, 0.25, 0.75],
      [0, 1, 0],
    ];
    const tokenizer = characterTokenizer("ab", BOS);
    const model = {
      ...bigramModel(table),
      startTokens: [tokenizer.vocabulary.idOfRole("bos") ?? Number.NaN],
    };
    const options = { model, tokenizer, documents: ["aaba"] };
    // nothing predicts the BOS, whose probability after itself is 0
    const score = await bitsPerByte(options);
    expect(score).toMatchObject({ bos: "<s><s>", tokens: 4, scoredTokens: 4 });
    expect(score.bitsPerByte).toBeCloseTo((1 + 2 + Math.log2(4 / 3) + 0) / 4, 6);
    const without = await bitsPerByte({ ...options, bos: "never" });
    expect(without).toMatchObject({ bos: "<s>", scoredTokens: 4, bitsPerByte: score.bitsPerByte });
  });

  it("of a table of bigrams are the same for any context and stride, for one token of context is all it needs", async () => {
    const table = [1, 2, 3, 4].map((row) => [1, 2, 3, 4].map((column) => ((row * column) % 5) / 10));
    const tokenizer = characterTokenizer("abc", BOS);
    const document = fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(document, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 2, max: 20 }),
        fc.nat(),
        async (documents, context, stride) => {
          const options = { tokenizer, documents, context, stride: 1 + (stride % (context - 1)) };
          const score = await bitsPerByte({ model: bigramModel(table, 20), ...options });
          const whole = await bitsPerByte({
            model: bigramModel(table, 64),
            tokenizer,
            documents,
            context: 64,
          });
          expect(score.bitsPerByte).toBeCloseTo(whole.bitsPerByte, 6);
          expect(score.scoredTokens).toBe(documents.join("").length);
        },
      ),
    );
  });

  it("count the bytes of a first token that nothing predicts, and say so", async () => {
    const score = await bitsPerByte({
      model: uniformModel({ vocabularySize: 8 }),
      tokenizer: characterTokenizer(LETTERS),
      documents: ["ab", "c"],
    });
    expect(score).toMatchObject({ tokens: 3, scoredTokens: 1, bytes: 3, bos: null });
    expect(score.bitsPerByte).toBeCloseTo(1, 6);
    expect(score.notes).toEqual([expect.stringContaining("2 of 3 tokens (66.7 %)")]);
  });

  it("are the same when asked for again, in all but the seconds", async () => {
    const run = async () => {
      const { seconds, tokensPerSecond, ...score } = await bitsPerByte({
        model: handMadeModel({ vocabularySize: 8 }, (tokens, position) => -1 / (3 + tokens[position])),
        tokenizer: characterTokenizer(LETTERS),
        documents: ["abcdefgabc", "gfedcba"],
      });
      return score;
    };
    expect(await run()).toEqual(await run());
  });
});

describe("what the model is asked", () => {
  it("is each window without its last token, which is only predicted", async () => {
    const model = uniformModel({ vocabularySize: 8, contextLength: 4 });
    await bitsPerByte({ model, tokenizer: characterTokenizer(LETTERS, BOS), documents: ["abcde"] });
    expect(model.calls).toEqual([
      [
        {
          tokens: Uint32Array.of(0, 1, 2),
          positions: Uint32Array.of(0, 1, 2),
          targets: Uint32Array.of(1, 2, 3),
        },
        { tokens: Uint32Array.of(3, 4), positions: Uint32Array.of(0, 1), targets: Uint32Array.of(4, 5) },
      ],
    ]);
  });

  it("is with a stride more context for fewer targets", async () => {
    const model = uniformModel({ vocabularySize: 8, contextLength: 4 });
    await bitsPerByte({
      model,
      tokenizer: characterTokenizer(LETTERS, BOS),
      documents: ["abcde"],
      stride: 1,
    });
    expect(model.calls[0].slice(1)).toEqual([
      { tokens: Uint32Array.of(1, 2, 3), positions: Uint32Array.of(2), targets: Uint32Array.of(4) },
      { tokens: Uint32Array.of(2, 3, 4), positions: Uint32Array.of(2), targets: Uint32Array.of(5) },
    ]);
  });

  it("is everything at once, with progress while the text is written in tokens", async () => {
    const model = uniformModel({ vocabularySize: 8, contextLength: 512 });
    const events: ProgressEvent[] = [];
    const documents = Array.from({ length: 60 }, (_, index) => "abcdefg".repeat(10 + index));
    const job = { onProgress: (event: ProgressEvent) => events.push(event) };
    await bitsPerByte({ model, tokenizer: characterTokenizer(LETTERS, BOS), documents, job });
    expect(model.calls).toHaveLength(1);
    const total = documents.join("").length;
    const asked = model.calls[0].reduce((sum, { positions }) => sum + positions.length, 0);
    expect(asked).toBe(total);
    expect(model.jobs).toEqual([job]);
    expect(events).toContainEqual({ type: "progress", step: "tokenize", done: total, total, unit: "bytes" });
  });

  it("is 512 tokens of context unless said otherwise", async () => {
    const tokenizer = characterTokenizer(LETTERS, BOS);
    const model = uniformModel({ vocabularySize: 8, contextLength: 4096 });
    expect(await bitsPerByte({ model, tokenizer, documents: ["ab"] })).toMatchObject({
      context: 512,
      stride: 511,
    });
    expect(await bitsPerByte({ model, tokenizer, documents: ["ab"], context: 4096 })).toMatchObject({
      context: 4096,
    });
  });

  it("is a document of a million tokens as well", async () => {
    const score = await bitsPerByte({
      model: uniformModel({ vocabularySize: 8, contextLength: 1024 }),
      tokenizer: characterTokenizer(LETTERS, BOS),
      documents: ["abcde".repeat(200_000)],
      context: 1024,
    });
    expect(score).toMatchObject({ scoredTokens: 1_000_000, windows: Math.ceil(1_000_000 / 1023) });
    expect(score.bitsPerByte).toBeCloseTo(3, 6);
  });
});

describe("text that the tokenizer cannot write", () => {
  it("is counted as unknown tokens, with the characters they stand for", async () => {
    const score = await bitsPerByte({
      model: uniformModel({ vocabularySize: 9 }),
      tokenizer: characterTokenizer(LETTERS, BOS, UNK),
      documents: ["aäöä", "b漢"],
    });
    expect(score.unknownTokens).toEqual({ count: 4, examples: ["ä", "ö", "漢"] });
    expect(score.droppedCharacters.count).toBe(0);
    expect(score.notes).toEqual([
      '4 of 6 tokens are the unknown token <unk>, so the score is better than the truth: it stands for "ä" "ö" "漢"',
    ]);
  });

  it("is counted as well where the tokenizer drops it and has no unknown token", async () => {
    const score = await bitsPerByte({
      model: uniformModel({ vocabularySize: 8 }),
      tokenizer: characterTokenizer(LETTERS, BOS),
      documents: ["aXbXc"],
    });
    expect(score).toMatchObject({ tokens: 3, unknownTokens: { count: 0, examples: [] } });
    expect(score.droppedCharacters).toEqual({ count: 2, examples: ["X"] });
    expect(score.notes[0]).toContain("drops 2 characters");
  });
});

describe("what cannot be scored is an error:", () => {
  const tokenizer = characterTokenizer(LETTERS, BOS);
  const model = uniformModel({ vocabularySize: 8 });
  const documents = ["abc"];

  it("a context longer than the model's, with both numbers", async () => {
    const error = await failure(bitsPerByte({ model, tokenizer, documents, context: 9 }));
    expect(error.code).toBe("context_too_long");
    expect(error.message).toMatch(/9 tokens.* 8$/);
  });

  it.each([
    { context: 1 },
    { context: 2.5 },
    { context: 4, stride: 0 },
    { context: 4, stride: 4 },
    { stride: 1.5 },
  ])("the windows %o", async (options) => {
    expect((await failure(bitsPerByte({ model, tokenizer, documents, ...options }))).code).toBe(
      "bad_options",
    );
  });

  it("a BOS that the tokenizer lacks", async () => {
    const work = bitsPerByte({ model, tokenizer: characterTokenizer(LETTERS), documents, bos: "always" });
    expect((await failure(work)).code).toBe("bad_options");
  });

  it("a masked model", async () => {
    const masked = uniformModel({ kind: "masked", vocabularySize: 8 });
    expect((await failure(bitsPerByte({ model: masked, tokenizer, documents }))).code).toBe("bad_options");
  });

  it.each([[[]], [[""]]])("the documents %j", async (none) => {
    expect((await failure(bitsPerByte({ model, tokenizer, documents: none }))).code).toBe("bad_text");
  });

  it("documents of one token each without a BOS", async () => {
    const work = bitsPerByte({ model, tokenizer: characterTokenizer(LETTERS), documents: ["a", "b"] });
    expect((await failure(work)).code).toBe("bad_text");
  });

  it("a token beyond the rows of the model's head, with its name and both numbers", async () => {
    const small = uniformModel({ vocabularySize: 7 });
    const error = await failure(bitsPerByte({ model: small, tokenizer, documents: ["abcg"] }));
    expect(error.code).toBe("shape_mismatch");
    expect(error.message).toMatch(/token g has id 7,.* 7 rows/);
    expect((await bitsPerByte({ model: small, tokenizer, documents: ["abcf"] })).scoredTokens).toBe(4);
  });

  it.each([Number.NaN, Number.NEGATIVE_INFINITY])(
    "the log-probability %d, with the document",
    async (bad) => {
      const broken = handMadeModel({ vocabularySize: 8 }, (_, __, target) => (target === 5 ? bad : -1));
      const error = await failure(bitsPerByte({ model: broken, tokenizer, documents: ["abc", "cde"] }));
      expect(error.code).toBe("not_finite");
      expect(error.message).toContain(`the token with id 5 in document 2 the log-probability ${bad}`);
    },
  );

  it("an abort before the model is asked; the model hears of a later one itself", async () => {
    const before = bitsPerByte({ model, tokenizer, documents, job: { abortSignal: AbortSignal.abort() } });
    expect((await failure(before)).code).toBe("aborted");
  });
});
