"""Makes the tiny random models that the tests of @revocab/transformer-runtime run, and the logits they must give.

    python tools/oracle/transformer-fixtures.py packages/transformer-runtime/test/fixtures/models [case …]

Each case is a folder of config.json, model.safetensors and expected.json. The reference library reads that very folder
to compute the logits: in f32 whatever the stored dtype, with plain ("eager") attention, each sequence alone and
unpadded. The encoder of an encoder–decoder model reads a source without text, and, for `sourced`, SOURCE. `matters` names changes to the config that must change the logits by five times the tolerance of the tests,
or the script fails: a fixture that does not depend on a feature would prove nothing about it. Needs torch and
transformers 5.
"""

import copy
import json
import shutil
import sys
import tempfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

import torch
import transformers as hf
from safetensors.torch import load_file, save_file

# Different from every other dimension, so that no tensor looks like a vocabulary table by chance.
VOCABULARY = 61
LENGTHS = (23, 9)
POSITIONS = ([0, 1, 5, 11, 17, 22], [0, 4, 8])
# What an encoder reads besides a source without text.
SOURCE = [30, 7, 44, 12, 51, 9, 23, 38, 16, 2]
# Ids below are special in one family or another; RoBERTa counts its positions from the pads.
FIRST_ID = 4

DECODER = dict(
    vocab_size=VOCABULARY, hidden_size=16, intermediate_size=20, num_hidden_layers=2, num_attention_heads=4,
    num_key_value_heads=2, head_dim=8, max_position_embeddings=40, bos_token_id=1, eos_token_id=2, pad_token_id=None,
)
# Families that have no head_dim of their own.
SQUARE = {**{k: v for k, v in DECODER.items() if k != "head_dim"}, "hidden_size": 24, "num_attention_heads": 3,
          "num_key_value_heads": 1}
ENCODER = dict(
    vocab_size=VOCABULARY, hidden_size=24, intermediate_size=28, num_hidden_layers=2, num_attention_heads=3,
    max_position_embeddings=40,
)
GEMMA = {**DECODER, "bos_token_id": 2, "eos_token_id": 1, "pad_token_id": 0, "num_hidden_layers": 3, "sliding_window": 5}
# 9 positions are within, 23 beyond.
LONGROPE = dict(rope_type="longrope", short_factor=[1.0, 1.1, 1.3, 1.6], long_factor=[1.0, 2.5, 4.0, 9.0])


@dataclass
class Case:
    make: Callable[[], torch.nn.Module]
    dtype: torch.dtype = torch.float32
    # As the library wrote config.json before its version 5, and without what is the library's default.
    old_style: bool = False
    # Changes to config.json after it is saved (None removes a key).
    edits: dict = field(default_factory=dict)
    # Tensors are renamed after they are saved: old endings of names to be written instead of new ones.
    rename: dict[str, str] = field(default_factory=dict)
    # Changes to config.json that must change the logits.
    matters: list[dict] = field(default_factory=list)
    # config.json of a model type that the library does not know, for a model that it knows under another.
    published: dict | None = None
    # Beginnings of tensors' names that are written once the library has read the model: it does not read these.
    published_names: dict[str, str] = field(default_factory=dict)
    # Experts are stored as the library holds them, in one tensor, and not each by itself as checkpoints are published.
    stacked: bool = False
    # Falcon's "eager" attention adds the biases of scores twice, its default once.
    attention: str = "eager"


def llama(tied=False, **more):
    return hf.LlamaForCausalLM(hf.LlamaConfig(**{**DECODER, **more}, tie_word_embeddings=tied))


def mistral(**more):
    return hf.MistralForCausalLM(hf.MistralConfig(**{**DECODER, "sliding_window": 6, **more}))


def qwen2(**more):
    return hf.Qwen2ForCausalLM(hf.Qwen2Config(**{**SQUARE, "tie_word_embeddings": True, **more}))


def qwen3(**more):
    return hf.Qwen3ForCausalLM(hf.Qwen3Config(**{**DECODER, **more}))


def gemma2(**more):
    return hf.Gemma2ForCausalLM(hf.Gemma2Config(**{
        **GEMMA, "attn_logit_softcapping": 1.5, "final_logit_softcapping": 6.0, "query_pre_attn_scalar": 3, **more}))


def gemma3_text(**more):
    return hf.Gemma3TextConfig(**{
        **GEMMA, "query_pre_attn_scalar": 5, "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
        **more})


def gemma3_nested():
    vision = hf.SiglipVisionConfig(
        hidden_size=8, intermediate_size=12, num_hidden_layers=1, num_attention_heads=1, image_size=14, patch_size=7,
        vision_use_head=False)
    return hf.Gemma3ForConditionalGeneration(hf.Gemma3Config(
        text_config=gemma3_text(), vision_config=vision, mm_tokens_per_image=4, image_token_index=VOCABULARY - 1,
        boi_token_index=VOCABULARY - 3, eoi_token_index=VOCABULARY - 2))


def phi3(**more):
    return hf.Phi3ForCausalLM(hf.Phi3Config(**{**SQUARE, "pad_token_id": 0, **more}))


def smollm3(**more):
    return hf.SmolLM3ForCausalLM(hf.SmolLM3Config(**{
        **SQUARE, "num_hidden_layers": 4, "hidden_size": 16, "num_attention_heads": 2, "pad_token_id": 0, **more}))


def olmo2(**more):
    return hf.Olmo2ForCausalLM(hf.Olmo2Config(**{**SQUARE, "pad_token_id": 0, **more}))


def gpt2_config(**more):
    return hf.GPT2Config(**{
        "vocab_size": VOCABULARY, "n_positions": 40, "n_embd": 16, "n_layer": 2, "n_head": 2, "bos_token_id": 0,
        "eos_token_id": 0, **more})


def gpt_neox(**more):
    return hf.GPTNeoXForCausalLM(hf.GPTNeoXConfig(**{
        **ENCODER, "hidden_size": 32, "num_attention_heads": 2, "bos_token_id": 0, "eos_token_id": 0, **more}))


def modernbert(**more):
    special = dict(pad_token_id=0, eos_token_id=1, bos_token_id=2, cls_token_id=2, sep_token_id=1)
    return hf.ModernBertForMaskedLM(hf.ModernBertConfig(**{
        **ENCODER, **special, "hidden_size": 16, "num_attention_heads": 2, "num_hidden_layers": 4, "local_attention": 6,
        **more}))


def roberta(model, config, **more):
    return model(config(**{**ENCODER, "type_vocab_size": 1, **more}))


