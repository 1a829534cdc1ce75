import { KILLERS } from "../killers.mjs";
import { mutateBytes } from "../mutate-bytes.mjs";
import { mutateJson } from "../mutate-json.mjs";
import { tokenizerReading } from "../readings.mjs";
import { smallTokenizers } from "../seeds/small-tokenizers.mjs";
import { decoder, mutateComponents, normalizer, postProcessor, preTokenizer } from "../tokenizer-grammar.mjs";

const documents = Object.entries(smallTokenizers());
const seeds = documents.map(([name, document]) => ({
  name,
  files: { "tokenizer.json": JSON.stringify(document) },
  attacked: ["tokenizer.json"],
}));

export default function tokenizerJson() {
  return {
    seeds,
    mutant(random) {
      const [name, document] = random.pick(documents);
      const [way, content] = damaged(random, document);
      return { what: `${name} ${way}`, files: [["tokenizer.json", content]] };
    },
    read: tokenizerReading({ runs: 8 }),
    isNative: true,
  };
}

function damaged(random, document) {
  if (random.oneIn(100)) {
    const [name, kill] = random.pick(Object.entries(KILLERS));
    return [`killer: ${name}`, JSON.stringify(kill(structuredClone(document)))];
  }
  const way = random.below(5);
  if (way === 0) {
    const [, other] = random.pick(documents);
    return [
      "bytes",
      mutateBytes(random, Buffer.from(JSON.stringify(document)), Buffer.from(JSON.stringify(other))),
    ];
  }
  if (way === 1) return ["json", mutateJson(random, document, wild)];
  return ["components", JSON.stringify(mutateComponents(random, document))];
}

function wild(random) {
  return [normalizer(random), preTokenizer(random), decoder(random), postProcessor(random)];
}
