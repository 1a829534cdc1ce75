import { tinyModel } from "../inputs.mjs";
import { damagedFolder } from "../mutate-file.mjs";
import { modelReading } from "../readings.mjs";

const seeds = ["llama-tied", "llama-untied", "bert", "gpt2", "t5"].map((name) => ({
  name,
  files: tinyModel(name),
  attacked: ["model.safetensors"],
}));

export default function safetensors(inputs) {
  return { seeds, mutant: (random) => damagedFolder(random, seeds), read: modelReading(inputs) };
}