# Four experts, of which each position passes through two.
EXPERTS = dict(num_local_experts=4, num_experts_per_tok=2)


def mixtral(**more):
    return hf.MixtralForCausalLM(hf.MixtralConfig(**{**DECODER, **EXPERTS, **more}))


def qwen2_moe(**more):
    return hf.Qwen2MoeForCausalLM(hf.Qwen2MoeConfig(**{
        **SQUARE, "num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 12,
        "shared_expert_intermediate_size": 14, **more}))


def qwen3_moe(**more):
    return hf.Qwen3MoeForCausalLM(hf.Qwen3MoeConfig(**{**DECODER, **EXPERTS, "moe_intermediate_size": 12, **more}))


def olmo(model, config, **more):
    return model(config(**{**SQUARE, "pad_token_id": 0, **more}))


def granite(model, config, **more):
    return model(config(**{**SQUARE, "pad_token_id": 0, "embedding_multiplier": 3.0, "attention_multiplier": 0.5,
                           "residual_multiplier": 0.6, "logits_scaling": 0.7, **more}))


def cohere(model, config, **more):
    return model(config(**{**SQUARE, "hidden_size": 16, "num_attention_heads": 4, "num_key_value_heads": 2,
                           "pad_token_id": 0, "logit_scale": 0.6, "rope_parameters": rope("default"), **more}))


def starcoder2(**more):
    return hf.Starcoder2ForCausalLM(hf.Starcoder2Config(**{**SQUARE, **more}))


def falcon(**more):
    return hf.FalconForCausalLM(hf.FalconConfig(**{
        "vocab_size": VOCABULARY, "hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 6,
        "ffn_hidden_size": 28, "max_position_embeddings": 40, "rope_parameters": rope("default"), **more}))


def bloom(**more):
    return hf.BloomForCausalLM(hf.BloomConfig(**{
        "vocab_size": VOCABULARY, "hidden_size": 24, "n_layer": 2, "n_head": 6, **more}))


def opt(**more):
    return hf.OPTForCausalLM(hf.OPTConfig(**{
        "vocab_size": VOCABULARY, "hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 3, "ffn_dim": 28,
        "max_position_embeddings": 40, "pad_token_id": 1, **more}))


def glm(model, config, **more):
    return model(config(**{**DECODER, "pad_token_id": 0, "rope_parameters": rope("default", partial_rotary_factor=0.5),
                           **more}))


# What the mixtures of DeepSeek and those like them say.
ROUTED = dict(n_routed_experts=6, num_experts_per_tok=2, moe_intermediate_size=12, n_shared_experts=1,
              first_k_dense_replace=1, n_group=3, topk_group=2, routed_scaling_factor=1.7)
LATENT = dict(num_key_value_heads=4, kv_lora_rank=8, q_lora_rank=10, qk_nope_head_dim=6, qk_rope_head_dim=4, v_head_dim=5)


def deepseek_v2(**more):
    return hf.DeepseekV2ForCausalLM(hf.DeepseekV2Config(**{
        **DECODER, **ROUTED, **LATENT, "head_dim": 4, "topk_method": "group_limited_greedy", "n_group": 2, "topk_group": 1, **more}))


def deepseek_v3(**more):
    return hf.DeepseekV3ForCausalLM(hf.DeepseekV3Config(**{
        **{k: v for k, v in DECODER.items() if k != "head_dim"}, **ROUTED, **LATENT, **more}))


def phi(**more):
    return hf.PhiForCausalLM(hf.PhiConfig(**{
        **SQUARE, "hidden_size": 16, "num_attention_heads": 2, "rope_parameters": rope("default", partial_rotary_factor=0.5),
        **more}))


def stablelm(**more):
    return hf.StableLmForCausalLM(hf.StableLmConfig(**{
        **SQUARE, "hidden_size": 32, "num_attention_heads": 2,
        "rope_parameters": rope("default", partial_rotary_factor=0.25), **more}))


def nemotron(**more):
    return hf.NemotronForCausalLM(hf.NemotronConfig(**{
        **DECODER, "rope_parameters": rope("default", partial_rotary_factor=0.5), **more}))


def ernie_moe(**more):
    return hf.Ernie4_5_MoeForCausalLM(hf.Ernie4_5_MoeConfig(**{
        **SQUARE, "pad_token_id": 0, "hidden_size": 16, "num_attention_heads": 2, "moe_num_experts": 4, "moe_k": 2,
        "moe_intermediate_size": 12, "rope_parameters": rope("default"), **more}))


def hunyuan(**more):
    return hf.HunYuanDenseV1ForCausalLM(hf.HunYuanDenseV1Config(**{**DECODER, "pad_token_id": 0, **more}))


def gpt_oss(**more):
    return hf.GptOssForCausalLM(hf.GptOssConfig(**{
        **DECODER, **EXPERTS, "intermediate_size": 12, "sliding_window": 5, "rope_parameters": {**YARN, "truncate": False},
        **more}))


def llama4_text(**more):
    return hf.Llama4TextConfig(**{
        **DECODER, "num_hidden_layers": 4, "num_local_experts": 3, "num_experts_per_tok": 1, "intermediate_size": 10,
        "intermediate_size_mlp": 14, "interleave_moe_layer_step": 2, "no_rope_layer_interval": 2, "attention_chunk_size": 6,
        "floor_scale": 5, "attn_scale": 0.9, "rope_parameters": rope("default"), **more})


def llama4_nested():
    vision = hf.Llama4VisionConfig(
        hidden_size=8, intermediate_size=32, num_hidden_layers=1, num_attention_heads=1, image_size=14, patch_size=7,
        vision_output_dim=8, projector_input_dim=8, projector_output_dim=8)
    return hf.Llama4ForConditionalGeneration(hf.Llama4Config(
        text_config=llama4_text(num_hidden_layers=2), vision_config=vision, image_token_index=VOCABULARY - 1,
        boi_token_index=VOCABULARY - 3, eoi_token_index=VOCABULARY - 2))


# The names of sizes in the configs of GPT-2 and those after it.
GPT = dict(vocab_size=VOCABULARY, n_positions=40, n_embd=24, n_layer=2, n_head=3, n_inner=28, bos_token_id=0,
           eos_token_id=0)


def gpt_neo(**more):
    return hf.GPTNeoForCausalLM(hf.GPTNeoConfig(**{
        "vocab_size": VOCABULARY, "max_position_embeddings": 40, "hidden_size": 24, "num_layers": 2, "num_heads": 3,
        "intermediate_size": 28, "attention_types": [[["global", "local"], 1]], "window_size": 5, "bos_token_id": 0,
        "eos_token_id": 0, **more}))


