import type { TokenId, Vocabulary } from "@revocab/core";
import { REAL_TOKENIZERS, realData } from "@revocab/test-support/real-data";
import { added } from "@revocab/test-support/tokenizer-json";
import { textsOf, tokenizerOf, utf8 } from "@revocab/test-support/tokenizer-of";
import { loadTokenizer, type Tokenizer } from "@revocab/vocabulary";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const BPE = tokenizerOf({
  model: {
    type: "BPE",
    vocab: { "<unk>": 0, h: 1, e: 2, l: 3, o: 4, "<0x65>": 5, he: 6, ll: 7, llo: 8, hello: 9, "▁": 10 },
    merges: ["l l", "h e", "ll o", "he llo"],
    byte_fallback: true,
    unk_token: "<unk>",
  },
  added: [added(0, "<unk>")],
  decoder: { type: "ByteFallback" },
});

const UNIGRAM = tokenizerOf({
  model: {
    type: "Unigram",
    unk_id: 0,
    vocab: [
      ["<unk>", 0],
      ["a", -3],
      ["b", -3],
      ["ab", -4],
      ["aba", -5],
      ["<0x61>", -9],
    ],
    byte_fallback: true,
  },
});

const WORDPIECE = tokenizerOf({
  model: {
    type: "WordPiece",
    unk_token: "[UNK]",
    vocab: { "[UNK]": 0, un: 1, "##happy": 2, "##hap": 3, "##p": 4, "##y": 5, unhappy: 6 },
  },
  added: [added(0, "[UNK]")],
});

describe("a vocabulary without some tokens", () => {
  it("has holes in their places", () => {
    const hidden = BPE.vocabularyWithout(new Set([0, 6]));
    expect(hidden.size).toBe(BPE.vocabulary.size);
    expect(hidden.kindOf(6)).toBe("unused");
    expect(hidden.bytesOf(6)).toEqual(new Uint8Array());
    expect(hidden.tokenOf(6)).toBe("");
    expect(hidden.idsOf(utf8("he"))).toEqual([]);
    expect(hidden.rolesOf(0)).toEqual([]);
    expect(hidden.idOfRole("unk")).toBeUndefined();
    expect(hidden.idOfSpecial("<unk>")).toBeUndefined();
    expect(BPE.vocabulary.idOfRole("unk")).toBe(0);
  });

  it("leaves the other token of the same bytes", () => {
    expect(BPE.vocabulary.idsOf(utf8("e"))).toEqual([2, 5]);
    expect(BPE.vocabularyWithout(new Set([2])).idsOf(utf8("e"))).toEqual([5]);
  });

  it("does not change when the set changes later", () => {
    const tokens = new Set([6]);
    const hidden = BPE.vocabularyWithout(tokens);
    tokens.clear();
    expect(hidden.kindOf(6)).toBe("unused");
  });

  it.each<[hidden: string[], spelled: string[] | undefined]>([
    [[], ["hello"]],
    // What the last merge joined; the merges before it stay.
    [["hello"], ["he", "llo"]],
    [
      ["hello", "he"],
      ["h", "e", "llo"],
    ],
    // A step on the way may be hidden.
    [["he", "llo"], ["hello"]],
    [
      ["hello", "llo", "ll"],
      ["he", "l", "l", "o"],
    ],
    // A hidden character becomes its byte token, and without one cannot be spelled.
    [
      ["hello", "he", "e"],
      ["h", "<0x65>", "llo"],
    ],
    [["hello", "he", "e", "<0x65>"], undefined],
    [["hello", "he", "h"], undefined],
  ])("BPE: without %j, hello is spelled %j", (hidden, expected) => {
    expect(spelledWithout(BPE, hidden, "hello")).toEqual(expected);
  });

  it("BPE with ignore_merges: takes the whole token only where it is not hidden", () => {
    const vocab = { a: 0, b: 1, ab: 2 };
    const tokenizer = tokenizerOf({ model: { type: "BPE", vocab, merges: [], ignore_merges: true } });
    expect(spelledWithout(tokenizer, [], "ab")).toEqual(["ab"]);
    expect(spelledWithout(tokenizer, ["ab"], "ab")).toEqual(["a", "b"]);
  });

  it.each<[hidden: string[], spelled: string[] | undefined]>([
    [[], ["aba"]],
    [["aba"], ["ab", "a"]],
    [
      ["aba", "ab"],
      ["a", "b", "a"],
    ],
    [
      ["aba", "ab", "a"],
      ["<0x61>", "b", "<0x61>"],
    ],
    [["aba", "ab", "a", "<0x61>"], undefined],
  ])("Unigram: without %j, aba is spelled %j", (hidden, expected) => {
    expect(spelledWithout(UNIGRAM, hidden, "aba")).toEqual(expected);
  });

  it.each<[hidden: string[], spelled: string[] | undefined]>([
    [[], ["unhappy"]],
    [["unhappy"], ["un", "##happy"]],
    [
      ["unhappy", "##happy"],
      ["un", "##hap", "##p", "##y"],
    ],
    [["unhappy", "##happy", "##y"], undefined],
  ])("WordPiece: without %j, unhappy is spelled %j", (hidden, expected) => {
    expect(spelledWithout(WORDPIECE, hidden, " unhappy")).toEqual(expected);
  });

  it("an added text token is spelled by the model once it is hidden", () => {
    const tokenizer = tokenizerOf({
      model: { type: "BPE", vocab: { a: 0, b: 1 }, merges: [] },
      added: [added(2, "ab", { special: false })],
    });
    expect(spelledWithout(tokenizer, [], "ab")).toEqual(["ab"]);
    expect(spelledWithout(tokenizer, ["ab"], "ab")).toEqual(["a", "b"]);
  });

  for (const [name, tokenizer, alphabet] of [
    ["BPE", BPE, "helo"],
    ["Unigram", UNIGRAM, "ab"],
    ["WordPiece", WORDPIECE, " unhapy"],
  ] as const) {
    it(`${name}: spells the same bytes without the hidden tokens, or not at all`, () => {
      const texts = fc.string({ unit: fc.constantFrom(...alphabet), maxLength: 12 });
      fc.assert(
        fc.property(fc.uniqueArray(fc.nat(tokenizer.vocabulary.size - 1)), texts, (ids, text) => {
          checkSpelling(tokenizer.vocabularyWithout(new Set(ids)), new Set(ids), utf8(text), tokenizer);
        }),
        { numRuns: 500 },
      );
    });
  }
});

