import { type FollowVocabularyOptions, followVocabulary, type JsonObject } from "@revocab/checkpoint";
import type { SpecialRole } from "@revocab/core";
import { describe, expect, it } from "vitest";

/** Old ids 0–9 become 100–109; 50 and above have no counterpart. Roles: bos 1001, eos 1002. */
const tokenIds = {
  byRole: (role: SpecialRole) => ({ bos: 1001, eos: 1002 })[role as string],
  byOldId: (id: number) => (id < 10 ? id + 100 : undefined),
};

function follow(json: JsonObject, options: Partial<FollowVocabularyOptions> = {}) {
  return followVocabulary({ json, sourceRows: 512, rows: 1024, tokenIds, ...options });
}

describe("sizes", () => {
  it("follow wherever they are the old number of rows, and nowhere else", () => {
    const json = {
      vocab_size: 512,
      type_vocab_size: 512,
      hidden_size: 512,
      text_config: { vocab_size: 512 },
      decoder: { vocab_size: 511 },
      vocab_size_per_layer_input: 500,
    };
    expect(follow(json).json).toEqual({
      vocab_size: 1024,
      type_vocab_size: 512,
      hidden_size: 512,
      text_config: { vocab_size: 1024 },
      decoder: { vocab_size: 511 },
      vocab_size_per_layer_input: 1024,
    });
  });

  it("are written out where a sparse config leaves them to the library", () => {
    const { json } = follow({ model_type: "gemma3", text_config: { model_type: "gemma3_text" } });
    expect(json.text_config).toMatchObject({ vocab_size: 1024 });
  });
});

describe("ids of a role", () => {
  it("follow the role, then the old id, and become null without either", () => {
    const { json, unmapped } = follow({
      eos_token_id: 3,
      pad_token_id: 4,
      sep_token_id: 77,
      mask_token_id: null,
    });
    expect(json).toEqual({ eos_token_id: 1002, pad_token_id: 104, sep_token_id: null, mask_token_id: null });
    expect(unmapped).toEqual([]);
  });

  it("in a list keep the role's own token first and drop what has no counterpart", () => {
    const { json, changes } = follow({ eos_token_id: [3, 4, 77] });
    expect(json).toEqual({ eos_token_id: [1002, 103, 104] });
    expect(changes[0]!.reason).toContain("77 have no counterpart");
  });

  it("of bos, eos and pad are filled in where the source had none", () => {
    expect(follow({ eos_token_id: null, pad_token_id: null, cls_token_id: null }).json).toEqual({
      eos_token_id: 1002,
      pad_token_id: null,
      cls_token_id: null,
    });
  });

  it("are written out where the library's default would hold for the old vocabulary alone", () => {
    const { json, changes } = follow({ model_type: "llama", vocab_size: 512 });
    expect(json).toEqual({ model_type: "llama", vocab_size: 1024, bos_token_id: 1001, eos_token_id: 1002 });
    expect(changes.find(({ path }) => path === "eos_token_id")).toMatchObject({ from: undefined, to: 1002 });
  });
});

describe("other ids", () => {
  it("follow the old id, and are left and listed without a counterpart", () => {
    const { json, unmapped } = follow({ image_token_index: 60, video_token_id: 5, boi_token_index: -200 });
    expect(json).toEqual({ image_token_index: 60, video_token_id: 105, boi_token_index: -200 });
    expect(unmapped).toEqual([{ path: "image_token_index", value: 60, ids: [60] }]);
  });

  it("that are the old id of a role follow the role", () => {
    const { json, unmapped } = follow({ decoder_start_token_id: 60, bos_token_id: 60 });
    expect(json).toEqual({ decoder_start_token_id: 1001, bos_token_id: 1001 });
    expect(unmapped).toEqual([]);
  });

  it("in nested lists follow one by one", () => {
    const { json, unmapped } = follow({
      suppress_tokens: [1, 60, -1],
      bad_words_ids: [[1, 2], [3]],
      force_words_ids: [[60]],
      forced_decoder_ids: [
        [1, 2],
        [2, null],
      ],
      lang_to_id: { "<|de|>": 7 },
    });
    expect(json).toEqual({
      suppress_tokens: [101, -1],
      bad_words_ids: [[101, 102], [103]],
      force_words_ids: [[60]],
      forced_decoder_ids: [
        [1, 102],
        [2, null],
      ],
      lang_to_id: { "<|de|>": 107 },
    });
    expect(unmapped.map(({ path }) => path)).toEqual(["force_words_ids"]);
  });

  it("inside of the text part follow, inside of the vision part they stay", () => {
    const { json } = follow({
      text_config: { eos_token_id: 3 },
      vision_config: { eos_token_id: 3, vocab_size: 9 },
    });
    expect(json).toEqual({
      text_config: { eos_token_id: 1002 },
      vision_config: { eos_token_id: 3, vocab_size: 9 },
    });
  });

  it("that are offsets into the vocabulary are listed (Gemma3n)", () => {
    expect(follow({ vision_config: { vocab_offset: 500 } }).unmapped).toEqual([
      { path: "vision_config.vocab_offset", value: 500, ids: [500] },
    ]);
  });
});