def mpt(heads=4, **attention):
    return hf.MptForCausalLM(hf.MptConfig(
        d_model=24, n_heads=heads, n_layers=2, max_seq_len=40, vocab_size=VOCABULARY, attn_config=attention))


def exaone4(**more):
    return hf.Exaone4ForCausalLM(hf.Exaone4Config(**{**DECODER, "num_hidden_layers": 3, "pad_token_id": 0, **more}))


def minicpm3(**more):
    return hf.MiniCPM3ForCausalLM(hf.MiniCPM3Config(**{
        **{k: v for k, v in DECODER.items() if k != "head_dim"}, **LATENT, "scale_emb": 3, "scale_depth": 0.9,
        "dim_model_base": 12, **more}))


# Both sides of an encoder–decoder model have numbers of their own, where the config has a key for them.
T5 = dict(vocab_size=VOCABULARY, d_model=16, d_kv=8, d_ff=20, num_layers=2, num_decoder_layers=3, num_heads=3,
          relative_attention_num_buckets=8, relative_attention_max_distance=20, decoder_start_token_id=0)
BART = dict(
    vocab_size=VOCABULARY, d_model=24, encoder_layers=1, decoder_layers=2, encoder_attention_heads=2,
    decoder_attention_heads=3, encoder_ffn_dim=20, decoder_ffn_dim=28, max_position_embeddings=40)


def t5(model=hf.T5ForConditionalGeneration, config=hf.T5Config, tied=True, **more):
    made = model(config(**T5, **more))
    if not tied:
        made.lm_head.weight = torch.nn.Parameter(torch.empty_like(made.lm_head.weight))
    return made


def bart(model, config, **more):
    return model(config(**BART, **more))


# Where null is not the same as a missing key.
KEPT_NULLS = ("sliding_window", "attn_logit_softcapping", "final_logit_softcapping")
MASKED = ("bert", "roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "modernbert", "electra", "distilbert",
          "albert", "deberta", "deberta-v2")
# What a source without text is, by roles.
EMPTY_SOURCE = {"t5": ["eos"], "mt5": ["eos"], "umt5": ["eos"], "bart": ["bos", "eos"], "mbart": ["eos"]}


# Bases far below the usual 10,000, so that all of so few columns turn within so few positions.
def rope(kind, **more):
    return dict(rope_theta=100.0, rope_type=kind, **more)


LLAMA3 = rope("llama3", factor=4.0, low_freq_factor=1.0, high_freq_factor=3.0, original_max_position_embeddings=20)
YARN = rope("yarn", factor=4.0, original_max_position_embeddings=20, beta_fast=3.0, beta_slow=0.5)
NO_SCALING = {"rope_scaling": None}

