import {
  bitsPerByte,
  compareLosses,
  lossByToken,
  scoreTokens,
  type TextTokenizer,
} from "@revocab/evaluation";
import { handMadeVocabulary, special, text, textBytes } from "@revocab/test-support/hand-made-vocabulary";
import { describe, expect, it } from "vitest";
import { characterTokenizer } from "./character-tokenizer.ts";
import { bigramModel, handMadeModel, uniformModel } from "./hand-made-models.ts";

const BOS = special("<s>", "bos");
const UNK = special("<unk>", "unk");

/** p of a, b after `<s>`, a, b. */
const TABLE = [
  [0, 0.5, 0.5],
  [0, 0.25, 0.75],
  [0, 1, 0],
];

describe("the losses of a text by token", () => {
  it("are sums, counts and means of −log2 p, worked by hand", async () => {
    const tokenizer = characterTokenizer("ab", BOS);
    const documents = ["aaba", "b"];
    // <s>a: 1 bit, aa: 2, ab: log2 4/3, ba: 0; <s>b: 1
    const { score, losses } = await scoreTokens({ model: bigramModel(TABLE), tokenizer, documents });
    const found = lossByToken({ losses, documents, vocabulary: tokenizer.vocabulary, kind: score.kind });
    expect(found.bits).toBeCloseTo(4 + Math.log2(4 / 3), 6);
    expect(found).toMatchObject({ bytes: 5, scoredTokens: 5, differentTokens: 2 });
    expect(found.tokens).toEqual([
      {
        id: 1,
        token: "a",
        count: 3,
        bits: expect.closeTo(3, 6),
        mean: expect.closeTo(1, 6),
        share: expect.any(Number),
      },
      {
        ...{ id: 2, token: "b", count: 2 },
        bits: expect.closeTo(1 + Math.log2(4 / 3), 6),
        mean: expect.closeTo((1 + Math.log2(4 / 3)) / 2, 6),
        share: expect.closeTo((1 + Math.log2(4 / 3)) / (4 + Math.log2(4 / 3)), 6),
      },
    ]);
    expect(found.groups).toMatchObject([{ group: "letters", count: 5, share: 1, shareOfTokens: 1 }]);
    expect(found.documents).toMatchObject([
      {
        begins: "aaba",
        bytes: 4,
        tokens: 4,
        scoredTokens: 4,
        bitsPerByte: expect.closeTo((3 + Math.log2(4 / 3)) / 4, 6),
      },
      { begins: "b", bytes: 1, tokens: 1, scoredTokens: 1, bitsPerByte: expect.closeTo(1, 6) },
    ]);
  });

  it("sum to the score, whatever the windows, and leave out what nothing predicts", async () => {
    const tokenizer = characterTokenizer("abcdefg", BOS);
    const model = handMadeModel(
      { vocabularySize: 8, contextLength: 4 },
      (tokens, position, target) => -((tokens[position] + 1) * (target + 1)) / 10,
    );
    const documents = ["abcdefgabcdefg", "gfedcba", "c"];
    for (const options of [{}, { context: 3, stride: 1 }, { bos: "never" as const }]) {
      const scored = { model, tokenizer, documents, ...options };
      const { score, losses } = await scoreTokens(scored);
      expect(score).toMatchObject({
        ...(await bitsPerByte(scored)),
        seconds: expect.any(Number),
        tokensPerSecond: expect.any(Number),
      });
      const found = lossByToken({
        losses,
        documents,
        vocabulary: tokenizer.vocabulary,
        kind: "bits-per-byte",
      });
      expect(found.bitsPerByte).toBe(found.bits / 22);
      expect(found.bitsPerByte).toBeCloseTo(
        score.kind === "bits-per-byte" ? score.bitsPerByte : Number.NaN,
        10,
      );
      expect(found.documents.reduce((sum, { bits }) => sum + bits, 0)).toBeCloseTo(found.bits, 10);
      expect(losses.map(({ bits }) => bits.filter(Number.isNaN).length)).toEqual(
        "bos" in options ? [1, 1, 1] : [0, 0, 0],
      );
      if ("bos" in options) expect(found.documents[2]).toMatchObject({ scoredTokens: 0, bitsPerByte: null });
    }
  });

  it("of a masked model are those of its sample, and a document is estimated by them", async () => {
    const tokenizer = characterTokenizer("abcdef", special("[CLS]", "cls"), special("[MASK]", "mask"), UNK);
    const model = uniformModel({ kind: "masked", vocabularySize: 9, contextLength: 8 });
    const documents = ["abcdef", "fedcba"];
    const { score, losses } = await scoreTokens({ model, tokenizer, documents, samples: 5 });
    const found = lossByToken({ losses, documents, vocabulary: tokenizer.vocabulary, kind: score.kind });
    expect(found.scoredTokens).toBe(5);
    expect(found.bits).toBeCloseTo(5 * Math.log2(9), 5);
    expect(found.bitsPerByte).toBeCloseTo(Math.log2(9), 5);
    for (const { bitsPerByte } of found.documents) expect(bitsPerByte).toBeCloseTo(Math.log2(9), 5);
  });

  it("are grouped by what a token is, by its bytes alone", () => {
    const entries = [
      ...[text(" word"), text("ing"), text(" 42"), text("!?"), text("\n"), textBytes("�", 0xc3), UNK],
      ...[text("。"), text("漢字"), text(" “A")],
    ];
    const vocabulary = handMadeVocabulary(entries);
    const ids = Uint32Array.from(entries.keys());
    const losses = [{ ids, bits: Float64Array.from(entries, (_, i) => 100 - i) }];
    const { groups } = lossByToken({ losses, documents: ["x"], vocabulary, kind: "bits-per-byte" });
    const counts = Object.fromEntries(groups.map(({ group, count }) => [group, count]));
    expect(counts).toEqual({
      word: 2,
      letters: 2,
      digits: 1,
      signs: 2,
      "white space": 1,
      bytes: 1,
      special: 1,
    });
  });

  it("show foreign tokens and documents as text on one line", () => {
    const vocabulary = handMadeVocabulary([text("\u001b[31m\u202e</script>")]);
    const losses = [{ ids: Uint32Array.of(0), bits: Float64Array.of(1) }];
    const found = lossByToken({ losses, documents: ["\u001b[31m\nx"], vocabulary, kind: "bits-per-byte" });
    expect(found.tokens[0].token).toBe("\\x1b[31m\\u{202e}</script>");
    expect(found.documents[0].begins).toBe("\\x1b[31m\\nx");
  });
});

