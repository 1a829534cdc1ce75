"""Makes tiny random hypernetworks for the tests of @revocab/hypernetwork, in the variants that the reference's own golden
cases leave out, and the rows they must predict.

    python tools/oracle/hypernetwork-fixtures.py packages/hypernetwork/test/fixtures

The forward pass here is written from the paper's formulas in plain torch, full-length rows with a mask. It must first
give the reference's golden rows (hypernet_*.json beside the output) to 1e-5, or nothing is written. Needs torch and
safetensors.
"""

import json
import shutil
import sys
import zlib
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional as F

TINY = dict(
    hn_surface_maxlen=5, hn_n_layers=2, n_embd=8, hn_hidden_size=16, hn_intermediate_size=24, hn_rescale_embeddings=True,
    hn_embed_using_source_embeddings=True, hn_concat_last_hidden_state=False, hn_num_attention_heads=4,
    hn_n_extra_tokens=3, original_vocab_size=20, pad_token_id=2, hn_model_type="roberta", separate_out_embeddings=True,
    hn_embed_lang_id=False, hn_single_head=False, hn_predict_bias=True, model_type="zett_hypernetwork",
)
LANGUAGE = dict(hn_embed_lang_id=True, n_langs=3, langs=["all", "de", "en"])
# name: (changes to the config, stored dtype, files)
CASES = {
    "all-positions": (dict(hn_concat_last_hidden_state=True), torch.float32, 1),
    "all-positions-language": (dict(hn_concat_last_hidden_state=True, hn_single_head=True, **LANGUAGE), torch.float32, 1),
    "tied-plain": (dict(separate_out_embeddings=False, hn_predict_bias=False, hn_n_extra_tokens=0), torch.float32, 1),
    "tied-single-head": (dict(separate_out_embeddings=False, hn_single_head=True, **LANGUAGE), torch.float32, 1),
    "default-heads": (dict(hn_hidden_size=128, hn_intermediate_size=32, hn_n_layers=1, hn_num_attention_heads=None), torch.float16, 1),
    "half": (dict(), torch.float16, 1),
    # For the contract suite's vocabulary: 21 source rows of width 6.
    "contract": (dict(n_embd=6, original_vocab_size=21, hn_surface_maxlen=4), torch.float32, 1),
    "contract-tied": (dict(n_embd=6, original_vocab_size=21, hn_surface_maxlen=4, separate_out_embeddings=False), torch.float32, 1),
    "brain-half-shards": (dict(**LANGUAGE), torch.bfloat16, 3),
}
FORMS = [[0, 2, 2, 2, 2], [5, 6, 7, 8, 9], [19, 20, 21, 22, 2], [3, 3, 2, 2, 2], [3, 3, 2, 2, 2], [4, 5, 9, 2, 2], [1, 2, 2, 2, 2]]


def forward(config, w, source, forms, language):
    """w: tensors in f32 by name. Rows [n x d] for the input, the head (or None) and the bias [n] (or None)."""
    get, length = config.get, forms.shape[1]
    linear = lambda x, name: F.linear(x, w[f"{name}.weight"], w[f"{name}.bias"])
    norm = lambda x, name, eps: F.layer_norm(x, (x.shape[-1],), w[f"{name}.weight"], w[f"{name}.bias"], eps)
    tanh_gelu = lambda x: F.gelu(x, approximate="tanh")

    def block(x, name):
        return norm(tanh_gelu(linear(tanh_gelu(linear(x, f"{name}.dense1")), f"{name}.dense2")) + x, f"{name}.ln", 1e-6)

    scale = lambda x, name: w[f"{name}.w"] * x + w[f"{name}.b"] if get("hn_rescale_embeddings") else x
    known = config["original_vocab_size"]
    rows = scale(source[forms.clamp(max=known - 1)], "in_scaler")
    extra = w["fallback_embeddings.weight"][(forms - known).clamp(min=0)]
    x = torch.where((forms >= known)[..., None], extra, rows)
    x = block(linear(x, "input_projection.0"), "input_projection.1")
    mask = forms != config["pad_token_id"]
    x = x + w["model.embeddings.position_embeddings.weight"][:length]
    x = x + w["model.embeddings.token_type_embeddings.weight"][0]
    if get("hn_embed_lang_id"):
        row = w["lang_embeddings.weight"][language]
        x = torch.cat([x, row.expand(len(x), 1, -1)], 1)
        mask = torch.cat([mask, torch.ones(len(x), 1, dtype=torch.bool)], 1)
    x = norm(x, "model.embeddings.LayerNorm", 1e-5)
    width = config["hn_hidden_size"]
    heads = get("hn_num_attention_heads") or width // 64
    for i in range(config["hn_n_layers"]):
        name = f"model.encoder.layer.{i}"
        q, k, v = (linear(x, f"{name}.attention.self.{one}").unflatten(-1, (heads, -1)).transpose(1, 2) for one in ("query", "key", "value"))
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask[:, None, None])
        mixed = linear(mixed.transpose(1, 2).flatten(2), f"{name}.attention.output.dense")
        x = norm(mixed + x, f"{name}.attention.output.LayerNorm", 1e-5)
        inner = linear(F.gelu(linear(x, f"{name}.intermediate.dense")), f"{name}.output.dense")
        x = norm(inner + x, f"{name}.output.LayerNorm", 1e-5)
    h = x.flatten(1) if get("hn_concat_last_hidden_state") else x[:, 0]
    stack = lambda name: linear(block(h, f"{name}.0"), f"{name}.1")
    separate, d = get("separate_out_embeddings"), config["n_embd"]
    rows_in = stack("output_projection")
    rows_out = None
    if get("hn_single_head"):
        rows_in, rows_out = rows_in[:, :d], rows_in[:, d:] if separate else None
    elif separate:
        rows_out = stack("output_projection_out")
    bias = linear(h, "bias_projection")[:, 0] if get("hn_predict_bias") else None
    return scale(rows_in, "scaler"), None if rows_out is None else scale(rows_out, "out_scaler"), bias


