import { added } from "@revocab/test-support/tokenizer-json";
import { spelled, textsOf, tokenizerOf, utf8 } from "@revocab/test-support/tokenizer-of";
import { describe, expect, it } from "vitest";

const BYTE_LEVEL = { type: "ByteLevel", add_prefix_space: false };
const bpe = (vocab: object) => ({ type: "BPE", vocab, merges: [] });

describe("roles", () => {
  const model = bpe({ a: 0 });
  const specials = ["<s>", "</s>", "[X]"].map((token, i) => added(i + 1, token));

  it("come from tokenizer_config.json, as a string or as an AddedToken object", () => {
    const { vocabulary } = tokenizerOf(
      { model, added: specials },
      { "tokenizer_config.json": { bos_token: { __type: "AddedToken", content: "<s>" }, pad_token: "[X]" } },
    );
    expect([1, 2, 3].map((id) => vocabulary.rolesOf(id))).toEqual([["bos"], [], ["pad"]]);
    expect(vocabulary.idOfSpecial("</s>")).toBe(2);
  });

  it("come from special_tokens_map.json before tokenizer_config.json, which may list all tokens by number and end that", () => {
    const of = (more: object) =>
      tokenizerOf(
        { model, added: specials },
        {
          "tokenizer_config.json": { bos_token: "<s>", eos_token: null, ...more },
          "special_tokens_map.json": { bos_token: "[X]", eos_token: "</s>" },
        },
      ).vocabulary;
    expect(of({}).idOfRole("bos")).toBe(3);
    expect(of({}).idOfRole("eos")).toBe(2);
    expect(of({ added_tokens_decoder: {} }).idOfRole("bos")).toBe(1);
    expect(of({ added_tokens_decoder: {} }).idOfRole("eos")).toBeUndefined();
  });

  it("come from custom where no file declares any", () => {
    const { vocabulary } = tokenizerOf({ model, added: specials });
    expect(vocabulary.idOfRole("bos")).toBe(1);
    expect(vocabulary.idOfRole("eos")).toBe(2);
    expect(vocabulary.idOfRole("pad")).toBeUndefined();
  });

  it("give <|endoftext|> bos, eos and unk where there is nothing else", () => {
    const { vocabulary } = tokenizerOf({ model, added: [added(1, "<|endoftext|>")], decoder: BYTE_LEVEL });
    expect(vocabulary.rolesOf(1)).toEqual(["bos", "eos", "unk"]);
  });

  it("come from the post-processor: cls and sep, or the ends of a template", () => {
    const roberta = tokenizerOf({
      model,
      added: specials,
      postProcessor: { type: "RobertaProcessing", sep: ["</s>", 2], cls: ["<s>", 1] },
    });
    expect(roberta.vocabulary.rolesOf(1)).toEqual(["cls", "bos"]);
    expect(roberta.vocabulary.rolesOf(2)).toEqual(["sep", "eos"]);
    const template = tokenizerOf({
      model,
      added: [added(1, "<|go|>")],
      postProcessor: {
        type: "TemplateProcessing",
        single: [{ SpecialToken: { id: "<|go|>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
      },
    });
    expect(template.vocabulary.rolesOf(1)).toEqual(["bos"]);
  });

  it("that name a token which tokenizer.json does not have make it a new token, as AutoTokenizer does", () => {
    const { vocabulary, notes } = tokenizerOf({ model }, { "tokenizer_config.json": { unk_token: "<unk>" } });
    expect(vocabulary.idOfRole("unk")).toBe(1);
    expect(notes.join()).toContain('AutoTokenizer adds from other files or the class: 1 "<unk>"');
  });
});

describe("added tokens", () => {
  it("inside and beyond the vocabulary, special or not, stand for their own content", () => {
    const tokenizer = tokenizerOf({
      model: bpe({ Ġ: 0, a: 1, "<s>": 2 }),
      added: [
        added(2, "<s>"),
        added(3, "  a", { special: false, normalized: true }),
        added(4, "é", { special: false }),
      ],
      decoder: BYTE_LEVEL,
    });
    const { vocabulary } = tokenizer;
    expect(textsOf(tokenizer)).toEqual([" ", "a", "<s>", "  a", "é"]);
    expect([2, 3, 4].map((id) => vocabulary.kindOf(id))).toEqual(["special", "text", "text"]);
    // Used where they are the whole, not inside: the model spells the rest.
    expect(spelled(tokenizer, "  a")).toEqual(["  a"]);
    expect(spelled(tokenizer, "  aa")).toEqual(["Ġ", "Ġ", "a", "a"]);
    expect(vocabulary.idsOf(utf8("<s>"))).toEqual([]);
  });

  it("that are written as a special are special even when not flagged so", () => {
    const { vocabulary } = tokenizerOf(
      {
        model: bpe({ a: 0 }),
        added: [added(1, "</s>", { special: false, rstrip: true }), added(2, "<|end|>")],
      },
      { "tokenizer_config.json": { eos_token: "<|end|>" } },
    );
    expect(vocabulary.kindOf(1)).toBe("special");
    expect(vocabulary.rolesOf(1)).toEqual([]);
  });
});

it("a vocabulary without a capital letter is noted: a charsmap that folds case does not say so", () => {
  const note = "no token has a capital letter: the normalizer folds case, or capitals are unknown";
  expect(tokenizerOf({ model: bpe({ a: 0, b: 1 }) }).notes).toContain(note);
  expect(tokenizerOf({ model: bpe({ a: 0, B: 1 }) }).notes).not.toContain(note);
});

describe("holes", () => {
  it("in the model are unused ids without bytes", () => {
    const { vocabulary, notes } = tokenizerOf({ model: bpe({ a: 0, b: 5 }) });
    expect(vocabulary.size).toBe(6);
    expect(vocabulary.kindOf(3)).toBe("unused");
    expect(vocabulary.bytesOf(3)).toHaveLength(0);
    expect(vocabulary.tokenOf(3)).toBe("");
    expect(notes).toContain("4 ids are holes: no token has them");
  });

  it("before an added token keep the id of the file, also in the library and in the published file", async () => {
    const tokenizer = tokenizerOf({
      model: bpe({ a: 0, b: 1 }),
      added: [added(10, "<s>"), added(12, "</s>")],
    });
    expect(tokenizer.vocabulary.size).toBe(13);
    expect(await tokenizer.encode("a<s>b</s>")).toEqual(Uint32Array.of(0, 10, 1, 12));
    expect(await tokenizer.decode([10, 0])).toContain("<s>");
    expect(tokenizer.notes.join()).toContain('would have numbered "<s>" 2, not 10');
  });
});