describe("the losses of a text before and after a swap", () => {
  const before = pieces(" butterf", "ly", ",", " flew", " a", "way");
  const after = pieces(" butterfly", ",", " fl", "ew", " away");

  it("are compared where both tokenizers begin a token, worked by hand", () => {
    const found = compareLosses(
      {
        vocabulary: before,
        losses: [
          lossesOf(before, [
            [" butterf", 4],
            ["ly", 1],
            [",", 2],
            [" flew", 5],
            [" a", 3],
            ["way", 2],
          ]),
        ],
      },
      {
        vocabulary: after,
        losses: [
          lossesOf(after, [
            [" butterfly", 9],
            [",", 2],
            [" fl", 3],
            ["ew", 1],
            [" away", 5],
          ]),
        ],
      },
    );
    expect(found).toMatchObject({ bytes: 21, documentsLeftOut: 0 });
    expect(found.stretches).toEqual([
      {
        ...{ text: " butterfly", count: 1, difference: 4 },
        before: { bits: 5, tokens: [" butterf", "ly"] },
        after: { bits: 9, tokens: [" butterfly"] },
      },
      {
        text: " away",
        count: 1,
        before: { bits: 5, tokens: [" a", "way"] },
        after: { bits: 5, tokens: [" away"] },
        difference: 0,
      },
      {
        text: ",",
        count: 1,
        before: { bits: 2, tokens: [","] },
        after: { bits: 2, tokens: [","] },
        difference: 0,
      },
      {
        text: " flew",
        count: 1,
        before: { bits: 5, tokens: [" flew"] },
        after: { bits: 4, tokens: [" fl", "ew"] },
        difference: -1,
      },
    ]);
    expect(found.places).toEqual([
      { document: 0, context: ["", " butterfly", ", flew away"], before: 5, after: 9 },
    ]);
  });

  it("sum over the places of the same text", () => {
    const found = compareLosses(
      {
        vocabulary: before,
        losses: [
          lossesOf(before, [
            [",", 1],
            [",", 2],
          ]),
          lossesOf(before, [[",", 3]]),
        ],
      },
      {
        vocabulary: after,
        losses: [
          lossesOf(after, [
            [",", 4],
            [",", 4],
          ]),
          lossesOf(after, [[",", 1]]),
        ],
      },
    );
    expect(found.stretches).toMatchObject([
      { text: ",", count: 3, before: { bits: 6 }, after: { bits: 9 }, difference: 3 },
    ]);
    expect(found.places).toMatchObject([
      { document: 0, before: 1, after: 4 },
      { document: 0, before: 2, after: 4 },
    ]);
  });

  it("do not count a space that one tokenizer puts before a text, nor stretches that nothing predicts", () => {
    const dummy = pieces(" ", "flew", " a", "way");
    const found = compareLosses(
      {
        vocabulary: dummy,
        losses: [
          lossesOf(dummy, [
            [" ", 1],
            ["flew", 2],
            [" a", 1],
            ["way", 1],
          ]),
        ],
      },
      {
        vocabulary: after,
        losses: [
          lossesOf(after, [
            [" fl", Number.NaN],
            ["ew", 1],
            [" away", 4],
          ]),
        ],
      },
    );
    expect(found.stretches).toMatchObject([{ text: " away", before: { bits: 2 }, after: { bits: 4 } }]);
  });

  it("compare other bytes where the tokenizers change white space in different ways", () => {
    const lines = pieces("flew", "\n\n", " away");
    const plain = pieces(" flew", " away");
    const found = compareLosses(
      {
        vocabulary: lines,
        losses: [
          lossesOf(lines, [
            ["flew", 1],
            ["\n\n", 2],
            [" away", 3],
          ]),
        ],
      },
      {
        vocabulary: plain,
        losses: [
          lossesOf(plain, [
            [" flew", 1],
            [" away", 9],
          ]),
        ],
      },
    );
    expect(found.stretches).toMatchObject([
      { text: " away", before: { bits: 5, tokens: ["\\n\\n", " away"] }, after: { bits: 9 } },
      { text: " flew", difference: 0 },
    ]);
  });

  it("leave out a document that the tokenizers do not write as the same bytes", () => {
    const unknown = handMadeVocabulary([UNK, text(",")]);
    const found = compareLosses(
      {
        vocabulary: unknown,
        losses: [
          lossesOf(unknown, [
            ["<unk>", 1],
            [",", 2],
          ]),
        ],
      },
      {
        vocabulary: after,
        losses: [
          lossesOf(after, [
            [" butterfly", 1],
            [",", 2],
          ]),
        ],
      },
    );
    expect(found).toEqual({ bytes: 0, documentsLeftOut: 1, stretches: [], places: [] });
  });
});

/** A vocabulary of these tokens. */
function pieces(...tokens: readonly string[]): TextTokenizer["vocabulary"] {
  return handMadeVocabulary(tokens.map((token) => text(token)));
}

function lossesOf(vocabulary: TextTokenizer["vocabulary"], tokens: readonly (readonly [string, number])[]) {
  const idOf = (token: string) =>
    vocabulary.idsOf(new TextEncoder().encode(token))[0] ?? vocabulary.idOfSpecial(token) ?? Number.NaN;
  return {
    ids: Uint32Array.from(tokens, ([token]) => idOf(token)),
    bits: Float64Array.from(tokens, ([, bits]) => bits),
  };
}