CASES = {
    "llama-untied": Case(llama, matters=[{"rope_parameters": rope("default")}]),
    "llama-tied": Case(lambda: llama(tied=True), old_style=True, matters=[{"rope_theta": 500.0}]),
    "llama-biases": Case(lambda: llama(attention_bias=True, mlp_bias=True, rms_norm_eps=0.05),
                         matters=[{"rms_norm_eps": 1e-6}, {"hidden_act": "gelu"}]),
    "llama-square-relu": Case(lambda: llama(
        hidden_size=24, num_attention_heads=3, num_key_value_heads=None, head_dim=None, hidden_act="relu"),
        old_style=True, edits={"head_dim": None, "num_key_value_heads": None}, matters=[{"hidden_act": "silu"}]),
    "llama-bf16": Case(llama, dtype=torch.bfloat16),
    "llama-f16": Case(lambda: llama(tied=True), dtype=torch.float16),
    "llama-rope-linear": Case(lambda: llama(rope_parameters=rope("linear", factor=2.5)), old_style=True,
                              matters=[NO_SCALING]),
    # Trained for 12 positions: 9 are within, 23 beyond.
    "llama-rope-dynamic": Case(lambda: llama(rope_parameters=rope("dynamic", factor=2.0), max_position_embeddings=12),
                               matters=[{"rope_parameters": rope("default")}]),
    "llama-rope-llama3": Case(lambda: llama(rope_parameters=LLAMA3), old_style=True, matters=[NO_SCALING]),
    "llama-rope-llama3-new": Case(lambda: llama(rope_parameters={**LLAMA3, "high_freq_factor": 2.0}),
                                  matters=[{"rope_parameters": LLAMA3}]),
    "llama-rope-yarn": Case(lambda: llama(rope_parameters=YARN), old_style=True, matters=[NO_SCALING]),
    "llama-rope-yarn-mscale": Case(lambda: llama(rope_parameters={
        **YARN, "mscale": 1.0, "mscale_all_dim": 0.3, "truncate": False}), matters=[
            {"rope_parameters": {**YARN, "truncate": False}},
            {"rope_parameters": {**YARN, "mscale": 1.0, "mscale_all_dim": 0.3}}]),
    "mistral": Case(mistral, old_style=True, matters=[{"sliding_window": None}, {"sliding_window": 7}]),
    "mistral-unbounded": Case(lambda: mistral(sliding_window=None), matters=[{"sliding_window": 6}]),
    "qwen2": Case(qwen2, old_style=True),
    "qwen2-window": Case(
        lambda: qwen2(num_hidden_layers=3, use_sliding_window=True, sliding_window=4, max_window_layers=1),
        old_style=True, edits={"layer_types": None},
        matters=[{"use_sliding_window": False}, {"max_window_layers": 2}, {"sliding_window": 5}]),
    "qwen3": Case(lambda: qwen3(rope_parameters=rope("default")), matters=[{"rms_norm_eps": 0.1}]),
    "qwen3-biases": Case(lambda: qwen3(attention_bias=True, num_key_value_heads=1), old_style=True),
    "mixtral": Case(lambda: mixtral(num_hidden_layers=1), old_style=True, matters=[{"num_experts_per_tok": 1}]),
    "mixtral-window": Case(lambda: mixtral(sliding_window=5, num_experts_per_tok=1), matters=[{"sliding_window": None}]),
    "qwen2-moe": Case(qwen2_moe, old_style=True, matters=[{"norm_topk_prob": True}, {"num_experts_per_tok": 3}]),
    # The second layer sees a window, the third is no mixture.
    "qwen2-moe-dense": Case(
        lambda: qwen2_moe(num_hidden_layers=3, norm_topk_prob=True, mlp_only_layers=[2], qkv_bias=False,
                          use_sliding_window=True, sliding_window=4, max_window_layers=1),
        matters=[{"norm_topk_prob": False}, {"sliding_window": 6}]),
    "qwen3-moe": Case(lambda: qwen3_moe(norm_topk_prob=True), old_style=True,
                      edits={"num_local_experts": None, "num_experts": 4}, matters=[{"norm_topk_prob": False}]),
    "qwen3-moe-stacked": Case(
        lambda: qwen3_moe(decoder_sparse_step=2, attention_bias=True, use_sliding_window=True, sliding_window=4),
        stacked=True, matters=[{"sliding_window": 6}]),
    "olmo": Case(lambda: olmo(hf.OlmoForCausalLM, hf.OlmoConfig), old_style=True),
    "olmo-clipped": Case(lambda: olmo(hf.OlmoForCausalLM, hf.OlmoConfig, clip_qkv=0.7), matters=[{"clip_qkv": None}]),
    "olmo3": Case(lambda: olmo(
        hf.Olmo3ForCausalLM, hf.Olmo3Config, num_hidden_layers=4, sliding_window=5, rope_parameters={
            "full_attention": YARN, "sliding_attention": {"rope_type": "default", "rope_theta": 100.0}}),
        matters=[{"sliding_window": 6}, {"layer_types": ["sliding_attention"] * 4}]),
    "olmo3-old": Case(
        lambda: olmo(hf.Olmo3ForCausalLM, hf.Olmo3Config, num_hidden_layers=4, sliding_window=5), old_style=True,
        edits={"layer_types": None, "rope_parameters": None,
               "rope_scaling": {k: v for k, v in YARN.items() if k != "rope_theta"}},
        matters=[NO_SCALING]),
    "olmoe": Case(lambda: olmo(
        hf.OlmoeForCausalLM, hf.OlmoeConfig, num_experts=4, num_experts_per_tok=2, clip_qkv=0.9), old_style=True,
        matters=[{"clip_qkv": None}, {"norm_topk_prob": True}]),
    "flex-olmo": Case(lambda: olmo(
        hf.FlexOlmoForCausalLM, hf.FlexOlmoConfig, num_experts=3, num_experts_per_tok=2, norm_topk_prob=True)),
    "granite": Case(
        lambda: granite(hf.GraniteForCausalLM, hf.GraniteConfig, attention_bias=True, mlp_bias=True), old_style=True,
        matters=[{"embedding_multiplier": 1.0}, {"attention_multiplier": 1.0}, {"residual_multiplier": 1.0},
                 {"logits_scaling": 1.0}]),
    "granite-moe": Case(lambda: granite(hf.GraniteMoeForCausalLM, hf.GraniteMoeConfig, **EXPERTS), old_style=True,
                        matters=[{"residual_multiplier": 1.0}]),
    "granite-moe-shared": Case(lambda: granite(
        hf.GraniteMoeSharedForCausalLM, hf.GraniteMoeSharedConfig, num_hidden_layers=1, shared_intermediate_size=14,
        **EXPERTS)),
    "cohere": Case(lambda: cohere(hf.CohereForCausalLM, hf.CohereConfig), old_style=True,
                   matters=[{"logit_scale": 1.0}, {"rope_theta": 20.0}]),
    "cohere-norms": Case(lambda: cohere(hf.CohereForCausalLM, hf.CohereConfig, use_qk_norm=True, attention_bias=True),
                         matters=[{"layer_norm_eps": 0.1}]),
    "cohere2": Case(
        lambda: cohere(hf.Cohere2ForCausalLM, hf.Cohere2Config, num_hidden_layers=4, sliding_window=5), old_style=True,
        edits={"layer_types": None, "sliding_window_pattern": 2},
        matters=[{"sliding_window_pattern": 4}, {"sliding_window": 6}]),
    "starcoder2": Case(lambda: starcoder2(sliding_window=6), old_style=True, matters=[{"hidden_act": "gelu"}]),
    "starcoder2-plain": Case(lambda: starcoder2(use_bias=False, tie_word_embeddings=False),
                             matters=[{"norm_epsilon": 0.1}]),
    "falcon": Case(falcon, old_style=True, matters=[{"rope_theta": 20.0}]),
    "falcon-grouped": Case(lambda: falcon(new_decoder_architecture=True, num_kv_heads=2, bias=True),
                           matters=[{"activation": "gelu_new"}]),
    "falcon-grouped-one-norm": Case(lambda: falcon(
        new_decoder_architecture=True, num_kv_heads=3, num_ln_in_parallel_attn=1)),
    "falcon-alibi": Case(lambda: falcon(alibi=True, multi_query=False, parallel_attn=False, bias=True), old_style=True,
                         attention="sdpa"),
    "bloom": Case(bloom, old_style=True, edits={"n_head": None, "num_attention_heads": 6},
                  matters=[{"layer_norm_epsilon": 0.1}]),
    "bloom-untied": Case(lambda: bloom(n_head=2, tie_word_embeddings=False)),
    "opt": Case(opt, old_style=True, matters=[{"activation_function": "gelu"}]),
    "opt-projected": Case(lambda: opt(do_layer_norm_before=False, word_embed_proj_dim=18)),
    "opt-plain": Case(lambda: opt(enable_bias=False, layer_norm_elementwise_affine=False)),
    "glm": Case(lambda: glm(hf.GlmForCausalLM, hf.GlmConfig), old_style=True,
                matters=[{"partial_rotary_factor": 0.25}, {"rope_theta": 20.0}]),
    "glm4": Case(lambda: glm(hf.Glm4ForCausalLM, hf.Glm4Config, attention_bias=False), matters=[{"rms_norm_eps": 0.1}]),
    "glm4-moe": Case(lambda: glm(
        hf.Glm4MoeForCausalLM, hf.Glm4MoeConfig, **{**ROUTED, "n_group": 1, "topk_group": 1}, use_qk_norm=True,
        attention_bias=True), old_style=True, matters=[{"norm_topk_prob": False}, {"routed_scaling_factor": 1.0}]),
    "dots1": Case(
        lambda: hf.Dots1ForCausalLM(hf.Dots1Config(**{
            **DECODER, **ROUTED, "head_dim": 8, "num_hidden_layers": 3, "sliding_window": 5, "max_window_layers": 2})),
        old_style=True, edits={"layer_types": None},
        matters=[{"sliding_window": 6}, {"max_window_layers": 3}, {"norm_topk_prob": True}]),
    "deepseek-v2": Case(deepseek_v2, old_style=True, matters=[{"topk_method": "greedy"}, {"routed_scaling_factor": 1.0}]),
    "deepseek-v2-lite": Case(
        lambda: deepseek_v2(q_lora_rank=None, topk_method="greedy", n_group=None, topk_group=None, attention_bias=True,
                            rope_parameters={**YARN, "mscale": 0.7, "mscale_all_dim": 0.7}),
        matters=[{"rope_parameters": {**YARN, "mscale": 0.7, "mscale_all_dim": 0.5}}, {"num_experts_per_tok": 3}]),
    "deepseek-v3": Case(
        lambda: deepseek_v3(rope_parameters={**YARN, "mscale": 1.0, "mscale_all_dim": 1.0}), old_style=True,
        matters=[{"n_group": 1, "topk_group": 1}, {"norm_topk_prob": False}, {"rope_interleave": False}, NO_SCALING]),
    "deepseek-v3-halves": Case(
        lambda: deepseek_v3(q_lora_rank=None, rope_interleave=False, norm_topk_prob=False, num_hidden_layers=1,
                            first_k_dense_replace=0, n_group=1, topk_group=1)),
    "phi": Case(phi, old_style=True, matters=[{"partial_rotary_factor": 0.25}, {"hidden_act": "relu"}]),
    "phi-norms": Case(lambda: phi(qk_layernorm=True), matters=[{"layer_norm_eps": 0.1}]),
    "stablelm": Case(lambda: stablelm(use_qkv_bias=True), old_style=True, matters=[{"partial_rotary_factor": 0.5}]),
    "stablelm-parallel": Case(lambda: stablelm(use_parallel_residual=True)),
    "nemotron": Case(nemotron, old_style=True, matters=[{"partial_rotary_factor": 0.25}, {"hidden_act": "relu"}]),
    "nemotron-biases": Case(lambda: nemotron(attention_bias=True, mlp_bias=True), matters=[{"norm_eps": 0.1}]),
    "ernie": Case(lambda: hf.Ernie4_5ForCausalLM(hf.Ernie4_5Config(**{
        **DECODER, "pad_token_id": 0, "rope_parameters": rope("default")})), old_style=True),
    "ernie-biases": Case(lambda: hf.Ernie4_5ForCausalLM(hf.Ernie4_5Config(**{
        **DECODER, "pad_token_id": 0, "use_bias": True, "tie_word_embeddings": False}))),
    "ernie-moe": Case(ernie_moe, old_style=True, edits={"moe_layer_end_index": None},
                      matters=[{"moe_k": 3}]),
    "ernie-moe-interval": Case(lambda: ernie_moe(
        num_hidden_layers=3, moe_layer_interval=2, moe_layer_start_index=0, moe_layer_end_index=2,
        moe_num_shared_experts=0, use_bias=False)),
    "hunyuan": Case(hunyuan, old_style=True, matters=[{"rms_norm_eps": 0.1}]),
    "hunyuan-stretched": Case(lambda: hunyuan(
        attention_bias=True, rope_parameters=rope("dynamic", alpha=50.0, factor=1.0)),
        matters=[{"rope_parameters": rope("default")}]),
    "gpt-oss": Case(gpt_oss, matters=[{"sliding_window": 6}, {"num_experts_per_tok": 1}]),
    "gpt-oss-old": Case(lambda: gpt_oss(attention_bias=False), old_style=True, edits={"layer_types": None}),
    "llama4": Case(llama4_nested),
    "llama4-text": Case(lambda: hf.Llama4ForCausalLM(llama4_text()), matters=[
        {"attention_chunk_size": 7}, {"attn_temperature_tuning": False}, {"use_qk_norm": False}, {"floor_scale": 6}]),
    "llama4-text-dense": Case(
        lambda: hf.Llama4ForCausalLM(llama4_text(
            num_hidden_layers=3, moe_layers=[0, 2], num_experts_per_tok=2, use_qk_norm=False, attn_temperature_tuning=False,
            no_rope_layer_interval=3,
            # As in Scout, which has no columns between those that are divided and those that are not.
            rope_parameters=rope("llama3", factor=4.0, low_freq_factor=1.0, high_freq_factor=1.0,
                                 original_max_position_embeddings=20))), edits={"layer_types": None},
        matters=[{"num_experts_per_tok": 1}, {"rope_parameters": rope("default")}]),
    "gpt-bigcode": Case(lambda: hf.GPTBigCodeForCausalLM(hf.GPTBigCodeConfig(**GPT)), old_style=True,
                        matters=[{"scale_attn_weights": False}]),
    "gpt-bigcode-heads": Case(lambda: hf.GPTBigCodeForCausalLM(hf.GPTBigCodeConfig(
        **{**GPT, "n_inner": None}, multi_query=False, activation_function="relu"))),
    "gptj": Case(lambda: hf.GPTJForCausalLM(hf.GPTJConfig(**GPT, rotary_dim=6)), old_style=True,
                 matters=[{"rotary_dim": 4}]),
    "gpt-neo": Case(gpt_neo, old_style=True, matters=[{"window_size": 6}, {"attention_layers": ["global"] * 2}]),
    "gpt-neo-old": Case(lambda: gpt_neo(num_layers=3, hidden_size=16, num_heads=2, attention_types=[[["local"], 2], [["global"], 1]], intermediate_size=None),
                        edits={"attention_layers": None}),
    "mpt": Case(mpt, old_style=True),
    "mpt-clipped": Case(lambda: mpt(heads=6, clip_qkv=0.8, softmax_scale=0.4),
                        matters=[{"attn_config": {"softmax_scale": 0.4}}, {"attn_config": {"clip_qkv": 0.8}}]),
    "exaone4": Case(lambda: exaone4(sliding_window=5, sliding_window_pattern=2), old_style=True,
                    edits={"layer_types": None}, matters=[{"sliding_window": 6}, {"sliding_window_pattern": 3}]),
    "exaone4-unbounded": Case(lambda: exaone4(sliding_window=None, layer_types=["full_attention"] * 3)),
    "seed-oss": Case(lambda: hf.SeedOssForCausalLM(hf.SeedOssConfig(**{**DECODER, "pad_token_id": 0})), old_style=True),
    "seed-oss-biases": Case(lambda: hf.SeedOssForCausalLM(hf.SeedOssConfig(**{
        **DECODER, "pad_token_id": 0, "attention_out_bias": True, "mlp_bias": True}))),
    "arcee": Case(lambda: hf.ArceeForCausalLM(hf.ArceeConfig(**DECODER)), old_style=True,
                  matters=[{"hidden_act": "relu"}]),
    # The model of Granite, with the same factors under MiniCPM's names.
    "minicpm": Case(
        lambda: hf.GraniteForCausalLM(hf.GraniteConfig(**{
            **SQUARE, "embedding_multiplier": 3.0, "attention_multiplier": 8**-0.5, "residual_multiplier": 1.1 / 2**0.5,
            "logits_scaling": 24 / 16})),
        published={
            "architectures": ["MiniCPMForCausalLM"], "model_type": "minicpm", "vocab_size": VOCABULARY, "hidden_size": 24,
            "intermediate_size": 20, "num_hidden_layers": 2, "num_attention_heads": 3, "num_key_value_heads": 1,
            "hidden_act": "silu", "max_position_embeddings": 40, "rms_norm_eps": 1e-6, "scale_emb": 3, "scale_depth": 1.1,
            "dim_model_base": 16, "tie_word_embeddings": False, "torch_dtype": "float32"}),
    "minicpm3": Case(minicpm3, old_style=True,
                     matters=[{"scale_emb": 12}, {"scale_depth": 1.4}, {"dim_model_base": 16}]),
    "gemma": Case(lambda: hf.GemmaForCausalLM(hf.GemmaConfig(
        **{k: v for k, v in GEMMA.items() if k != "sliding_window"}, hidden_act="gelu_pytorch_tanh")), old_style=True,
        edits={"hidden_act": "gelu", "hidden_activation": "gelu"}, matters=[{"hidden_act": "silu"}]),
    "gemma2": Case(gemma2, matters=[
        {"attn_logit_softcapping": None}, {"final_logit_softcapping": None}, {"query_pre_attn_scalar": 8},
        {"sliding_window": 6}, {"layer_types": ["full_attention"] * 3}, {"hidden_activation": "gelu"}]),
    "gemma2-old": Case(lambda: gemma2(attn_logit_softcapping=None), old_style=True, edits={"layer_types": None}),
    "gemma3-text": Case(lambda: hf.Gemma3ForCausalLM(gemma3_text(rope_parameters={
        "full_attention": rope("linear", factor=3.0), "sliding_attention": {"rope_type": "default", "rope_theta": 20.0}})),
        matters=[{"sliding_window": 6}, {"query_pre_attn_scalar": 8}]),
    "gemma3-text-old": Case(
        lambda: hf.Gemma3ForCausalLM(gemma3_text()), old_style=True,
        edits={"layer_types": None, "sliding_window_pattern": 2, "rope_theta": 300.0, "rope_local_base_freq": 30.0,
               "rope_scaling": {"rope_type": "linear", "factor": 4.0}},
        matters=[{"sliding_window_pattern": 3}, {"rope_theta": 200.0}, {"rope_local_base_freq": 20.0}, NO_SCALING]),
    "gemma3": Case(gemma3_nested),
    "phi3": Case(phi3, old_style=True),
    "phi3-window": Case(lambda: phi3(sliding_window=6, num_key_value_heads=None), edits={"num_key_value_heads": None},
                        matters=[{"sliding_window": 7}]),
    "phi3-longrope": Case(
        lambda: phi3(rope_parameters={**LONGROPE, "rope_theta": 50.0}, original_max_position_embeddings=12),
        old_style=True, matters=[NO_SCALING, {"original_max_position_embeddings": 30}]),
    "phi3-longrope-partial": Case(lambda: phi3(
        rope_parameters={**LONGROPE, "short_factor": [1.0, 1.2, 1.5], "long_factor": [1.0, 3.0, 6.0], "rope_theta": 50.0,
                         "partial_rotary_factor": 0.75}, original_max_position_embeddings=12)),
    "smollm3": Case(smollm3, old_style=True, edits={"no_rope_layers": None, "layer_types": None},
                    matters=[{"no_rope_layers": [1, 1, 1, 1]}, {"rope_theta": 10000.0}]),
    "smollm3-listed": Case(lambda: smollm3(
        no_rope_layers=[0, 1, 0, 1], use_sliding_window=True, sliding_window=5, attention_bias=True, mlp_bias=True),
        matters=[{"no_rope_layers": [0, 1, 1, 1]}, {"layer_types": ["full_attention"] * 4}]),
    "olmo2": Case(lambda: olmo2(num_key_value_heads=3), old_style=True, matters=[{"rms_norm_eps": 0.1}]),
    "olmo2-grouped": Case(lambda: olmo2(attention_bias=True)),
    "gpt2": Case(lambda: hf.GPT2LMHeadModel(gpt2_config())),
    # Named as in the first GPT-2: by the model without its head.
    "gpt2-bare-names": Case(lambda: hf.GPT2Model(gpt2_config(
        n_inner=28, activation_function="gelu", scale_attn_by_inverse_layer_idx=True)), old_style=True,
        edits={"architectures": ["GPT2LMHeadModel"]}, matters=[{"activation_function": "gelu_new"}, {"scale_attn_by_inverse_layer_idx": False}]),
    "gpt2-unscaled": Case(lambda: hf.GPT2LMHeadModel(gpt2_config(n_inner=28, scale_attn_weights=False)),
                          matters=[{"scale_attn_weights": True}]),
    "gpt-neox": Case(lambda: gpt_neox(rope_parameters=rope("default", partial_rotary_factor=0.25)), old_style=True,
                     matters=[{"use_parallel_residual": False}, {"rotary_emb_base": 10000}, {"rotary_pct": 0.5}]),
    "gpt-neox-sequential": Case(lambda: gpt_neox(
        use_parallel_residual=False, attention_bias=False, hidden_act="gelu_new",
        rope_parameters=rope("linear", factor=2.0, partial_rotary_factor=0.5)),
        matters=[{"rope_parameters": rope("default", partial_rotary_factor=0.5)}]),
    "bert": Case(lambda: hf.BertForMaskedLM(hf.BertConfig(**ENCODER, hidden_act="gelu_new")),
                 matters=[{"hidden_act": "gelu"}]),
    # With pooler and next-sentence head, and the names of LayerNorm that checkpoints of 2018 have.
    "bert-pretraining": Case(
        lambda: hf.BertForPreTraining(hf.BertConfig(**ENCODER, layer_norm_eps=0.05)), old_style=True,
        edits={"position_embedding_type": "absolute"},
        rename={"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"},
        matters=[{"layer_norm_eps": 1e-12}]),
    "roberta": Case(lambda: roberta(hf.RobertaForMaskedLM, hf.RobertaConfig), old_style=True),
    "roberta-pad": Case(lambda: roberta(hf.RobertaForMaskedLM, hf.RobertaConfig, pad_token_id=3, hidden_act="relu"),
                        matters=[{"pad_token_id": 0}]),
    "xlm-roberta": Case(lambda: roberta(hf.XLMRobertaForMaskedLM, hf.XLMRobertaConfig, layer_norm_eps=1e-5),
                        dtype=torch.bfloat16, old_style=True),
    "camembert": Case(lambda: roberta(hf.CamembertForMaskedLM, hf.CamembertConfig)),
    "xlm-roberta-xl": Case(lambda: roberta(hf.XLMRobertaXLForMaskedLM, hf.XLMRobertaXLConfig), old_style=True),
    "electra": Case(lambda: hf.ElectraForMaskedLM(hf.ElectraConfig(**ENCODER, embedding_size=18)), old_style=True,
                    matters=[{"hidden_act": "relu"}]),
    "electra-square": Case(lambda: hf.ElectraForMaskedLM(hf.ElectraConfig(**ENCODER, embedding_size=24, hidden_act="relu"))),
    "distilbert": Case(lambda: hf.DistilBertForMaskedLM(hf.DistilBertConfig(
        vocab_size=VOCABULARY, dim=24, hidden_dim=28, n_layers=2, n_heads=3, max_position_embeddings=40)), old_style=True,
        matters=[{"activation": "relu"}]),
    "deberta": Case(lambda: hf.DebertaForMaskedLM(hf.DebertaConfig(
        **ENCODER, relative_attention=True, pos_att_type=["c2p", "p2c"], max_relative_positions=-1,
        position_biased_input=False)), old_style=True, edits={"pos_att_type": "c2p|p2c"},
        matters=[{"relative_attention": False}]),
    # Shorter than the sequences, so that distances share the last row.
    "deberta-positions": Case(lambda: hf.DebertaForMaskedLM(hf.DebertaConfig(
        **ENCODER, relative_attention=True, pos_att_type=["c2p"], max_relative_positions=7, type_vocab_size=2))),
    "deberta-plain": Case(lambda: hf.DebertaForMaskedLM(hf.DebertaConfig(**ENCODER))),
    # As in DeBERTa 3.
    "deberta-v2": Case(lambda: hf.DebertaV2ForMaskedLM(hf.DebertaV2Config(
        **ENCODER, relative_attention=True, pos_att_type=["p2c", "c2p"], position_buckets=6, share_att_key=True,
        norm_rel_ebd="layer_norm", position_biased_input=False)), edits={"pos_att_type": "p2c|c2p"},
        matters=[{"norm_rel_ebd": "none"}],
        published_names={"cls.predictions.transform.": "lm_predictions.lm_head.",
                         "cls.predictions.": "lm_predictions.lm_head."}),
    "deberta-v2-own-keys": Case(lambda: hf.DebertaV2ForMaskedLM(hf.DebertaV2Config(
        **ENCODER, relative_attention=True, pos_att_type=["p2c"], max_relative_positions=9, type_vocab_size=2))),
    "albert": Case(lambda: hf.AlbertForMaskedLM(hf.AlbertConfig(
        **{**ENCODER, "num_hidden_layers": 4}, embedding_size=18, num_hidden_groups=2)), old_style=True,
        matters=[{"num_hidden_layers": 3}]),
    "albert-groups": Case(lambda: hf.AlbertForMaskedLM(hf.AlbertConfig(
        **ENCODER, embedding_size=18, inner_group_num=2, hidden_act="gelu"))),
    "modernbert": Case(lambda: modernbert(rope_parameters={
        "full_attention": rope("default"), "sliding_attention": {"rope_type": "default", "rope_theta": 20.0}}),
        matters=[{"local_attention": 4}, {"layer_types": ["full_attention"] * 4}]),
    "modernbert-old": Case(
        lambda: modernbert(norm_bias=True, attention_bias=True, mlp_bias=True, classifier_bias=True, decoder_bias=False,
                           num_hidden_layers=3),
        old_style=True,
        edits={"layer_types": None, "global_attn_every_n_layers": 2, "global_rope_theta": 300.0, "local_rope_theta": 30.0},
        matters=[{"global_attn_every_n_layers": 3}, {"global_rope_theta": 500.0}, {"local_rope_theta": 60.0}]),
    "t5": Case(t5, old_style=True, matters=[
        {"tie_word_embeddings": False}, {"relative_attention_max_distance": 9}, {"feed_forward_proj": "gelu"},
        {"layer_norm_epsilon": 0.1}]),
    # As those of version 1.1 are published.
    "t5-untied": Case(lambda: t5(tied=False, feed_forward_proj="gated-gelu"), old_style=True,
                      edits={"tie_word_embeddings": False, "scale_decoder_outputs": None, "dense_act_fn": None,
                             "is_gated_act": None},
                      matters=[{"tie_word_embeddings": True}, {"feed_forward_proj": "gated-relu"}]),
    "mt5": Case(lambda: t5(hf.MT5ForConditionalGeneration, hf.MT5Config, tied=False), matters=[{"dense_act_fn": "silu"}]),
    "umt5": Case(lambda: t5(hf.UMT5ForConditionalGeneration, hf.UMT5Config), old_style=True,
                 matters=[{"relative_attention_max_distance": 9}]),
    "bart": Case(lambda: bart(hf.BartForConditionalGeneration, hf.BartConfig), old_style=True, matters=[
        {"scale_embedding": True}, {"activation_function": "relu"}]),
    "mbart": Case(lambda: bart(hf.MBartForConditionalGeneration, hf.MBartConfig, scale_embedding=True), matters=[
        {"scale_embedding": False}]),
}


