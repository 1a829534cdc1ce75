import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gpt2TokenizerJson } from "@revocab/test-support/gpt2";
import { realData } from "@revocab/test-support/real-data";
import { bpeModel, numbered, tokenizerJson } from "@revocab/test-support/tokenizer-json";
import { tokenizerFrom } from "@revocab/test-support/tokenizer-of";
import {
  describeGguf,
  describeReference,
  loadTokenizer,
  predictGguf,
  predictReference,
  predictServing,
} from "@revocab/vocabulary";
import { describe, expect, it } from "vitest";

interface Known {
  readonly hash: string;
  readonly preTokenizer: string | null;
  readonly keepsIds: boolean;
}

/** What the converter's own function and AutoTokenizer make of each tokenizer, by tools/oracle/gguf-converter.py. */
const KNOWN: Readonly<Record<string, Known>> = JSON.parse(
  readFileSync(new URL("./fixtures/tokenizer-predictions.json", import.meta.url), "utf8"),
);

describe("of real tokenizers", () => {
  it.skipIf(realData === undefined)(
    "the hash, its name and whether ids are kept are those of the programs",
    async () => {
      const found = await Promise.all(
        Object.keys(KNOWN).map(async (name) => {
          const path = join(realData!, "tokenizers", name);
          const tokenizer = await loadTokenizer(path);
          const { hash, preTokenizer } = await predictGguf({ tokenizer, fileNames: ["tokenizer.json"] });
          const { keepsIds } = await predictReference(tokenizer, () =>
            loadTokenizer(path, { reading: "file" }),
          );
          return [name, { hash, preTokenizer, keepsIds }];
        }),
      );
      expect(Object.fromEntries(found)).toEqual(KNOWN);
    },
  );
});

describe("predictGguf", () => {
  it("knows GPT-2 by its hash, which has the hash of the table", async () => {
    const tokenizer = tokenizerFrom({ "tokenizer.json": gpt2TokenizerJson() });
    const fileNames = ["tokenizer.json"];
    const found = await predictGguf({ tokenizer, fileNames, architecture: "GPT2LMHeadModel", rows: 50257 });
    expect(found).toMatchObject({
      outcome: "written",
      tokenizerModel: "gpt2",
      file: "tokenizer.json",
      reason: null,
    });
    const { hash, preTokenizer } = KNOWN.gpt2!;
    expect(found).toMatchObject({ hash, preTokenizer });
    expect(describeGguf(found)).toBe("BPE from tokenizer.json, pre-tokenizer gpt-2");
    const tooFew = await predictGguf({ tokenizer, fileNames, architecture: "GPT2LMHeadModel", rows: 50000 });
    expect(describeGguf(tooFew)).toBe(
      "the converter stops: it asks for a row of every token, and there are 50000 rows for 50257 tokens",
    );
  });

  it("follows the ways of the architecture: a tokenizer.model first, byte tokens, then the hash", async () => {
    const letters = Array.from("abc");
    const decoder = { type: "Sequence", decoders: [{ type: "ByteFallback" }] };
    const plain = tokenizerFrom({
      "tokenizer.json": tokenizerJson({ model: bpeModel(numbered(letters), []) }),
    });
    const fallback = tokenizerFrom({
      "tokenizer.json": tokenizerJson({
        model: { ...bpeModel(numbered(letters), []), byte_fallback: true },
        decoder,
      }),
    });
    const described = async (tokenizer: typeof plain, architecture: string, ...more: readonly string[]) =>
      describeGguf(await predictGguf({ tokenizer, architecture, fileNames: ["tokenizer.json", ...more] }));
    expect(await described(plain, "LlamaForCausalLM", "tokenizer.model")).toBe(
      "SentencePiece BPE from tokenizer.model, without a pre-tokenizer",
    );
    expect(await described(fallback, "LlamaForCausalLM")).toBe(
      "SentencePiece BPE from tokenizer.json, without a pre-tokenizer",
    );
    const stops = /^the converter stops: its pre-tokenizer is not known \(hash [0-9a-f]{12}\)$/;
    expect(await described(plain, "LlamaForCausalLM")).toMatch(stops);
    expect(await described(fallback, "GPT2LMHeadModel", "tokenizer.model")).toMatch(stops);
    expect(await described(plain, "T5ForConditionalGeneration", "spiece.model")).toBe(
      "Unigram from spiece.model, without a pre-tokenizer",
    );
    expect(await described(plain, "T5ForConditionalGeneration")).toBe(
      "the converter stops: it needs a tokenizer.model or spiece.model, and there is none",
    );
    expect(await described(plain, "GemmaForCausalLM")).toBe(
      "the converter stops: it needs a tokenizer.model, and there is none",
    );
    expect(await described(plain, "NoSuchModel")).toBe(
      'the converter stops: it does not know the architecture "NoSuchModel"',
    );
    expect(await described(plain, "ChatGLMModel")).toBe(
      "ChatGLMModel has code of its own for its tokenizer, which is not followed here",
    );
  });
});

