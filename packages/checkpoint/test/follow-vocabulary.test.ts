import {
  type FollowVocabularyOptions,
  followVocabulary,
  type JsonObject,
  type JsonValue,
  type TokenIdMap,
} from "@revocab/checkpoint";
import type { SpecialRole } from "@revocab/core";
import { describe, expect, it } from "vitest";

/**
 * Old ids 0–9 become 100–109; 10 and above have no counterpart. Roles: bos 1001, eos 1002. Of the 500 old tokens (512 rows)
 * those below 8 are special, and 60.
 */
const tokenIds: TokenIdMap = {
  byRole: (role) => ({ bos: 1001, eos: 1002 })[role as string],
  byOldId: (id) => (id < 10 ? id + 100 : undefined),
  kindOf: (id) => (id >= 500 ? undefined : id < 8 || id === 60 ? "special" : "text"),
};
/** The same where the new vocabulary is an edit of the old one. */
const edited: TokenIdMap = { ...tokenIds, isExact: true };

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

  it("are asked for where the library does not take null (XLM's unk_index, ModernBERT's decoder)", () => {
    const xlm = { model_type: "xlm", vocab_size: 512, unk_index: 77, mask_token_id: 77 };
    const { json, unmapped } = follow(xlm);
    expect(json).toMatchObject({ unk_index: 77, mask_token_id: null });
    expect(unmapped.map(({ path }) => path)).toContain("unk_index");
    const decoder = follow({ model_type: "modernbert-decoder", vocab_size: 512 });
    // the library's defaults are in force, and this vocabulary has no counterparts of them
    expect(decoder.unmapped.map(({ path }) => path)).toEqual([
      "cls_token_id",
      "pad_token_id",
      "sep_token_id",
    ]);
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
    expect(unmapped).toEqual([{ path: "image_token_index", value: 60, ids: [60], isUnknown: false }]);
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
      { path: "vision_config.vocab_offset", value: 500, ids: [500], isUnknown: false },
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

  it("answer for single entries of a map", () => {
    const json = { vocabulary_map: { a: 1, "b.c": 77, d: 78 } };
    const overrides = { "vocabulary_map.b.c": 5, "vocabulary_map.d": "keep" };
    const followed = follow(json, { overrides });
    expect(followed).toMatchObject({ json: { vocabulary_map: { a: 101, "b.c": 5, d: 78 } }, unmapped: [] });
    expect(followed.usedOverrides).toHaveLength(2);
  });
});

describe("keys by other names", () => {
  it("follow as what the library reads them for, and no second name is written beside them (XLM)", () => {
    const json = {
      model_type: "xlm",
      n_words: 512,
      bos_index: 3,
      eos_index: 4,
      pad_index: 5,
      unk_index: 6,
      mask_index: 7,
      mask_token_id: 7,
      lang_id: 1,
    };
    expect(follow(json).json).toEqual({
      ...json,
      n_words: 1024,
      bos_index: 1001,
      eos_index: 1002,
      pad_index: 105,
      unk_index: 106,
      mask_index: 107,
      mask_token_id: 107,
    });
  });

  it("without the word token follow too (Hunyuan, MiniCPM-V, Chameleon)", () => {
    const json = {
      pad_id: 3,
      im_start_id: 4,
      newline_id: 5,
      image_start_id: 6,
      vocabulary_map: { "<image>": 7, IMGIMGAZ: 8 },
      visual_indicator_token_ids: [1, 2],
    };
    expect(follow(json)).toMatchObject({
      json: {
        pad_id: 103,
        im_start_id: 104,
        newline_id: 105,
        image_start_id: 106,
        vocabulary_map: { "<image>": 107, IMGIMGAZ: 108 },
        visual_indicator_token_ids: [101, 102],
      },
      unmapped: [],
    });
  });

  it("of numbers that are no tokens stay, whatever they look like", () => {
    const json = {
      lang_id: 5,
      speaker_id: 5,
      out_indices: [1, 2],
      insert_layer_id: 3,
      ce_ignore_index: -100,
      label2id: { user_id: 5 },
      type_vocab_size: 512,
      codec_bos_id: 5,
    };
    expect(follow(json)).toMatchObject({ json, changes: [], unmapped: [] });
  });

  it("whose keys are ids are numbered anew, and lose what is gone", () => {
    const { json, notes } = follow({ id_to_text: { 3: "a", 77: "b" } });
    expect(json).toEqual({ id_to_text: { 103: "a" } });
    expect(notes).toEqual([expect.stringMatching(/id_to_text: the token 77 no longer exists/)]);
  });

  it("that count tokens without padding rows follow the tokens (Inkling)", () => {
    const sizes = { sourceTokens: 500, tokens: 1000 };
    expect(follow({ unpadded_vocab_size: 500 }, sizes).json).toEqual({ unpadded_vocab_size: 1000 });
    expect(follow({ unpadded_vocab_size: 77 }, sizes).unmapped).toHaveLength(1);
  });
});

