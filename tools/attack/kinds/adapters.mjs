import { join } from "node:path";
import { subtokenMean } from "../../../packages/embedding-init/dist/index.js";
import { savePlan } from "../../../packages/plan/dist/index.js";
import { applySavedPlanToAdapter, planTokenizerSwap } from "../../../packages/transfer/dist/index.js";
import { made, repositoryFolder, tinyModel, tinyTokenizer, writeFolder } from "../inputs.mjs";
import { damagedFolder } from "../mutate-file.mjs";

const ADAPTERS = "packages/transfer/test/fixtures/adapters";
const NAMES = ["both", "dora-head", "fourier-head", "plain", "saved", "tokens-by-module", "tokens"];
const seeds = NAMES.map((name) => ({
  name,
  files: repositoryFolder(`${ADAPTERS}/llama-untied/${name}`),
  attacked: ["adapter_config.json", "adapter_model.safetensors"],
  isRefused: name.endsWith("-head"), // DoRA and FourierFT of a table are no sums of rows
}));

export default async function adapters(inputs) {
  const model = await made(inputs, "model", (place) => writeFolder(place, tinyModel("llama-untied")));
  const tokenizer = await made(inputs, "target", (place) => writeFolder(place, tinyTokenizer(20)));
  const plan = await made(inputs, "swap.plan", async (place) =>
    savePlan(await planTokenizerSwap({ model, tokenizer, method: subtokenMean() }), place),
  );
  const read = async (adapter) => {
    const { notes } = await applySavedPlanToAdapter({ plan, model, adapter, out: join(adapter, "../out") });
    return notes;
  };
  return { seeds, mutant: (random) => damagedFolder(random, seeds, wild), read };
}

function wild(random) {
  return [
    random.pick(["LORA", "IA3", "VERA", "PREFIX_TUNING", "", "\u001b[1m"]),
    ["embed_tokens", "lm_head"],
    { embed_tokens: [0, 1, -1, 2 ** 40] },
    { lm_head: [44, 45] },
  ];
}