describe("predictReference", () => {
  const whole = (json: string, config: object) => ({
    "tokenizer.json": json,
    "tokenizer_config.json": config,
  });
  const asFile = (files: Readonly<Record<string, object | string>>) => async () =>
    tokenizerFrom(files, { reading: "file" });
  const letters = tokenizerJson({ model: bpeModel(numbered(Array.from("abcĠ")), []) });

  it("says that the plain class keeps ids", async () => {
    const files = whole(letters, { tokenizer_class: "PreTrainedTokenizerFast" });
    const found = await predictReference(tokenizerFrom(files), asFile(files));
    expect(found).toEqual({
      className: "PreTrainedTokenizerFast",
      keepsIds: true,
      reasons: [],
      example: null,
    });
    expect(describeReference(found)).toBe("opens it as PreTrainedTokenizerFast and keeps the ids of texts");
  });

  it("finds a text that a class encodes otherwise, and says what the class changes", async () => {
    const files = whole(letters, { tokenizer_class: "GPT2Tokenizer" });
    const found = await predictReference(tokenizerFrom(files), asFile(files));
    expect(found).toMatchObject({ className: "GPT2Tokenizer", keepsIds: false });
    expect(found.reasons.join()).toContain("sets its own");
    expect(found.example!.file).not.toEqual(found.example!.reference);
    expect(describeReference(found)).toBe(
      "opens it as GPT2Tokenizer and gives texts other ids than tokenizer.json does",
    );
  });

  it("says where it does not know", async () => {
    const files = whole(letters, { tokenizer_class: "EsmTokenizer" });
    const found = await predictReference(tokenizerFrom(files), asFile(files));
    expect(found.keepsIds).toBeNull();
    expect(describeReference(found)).toMatch(
      /^opens it as EsmTokenizer; whether its ids are kept is not known: /,
    );
  });
});

describe("predictServing", () => {
  const rowsOf = (rows: number) =>
    Object.fromEntries(
      predictServing(rows).programs.map(({ program, rows: onDevices }) => [program, onDevices]),
    );

  it("pads and divides as each program does, on 1, 2, 4 and 8 devices", () => {
    expect(rowsOf(50257)).toEqual({
      vLLM: [50304, 50304, 50304, 50304],
      SGLang: [50304, 50304, 50304, 50304],
      "TensorRT-LLM": [50257, 50258, 50260, 50264],
      "Text Generation Inference": [50257, null, null, null],
      "Megatron-LM": [50304, 50432, 50688, 51200],
    });
    for (const rows of Object.values(rowsOf(49152))) expect(rows).toEqual([49152, 49152, 49152, 49152]);
  });

  it("names the largest power of two that divides the rows, up to 1,024", () => {
    expect([50257, 50258, 32000, 151936, 49152].map((rows) => predictServing(rows).powerOfTwo)).toEqual([
      1, 2, 256, 128, 1024,
    ]);
  });
});