describe("ids of other vocabularies", () => {
  it("stay: those of codebooks, though the key is elsewhere the text's (CSM)", () => {
    const json = {
      model_type: "csm",
      text_vocab_size: 512,
      vocab_size: 512,
      codebook_eos_token_id: 4,
      audio_token_id: 5,
      bos_token_id: 3,
      pad_token_id: 3,
      depth_decoder_config: { model_type: "csm_depth_decoder_model", vocab_size: 512, pad_token_id: 3 },
    };
    expect(follow(json).json).toEqual({
      ...json,
      text_vocab_size: 1024,
      audio_token_id: 105,
      bos_token_id: 1001,
      pad_token_id: 103,
    });
  });

  it("stay in parts for sounds and pictures, also by their model types", () => {
    const part = { eos_token_id: 3, pad_token_id: 4, vocab_size: 512 };
    const json = {
      qformer_config: part,
      codec_config: part,
      audio_encoder: part,
      some_config: { ...part, model_type: "instructblip_qformer" },
    };
    expect(follow(json).changes).toEqual([]);
    const speech = { model_type: "speech-encoder-decoder", encoder: part, decoder: { vocab_size: 512 } };
    expect(follow(speech).json).toEqual({ ...speech, decoder: { vocab_size: 1024 } });
  });
});

describe("an edit of the same vocabulary", () => {
  it("maps ids from old to new, whatever the tokenizer calls eos", () => {
    const { json, unmapped } = follow(
      { bos_token_id: 1, eos_token_id: [3, 4], pad_token_id: null, decoder_start_token_id: 2 },
      { tokenIds: edited },
    );
    expect(json).toEqual({
      bos_token_id: 101,
      eos_token_id: [103, 104],
      pad_token_id: null,
      decoder_start_token_id: 102,
    });
    expect(unmapped).toEqual([]);
  });

  it("leaves keys absent that the library's defaults are right for, and writes out the others", () => {
    const same: TokenIdMap = { ...edited, byOldId: (id) => (id === 2 ? 9 : id) };
    expect(follow({ model_type: "llama", vocab_size: 512 }, { tokenIds: same }).json).toEqual({
      model_type: "llama",
      vocab_size: 1024,
      eos_token_id: 9,
    });
  });

  it("asks for a single id that is gone, and drops it from a list of ends", () => {
    const { json, unmapped, notes } = follow(
      { eos_token_id: 77, text_config: { eos_token_id: [3, 77] }, cls_token_id: 77 },
      { tokenIds: edited },
    );
    expect(unmapped.map(({ path }) => path)).toEqual(["eos_token_id", "cls_token_id"]);
    expect(json).toMatchObject({ eos_token_id: 77, text_config: { eos_token_id: [103] } });
    expect(notes).toEqual([
      expect.stringContaining("text_config.eos_token_id: the token 77 no longer exists"),
    ]);
  });

  it("drops words and biases of tokens that are gone and says so, null where none is left", () => {
    const { json, unmapped, notes, changes } = follow(
      {
        bad_words_ids: [[1, 2], [3, 77], [78]],
        sequence_bias: [
          [[1], -2.5],
          [[77], 1],
        ],
        suppress_tokens: [77, 1],
        text_config: { bad_words_ids: [[77]], suppress_tokens: [77] },
      },
      { tokenIds: edited },
    );
    expect(json).toEqual({
      bad_words_ids: [[101, 102]],
      sequence_bias: [[[101], -2.5]],
      suppress_tokens: [101],
      text_config: { bad_words_ids: null, suppress_tokens: [] },
    });
    expect(unmapped).toEqual([]);
    expect(notes).toHaveLength(5);
    expect(notes[0]).toBe(
      "bad_words_ids: the tokens 77, 78 no longer exist; what it said of them was dropped",
    );
    expect(changes.find(({ path }) => path === "bad_words_ids")).toMatchObject({ dropped: [77, 78] });
  });
});

