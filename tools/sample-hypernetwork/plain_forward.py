"""The forward pass of a published ZeTT hypernetwork, formula by formula, for every variant there is.

Slow and plain on purpose: `check_forward.py` holds it against the reference's own numbers, and the network that is
trained here against it.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional

Tensors = dict[str, Tensor]


def plain_forward(
    tensors: Tensors, config: dict, source: Tensor, forms: Tensor, language: int | None
) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """source [V_s × n_in] · forms [n × L] → input rows [n × d], head rows [n × d] or None, biases [n] or None"""
    vocabulary = config["original_vocab_size"]
    rows = source[forms.clamp(max=vocabulary - 1)]
    if config["hn_rescale_embeddings"]:
        rows = scale(tensors, "in_scaler", rows)
    fallback = tensors["fallback_embeddings.weight"][(forms - vocabulary).clamp(min=0)]
    x = torch.where((forms >= vocabulary)[..., None], fallback, rows)
    x = block(tensors, "input_projection.1", linear(tensors, "input_projection.0", x))
    x, mask = embed(tensors, config, x, forms != config["pad_token_id"], language)

    heads = config.get("hn_num_attention_heads") or config["hn_hidden_size"] // 64
    for i in range(config["hn_n_layers"]):
        x = encoder_layer(tensors, f"model.encoder.layer.{i}", x, mask, heads)
    h = x.flatten(1) if config["hn_concat_last_hidden_state"] else x[:, 0]

    width, head_rows = config["n_embd"], None
    input_rows = linear(tensors, "output_projection.1", block(tensors, "output_projection.0", h))
    if config["separate_out_embeddings"] and config["hn_single_head"]:
        input_rows, head_rows = input_rows[:, :width], input_rows[:, width:]
    elif config["separate_out_embeddings"]:
        head_rows = linear(tensors, "output_projection_out.1", block(tensors, "output_projection_out.0", h))
    if config["hn_rescale_embeddings"]:
        input_rows = scale(tensors, "scaler", input_rows)
        head_rows = None if head_rows is None else scale(tensors, "out_scaler", head_rows)
    # As in the reference, a config that does not say so has a bias.
    bias = linear(tensors, "bias_projection", h)[:, 0] if config.get("hn_predict_bias", True) else None
    return input_rows, head_rows, bias


def embed(tensors: Tensors, config: dict, x: Tensor, mask: Tensor, language: int | None) -> tuple[Tensor, Tensor]:
    """x [n × L × H] · mask [n × L] → both with positions added, and one more place for the language if there is one."""
    names = "model.embeddings.position_embeddings.weight", "model.embeddings.token_type_embeddings.weight"
    position, token_type = (tensors[name] for name in names)
    if config["hn_embed_lang_id"]:
        # Nothing is added to the language's place; what the next line adds is taken off first.
        row = tensors["lang_embeddings.weight"][language] - token_type[0] - position[x.shape[1]]
        x = torch.cat([x, row.expand(len(x), 1, -1)], 1)
        mask = torch.cat([mask, mask.new_ones(len(mask), 1)], 1)
    x = x + position[: x.shape[1]] + token_type[0]
    return norm(tensors, "model.embeddings.LayerNorm", x, 1e-5), mask


def encoder_layer(tensors: Tensors, name: str, x: Tensor, mask: Tensor, heads: int) -> Tensor:
    """Post-LayerNorm attention and feed-forward. x [n × L × H] · mask [n × L]"""
    query, key, value = (
        linear(tensors, f"{name}.attention.self.{kind}", x).unflatten(-1, (heads, -1)).transpose(1, 2)
        for kind in ("query", "key", "value")
    )
    scores = query @ key.transpose(2, 3) / math.sqrt(query.shape[-1])
    weights = scores.masked_fill(~mask[:, None, None], -math.inf).softmax(-1)
    mixed = linear(tensors, f"{name}.attention.output.dense", (weights @ value).transpose(1, 2).flatten(2))
    x = norm(tensors, f"{name}.attention.output.LayerNorm", mixed + x, 1e-5)
    inner = functional.gelu(linear(tensors, f"{name}.intermediate.dense", x))
    return norm(tensors, f"{name}.output.LayerNorm", linear(tensors, f"{name}.output.dense", inner) + x, 1e-5)


def block(tensors: Tensors, name: str, x: Tensor) -> Tensor:
    inner = functional.gelu(linear(tensors, f"{name}.dense1", x), approximate="tanh")
    inner = functional.gelu(linear(tensors, f"{name}.dense2", inner), approximate="tanh")
    return norm(tensors, f"{name}.ln", inner + x, 1e-6)


def linear(tensors: Tensors, name: str, x: Tensor) -> Tensor:
    return functional.linear(x, tensors[f"{name}.weight"], tensors[f"{name}.bias"])


def norm(tensors: Tensors, name: str, x: Tensor, epsilon: float) -> Tensor:
    return functional.layer_norm(x, x.shape[-1:], tensors[f"{name}.weight"], tensors[f"{name}.bias"], epsilon)


def scale(tensors: Tensors, name: str, x: Tensor) -> Tensor:
    return tensors[f"{name}.w"] * x + tensors[f"{name}.b"]
