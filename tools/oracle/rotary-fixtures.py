"""Writes what the reference library computes for rotary embeddings as real models configure them.

    python tools/oracle/rotary-fixtures.py packages/transformer-runtime/test/fixtures/rotary.json

For each config and sequence length: the inverse frequencies, f32 as hexadecimal bits, and the factor on cosine and
sine. Needs torch and transformers 5.
"""

import json
import sys
from pathlib import Path

import torch
import transformers as hf
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding
from transformers.models.phi3.modeling_phi3 import Phi3RotaryEmbedding

SHAPE = dict(hidden_size=1024, num_attention_heads=8, num_hidden_layers=1, intermediate_size=8, vocab_size=8)
# Phi-3 mini 128k has 48 factors for heads of 96 columns; these have its shape, not its values.
PHI3 = {**SHAPE, "hidden_size": 768}
CASES = {
    # Llama 2 7B, at its length and beyond
    "default": (dict(model_type="llama", max_position_embeddings=4096, **SHAPE), [4096, 9000]),
    # Vicuna 1.5 7B 16k
    "linear": (dict(model_type="llama", max_position_embeddings=4096, rope_scaling=dict(type="linear", factor=4.0),
                    **SHAPE), [100]),
    "dynamic": (dict(model_type="llama", max_position_embeddings=2048, rope_scaling=dict(type="dynamic", factor=2.5),
                     **SHAPE), [100, 2048, 2049, 5000]),
    # Llama 3.1 8B
    "llama3": (dict(model_type="llama", max_position_embeddings=131072, rope_theta=500000.0, rope_scaling=dict(
        factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=8192,
        rope_type="llama3"), **SHAPE), [100]),
    # Qwen 2.5 7B, as its card says for long texts
    "yarn": (dict(model_type="llama", max_position_embeddings=32768, rope_theta=1000000.0, rope_scaling=dict(
        factor=4.0, original_max_position_embeddings=32768, type="yarn"), **SHAPE), [100]),
    # DeepSeek V2's numbers
    "yarn-mscale": (dict(model_type="llama", max_position_embeddings=163840, rope_scaling=dict(
        factor=40, original_max_position_embeddings=4096, type="yarn", beta_fast=32, beta_slow=1, mscale=0.707,
        mscale_all_dim=0.9), **SHAPE), [100]),
    "longrope": (dict(
        model_type="phi3", max_position_embeddings=131072, original_max_position_embeddings=4096, rope_scaling=dict(
            type="longrope", short_factor=[1 + i / 100 for i in range(48)],
            long_factor=[1 + i * i / 37 for i in range(48)]), **PHI3), [4096, 4097]),
}


def frequencies(config: dict, length: int) -> dict:
    parsed = hf.AutoConfig.for_model(**json.loads(json.dumps(config)))
    embedding = (Phi3RotaryEmbedding if config["model_type"] == "phi3" else LlamaRotaryEmbedding)(parsed)
    embedding(torch.zeros(1), torch.tensor([[0, length - 1]]))
    bits = embedding.inv_freq.to(torch.float32).view(torch.int32).tolist()
    return {"length": length, "factor": embedding.attention_scaling, "inverse": [f"{b:08x}" for b in bits]}


def main(out: Path) -> None:
    cases = [
        json.dumps({"name": name, "config": config, "expected": [frequencies(config, length) for length in lengths]})
        for name, (config, lengths) in CASES.items()
    ]
    out.write_text("[\n" + ",\n".join(cases) + "\n]\n")
    print(f"{len(cases)} cases, {out.stat().st_size} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