describe("what shall not be written", () => {
  it("is the user's to decide in a swap, where other tokens may spell it", () => {
    const json = { bad_words_ids: [[1], [77]], sequence_bias: [[[77], 1]], suppress_tokens: [1, 77] };
    const { unmapped, json: followed } = follow(json);
    expect(unmapped.map(({ path, ids }) => [path, ids])).toEqual([
      ["bad_words_ids", [77]],
      ["sequence_bias", [77]],
    ]);
    expect(followed).toEqual({ ...json, suppress_tokens: [101] });
  });
});

describe("keys that nobody knows", () => {
  it("are asked about where they look like a token id that would change", () => {
    const { json, unmapped } = follow({ thought_token_id: 5, nested: { border_id: 60, tool_ids: [1, 2] } });
    expect(json).toEqual({ thought_token_id: 5, nested: { border_id: 60, tool_ids: [1, 2] } });
    expect(unmapped).toEqual([
      { path: "thought_token_id", value: 5, ids: [5], isUnknown: true, likely: 105 },
      { path: "nested.border_id", value: 60, ids: [60], isUnknown: true },
      { path: "nested.tool_ids", value: [1, 2], ids: [1, 2], isUnknown: true, likely: [101, 102] },
    ]);
  });

  it("are left where they name no special token, no token at all, or nothing that changes", () => {
    const json = { layer_id: 9, group_ids: [300], sound_token_id: 505, seed_index: 0.5, user_id: "7" };
    expect(follow(json)).toMatchObject({ json, unmapped: [] });
    const same: TokenIdMap = { ...edited, byOldId: (id) => id };
    expect(follow({ thought_token_id: 5 }, { tokenIds: same }).unmapped).toEqual([]);
  });

  it("are asked about where they look like the old number of rows", () => {
    expect(follow({ lm_vocab_rows: 512, other_vocab_size: 100 }).unmapped).toEqual([
      { path: "lm_vocab_rows", value: 512, ids: [], isUnknown: true, likely: 1024 },
    ]);
  });

  it("stay by the user's word, as any other key does", () => {
    const json = { thought_token_id: 5, eos_token_id: 3 };
    const overrides = { thought_token_id: "keep", eos_token_id: "keep" };
    const followed = follow(json, { overrides });
    expect(followed).toMatchObject({ json, changes: [], unmapped: [] });
    expect(followed.usedOverrides).toEqual(["thought_token_id", "eos_token_id"]);
  });
});

describe("sizes of other tables", () => {
  it("stay and are noted", () => {
    const { json, notes } = follow({ model_type: "marian", vocab_size: 512, decoder_vocab_size: 300 });
    expect(json).toMatchObject({ vocab_size: 1024, decoder_vocab_size: 300 });
    expect(notes).toContainEqual(expect.stringMatching(/decoder_vocab_size = 300 is not the number of rows/));
  });
});

