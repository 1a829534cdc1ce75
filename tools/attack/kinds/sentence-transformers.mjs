import { tinyModel } from "../inputs.mjs";
import { damagedFolder } from "../mutate-file.mjs";
import { modelReading } from "../readings.mjs";

const modules = [
  { idx: 0, name: "0", path: "", type: "sentence_transformers.models.Transformer" },
  { idx: 1, name: "1", path: "1_Pooling", type: "sentence_transformers.models.Pooling" },
  { idx: 2, name: "2", path: "2_Dense", type: "sentence_transformers.models.Dense" },
];
const settings = {
  "modules.json": JSON.stringify(modules),
  "sentence_bert_config.json": JSON.stringify({ max_seq_length: 32, do_lower_case: false }),
  "config_sentence_transformers.json": JSON.stringify({
    prompts: { query: "query: " },
    default_prompt_name: null,
    similarity_fn_name: "cosine",
  }),
  "1_Pooling/config.json": JSON.stringify({ word_embedding_dimension: 16, pooling_mode_mean_tokens: true }),
  "2_Dense/config.json": JSON.stringify({
    in_features: 16,
    out_features: 16,
    bias: true,
    activation_function: "torch.nn.modules.activation.Tanh",
  }),
};
const seeds = [
  {
    name: "bert",
    files: { ...tinyModel("bert"), ...settings },
    attacked: ["modules.json", ...Object.keys(settings)],
  },
];

export default function sentenceTransformers(inputs) {
  return { seeds, mutant: (random) => damagedFolder(random, seeds, wild), read: modelReading(inputs) };
}

function wild() {
  return [
    "../",
    "/etc",
    "..",
    "0_StaticEmbedding",
    "1_Pooling/../..",
    "\u0000",
    { path: "x".repeat(5000), type: "sentence_transformers.models.StaticEmbedding" },
    modules[0],
  ];
}
