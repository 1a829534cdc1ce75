import { added } from "@revocab/test-support/tokenizer-json";
import { tokenizerOf, utf8 } from "@revocab/test-support/tokenizer-of";
import type { Tokenizer } from "@revocab/vocabulary";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

function bpe(
  letters: string,
  merges: readonly (readonly [string, string])[],
  { whole = [], extra = [] }: { readonly whole?: readonly string[]; readonly extra?: readonly string[] } = {},
): Tokenizer {
  const pieces = [...new Set([...letters, ...merges.map(([a, b]) => a + b), ...whole])];
  return tokenizerOf({
    model: {
      type: "BPE",
      vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])),
      merges,
      ignore_merges: whole.length > 0,
    },
    added: extra.map((content, i) => added(pieces.length + i, content, { special: false })),
  });
}

/** Every pair of tokens, and what the spelling of their bytes says. */
function expectAllPairsAsSpelled(tokenizer: Tokenizer) {
  const { vocabulary } = tokenizer;
  const neighbours = tokenizer.bpeNeighbours()!;
  for (let a = 0; a < vocabulary.size; a++) {
    for (let b = 0; b < vocabulary.size; b++) {
      const bytes = Buffer.concat([vocabulary.bytesOf(a), vocabulary.bytesOf(b)]);
      const spelled = vocabulary.spell(bytes)!;
      const apart = neighbours.stayApart(a, b) && !neighbours.isOneToken(bytes);
      const pair = `${vocabulary.tokenOf(a)} ${vocabulary.tokenOf(b)}`;
      expect(apart, pair).toBe(spelled.length === 2 && spelled[0] === a && spelled[1] === b);
    }
  }
}

describe("neighbours in a BPE", () => {
  it("t and h do not stand together where there is th; t and e do", () => {
    const tokenizer = bpe("the", [["t", "h"]]);
    const neighbours = tokenizer.bpeNeighbours()!;
    const id = (text: string) => tokenizer.vocabulary.idsOf(utf8(text))[0];
    expect(neighbours.stayApart(id("t"), id("h"))).toBe(false);
    expect(neighbours.stayApart(id("t"), id("e"))).toBe(true);
    expect(neighbours.stayApart(id("t"), id("th"))).toBe(true);
  });

  it("a merge across the boundary counts only if it comes before those inside", () => {
    // ab | bc: b b is merged after a b and b c, so it never is. With b b first, a bb c.
    const inside = [["a", "b"] as const, ["b", "c"] as const];
    for (const [merges, expected] of [
      [[...inside, ["b", "b"] as const], true],
      [[["b", "b"] as const, ...inside], false],
    ] as const) {
      const tokenizer = bpe("abc", merges);
      const id = (text: string) => tokenizer.vocabulary.idsOf(utf8(text))[0];
      expect(tokenizer.bpeNeighbours()!.stayApart(id("ab"), id("bc"))).toBe(expected);
    }
  });

  it("are those of the spelling for any merges, in any order", () => {
    const drawn = fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: 1, maxLength: 14 });
    fc.assert(
      fc.property(drawn, fc.array(fc.nat(), { minLength: 14, maxLength: 14 }), (pairs, keys) => {
        const pieces = ["a", "b"];
        const merges: (readonly [string, string])[] = [];
        for (const [a, b] of pairs) {
          const pair = [pieces[a % pieces.length], pieces[b % pieces.length]] as const;
          if (merges.some(([left, right]) => left === pair[0] && right === pair[1])) continue;
          if (pair.join("").length > 12) continue;
          merges.push(pair);
          if (!pieces.includes(pair.join(""))) pieces.push(pair.join(""));
        }
        // Shuffled, a token may be made of one that is merged later than itself.
        const shuffled = merges
          .map((merge, i) => ({ merge, key: keys[i] }))
          .sort((a, b) => a.key - b.key)
          .map(({ merge }) => merge);
        for (const order of [merges, shuffled]) expectAllPairsAsSpelled(bpe("ab", order));
      }),
      { numRuns: 60, seed: 11 },
    );
  });

  it("with ignore_merges and added tokens of text two are one where their bytes are a token", () => {
    const tokenizer = bpe("ab", [["a", "b"]], { whole: ["ba", "bab"] });
    expectAllPairsAsSpelled(bpe("ab", [["a", "b"]], { extra: ["bb", "aba"] }));
    const neighbours = tokenizer.bpeNeighbours()!;
    expect(neighbours.hasOneTokens).toBe(true);
    expect(neighbours.isOneToken(utf8("ba"))).toBe(true);
    expect(neighbours.isOneToken(utf8("bb"))).toBe(false);
    expect(neighbours.isMerged(tokenizer.vocabulary.idsOf(utf8("bab"))[0])).toBe(false);
    expect(bpe("ab", []).bpeNeighbours()!.hasOneTokens).toBe(false);
  });

  it("are not told for a model that marks the edges of words", () => {
    const model = { type: "BPE", vocab: { a: 0, "a</w>": 1 }, merges: [], end_of_word_suffix: "</w>" };
    expect(tokenizerOf({ model }).bpeNeighbours()).toBeUndefined();
  });
});
