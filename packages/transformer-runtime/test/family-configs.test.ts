import type { JsonObject } from "@revocab/checkpoint";
import { familyOf } from "@revocab/transformer-runtime";
import { describe, expect, it } from "vitest";
import { describeConfig, fixtureConfig } from "./family-context.ts";

describe("a config that leaves out what is the library's default", () => {
  it("is read with that default: Gemma 3 4B names neither heads nor window pattern", () => {
    const description = describeConfig({
      model_type: "gemma3",
      hidden_size: 2560,
      intermediate_size: 10240,
      num_hidden_layers: 34,
      rope_scaling: { factor: 8.0, rope_type: "linear" },
      sliding_window: 1024,
    });
    const { heads, keyValueHeads, headWidth, scale } = description.layers[0].attention;
    expect({ heads, keyValueHeads, headWidth, scale }).toEqual({
      heads: 8,
      keyValueHeads: 4,
      headWidth: 256,
      scale: 1 / 16,
    });
    expect(description.contextLength).toBe(131_072);
    const windows = description.layers.slice(0, 7).map(({ attention }) => attention.window);
    expect(windows).toEqual([1024, 1024, 1024, 1024, 1024, undefined, 1024]);
    const turns = (name: string) => Array.from(description.rotary[name].frequencies(10).inverse.slice(0, 1));
    expect(turns("full_attention")).toEqual([1 / 8]);
    expect(turns("sliding_attention")).toEqual([1]);
  });

  it("is Mistral with a window where there is no key, and without one where it is null", () => {
    const window = (config: JsonObject) => describeConfig(config).layers[0].attention.window;
    expect(window({ model_type: "mistral" })).toBe(4096);
    expect(window({ model_type: "mistral", sliding_window: null })).toBeUndefined();
  });

  it("is Gemma 2 with caps where there are no keys, and without them where they are null", () => {
    const caps = (config: JsonObject) => {
      const { layers, head } = describeConfig(config);
      return [layers[0].attention.softCap, head.softCap];
    };
    expect(caps({ model_type: "gemma2" })).toEqual([50, 30]);
    const none = { attn_logit_softcapping: null, final_logit_softcapping: null };
    expect(caps({ model_type: "gemma2", ...none })).toEqual([undefined, undefined]);
  });

  it("is GPT-2 under the names of either library version", () => {
    const older = describeConfig({ model_type: "gpt2", n_embd: 24, n_layer: 3, n_head: 2, n_positions: 50 });
    const newer = describeConfig({
      model_type: "gpt2",
      hidden_size: 24,
      num_hidden_layers: 3,
      num_attention_heads: 2,
      max_position_embeddings: 50,
    });
    expect(newer).toEqual(older);
  });
});