def randomise(model) -> None:
    """Weights that leave nothing near zero or one: attention is sharp, biases and norms matter."""
    plus_one = model.config.model_type.startswith(("gemma", "nemotron"))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn_like(parameter)
            if parameter.ndim > 1:
                parameter.copy_(noise * (0.7 if "embed" in name or "wte" in name or "wpe" in name else 0.35))
            elif name.endswith("bias"):
                parameter.copy_(noise * 0.3)
            else:
                parameter.copy_(noise * 0.3 + (0 if plus_one else 1))
        for name, buffer in model.named_buffers():
            if name.endswith(("e_score_correction_bias", "final_logits_bias")):
                buffer.copy_(torch.randn_like(buffer) * 0.3)


def old_style(config: hf.PreTrainedConfig) -> dict:
    """config.json as versions before 5 wrote it, without what is the library's default."""
    defaults = type(config)().to_dict()
    written = {key: value for key, value in config.to_dict().items()
               if not key.startswith("_") and (key not in defaults or value != defaults[key])}
    written.pop("dtype", None)
    written["torch_dtype"] = str(config.dtype).removeprefix("torch.")
    # Its default was another one for some families.
    written |= {"model_type": config.model_type, "tie_word_embeddings": config.tie_word_embeddings}
    parameters = dict(written.pop("rope_parameters", None) or {})
    if any(isinstance(value, dict) for value in parameters.values()):
        return written
    theta, partial = ("rotary_emb_base", "rotary_pct") if config.model_type == "gpt_neox" else (
        "rope_theta", "partial_rotary_factor")
    if parameters.get("rope_theta") not in (None, config.default_theta):
        written[theta] = parameters["rope_theta"]
    if parameters.get("partial_rotary_factor") is not None and config.model_type == "gpt_neox":
        written[partial] = parameters["partial_rotary_factor"]
    scaling = {k: v for k, v in parameters.items() if k not in ("rope_theta", "partial_rotary_factor")}
    if scaling.get("rope_type", "default") != "default":
        # The oldest configs say `type`.
        if scaling["rope_type"] in ("linear", "longrope"):
            scaling["type"] = scaling.pop("rope_type")
        if config.model_type == "phi3":
            scaling.pop("original_max_position_embeddings", None)
        written["rope_scaling"] = scaling
    return written


