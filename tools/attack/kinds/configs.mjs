import { tinyModel } from "../inputs.mjs";
import { damagedFolder } from "../mutate-file.mjs";
import { modelReading } from "../readings.mjs";

const NAMES = [
  "llama-tied",
  "llama-untied",
  "bert",
  "gpt2",
  "t5",
  "gemma3",
  "llava",
  "bart",
  "mistral",
  "deberta-v3",
  "xlm-roberta",
];
const seeds = NAMES.map((name) => {
  const files = tinyModel(name);
  return {
    name,
    files,
    attacked: Object.keys(files).filter((file) => /^(config|generation_config)\.json$/.test(file)),
  };
});

export default function configs(inputs) {
  return { seeds, mutant: (random) => damagedFolder(random, seeds, wild), read: modelReading(inputs) };
}

function wild(random) {
  const id = random.pick([0, 1, 44, 45, 1000, -1, [1, 2], [1, -1], [[1]]]);
  return [
    { eos_token_id: id, vocab_size: id },
    { text_config: { vocab_size: 45 } },
    { rope_type: "yarn", factor: 0 },
    "gelu",
    "llama",
    "bert",
    id,
  ];
}