describe("the sizes and switches of published models are read", () => {
  const firstAttention = (config: JsonObject) => {
    const { heads, keyValueHeads, headWidth } = describeConfig(config).layers[0].attention;
    return [heads, keyValueHeads, headWidth];
  };

  it("Falcon 7B has one key for all queries, 40B eight", () => {
    const shared = {
      model_type: "falcon",
      alibi: false,
      bias: false,
      parallel_attn: true,
      multi_query: true,
    };
    const small = { hidden_size: 4544, num_attention_heads: 71, new_decoder_architecture: false };
    expect(firstAttention({ ...shared, ...small })).toEqual([71, 1, 64]);
    const large = { hidden_size: 8192, num_attention_heads: 128, new_decoder_architecture: true };
    expect(firstAttention({ ...shared, ...large, num_kv_heads: 8 })).toEqual([128, 8, 64]);
  });

  it("OPT 350M has norms after each sum and rows of 512 columns, 125M neither", () => {
    const sizes = { model_type: "opt", hidden_size: 1024, num_attention_heads: 16, ffn_dim: 4096 };
    const of350 = describeConfig({ ...sizes, word_embed_proj_dim: 512, do_layer_norm_before: false });
    expect(of350.embedding.projection?.linear).toMatchObject({ inputs: 512, outputs: 1024 });
    expect(of350.head.transform?.dense).toMatchObject({ inputs: 1024, outputs: 512 });
    expect(Object.keys(of350.layers[0].norms)).toEqual(["afterAttentionSum", "afterFeedForwardSum"]);
    expect(of350.finalNorm).toBeUndefined();
    const of125 = describeConfig({ model_type: "opt", word_embed_proj_dim: 768, do_layer_norm_before: true });
    expect(of125.embedding.projection).toBeUndefined();
    expect(Object.keys(of125.layers[0].norms)).toEqual(["beforeAttention", "beforeFeedForward"]);
  });

  it("Qwen3-30B-A3B has 128 experts in each of 48 layers", () => {
    const { layers } = describeConfig({
      model_type: "qwen3_moe",
      decoder_sparse_step: 1,
      head_dim: 128,
      hidden_size: 2048,
      intermediate_size: 6144,
      max_window_layers: 48,
      mlp_only_layers: [],
      moe_intermediate_size: 768,
      norm_topk_prob: true,
      num_attention_heads: 32,
      num_experts: 128,
      num_experts_per_tok: 8,
      num_hidden_layers: 48,
      num_key_value_heads: 4,
      rope_scaling: null,
      rope_theta: 1_000_000,
      sliding_window: null,
      use_sliding_window: false,
    });
    const kinds = layers.map(({ feedForward }) => "experts" in feedForward && feedForward.experts.length);
    expect(kinds).toEqual(Array(48).fill(128));
  });

  it("DeepSeek-V2-Lite has one layer without experts, queries without a latent state, and sharpened scores", () => {
    const mscale = 707 / 1000;
    const { layers } = describeConfig({
      model_type: "deepseek_v2",
      first_k_dense_replace: 1,
      hidden_size: 2048,
      kv_lora_rank: 512,
      moe_intermediate_size: 1408,
      moe_layer_freq: 1,
      n_group: 1,
      n_routed_experts: 64,
      n_shared_experts: 2,
      norm_topk_prob: false,
      num_attention_heads: 16,
      num_experts_per_tok: 6,
      num_hidden_layers: 27,
      q_lora_rank: null,
      rope_scaling: {
        beta_fast: 32,
        beta_slow: 1,
        factor: 40,
        mscale,
        mscale_all_dim: mscale,
        original_max_position_embeddings: 4096,
        type: "yarn",
      },
      scoring_func: "softmax",
      topk_group: 1,
      topk_method: "greedy",
    });
    expect(layers.map(({ feedForward }) => feedForward.kind === "experts").indexOf(true)).toBe(1);
    const { projection, scale } = layers[0].attention;
    expect(projection).toMatchObject({ kind: "latent", query: { inputs: 2048, outputs: 16 * 192 } });
    expect(scale).toBeCloseTo((0.1 * mscale * Math.log(40) + 1) ** 2 / Math.sqrt(192), 12);
  });

  it("Llama 4 Scout lists no layers, and divides columns without mixing any", () => {
    const { layers, rotary, contextLength } = describeConfig({
      model_type: "llama4_text",
      max_position_embeddings: 262_144,
      no_rope_layers: [],
      rope_scaling: {
        factor: 16,
        high_freq_factor: 1,
        low_freq_factor: 1,
        original_max_position_embeddings: 8192,
        rope_type: "llama3",
      },
    });
    expect(layers.slice(0, 4).map(({ attention }) => attention.rotary)).toEqual([
      ...Array(3).fill("positions"),
      undefined,
    ]);
    expect(contextLength).toBe(262_144);
    expect(rotary.positions.frequencies(10).inverse.every(Number.isFinite)).toBe(true);
  });

  it("Granite 3 8B has all four factors", () => {
    const { embedding, layers, head } = describeConfig({
      model_type: "granite",
      attention_multiplier: 0.0078125,
      embedding_multiplier: 12,
      logits_scaling: 16,
      residual_multiplier: 0.22,
    });
    expect([embedding.scale, layers[0].attention.scale, layers[0].residualScale, head.scale]).toEqual([
      12, 0.0078125, 0.22, 0.0625,
    ]);
  });
});

