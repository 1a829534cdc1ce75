import { repositoryFolder } from "../inputs.mjs";
import { damagedFolder } from "../mutate-file.mjs";
import { tokenizerReading } from "../readings.mjs";

const models = Object.entries(repositoryFolder("packages/vocabulary/test/fixtures/sentencepiece")).filter(
  ([name]) => name.endsWith(".model"),
);
const CLASSES = ["LlamaTokenizer", "T5Tokenizer", undefined];
const seeds = models.flatMap(([name, content]) =>
  CLASSES.map((tokenizer_class) => ({
    name: `${name} ${tokenizer_class ?? "alone"}`,
    files: {
      "tokenizer.model": content,
      ...(tokenizer_class && { "tokenizer_config.json": JSON.stringify({ tokenizer_class }) }),
    },
    attacked: ["tokenizer.model"],
  })),
);

export default function sentencepiece() {
  return {
    seeds,
    mutant: (random) => damagedFolder(random, seeds),
    read: tokenizerReading(),
    isNative: true,
  };
}
