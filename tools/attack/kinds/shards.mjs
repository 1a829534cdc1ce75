import { tinyModel } from "../inputs.mjs";
import { damagedFolder } from "../mutate-file.mjs";
import { modelReading } from "../readings.mjs";

const seeds = ["llama-sharded", "qwen2-vl"].map((name) => {
  const files = tinyModel(name);
  const shards = Object.keys(files).filter((file) => file.endsWith(".safetensors"));
  return {
    name,
    files,
    attacked: ["model.safetensors.index.json", "model.safetensors.index.json", ...shards],
  };
});

export default function shards(inputs) {
  return { seeds, mutant: (random) => damagedFolder(random, seeds, wild), read: modelReading(inputs) };
}

/** Where a shard may not lie. */
function wild() {
  return [
    "../out",
    "/etc/passwd",
    "",
    ".",
    "model-00001-of-00003.safetensors/",
    "a\u0000b",
    "\u001b[2J",
    "config.json",
    "MODEL-00001-OF-00003.SAFETENSORS",
  ];
}
