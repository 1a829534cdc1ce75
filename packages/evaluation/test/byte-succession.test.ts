import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TokenId } from "@revocab/core";
import { randomStream } from "@revocab/matrix";
import { gpt2Bpe, sentencePieceBpe } from "@revocab/test-support/byte-tokenizers";
import { realData } from "@revocab/test-support/real-data";
import { loadTokenizer, type Tokenizer } from "@revocab/vocabulary";
import { describe, expect, it } from "vitest";
import {
  successionWithoutRules,
  type TokenSuccession,
  tokenSuccession,
} from "../src/bytes/token-succession.ts";

/** Spaces, contractions, digits, marks to be composed, syllables, characters of many tokens, half a special token. */
const HARD =
  "It's  a\n\n\nb\n \n x.  “Don’t!” 12345 67  'll  I'LL \t\t{\n    return  x;\n}ée\u0301 \u1112\u1161 한국 🙂👍🏽 语言 <|endoftext a   \u2003 \u0085 \ufeff! <s";

/** Beginnings of a text, every third one with a token after it that no text of ours has there, and nothing at all. */
async function contextsOf(
  { vocabulary, encode }: Tokenizer,
  { follows }: TokenSuccession,
  text: string,
  count: number,
): Promise<TokenId[][]> {
  const isText = (id: TokenId) => vocabulary.kindOf(id) === "text" || vocabulary.kindOf(id) === "byte";
  const tokens = [...(await encode(text))];
  const stream = randomStream(3, 0);
  const draw = (most: number) => Math.floor(stream.uniform() * most);
  const contexts: TokenId[][] = [[]];
  while (contexts.length < count) {
    const end = 1 + draw(tokens.length);
    // What an unk parts are no neighbours.
    const before = tokens.slice(tokens.findLastIndex((id, i) => i < end && !isText(id)) + 1, end);
    const other = draw(vocabulary.size);
    if (contexts.length % 3 > 0) contexts.push(before);
    else if (isText(other) && (await follows(before, other))) contexts.push([...before, other]);
  }
  return contexts;
}

/** Judges for each context about `tried` tokens drawn at random, half of them from those that may follow. */
async function expectSameWithoutRules(tokenizer: Tokenizer, text: string, count: number, tried: number) {
  const { vocabulary } = tokenizer;
  const quick = await tokenSuccession(tokenizer);
  const plain = await successionWithoutRules(tokenizer);
  const stream = randomStream(4, 0);
  for (const before of await contextsOf(tokenizer, plain, text, count)) {
    const mask = await quick.allAfter(before);
    const following: TokenId[] = [];
    for (let id = 0; id < mask.length; id++) if (mask[id] === 1) following.push(id);
    const ids = Array.from({ length: tried }, (_, i) => {
      const from = i % 2 === 0 && following.length > 0 ? following : undefined;
      const place = Math.floor(stream.uniform() * (from?.length ?? vocabulary.size));
      return from?.[place] ?? place;
    }).filter((id) => vocabulary.kindOf(id) === "text" || vocabulary.kindOf(id) === "byte");
    const verdicts = await Promise.all(ids.map((id) => plain.follows(before, id)));
    const at = JSON.stringify(before.map((id) => vocabulary.tokenOf(id)));
    for (const [i, id] of ids.entries())
      expect(mask[id] === 1, `${vocabulary.tokenOf(id)} after ${at}`).toBe(verdicts[i]);
    expect(await quick.mayEnd(before), `the end after ${at}`).toBe(await plain.mayEnd(before));
  }
}

describe("what may follow, by merges and pattern, is what may follow by encoding token by token", () => {
  it("hand-made tokenizers, one of them with ignore_merges", async () => {
    const made = [
      gpt2Bpe("as'!ĠĊ", ["' s", "! '", "s a", "Ġ '", "Ġ Ġ", "Ċ Ċ"]),
      gpt2Bpe("as'!Ġ", ["' s", "s a"], ["asa", "Ġas", "!'"]),
      gpt2Bpe("abÃ©¶", ["a b", "Ã ©", "a Ã", "¶ b", "b Ã©"]),
      sentencePieceBpe("▁abö", [0xc3, 0xa9, 0xb6], ["a b", "▁ a", "▁ ab", "ö a"]),
    ];
    for (const tokenizer of made) await expectSameWithoutRules(tokenizer, "as'a! 's\n\nabéö b  a's", 60, 200);
  });

  it("the sample's tokenizer", async () => {
    const tokenizer = await loadTokenizer(fileURLToPath(new URL("../../../sample/model", import.meta.url)));
    await expectSameWithoutRules(tokenizer, HARD, 60, 200);
  });

  describe.skipIf(realData === undefined)("real tokenizers", () => {
    const names = [
      "tokenizers/gpt2",
      "tokenizers/qwen2",
      "tokenizers/pythia",
      "tokenizers/roberta-base",
      "tokenizers/llama-2",
      "tokenizers/tinystories-bpe-1024",
      "tokenizers/sentencepiece/tinystories-4000.model",
      "models/stories260k",
    ];
    for (const name of names) {
      it(name, { timeout: 60_000 }, async () => {
        const texts = ["tinystories.txt", "xquad.zh.txt"].map((file) =>
          readFile(join(realData!, "text", file), "utf8"),
        );
        const text = [HARD, ...(await Promise.all(texts)).map((long) => long.slice(0, 400))].join("\n");
        await expectSameWithoutRules(await loadTokenizer(join(realData!, name)), text, 15, 200);
      });
    }
  });
});
