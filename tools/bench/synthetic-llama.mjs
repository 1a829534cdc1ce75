// Writes a model shaped like Llama or Mixtral, of random bf16 weights, sharded, so that a swap can be timed on a real size.
import { createHash } from "node:crypto";
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readdirSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

/**
 * The default shape is TinyLlama's: 1.1 B parameters, V 32,000, d 2,048, untied head, three shards, 2.2 GB.
 * With `tied` it has no head of its own. With `experts`, each layer is a mixture of so many, of which a position takes two. The tokenizer's files are copied into the model
 * folder.
 */
export function writeSyntheticLlama(directory, tokenizer, shape = {}) {
  const {
    vocabulary = 32_000,
    width = 2048,
    inner = 5632,
    layers = 22,
    heads = 32,
    keyHeads = 4,
    shards = 3,
    experts = 0,
    tied = false,
  } = shape;
  mkdirSync(directory, { recursive: true });
  const keyWidth = (width / heads) * keyHeads;
  const tensors = [["model.embed_tokens.weight", [vocabulary, width]]];
  for (let layer = 0; layer < layers; layer++) {
    const name = (part) => `model.layers.${layer}.${part}.weight`;
    tensors.push(
      [name("self_attn.q_proj"), [width, width]],
      [name("self_attn.k_proj"), [keyWidth, width]],
      [name("self_attn.v_proj"), [keyWidth, width]],
      [name("self_attn.o_proj"), [width, width]],
      ...feedForward(name, width, inner, experts),
      [name("input_layernorm"), [width]],
      [name("post_attention_layernorm"), [width]],
    );
  }
  tensors.push(["model.norm.weight", [width]]);
  if (!tied) tensors.push(["lm_head.weight", [vocabulary, width]]);

  const size = ([, dimensions]) => dimensions.reduce((a, b) => a * b, 2);
  const total = tensors.reduce((sum, tensor) => sum + size(tensor), 0);
  const groups = Array.from({ length: shards }, () => []);
  let before = 0;
  for (const tensor of tensors) {
    groups[Math.min(shards - 1, Math.floor((before / total) * shards))].push(tensor);
    before += size(tensor);
  }
  const weightMap = {};
  for (const [i, group] of groups.entries()) {
    const file = `model-${String(i + 1).padStart(5, "0")}-of-${String(shards).padStart(5, "0")}.safetensors`;
    for (const [name] of group) weightMap[name] = file;
    writeShard(join(directory, file), group, size);
  }
  const json = (file, value) => writeFileSync(join(directory, file), `${JSON.stringify(value, null, 2)}\n`);
  json("model.safetensors.index.json", { metadata: { total_size: total }, weight_map: weightMap });
  json("config.json", {
    architectures: [experts > 0 ? "MixtralForCausalLM" : "LlamaForCausalLM"],
    model_type: experts > 0 ? "mixtral" : "llama",
    ...(experts > 0 && { num_local_experts: experts, num_experts_per_tok: 2 }),
    bos_token_id: 1,
    eos_token_id: 2,
    dtype: "bfloat16",
    hidden_act: "silu",
    hidden_size: width,
    initializer_range: 0.02,
    intermediate_size: inner,
    max_position_embeddings: 2048,
    num_attention_heads: heads,
    num_hidden_layers: layers,
    num_key_value_heads: keyHeads,
    rms_norm_eps: 1e-5,
    tie_word_embeddings: tied,
    vocab_size: vocabulary,
  });
  if (statSync(tokenizer).isDirectory()) {
    for (const file of readdirSync(tokenizer)) copyFileSync(join(tokenizer, file), join(directory, file));
  } else copyFileSync(tokenizer, join(directory, "tokenizer.json"));
  return { parameters: total / 2, bytes: total };
}

function feedForward(name, width, inner, experts) {
  if (experts === 0) {
    return [
      [name("mlp.gate_proj"), [inner, width]],
      [name("mlp.up_proj"), [inner, width]],
      [name("mlp.down_proj"), [width, inner]],
    ];
  }
  const expert = (i, part) => name(`block_sparse_moe.experts.${i}.${part}`);
  return [
    [name("block_sparse_moe.gate"), [experts, width]],
    ...Array.from({ length: experts }, (_, i) => [
      [expert(i, "w1"), [inner, width]],
      [expert(i, "w3"), [inner, width]],
      [expert(i, "w2"), [width, inner]],
    ]).flat(),
  ];
}

function writeShard(path, group, size) {
  const header = {};
  let offset = 0;
  for (const tensor of group) {
    const end = offset + size(tensor);
    header[tensor[0]] = { dtype: "BF16", shape: tensor[1], data_offsets: [offset, end] };
    offset = end;
  }
  let text = JSON.stringify(header);
  text = text.padEnd(Math.ceil(text.length / 8) * 8);
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(text.length));
  const file = openSync(path, "w");
  writeSync(file, Buffer.concat([prefix, Buffer.from(text)]));
  for (const tensor of group) {
    // one block of small values, repeated: what the bytes are does not matter to a copy; but no two rows of a table are alike
    const isTable = /embed_tokens|lm_head/.test(tensor[0]);
    let block = smallValues(tensor[0], Math.min(size(tensor), 1 << 22));
    for (let left = size(tensor); left > 0; ) {
      left -= writeSync(file, block, 0, Math.min(left, block.length));
      if (isTable) block = smallValues(`${tensor[0]} ${left}`, block.length);
    }
  }
  closeSync(file);
}

/** bf16 values between ±2^-6 and ±2^-4, by splitmix32 from a hash of the name. */
function smallValues(name, bytes) {
  const block = Buffer.alloc(bytes);
  const values = new Uint16Array(block.buffer, block.byteOffset, bytes >> 1);
  let state = createHash("sha256").update(name).digest().readUInt32LE(0);
  for (let i = 0; i < values.length; i++) {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    mixed ^= mixed >>> 15;
    values[i] = (mixed & 0x8000) | (0x3c80 + ((mixed >>> 16) & 0xff));
  }
  return block;
}
