import { damagedFolder } from "../mutate-file.mjs";
import { tokenizerReading } from "../readings.mjs";
import { smallTokenizers } from "../seeds/small-tokenizers.mjs";

const words = Object.keys(smallTokenizers().wordpiece.model.vocab);
const seeds = ["BertTokenizer", "DistilBertTokenizerFast", undefined].map((tokenizer_class) => ({
  name: tokenizer_class ?? "alone",
  files: {
    "vocab.txt": `${words.join("\n")}\n`,
    ...(tokenizer_class && {
      "tokenizer_config.json": JSON.stringify({ tokenizer_class, do_lower_case: true }),
    }),
  },
  attacked: ["vocab.txt"],
  isRefused: tokenizer_class === undefined, // nothing says how a text is cut
}));

export default function vocabTxt() {
  return {
    seeds,
    mutant: (random) => damagedFolder(random, seeds),
    read: tokenizerReading(),
    isNative: true,
  };
}
