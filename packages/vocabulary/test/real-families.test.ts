import { realData } from "@revocab/test-support/real-data";
import { utf8 } from "@revocab/test-support/tokenizer-of";
import { loadTokenizer, type Tokenizer } from "@revocab/vocabulary";
import { describe, expect, it } from "vitest";

const load = (name: string) => loadTokenizer(`${realData}/${name}`);

describe.skipIf(realData === undefined)("across families", () => {
  it("café, newline, runs of spaces, 你 and 0xFF stand for the same bytes in Llama-2 and GPT-2", async () => {
    const [llama, gpt2] = [await load("tokenizers/llama-2"), await load("tokenizers/gpt2")];
    const cases: [Uint8Array, string, string][] = [
      [utf8("\n"), "<0x0A>", "Ċ"],
      [utf8(" "), "▁", "Ġ"],
      [utf8(" the"), "▁the", "Ġthe"],
      [utf8("é"), "é", "Ã©"],
      [Uint8Array.of(0xff), "<0xFF>", "ÿ"],
    ];
    for (const [bytes, inLlama, inGpt2] of cases) {
      expect(llama.vocabulary.idsOf(bytes).map((id) => llama.vocabulary.tokenOf(id))).toContain(inLlama);
      expect(gpt2.vocabulary.idsOf(bytes).map((id) => gpt2.vocabulary.tokenOf(id))).toContain(inGpt2);
    }
    // Where only one has the whole, its bytes are what the other spells.
    const spelledBy = ({ vocabulary }: Tokenizer, text: string) =>
      [...(vocabulary.spell(utf8(text)) ?? [])].map((id) => vocabulary.tokenOf(id));
    expect(spelledBy(gpt2, " café")).toEqual(["ĠcafÃ©"]);
    expect(spelledBy(llama, " café")).toEqual(["▁c", "afé"]);
    expect(spelledBy(llama, "    ")).toEqual(["▁▁▁▁"]);
    expect(spelledBy(gpt2, "    ")).toEqual(["Ġ", "Ġ", "Ġ", "Ġ"]);
    expect(spelledBy(llama, "你")).toEqual(["你"]);
    expect(spelledBy(gpt2, "你")).toEqual(["ä½", "ł"]);
  });

  it("each has its roles, from whichever file names them", async () => {
    const roles = async (name: string) => {
      const { specialTokens } = await load(name);
      return Object.fromEntries(
        specialTokens.filter((t) => t.roles.length > 0).map((t) => [t.token, t.roles]),
      );
    };
    expect(await roles("tokenizers/gpt2")).toEqual({ "<|endoftext|>": ["bos", "eos", "unk"] });
    expect(await roles("tokenizers/llama-2")).toEqual({ "<s>": ["bos"], "</s>": ["eos"], "<unk>": ["unk"] });
    expect(await roles("tokenizers/bert-cased")).toEqual({
      "[PAD]": ["pad"],
      "[UNK]": ["unk"],
      "[CLS]": ["cls"],
      "[SEP]": ["sep"],
      "[MASK]": ["mask"],
    });
    expect(await roles("tokenizers/roberta-base")).toEqual({
      "<s>": ["cls", "bos"],
      "<pad>": ["pad"],
      "</s>": ["sep", "eos"],
      "<unk>": ["unk"],
      "<mask>": ["mask"],
    });
    expect(await roles("tokenizers/qwen2")).toEqual({ "<|endoftext|>": ["pad"], "<|im_end|>": ["eos"] });
    expect(await roles("tokenizers/t5-small")).toEqual({
      "<pad>": ["pad"],
      "</s>": ["eos"],
      "<unk>": ["unk"],
    });
    expect(await roles("models/shakespeare-char")).toEqual({});
  });
});
