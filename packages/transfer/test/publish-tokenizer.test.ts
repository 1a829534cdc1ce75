import { tokenizerFromFiles } from "@revocab/vocabulary";
import { describe, expect, it } from "vitest";
import { publishTokenizer } from "../src/swap/publish-tokenizer.ts";

const special = (id: number, content: string) => ({
  ...{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true },
});
const names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

/** A tokenizer of single letters with BERT's special tokens. */
function tokenizerOf(config: object, reading: "class" | "file" = "class") {
  const vocab = Object.fromEntries([...names, "a", "b"].map((token, id) => [token, id]));
  const json = {
    added_tokens: names.map((content, id) => special(id, content)),
    pre_tokenizer: { type: "BertPreTokenizer" },
    model: { type: "WordPiece", vocab, unk_token: "[UNK]" },
  };
  const files = { "tokenizer.json": json, "tokenizer_config.json": config };
  const contents = Object.entries(files).map(
    ([name, value]) => [name, Buffer.from(JSON.stringify(value))] as const,
  );
  return tokenizerFromFiles(new Map(contents), "fixture", { reading });
}

const template = { from: "target", templates: new Map(), note: undefined } as const;
const bert = { tokenizer_class: "BertTokenizer", model_max_length: 64, padding_side: "left" };
const source = tokenizerOf(bert);
const target = tokenizerOf({ model_max_length: 8, model_input_names: ["input_ids"] }, "file");
const configOf = (files: ReadonlyMap<string, Uint8Array>) =>
  JSON.parse(Buffer.from(files.get("tokenizer_config.json")!).toString());

describe("the tokenizer files of a written model", () => {
  it("of a swap take tokenizer.json as it is, and keep what belongs to the model", () => {
    const { files } = publishTokenizer(target, template, { modelType: "bert", source, isOwn: false });
    expect(configOf(files)).toMatchObject({
      tokenizer_class: "PreTrainedTokenizerFast",
      model_max_length: 64,
      padding_side: "left",
      truncation_side: "right",
      model_input_names: ["input_ids", "token_type_ids", "attention_mask"],
    });
  });

  it("of an edit are the source's own", () => {
    const own = tokenizerOf(bert);
    const { files } = publishTokenizer(own, template, { modelType: "bert", source, isOwn: true });
    expect([...files]).toEqual([...own.files]);
    expect(configOf(files)).toEqual(bert);
  });

  it("have no limit of length where the model has none", () => {
    const endless = tokenizerOf({ tokenizer_class: "BertTokenizer", model_max_length: 1e30 });
    const { files } = publishTokenizer(target, template, {
      modelType: "bert",
      source: endless,
      isOwn: false,
    });
    expect(configOf(files)).not.toHaveProperty("model_max_length");
  });

  it("name the methods of the source's class that are lost", () => {
    const { notes } = publishTokenizer(target, template, {
      modelType: "mbart",
      source: {
        ...source,
        reference: {
          ...source.reference,
          className: "MBartTokenizer",
          methods: ["set_src_lang_special_tokens"],
        },
      },
      isOwn: false,
    });
    expect(notes.join()).toContain(
      "MBartTokenizer did more than a tokenizer.json can say (set_src_lang_special_tokens)",
    );
  });

  it("bring a class that adds nothing where the model type would force one that reads them otherwise", () => {
    const { files, notes } = publishTokenizer(target, template, {
      modelType: "qwen2",
      source,
      isOwn: false,
    });
    const [module, name] = configOf(files).auto_map.AutoTokenizer[1].split(".");
    expect(Buffer.from(files.get(`${module}.py`)!).toString()).toContain(
      `class ${name}(PreTrainedTokenizerFast)`,
    );
    expect(notes.join()).toContain("force its own class, Qwen2Tokenizer");
  });
});