describe("overrides", () => {
  it("win over everything, by key or by path, and are reported as used", () => {
    const json = { image_token_id: 60, text_config: { eos_token_id: 3 }, eos_token_id: 3 };
    const overrides = { image_token_id: 7, "text_config.eos_token_id": [8, 9], nowhere: 1 };
    const followed = follow(json, { overrides });
    expect(followed.json).toEqual({
      image_token_id: 7,
      text_config: { eos_token_id: [8, 9] },
      eos_token_id: 1002,
    });
    expect(followed.unmapped).toEqual([]);
    expect(followed.usedOverrides.toSorted()).toEqual(["image_token_id", "text_config.eos_token_id"]);
  });
});

describe("tying", () => {
  it("is switched off wherever it is switched on, and in a config that does not mention it", () => {
    const nested = {
      model_type: "llava",
      tie_word_embeddings: false,
      text_config: { vocab_size: 512, tie_word_embeddings: true },
    };
    expect(follow(nested, { untie: true }).json).toMatchObject({
      text_config: { tie_word_embeddings: false },
    });
    expect(follow({ model_type: "gemma", vocab_size: 512 }, { untie: true }).json).toMatchObject({
      tie_word_embeddings: false,
    });
  });

  it("stays without `untie`", () => {
    expect(follow({ tie_word_embeddings: true }).json).toEqual({ tie_word_embeddings: true });
  });
});

describe("models whose positions are numbered from the pad id", () => {
  const roberta = {
    model_type: "roberta",
    vocab_size: 512,
    bos_token_id: 0,
    eos_token_id: 2,
    pad_token_id: 1,
  };

  it("keep a pad token of the same id", () => {
    const same = { ...tokenIds, byRole: (role: SpecialRole) => (role === "pad" ? 1 : 5) };
    expect(follow(roberta, { tokenIds: same }).json).toMatchObject({ pad_token_id: 1 });
  });

  it("refuse another pad id and say why", () => {
    expect(() => follow(roberta)).toThrow(
      expect.objectContaining({
        code: "token_id_unmapped",
        message: expect.stringMatching(
          /pad_token_id \+ 1: the model's pad id is 1, the new vocabulary's is 101/,
        ),
        hint: expect.stringContaining("whose pad token has the id 1"),
      }),
    );
  });

  it("take an override as the user's decision", () => {
    expect(follow(roberta, { overrides: { pad_token_id: 1 } }).json).toMatchObject({ pad_token_id: 1 });
  });
});

it("unknown keys and the order of keys stay, and every change is listed with its path", () => {
  const json = {
    z: [1, { y: 2 }],
    vocab_size: 512,
    a: "eos_token_id",
    nested: { deep: { eos_token_id: 3 } },
  };
  const followed = follow(json);
  expect(Object.keys(followed.json)).toEqual(["z", "vocab_size", "a", "nested"]);
  expect(followed.json.z).toEqual([1, { y: 2 }]);
  expect(followed.changes.map(({ path, from, to }) => [path, from, to])).toEqual([
    ["vocab_size", 512, 1024],
    ["nested.deep.eos_token_id", 3, 1002],
  ]);
});