describe.skipIf(realData === undefined)("a tenth of a real vocabulary hidden", () => {
  it.each(REAL_TOKENIZERS)("%s", async (name) => {
    const tokenizer = await loadTokenizer(`${realData}/${name}`);
    const { vocabulary } = tokenizer;
    const hidden = new Set(Array.from({ length: vocabulary.size }, (_, id) => id).filter(isTenth));
    const view = tokenizer.vocabularyWithout(hidden);
    const step = Math.ceil(vocabulary.size / 20_000);
    for (let id = 0; id < vocabulary.size; id += step) {
      const kind = vocabulary.kindOf(id);
      if (kind !== "text" && kind !== "byte") continue;
      const bytes = vocabulary.bytesOf(id);
      const before = vocabulary.spell(bytes);
      const after = checkSpelling(view, hidden, bytes, tokenizer);
      // A spelling of tokens that are all there still is not disturbed by those that are not.
      if (before?.every((piece) => !hidden.has(piece))) expect(after).toEqual(before);
    }
  });
});

/** Spread over all ids and the same in every run. */
function isTenth(id: TokenId): boolean {
  return (Math.imul(id + 1, 0x9e3779b1) >>> 0) % 10 === 0;
}

function checkSpelling(
  view: Vocabulary,
  hidden: ReadonlySet<TokenId>,
  bytes: Uint8Array,
  { vocabulary }: Tokenizer,
): Uint32Array | undefined {
  const pieces = view.spell(bytes);
  if (pieces === undefined) return undefined;
  if (pieces.some((piece) => hidden.has(piece))) throw new Error(`[${pieces}] has a hidden token`);
  const joined = Buffer.concat(Array.from(pieces, (piece) => vocabulary.bytesOf(piece)));
  if (!joined.equals(bytes))
    throw new Error(`[${pieces}] stands for ${joined}, not for ${Buffer.from(bytes)}`);
  return pieces;
}

function spelledWithout(tokenizer: Tokenizer, tokens: readonly string[], text: string): string[] | undefined {
  const { vocabulary } = tokenizer;
  const ids = Array.from({ length: vocabulary.size }, (_, id) => id);
  const hidden = ids.filter((id) => tokens.includes(vocabulary.tokenOf(id)));
  if (hidden.length !== tokens.length) throw new Error(`${tokens} are not all in ${textsOf(tokenizer)}`);
  const pieces = tokenizer.vocabularyWithout(new Set(hidden)).spell(utf8(text));
  return pieces && Array.from(pieces, (piece) => vocabulary.tokenOf(piece));
}