def edited(config: dict, edits: dict) -> dict:
    config = {**copy.deepcopy(config), **edits}
    return {key: value for key, value in config.items() if value is not None or key not in edits or key in KEPT_NULLS}


def empty_source(config: hf.PreTrainedConfig) -> list[int]:
    return [getattr(config, f"{role}_token_id") for role in EMPTY_SOURCE[config.model_type]]


def logits(folder: Path, sequences: list[list[int]], attention: str, source: list[int] | None = None) -> list[torch.Tensor]:
    config = hf.AutoConfig.from_pretrained(folder)
    auto = hf.AutoModelForMaskedLM if config.model_type in MASKED else hf.AutoModelForCausalLM
    if config.is_encoder_decoder:
        auto = hf.AutoModelForSeq2SeqLM
    if config.model_type in ("gemma3", "llama4"):
        auto = hf.AutoModelForImageTextToText
    results = []
    for tokens in sequences:
        # Loaded anew: a dynamic rotary embedding remembers the longest sequence it has seen.
        model, report = auto.from_pretrained(
            folder, dtype=torch.float32, attn_implementation=attention, output_loading_info=True)
        if report["missing_keys"] or report["mismatched_keys"]:
            raise SystemExit(f"{folder}: {report}")
        inputs = dict(input_ids=torch.tensor([tokens]))
        if config.is_encoder_decoder:
            inputs = dict(input_ids=torch.tensor([source or empty_source(config)]), decoder_input_ids=inputs["input_ids"])
        with torch.no_grad():
            results.append(model.eval()(**inputs).logits[0])
    return results