def shapes(config):
    """Every tensor of a hypernetwork of this config. A block over all positions is as wide as they are together."""
    d, width, inner = config["n_embd"], config["hn_hidden_size"], config["hn_intermediate_size"]
    n_in = 2 * d if config["separate_out_embeddings"] else d
    places = config["hn_surface_maxlen"] + config["hn_embed_lang_id"] if config["hn_concat_last_hidden_state"] else 1
    all_shapes = {
        "fallback_embeddings.weight": (max(config["hn_n_extra_tokens"], 1), n_in),
        "model.embeddings.position_embeddings.weight": (config["hn_surface_maxlen"] + 2, width),
        "model.embeddings.token_type_embeddings.weight": (1, width),
    }

    def linear(name, inputs, outputs):
        all_shapes.update({f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)})

    def norm(name, columns):
        all_shapes.update({f"{name}.weight": (columns,), f"{name}.bias": (columns,)})

    def block(name, columns):
        linear(f"{name}.dense1", columns, inner)
        linear(f"{name}.dense2", inner, columns)
        norm(f"{name}.ln", columns)

    norm("model.embeddings.LayerNorm", width)
    linear("input_projection.0", n_in, width)
    block("input_projection.1", width)
    for i in range(config["hn_n_layers"]):
        name = f"model.encoder.layer.{i}"
        for one in ("self.query", "self.key", "self.value", "output.dense"):
            linear(f"{name}.attention.{one}", width, width)
        linear(f"{name}.intermediate.dense", width, inner)
        linear(f"{name}.output.dense", inner, width)
        norm(f"{name}.attention.output.LayerNorm", width)
        norm(f"{name}.output.LayerNorm", width)
    heads = {"output_projection": n_in if config["hn_single_head"] else d}
    if config["separate_out_embeddings"] and not config["hn_single_head"]:
        heads["output_projection_out"] = d
    for name, outputs in heads.items():
        block(f"{name}.0", places * width)
        linear(f"{name}.1", places * width, outputs)
    if config["hn_rescale_embeddings"]:
        scalers = {"in_scaler": n_in, "scaler": d, **({"out_scaler": d} if config["separate_out_embeddings"] else {})}
        for name, columns in scalers.items():
            all_shapes.update({f"{name}.w": (1, columns), f"{name}.b": (1, columns)})
    if config["hn_embed_lang_id"]:
        all_shapes["lang_embeddings.weight"] = (config["n_langs"], width)
    if config["hn_predict_bias"]:
        linear("bias_projection", places * width, 1)
    return all_shapes


def check_golden(folder):
    for path in sorted(folder.glob("hypernet_*.json")):
        case = json.loads(path.read_text())
        forms = torch.tensor(case["surface_forms"])[:-1]  # the last is all padding
        source = torch.tensor(case["source_embeddings"])
        rows = forward(case["config"], load_file(path.with_suffix(".safetensors")), source, forms, case["lang_index"])
        for got, expected in zip(rows, (case["pred_in"], case["pred_out"], case["pred_bias"])):
            if got is not None:
                assert (got - torch.tensor(expected)[:-1]).abs().max() < 1e-5, path
        print(f"{path.name}: as the reference")


def write_case(folder, name, changes, dtype, files):
    config = {**TINY, **changes}
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    random = lambda *shape: torch.randn(shape, generator=generator)
    tensors = {}
    for tensor, shape in shapes(config).items():
        scale = 0.5 if len(shape) == 1 else shape[-1] ** -0.5
        is_factor = tensor.endswith((".w", "LayerNorm.weight", "ln.weight"))
        tensors[tensor] = (random(*shape) * (0.2 if is_factor else scale) + (1 if is_factor else 0)).to(dtype)
    d = config["n_embd"]
    source = random(config["original_vocab_size"], 2 * d if config["separate_out_embeddings"] else d)
    most = config["original_vocab_size"] + config["hn_n_extra_tokens"] - 1
    length = config["hn_surface_maxlen"]
    forms = torch.tensor([[min(i, most) for i in form[:length]] for form in FORMS])
    language = 1 if config["hn_embed_lang_id"] else None
    rows = forward(config, {k: v.float() for k, v in tensors.items()}, source, forms, language)
    shutil.rmtree(folder / name, ignore_errors=True)
    (folder / name).mkdir(parents=True)
    names = sorted(tensors)
    if files == 1:
        save_file(tensors, folder / name / "model.safetensors")
    else:
        weight_map = {tensor: f"model-{i % files + 1:05}-of-{files:05}.safetensors" for i, tensor in enumerate(names)}
        for file in sorted(set(weight_map.values())):
            save_file({k: v for k, v in tensors.items() if weight_map[k] == file}, folder / name / file)
        index = {"metadata": {}, "weight_map": weight_map}
        (folder / name / "model.safetensors.index.json").write_text(json.dumps(index))
    (folder / name / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    expected = dict(source_embeddings=[[float(x) for x in row] for row in source.tolist()], surface_forms=forms.tolist(), lang_index=language)
    for key, tensor in zip(("pred_in", "pred_out", "pred_bias"), rows):
        expected[key] = None if tensor is None else tensor.tolist()
    (folder / name / "expected.json").write_text(json.dumps(expected) + "\n")


if __name__ == "__main__":
    out = Path(sys.argv[1])
    check_golden(out)
    for case, (changes, dtype, files) in CASES.items():
        write_case(out / "networks", case, changes, dtype, files)
        print(case)
