import { fitTokenizer } from "@revocab/plan";
import { addedTokensOf, frameTokens, type Tokenizer, tokenizerFromFiles } from "@revocab/vocabulary";
import { describe, expect, it } from "vitest";

interface Parts {
  readonly specials: readonly string[];
  readonly roles?: Readonly<Record<string, string>>;
  readonly postProcessor?: object;
  readonly chatTemplate?: string;
}

/** A character BPE: specials from id 0 on, then letters. */
function tokenizer({ specials, roles = {}, postProcessor, chatTemplate }: Parts): Tokenizer {
  const vocab = Object.fromEntries([...specials, ..."abc "].map((token, id) => [token, id]));
  const flags = { single_word: false, lstrip: false, rstrip: true, normalized: false, special: true };
  const json = {
    added_tokens: specials.map((content, id) => ({ id, content, ...flags })),
    post_processor: postProcessor ?? null,
    model: { type: "BPE", vocab, merges: [] },
  };
  const config = { ...roles, ...(chatTemplate !== undefined && { chat_template: chatTemplate }) };
  const encoder = new TextEncoder();
  return tokenizerFromFiles(
    new Map([
      ["tokenizer.json", encoder.encode(JSON.stringify(json))],
      ["tokenizer_config.json", encoder.encode(JSON.stringify(config))],
    ]),
    "hand-made",
  );
}

function template(single: readonly string[], pair: readonly string[], ids: Record<string, number>): object {
  const items = (words: readonly string[]) =>
    words.map((word) => {
      const [id, type] = word.split(":");
      const body = { id, type_id: Number(type) };
      return id === "A" || id === "B" ? { Sequence: body } : { SpecialToken: body };
    });
  return {
    type: "TemplateProcessing",
    single: items(single),
    pair: items(pair),
    special_tokens: Object.fromEntries(
      Object.entries(ids).map(([token, id]) => [token, { id: token, ids: [id], tokens: [token] }]),
    ),
  };
}

const words = ({ frame, vocabulary }: Tokenizer) =>
  frame?.pair.map(
    (item) => `${item.kind === "text" ? item.text : vocabulary.tokenOf(item.id)}:${item.typeId}`,
  );

const LLAMA = tokenizer({
  specials: ["<unk>", "<s>", "</s>"],
  roles: { bos_token: "<s>", eos_token: "</s>", unk_token: "<unk>" },
  postProcessor: template(["<s>:0", "A:0"], ["<s>:0", "A:0", "<s>:1", "B:1"], { "<s>": 1 }),
});
const XLMR = tokenizer({
  specials: ["<s>", "<pad>", "</s>"],
  roles: { bos_token: "<s>", eos_token: "</s>", cls_token: "<s>", sep_token: "</s>" },
  postProcessor: {
    type: "RobertaProcessing",
    cls: ["<s>", 0],
    sep: ["</s>", 2],
    trim_offsets: true,
    add_prefix_space: true,
  },
});
const BERT = tokenizer({
  specials: ["[PAD]", "[CLS]", "[SEP]"],
  roles: { cls_token: "[CLS]", sep_token: "[SEP]", pad_token: "[PAD]" },
  postProcessor: { type: "BertProcessing", cls: ["[CLS]", 1], sep: ["[SEP]", 2] },
});
const GPT = tokenizer({
  specials: ["<|endoftext|>"],
  roles: { bos_token: "<|endoftext|>", eos_token: "<|endoftext|>" },
});