describe("an encoder–decoder model", () => {
  it("of T5 scales its last states where the first version does, by either key", () => {
    const scale = (config: JsonObject) => describeConfig({ d_model: 64, ...config }).head.scale;
    expect(scale({ model_type: "t5" })).toBe(1 / 8);
    expect(scale({ model_type: "t5", tie_word_embeddings: false })).toBeUndefined();
    expect(
      scale({ model_type: "t5", tie_word_embeddings: true, scale_decoder_outputs: false }),
    ).toBeUndefined();
    expect(scale({ model_type: "mt5", tie_word_embeddings: true })).toBeUndefined();
    expect(scale({ model_type: "umt5", tie_word_embeddings: false })).toBe(1 / 8);
  });

  it("has as many layers on both sides where the config names one number", () => {
    const { layers, encoder } = describeConfig({ model_type: "mt5" });
    expect([layers.length, encoder?.body.layers.length]).toEqual([8, 8]);
    expect(layers.every(({ crossAttention }) => crossAttention !== undefined)).toBe(true);
  });

  it("begins texts and reads a source without text by the ids of its config", () => {
    const ids = (config: JsonObject) => {
      const { startTokens, emptySource } = describeConfig(config).encoder ?? {};
      return [startTokens, emptySource];
    };
    expect(ids({ model_type: "t5" })).toEqual([[0], [1]]);
    expect(ids({ model_type: "t5", decoder_start_token_id: 7, eos_token_id: [5, 6] })).toEqual([[7], [5]]);
    expect(ids({ model_type: "bart" })).toEqual([[2], [0, 2]]);
    expect(ids({ model_type: "bart", bos_token_id: null })).toEqual([[2], [2]]);
    expect(ids({ model_type: "mbart", decoder_start_token_id: null })).toEqual([[0], [2]]);
  });
});

it("a mixture is as many experts as the config says, and one stored tensor is many slices", () => {
  const { feedForward } = describeConfig(fixtureConfig("gpt-oss")).layers[0];
  if (feedForward.kind !== "experts") throw new TypeError("not a mixture");
  expect(feedForward.router.chosen).toBe(2);
  expect(feedForward.experts.map(({ down }) => [down.weight, down.slice])).toEqual(
    [0, 1, 2, 3].map((index) => ["model.layers.0.mlp.experts.down_proj", { index, count: 4 }]),
  );
});

describe("the slopes of ALiBi", () => {
  // As the reference library has them for 8 heads and for 12, which are no power of two.
  const slopes = (config: JsonObject) => describeConfig(config).layers[0].attention.alibi?.slopes;

  it("halve from head to head where there are eight", () =>
    expect(slopes({ model_type: "bloom", hidden_size: 64, n_head: 8 })).toEqual(
      [1, 2, 3, 4, 5, 6, 7, 8].map((i) => 2 ** -i),
    ));

  it("of four heads of twelve are those between", () =>
    expect(slopes({ model_type: "bloom", hidden_size: 96, n_head: 12 })?.slice(8)).toEqual(
      [0.5, 1.5, 2.5, 3.5].map((i) => expect.closeTo(2 ** -i, 6)),
    ));

  it("of MPT begin with every second one", () =>
    expect(slopes({ model_type: "mpt", d_model: 24, n_heads: 3 })).toEqual([2 ** -4, 2 ** -8, 2 ** -2]));
});

describe("the longest sequence", () => {
  it("of RoBERTa leaves out the rows before its first position", () =>
    expect(describeConfig({ model_type: "roberta", max_position_embeddings: 514 }).contextLength).toBe(512));

  it("of a model with dynamic scaling is what the scaling makes it ready for", () => {
    const rope_scaling = { type: "dynamic", factor: 4 };
    expect(describeConfig({ model_type: "llama", rope_scaling }).contextLength).toBe(8192);
  });
});

