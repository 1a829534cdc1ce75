import { damagedFolder } from "../mutate-file.mjs";
import { tokenizerReading } from "../readings.mjs";
import { smallTokenizers } from "../seeds/small-tokenizers.mjs";

const { model } = smallTokenizers()["byte-level"];
const CLASSES = ["GPT2Tokenizer", "RobertaTokenizer", "CLIPTokenizer", "Qwen2Tokenizer", undefined];
const seeds = CLASSES.map((tokenizer_class) => ({
  name: tokenizer_class ?? "alone",
  files: {
    "vocab.json": JSON.stringify(model.vocab),
    "merges.txt": `#version: 0.2\n${model.merges.map((pair) => pair.join(" ")).join("\n")}\n`,
    ...(tokenizer_class && {
      "tokenizer_config.json": JSON.stringify({ tokenizer_class, unk_token: "<|endoftext|>" }),
    }),
  },
  attacked: ["vocab.json", "merges.txt"],
  isRefused: tokenizer_class === undefined, // nothing says how a text is cut
}));

export default function vocabAndMerges() {
  return {
    seeds,
    mutant: (random) => damagedFolder(random, seeds),
    read: tokenizerReading(),
    isNative: true,
  };
}