def check_that_it_matters(folder: Path, change: dict, sequences, expected, attention: str) -> None:
    with tempfile.TemporaryDirectory() as other:
        shutil.copytree(folder, other, dirs_exist_ok=True)
        path = Path(other) / "config.json"
        path.write_text(json.dumps(edited(json.loads(path.read_text()), change)))
        difference = max(
            (a - b).abs().max().item() for a, b in zip(expected, logits(Path(other), sequences, attention), strict=True))
    if difference < 0.001:
        raise SystemExit(f"{folder}: {change} changes the logits by just {difference}")


def write(folder: Path, case: Case) -> str:
    shutil.rmtree(folder, ignore_errors=True)
    model = case.make()
    randomise(model)
    model.to(case.dtype).save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    path = folder / "config.json"
    config = old_style(model.config) if case.old_style else json.loads(path.read_text())
    config.pop("transformers_version", None)
    path.write_text(json.dumps(edited(config, case.edits), indent=2) + "\n")
    if case.rename:
        tensors = load_file(folder / "model.safetensors")
        for new, old in case.rename.items():
            tensors = {name.removesuffix(new) + old if name.endswith(new) else name: t for name, t in tensors.items()}
        save_file(tensors, folder / "model.safetensors", {"format": "pt"})

    if case.stacked:
        save_file({name: t.contiguous() for name, t in model.state_dict().items()}, folder / "model.safetensors", {"format": "pt"})

    sequences = [torch.randint(FIRST_ID, VOCABULARY - 3, (length,)).tolist() for length in LENGTHS]
    expected = logits(folder, sequences, case.attention)
    for change in case.matters:
        check_that_it_matters(folder, change, sequences, expected, case.attention)
    sourced = logits(folder, sequences, case.attention, SOURCE) if model.config.is_encoder_decoder else None
    if sourced is not None and (sourced[0] - expected[0]).abs().max() < 0.1:
        raise SystemExit(f"{folder}: the source hardly changes the logits")
    if case.published_names:
        tensors = load_file(folder / "model.safetensors")
        for old, new in case.published_names.items():
            tensors = {new + name.removeprefix(old) if name.startswith(old) else name: t for name, t in tensors.items()}
        save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    if case.published is not None:
        path.write_text(json.dumps(case.published, indent=2) + "\n")
    def lines(results: list[torch.Tensor]) -> str:
        return ",\n".join(json.dumps({
            "tokens": tokens, "positions": positions,
            "logits": [[float(f"{x:.7g}") for x in all_logits[position].tolist()] for position in positions]})
            for tokens, positions, all_logits in zip(sequences, POSITIONS, results, strict=True))

    given = "" if sourced is None else f',\n"source": {SOURCE}, "sourced": [\n{lines(sourced)}\n]'
    (folder / "expected.json").write_text(f'{{"sequences": [\n{lines(expected)}\n]{given}}}\n')
    size = sum(file.stat().st_size for file in folder.iterdir())
    return f"{size:6} bytes, logits up to {max(x.abs().max().item() for x in expected):.1f}"


def main(out: Path, only: list[str]) -> None:
    hf.logging.set_verbosity_error()
    hf.logging.disable_progress_bar()
    for name, case in CASES.items():
        if not only or name in only:
            torch.manual_seed(zlib.crc32(name.encode()))  # a new case changes no other
            print(f"{name:24} {write(out / name, case)}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