describe("fitTokenizer", () => {
  it("keeps the EOS of an encoder's tokenizer from a model that never saw one behind a prompt", async () => {
    const { tokenizer: fitted, fitting } = await fitTokenizer(XLMR, LLAMA);
    expect(words(fitted)).toEqual(["<s>:0", "A:0", "<s>:1", "B:1"]);
    expect(frameTokens(fitted.frame!)).toEqual({ before: [0], after: [] });
    expect(fitting.notes.join()).toContain("a text is written as <s> A, as the model was trained");
    // what trims the offsets of words is no frame, and stays
    const { post_processor } = JSON.parse(new TextDecoder().decode(fitted.files.get("tokenizer.json")));
    expect(post_processor.processors[0]).toMatchObject({ type: "ByteLevel", trim_offsets: true });
  });

  it("gives a model the BOS that it always had", async () => {
    const { tokenizer: fitted } = await fitTokenizer(GPT, LLAMA);
    expect(frameTokens(fitted.frame!)).toEqual({ before: [0], after: [] });
  });

  it("takes the BOS from a tokenizer whose model never had one", async () => {
    const { tokenizer: fitted } = await fitTokenizer(LLAMA, GPT);
    expect(fitted.frame).toEqual(GPT.frame);
    expect([...(await fitted.encodeWithSpecials("a", "b")).typeIds]).toEqual([0, 1]);
    expect(
      JSON.parse(new TextDecoder().decode(fitted.files.get("tokenizer.json"))).post_processor,
    ).toBeNull();
  });

  it("keeps the type ids of an encoder's pairs, and finds its specials by what they do", async () => {
    const { tokenizer: fitted, fitting } = await fitTokenizer(GPT, BERT);
    expect(fitting.notes[0]).toContain("[CLS] and [SEP] of the model's texts are both <|endoftext|> now");
    const end = "<|endoftext|>:0";
    expect(words(fitted)).toEqual([end, "A:0", end, "B:1", "<|endoftext|>:1"]);
  });

  it("leaves the file of a tokenizer that needs no change as it is", async () => {
    const { tokenizer: fitted, fitting } = await fitTokenizer(LLAMA, LLAMA);
    expect(fitted).toBe(LLAMA);
    expect(fitting.notes).toEqual([]);
  });

  it("leaves the target's specials where that is asked for, and says what the model knows", async () => {
    const { tokenizer: fitted, fitting } = await fitTokenizer(XLMR, LLAMA, { specialTokens: "target" });
    expect(fitted).toBe(XLMR);
    expect(fitting.notes).toEqual([
      "a text is written as <s> A </s>, as the target tokenizer has it; the model was trained with <s> A",
    ]);
  });

  it("says which special has no counterpart", async () => {
    const bare = tokenizer({ specials: ["<pad>"], roles: { pad_token: "<pad>" } });
    const { tokenizer: fitted, fitting } = await fitTokenizer(bare, LLAMA);
    expect(frameTokens(fitted.frame!)).toEqual({ before: [], after: [] });
    expect(fitting.notes[0]).toContain(
      "the model's texts have <s>, for which the target tokenizer has no token",
    );
  });

  it("says what a model can no longer do without a special, and gives one that is added its role", async () => {
    const bert = tokenizer({
      specials: ["[PAD]", "[MASK]"],
      roles: { pad_token: "[PAD]", mask_token: "[MASK]" },
    });
    const { fitting } = await fitTokenizer(GPT, bert);
    expect(fitting.notes).toEqual([
      'the target tokenizer has no counterpart of the model\'s pad token, [PAD]: texts of several lengths cannot be put into one batch (`specials: "[PAD]"` adds it)',
      'the target tokenizer has no counterpart of the model\'s mask token, [MASK]: no gap can be marked in a text (`specials: "[MASK]"` adds it)',
    ]);
    const asked = await fitTokenizer(GPT, bert, { specials: ["[PAD]", "[MASK]"] });
    const { vocabulary } = asked.tokenizer;
    expect(vocabulary.idOfRole("pad")).toBe(vocabulary.idOfSpecial("[PAD]"));
    expect(vocabulary.idOfRole("mask")).toBe(vocabulary.idOfSpecial("[MASK]"));
    expect(asked.fitting.notes).toEqual([]);
  });

  it("adds the sentinels that a T5 fills in, as the source has them", async () => {
    const t5 = tokenizer({
      specials: ["<pad>", "</s>", "<extra_id_1>", "<extra_id_0>"],
      roles: { eos_token: "</s>", pad_token: "<pad>" },
      postProcessor: template(["A:0", "</s>:0"], ["A:0", "</s>:0", "B:0", "</s>:0"], { "</s>": 1 }),
    });
    const { tokenizer: fitted, fitting } = await fitTokenizer(XLMR, t5);
    const { size } = XLMR.vocabulary;
    expect(["<extra_id_1>", "<extra_id_0>"].map((token) => fitted.vocabulary.idOfSpecial(token))).toEqual([
      size,
      size + 1,
    ]);
    expect(addedTokensOf(fitted).at(-1)).toMatchObject({ special: true, rstrip: true, normalized: false });
    expect(frameTokens(fitted.frame!)).toEqual({ before: [], after: [2] });
    expect(fitting.notes[0]).toContain("<extra_id_1>, <extra_id_0>");
    const left = await fitTokenizer(XLMR, t5, { specialTokens: "target" });
    expect(left.tokenizer.vocabulary.idOfSpecial("<extra_id_0>")).toBeUndefined();
    expect(left.fitting.notes[0]).toContain("sentinels that the target tokenizer does not have");
  });

  it("adds the special tokens of a chat template that is to be kept, and of no other", async () => {
    const chat = tokenizer({
      specials: ["<s>", "<|user|>", "<|unused|>"],
      roles: { bos_token: "<s>" },
      chatTemplate: "<|user|>{{ messages[0].content }}",
    });
    expect((await fitTokenizer(GPT, chat)).tokenizer.vocabulary.idOfSpecial("<|user|>")).toBeUndefined();
    const { tokenizer: fitted, fitting } = await fitTokenizer(GPT, chat, { chatTemplate: "source" });
    expect(fitted.vocabulary.idOfSpecial("<|user|>")).toBe(GPT.vocabulary.size);
    expect(fitted.vocabulary.size).toBe(GPT.vocabulary.size + 1);
    expect(fitting.notes[0]).toContain("<|user|>");
    expect(fitting.inputs["tokenizer.json"]).toMatch(/^[0-9a-f]{64}$/);
  });
});

it("two specials that become one are said, and stay two where the first is added by its name", async () => {
  const clip = tokenizer({
    specials: ["<|startoftext|>", "<|endoftext|>"],
    roles: { bos_token: "<|startoftext|>", eos_token: "<|endoftext|>" },
    postProcessor: { type: "RobertaProcessing", cls: ["<|startoftext|>", 0], sep: ["<|endoftext|>", 1] },
  });
  const { fitting } = await fitTokenizer(GPT, clip);
  expect(fitting.notes.join()).toContain(
    "<|startoftext|> and <|endoftext|> of the model's texts are both <|endoftext|> now",
  );
  const asked = ["<|startoftext|>"];
  const { tokenizer: fitted, fitting: own } = await fitTokenizer(GPT, clip, { specials: asked });
  expect(frameTokens(fitted.frame!)).toEqual({ before: [GPT.vocabulary.size], after: [0] });
  expect(own.notes.join()).not.toContain("CHECK THE OUTPUT");
});