describe("a config that cannot be right, or asks for what is not known, is refused", () => {
  const cases: readonly (readonly [string, JsonObject, RegExp])[] = [
    ["llama-untied", { hidden_size: "16" }, /^hidden_size in folder\/config.json is "16": expected number/],
    ["llama-untied", { hidden_size: 2 ** 21 }, /hidden_size .* is 2097152: expected number to be <=1048576/],
    ["llama-untied", { hidden_size: 0 }, /hidden_size .* is 0: expected number to be >=1/],
    ["llama-untied", { num_hidden_layers: 1001 }, /num_hidden_layers .* is 1001: expected .* <=1000/],
    ["llama-untied", { num_hidden_layers: 1.5 }, /num_hidden_layers .* is 1.5: expected int/],
    [
      "llama-untied",
      { hidden_size: 18, head_dim: null },
      /hidden_size .* a multiple of the 4 attention heads/,
    ],
    ["llama-untied", { num_key_value_heads: 3 }, /num_key_value_heads .* is 3: .* a divisor of the 4/],
    ["llama-untied", { hidden_act: "mish" }, /hidden_act .* is "mish": expected one of "silu"/],
    ["llama-untied", { rms_norm_eps: -1 }, /rms_norm_eps .* is -1/],
    ["llama-untied", { head_dim: 7 }, /partial_rotary_factor .* even number of columns .* there would be 7/],
    ["llama-untied", { partial_rotary_factor: 0.5 }, /partial_rotary_factor .* is 0.5: expected 1/],
    ["llama-untied", { rope_scaling: "yarn" }, /rope_scaling .* is "yarn": expected an object/],
    [
      "llama-untied",
      { rope_scaling: { type: "mrope", mrope_section: [1, 2, 1] } },
      /rope_scaling.type .* is "mrope": expected one of default, linear, dynamic, llama3, yarn, longrope/,
    ],
    [
      "llama-untied",
      { rope_scaling: { type: "linear" } },
      /rope_scaling.factor .* is missing: expected number/,
    ],
    ["llama-untied", { rope_parameters: { rope_theta: 0 } }, /rope_parameters.rope_theta .* is 0/],
    [
      "llama-untied",
      { rope_parameters: { full_attention: { rope_theta: 5 } } },
      /rope_parameters.full_attention .* expected the same for all layers/,
    ],
    [
      "llama-rope-llama3-new",
      { rope_scaling: { rope_type: "llama3", factor: 8, low_freq_factor: 4, high_freq_factor: 3 } },
      /rope_scaling.high_freq_factor .* is 3: expected at least 4/,
    ],
    ["mistral", { layer_types: ["full_attention", "sliding_attention"] }, /layer_types .* of one kind/],
    ["mistral", { sliding_window: 0 }, /sliding_window .* is 0/],
    ["qwen2-window", { layer_types: ["full_attention"] }, /layer_types .* each of the 3 layers/],
    [
      "qwen2",
      { layer_types: ["full_attention", "sliding_attention"] },
      /layer_types.1 .* is "sliding_attention": expected full_attention, for there is no window/,
    ],
    ["qwen3", { layer_types: ["linear_attention", "full_attention"] }, /layer_types.0 .* "linear_attention"/],
    ["smollm3-listed", { no_rope_layers: [1, 0] }, /no_rope_layers .* a number for each of the 4 layers/],
    [
      "gemma2",
      { use_bidirectional_attention: true },
      /use_bidirectional_attention .* is true: expected false/,
    ],
    ["gemma3-text", { use_bidirectional_attention: true }, /use_bidirectional_attention .* is true/],
    ["gemma3-text", { attn_logit_softcapping: 50 }, /attn_logit_softcapping .* is 50: expected null/],
    [
      "gemma3-text",
      { rope_parameters: { rope_theta: 5 } },
      /rope_parameters.rope_theta .* sliding_attention only/,
    ],
    ["phi3", { rope_scaling: { type: "longrope", short_factor: [1] } }, /rope_scaling.short_factor/],
    ["phi3", { partial_rotary_factor: 0.4 }, /partial_rotary_factor .* even number of columns .* would be 3/],
    ["gpt2", { add_cross_attention: true }, /add_cross_attention .* is true/],
    ["gpt-neox", { rotary_pct: 1.5 }, /rotary_pct .* is 1.5/],
    ["t5", { feed_forward_proj: "gated-tanh" }, /feed_forward_proj .* expected the name of an activation/],
    ["mbart", { bos_token_id: null }, /decoder_start_token_id .* expected the token/],
    ["bert", { position_embedding_type: "relative_key" }, /position_embedding_type .* "relative_key"/],
    ["bert", { is_decoder: true }, /is_decoder .* is true/],
    ["roberta", { pad_token_id: 39 }, /max_position_embeddings .* is 40: expected more than 40/],
    ["modernbert", { local_attention: 1 }, /local_attention .* is 1/],
    ["mixtral", { num_experts_per_tok: 5 }, /num_experts_per_tok .* is 5: expected at most the 4 experts/],
    [
      "mixtral",
      { num_local_experts: 65536, num_hidden_layers: 1000 },
      /num_hidden_layers .* is 1000: expected at most 131072 experts in all, there would be 65536 in each layer/,
    ],
    ["albert", { inner_group_num: 1000 }, /inner_group_num .* is 1000: expected at most 1000 layers in all/],
    [
      "gpt-neo-old",
      { attention_types: [[["global"], 1000]], attention_layers: null },
      /attention_types .* expected kinds for 3 layers, not 1000/,
    ],
    ["qwen2-moe", { num_experts: 0 }, /num_experts .* is 0/],
    ["ernie-moe", { moe_k: 9 }, /moe_k .* is 9: expected at most the 4 experts/],
    ["deepseek-v3", { n_group: 4 }, /n_group .* is 4: expected groups of equal size of the 6 experts/],
    ["deepseek-v3", { topk_group: 4 }, /topk_group .* is 4: expected at most 3 groups/],
    ["deepseek-v3", { scoring_func: "softmax" }, /scoring_func .* "softmax": expected "sigmoid"/],
    ["deepseek-v2", { norm_topk_prob: true }, /norm_topk_prob .* is true/],
    ["gpt-oss", { swiglu_limit: 5 }, /swiglu_limit .* is 5: expected 7/],
    ["llama4-text", { no_rope_layers: [1] }, /no_rope_layers .* expected one for each of the 4 layers/],
    ["llama4-text", { layer_types: ["sliding_attention"] }, /layer_types.0 .* "sliding_attention"/],
    ["cohere2", { sliding_window: null }, /layer_types.0 .* expected full_attention, for there is no window/],
    ["falcon-grouped", { parallel_attn: false }, /parallel_attn .* is false: expected true/],
    ["bloom", { apply_residual_connection_post_layernorm: true }, /apply_residual_connection.* is true/],
    ["mpt", { attn_config: { alibi: false } }, /attn_config.alibi .* is false: expected true/],
    ["mpt", { attn_config: { qk_ln: true } }, /attn_config.qk_ln .* is true/],
    ["stablelm", { qk_layernorm: true }, /qk_layernorm .* is true/],
    ["gptj", { rotary_dim: 10 }, /rotary_dim .* is 10: expected at most the 8 columns of a head/],
    ["gpt-neo", { attention_layers: ["global"] }, /attention_layers .* expected kinds for 2 layers, not 1/],
    ["minicpm", { scale_emb: null }, /scale_emb .* is null: expected number/],
    ["minicpm", { sparse_config: {} }, /sparse_config .* sparse attention is not known/],
    ["glm", { partial_rotary_factor: 1.5 }, /partial_rotary_factor .* is 1.5/],
  ];
  it.each(cases)("%s with %j", (name, edits, message) => {
    expect(() => describeConfig({ ...fixtureConfig(name), ...edits })).toThrow(
      expect.objectContaining({ code: "bad_config", message: expect.stringMatching(message) }),
    );
  });

  it("weights with a bias that the config does not speak of", () => {
    const hasTensor = (name: string) => name === "model.layers.1.self_attn.k_proj.bias";
    expect(() => describeConfig(fixtureConfig("llama-untied"), { hasTensor })).toThrow(
      expect.objectContaining({
        code: "bad_config",
        message: expect.stringMatching(/hold model.layers.1.self_attn.k_proj.bias, but by the config/),
      }),
    );
    expect(() => describeConfig(fixtureConfig("qwen2"), { hasTensor })).not.toThrow();
  });

  it("quantized weights", () => {
    const config = { ...fixtureConfig("llama-untied"), quantization_config: { quant_method: "gptq" } };
    expect(() => describeConfig(config)).toThrow(
      expect.objectContaining({
        code: "unsupported_checkpoint",
        message: expect.stringMatching(/quantized/),
      }),
    );
  });

  it.each(["bert", "roberta", "modernbert"])("%s without a head", (name) => {
    expect(() => describeConfig(fixtureConfig(name), { hasTensor: () => false })).toThrow(
      expect.objectContaining({
        code: "unsupported_checkpoint",
        message: expect.stringMatching(/no masked-language-model head: .*dense.weight is missing/),
      }),
    );
  });

  it("a model type that is not known, with those that are", () => {
    for (const type of ["mamba", "toString", ""]) {
      expect(() => familyOf(type)).toThrow(
        expect.objectContaining({
          code: "unsupported_architecture",
          message: expect.stringMatching(/those that can are albert, arcee, bart, bert, .*xlm-roberta/),
        }),
      );
    }
  });
});
