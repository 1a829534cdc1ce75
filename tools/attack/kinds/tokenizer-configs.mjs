import { damagedFolder } from "../mutate-file.mjs";
import { tokenizerReading } from "../readings.mjs";
import { smallTokenizers } from "../seeds/small-tokenizers.mjs";

const small = smallTokenizers();
const special = (content) => ({
  content,
  lstrip: false,
  normalized: false,
  rstrip: false,
  single_word: false,
  special: true,
});
const seeds = [
  seedOf("metaspace", "LlamaTokenizerFast", {
    bos_token: "<s>",
    eos_token: "</s>",
    unk_token: "<unk>",
    add_bos_token: true,
    add_eos_token: false,
    legacy: true,
  }),
  seedOf("byte-level", "GPT2TokenizerFast", {
    bos_token: "<|endoftext|>",
    eos_token: special("<|endoftext|>"),
    add_prefix_space: true,
    model_max_length: 1024,
  }),
  seedOf("wordpiece", "BertTokenizer", {
    cls_token: "[CLS]",
    sep_token: "[SEP]",
    pad_token: "[PAD]",
    mask_token: special("[MASK]"),
    do_lower_case: false,
    strip_accents: null,
  }),
  seedOf("unigram", "T5TokenizerFast", {
    eos_token: "</s>",
    extra_ids: 2,
    additional_special_tokens: ["<extra_id_0>", "<extra_id_1>"],
  }),
  seedOf("wordlevel", "PreTrainedTokenizerFast", {
    unk_token: "<unk>",
    padding_side: "left",
    model_input_names: ["input_ids"],
  }),
];

export default function tokenizerConfigs() {
  return {
    seeds,
    mutant: (random) => damagedFolder(random, seeds, wild),
    read: tokenizerReading(),
    isNative: true,
  };
}

function seedOf(name, tokenizer_class, settings) {
  const size = Object.keys(small[name].model.vocab).length;
  const files = {
    "tokenizer.json": JSON.stringify(small[name]),
    "tokenizer_config.json": JSON.stringify({
      tokenizer_class,
      ...settings,
      clean_up_tokenization_spaces: false,
      added_tokens_decoder: { [size]: special("<new>") },
      chat_template: [{ name: "default", template: "{{ messages[0].content }}" }],
    }),
    "special_tokens_map.json": JSON.stringify({
      pad_token: special("<pad>"),
      additional_special_tokens: ["<a>", special("<b>")],
    }),
    "added_tokens.json": JSON.stringify({ "<new>": size, "<other>": size + 1 }),
    "chat_template.json": JSON.stringify({ chat_template: "{{ messages[0].content }}" }),
    "config.json": JSON.stringify({ model_type: name === "unigram" ? "t5" : "llama" }),
  };
  return { name, files, attacked: Object.keys(files).slice(1).concat("tokenizer_config.json") };
}

function wild(random) {
  const token = special(random.pick(["<new>", " ", "", "\u0000", "a"]));
  return [
    token,
    { [String(random.pick([0, -1, 1, 400, 2 ** 32, "x", "1.5"]))]: token },
    [token, token],
    "LlamaTokenizer",
    "XLNetTokenizer",
    "WhisperTokenizer",
    "MarianTokenizer",
    "NllbTokenizer",
  ];
}