describe("roles that the user gives", () => {
  it("are set wherever a config has them, first in lists, and added to the language model's part", () => {
    const json = {
      model_type: "llava",
      eos_token_id: [3, 4],
      text_config: { vocab_size: 512 },
      vision_config: { eos_token_id: 3 },
    };
    expect(follow(json, { tokenIds: edited, roles: { eos: 700 } }).json).toEqual({
      ...json,
      eos_token_id: [700, 103, 104],
      // LLaVA's text part is a Llama, whose defaults for bos (1) and eos (2) would be wrong
      text_config: { vocab_size: 1024, bos_token_id: 101, eos_token_id: 700 },
    });
    const generation = { bos_token_id: 1 };
    expect(follow(generation, { tokenIds: edited, roles: { eos: 700 }, modelType: "llama" }).json).toEqual({
      bos_token_id: 101,
      eos_token_id: 700,
    });
  });

  it("stop generation where the model was trained to stop, too", () => {
    const ends = (eos_token_id: JsonValue, model_type?: string) =>
      follow({ ...(model_type && { model_type }), eos_token_id }, { tokenIds: edited, roles: { eos: 700 } })
        .json.eos_token_id;
    expect(ends(3)).toEqual([700, 103]);
    expect(ends([3, 4])).toEqual([700, 103, 104]);
    expect(ends(null)).toBe(700);
    expect(ends(3, "llama")).toBe(700);
    expect(ends([3, 4], "llama")).toEqual([700, 103, 104]);
  });

  it("are added at the top of a config that has them nowhere, and of no other file", () => {
    const roles = { eos: 700 };
    const sparse = { model_type: "unheard_of", vocab_size: 512 };
    expect(follow(sparse, { tokenIds: edited, roles }).json.eos_token_id).toBe(700);
    const nested = { ...sparse, text_config: { eos_token_id: 3 } };
    expect(follow(nested, { tokenIds: edited, roles }).json).toMatchObject({
      text_config: { eos_token_id: 700 },
    });
    expect(follow(nested, { tokenIds: edited, roles }).json).not.toHaveProperty("eos_token_id");
    const beside = { image_token_id: 3 };
    expect(follow(beside, { tokenIds: edited, roles, idsByName: true }).json).toEqual({
      image_token_id: 103,
    });
  });

  it("give way to what the user says of a key", () => {
    const json = { model_type: "llama", vocab_size: 512, bos_token_id: 1, eos_token_id: 3 };
    const given = { tokenIds: edited, roles: { eos: 700 }, overrides: { eos_token_id: 5 } };
    expect(follow(json, given).json.eos_token_id).toBe(5);
    expect(follow(json, given).changes.filter(({ path }) => path === "eos_token_id")).toHaveLength(1);
    const { eos_token_id: _, ...without } = json;
    expect(follow(without, given).json.eos_token_id).toBe(5);
  });
});

describe("the library's defaults", () => {
  it("of ids that name special tokens are written out, and asked for where they are gone", () => {
    const llava = { model_type: "llava", text_config: { model_type: "qwen2", vocab_size: 512 } };
    // LLaVA's default, 32000, is no token here: nothing can depend on it
    expect(follow(llava).unmapped).toEqual([]);
    const known: TokenIdMap = { ...edited, kindOf: (id) => (id === 32000 ? "special" : "text") };
    expect(follow(llava, { tokenIds: known }).unmapped).toMatchObject([{ path: "image_token_index" }]);
    const moved: TokenIdMap = { ...known, byOldId: (id) => (id === 32000 ? 40 : id) };
    expect(follow(llava, { tokenIds: moved }).json).toMatchObject({ image_token_index: 40 });
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
          /positions of roberta depend on pad_token_id: the model's pad id is 1, the new vocabulary's is 101/,
        ),
        hint: expect.stringContaining("whose pad token has the id 1"),
      }),
    );
  });

  it("are found in every part, by the library's default too", () => {
    const json = { model_type: "clap", text_config: { model_type: "roberta", vocab_size: 512 } };
    expect(() => follow(json)).toThrow(/positions of roberta depend on text_config.pad_token_id/);
    expect(() => follow({ model_type: "xglm", vocab_size: 512 })).toThrow(/pad id is 1/);
  });

  it("are no longer, where a switch of the config turns that off (ESM-2)", () => {
    const esm = { model_type: "esm", vocab_size: 512, pad_token_id: 1 };
    expect(follow({ ...esm, position_embedding_type: "rotary" }).json).toMatchObject({ pad_token_id: 101 });
    expect(() => follow({ ...esm, position_embedding_type: "absolute" })).toThrow(/positions of esm/);
    expect(() => follow(esm)).toThrow(/positions of esm/);
  });

  it("are said loudly to be possible in a type that could not be tried", () => {
    const { json, notes } = follow({ model_type: "their-own", vocab_size: 512, pad_token_id: 1 });
    expect(json).toMatchObject({ pad_token_id: 101 });
    expect(notes).toEqual([expect.stringMatching(/^CHECK THE OUTPUT: pad_token_id goes from 1 to 101/)]);
    const same: TokenIdMap = { ...edited, byOldId: (id) => id };
    const kept = follow({ model_type: "their-own", vocab_size: 512, pad_token_id: 1 }, { tokenIds: same });
    expect(kept.notes).toEqual([]);
    expect(follow({ model_type: "xlm", vocab_size: 512, pad_token_id: 1 }).notes).toEqual([]);
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
