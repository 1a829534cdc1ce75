"""The folder a hypernetwork is shipped as: the published names and keys, weights in bf16, the source's tokenizer."""

import json
import shutil
from pathlib import Path

import torch
from hypernetwork import Hypernetwork
from safetensors.torch import load_file
from safetensors.torch import save as serialize
from surface_forms import LONGEST


def write_checkpoint(network: Hypernetwork, pad: int, source: Path, out: Path) -> None:
    """Written beside and renamed, so that a run that is killed leaves the last complete file."""
    out.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.detach().to(torch.bfloat16).contiguous() for name, tensor in network.state_dict().items()}
    partial = out / "model.safetensors.partial"
    partial.write_bytes(serialize(tensors, {"format": "pt"}))
    partial.replace(out / "model.safetensors")
    (out / "config.json").write_text(json.dumps(config_of(network, pad), indent=2) + "\n")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(source / name, out / name)


def read_checkpoint(folder: Path, source_rows: torch.Tensor) -> Hypernetwork:
    config = json.loads((folder / "config.json").read_text())
    sizes = (config[f"hn_{key}"] for key in ("hidden_size", "intermediate_size", "n_layers", "num_attention_heads"))
    network = Hypernetwork(source_rows, *sizes)
    tensors = load_file(folder / "model.safetensors")
    network.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
    return network.eval()


def config_of(network: Hypernetwork, pad: int) -> dict[str, object]:
    vocabulary, width = network.source_rows.shape
    layers = network.model.encoder["layer"]
    intermediate, hidden = layers[0].intermediate["dense"].weight.shape
    return {
        "model_type": "zett_hypernetwork",
        "hn_model_type": "roberta",
        "hn_model_name_or_path": "roberta-base",
        "n_embd": width,
        "original_vocab_size": vocabulary,
        "pad_token_id": pad,
        "separate_out_embeddings": False,
        "hn_surface_maxlen": LONGEST,
        "hn_n_extra_tokens": 0,
        "hn_n_layers": len(layers),
        "hn_hidden_size": hidden,
        "hn_intermediate_size": intermediate,
        "hn_num_attention_heads": layers[0].heads,
        "hn_rescale_embeddings": True,
        "hn_embed_using_source_embeddings": True,
        "hn_embed_lang_id": False,
        "hn_embed_target_priors": False,
        "hn_add_inter_token_attention": False,
        "hn_concat_last_hidden_state": False,
        "hn_single_head": False,
        "hn_predict_bias": False,
    }
