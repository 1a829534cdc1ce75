"""Builds a tiny model of every model type of the reference library and says which of its tensors follow the vocabulary.

    HF_HUB_OFFLINE=1 python tools/oracle/checkpoint-types.py FOLDER [TYPE …]

For each type in the library's registry, and for the model without a head as for each class with one, this makes the
class's own config small (widths, layers, experts; every size of a vocabulary is V), saves the model to
FOLDER/TYPE.CLASS and notes in FOLDER/TYPE.CLASS/expected.json

- `follows`: the tensors whose shape is another one when the same config is built with V + 3 tokens,
- `resized`: the tensors whose shape `resize_token_embeddings(V + 3)` changes,
- `others`: the tensors that have a dimension of V all the same.

What cannot be built from such a config is listed in FOLDER/skipped.json with the library's own words. Then

    node tools/oracle/checkpoint-types.mjs FOLDER > tools/oracle/checkpoint-types.json

opens each folder with revocab and compares. `V=64` in the environment makes the vocabulary as large as the models'
feed-forward layers: what is then refused is refused because of the coincidence. Needs torch and transformers 5.18.
"""

import json
import os
import re
import shutil
import signal
import sys
import warnings
from pathlib import Path

import torch
import transformers as hf
from safetensors import safe_open
from transformers.models.auto import modeling_auto as auto
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

warnings.filterwarnings("ignore")
hf.logging.set_verbosity_error()
hf.logging.disable_progress_bar()
torch.set_num_threads(1)

V = int(os.environ.get("V", 331))
SECONDS = 60
PARAMETERS = 100_000_000
LEFT_OUT = {
    "transformers_version", "architectures", "id2label", "label2id", "dtype", "num_labels", "use_return_dict",
    "output_hidden_states", "output_attentions", "return_dict", "ignore_keys_at_rope_validation",
}
# Without these a class cannot be built from its own defaults.
NEEDED = {
    "chameleon": {"vocabulary_map": {"<image>": 5, "IMGIMGA": 6}},
    "emu3": {"vocabulary_map": {"<image>": 5, "<|visual token 000000|>": 6}},
    "emu3_text_model": {"pad_token_id": 1},
    "bamba": {"mamba_n_heads": 4, "mamba_d_head": 16}, "granitemoehybrid": {"mamba_n_heads": 4, "mamba_d_head": 16},
    "falcon_h1": {"mamba_n_heads": 4, "mamba_d_head": 16, "mamba_d_ssm": 64},
    "mamba2": {"num_heads": 4, "head_dim": 16}, "lfm2_moe": {"layer_types": ["full_attention", "conv"]},
    "dots1": {"n_routed_experts": 4, "n_shared_experts": 1},
    "reformer": {"is_decoder": True}, "informer": {"prediction_length": 4},
    "cohere_compass_text": {"layer_types": ["sliding_attention", "full_attention"]},
    "glm5_next_text": {"index_kpool": 1},
    "time_series_transformer": {"prediction_length": 4}, "autoformer": {"prediction_length": 4},
}
HEADS = [
    auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    auto.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES,
    auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES,
    auto.MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING_NAMES,
    auto.MODEL_FOR_PRETRAINING_MAPPING_NAMES,
]
BASES = auto.MODEL_MAPPING_NAMES

# What a key's number becomes, the first pattern that matches; None: as it is.
VOCABULARY = r"^(vocab_size|decoder_vocab_size|n_vocab|vocab_size_per_layer_input|text_vocab_size)$"
SIZES = [
    (VOCABULARY, V),
    (r"^type_vocab_size$", 2),
    (r"vocab_size$", 61),  # another vocabulary than the text's
    (r"feat_extract|^conv_", None),
    (r"hash_byte_group_vocab", 64),
    (r"^num_kv_shared_layers$", 0),
    (r"^d_latents$|^num_latents$", 32),
    (r"(token|tokens)_(id|index|ids)$|^(pad|bos|eos|unk|sep|cls|mask)_(index|id)$", "id"),
    (r"max_(source_|target_)?position|n_positions|n_ctx|max_seq", 128),
    (r"head_dim$|^d_kv$|_head_size$|^head_size$|^attention_head_size$|^qk_nope|^v_head|^kv_channels", 8),
    (r"^qk_rope", 8),
    (r"lora_rank", 16),
    (r"(key_value|kv)_heads|n_kv|num_kv|^num_attention_groups", 4),
    (r"heads$|^n_head$|^num_heads|^attention_heads|^n_heads", 4),
    (r"experts_per|topk|top_k|num_selected|moe_k$", 2),
    (r"^n_group$|^topk_group$", 1),
    (r"experts", 4),
    (r"intermediate|ffn_dim|^d_ff|inner_dim|ffn_hidden|^d_inner|^n_inner|feed_forward|mlp_dim|_ff_", 64),
    (r"^num_hidden_layers$|layers$|^n_layer$|^num_blocks|_blocks$|^depth$", 2),
    (r"^(hidden_size|d_model|n_embd|embed_dim|embedding_size|dim|emb_dim|word_embed_proj_dim|projection_dim|output_dim|out_hidden_size|hidden_dim|model_dim|proj_dim|.*_hidden_size|.*hidden_dim)$", 32),
]


# Where a config's sizes depend on one another: ever fewer of them are made small.
KEPT = [r"^$", r"heads$|^n_head$|head_dim$|hidden_(size|dim)$|^d_model$|^n_embd$|_dim$|^dim$", r"^(?!.*(vocab|token|layers|n_layer|_id$|index$))"]


# Sizes that a config works out, or should, where they are None.
FILLED = [(r"vocab_size$", V), (r"head_dim$", 8), (r"(key_value|kv)_heads$", 4), (r"heads$", 4), (r"pad_token_id$", 0)]


def small(key, value, kept, fills):
    if value is None and fills:
        return next((size for pattern, size in FILLED if re.search(pattern, key)), None)
    if isinstance(value, bool) or not isinstance(value, int):
        return value
    for pattern, size in SIZES:
        if not re.search(pattern, key):
            continue
        if size is None:
            return value
        if size == "id":
            return value if value < V else V - 1
        if size == V:
            return V
        return value if re.search(kept, key) else min(value, size)
    return value


def shrink(config, kept, fills):
    """The keyword arguments of a small config of the same class."""
    words = {}
    layers = 2
    depth = next(
        (value for key in ("num_hidden_layers", "num_layers", "n_layer") if isinstance(value := getattr(config, key, None), int)), 0
    )
    for key, value in config.__dict__.items():
        if isinstance(value, hf.PretrainedConfig) and key not in (type(config).sub_configs or {}):
            words[key] = value.to_dict()
        elif isinstance(value, hf.PretrainedConfig):
            words[key] = {**shrink(value, kept, fills), "model_type": value.model_type}
            if re.search(r"vision|audio|vq|codec|depth|qformer|protein", key) and words[key].get("vocab_size") == V:
                words[key]["vocab_size"] = 61
        elif key.startswith("_") or key in LEFT_OUT:
            continue
        elif isinstance(value, dict) and "mrope_section" in value:
            words[key] = {**value, "mrope_section": [1, 1, 2]}
        elif isinstance(value, (list, tuple)) and len(value) == depth > layers:
            kinds = list(dict.fromkeys(value))
            words[key] = (kinds * layers)[:layers]
        else:
            words[key] = small(key, value, kept, fills)
    return {**words, **NEEDED.get(config.model_type, {})}


def expand(words, size):
    """The same arguments with another vocabulary."""
    if isinstance(words, dict):
        return {
            key: size if value == V and re.search(VOCABULARY, key) else expand(value, size)
            for key, value in words.items()
        }
    return words


def shapes_of(directory):
    shapes = {}
    for path in sorted(Path(directory).glob("*.safetensors")):
        with safe_open(path, "pt") as file:
            for name in file.keys():
                shapes[name] = list(file.get_slice(name).get_shape())
    return shapes


def build(model_class, config_class, words, directory):
    shutil.rmtree(directory, ignore_errors=True)
    torch.manual_seed(0)
    with torch.device("meta"):
        count = sum(parameter.numel() for parameter in model_class(config_class(**words)).parameters())
    if count > PARAMETERS:
        raise ValueError(f"still {count:,} parameters")
    model = model_class(config_class(**words))
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():  # zeros would make different tables look like copies
        for parameter in model.parameters():
            if parameter.is_floating_point():
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.1)
        for name, buffer in model.named_buffers():
            if "bias" in name and buffer.is_floating_point():
                buffer.copy_(torch.randn(buffer.shape, generator=generator) * 0.1)
    model.save_pretrained(directory)
    return model


def default_of(config_class):
    try:
        return config_class()
    except Exception:
        return config_class(**NEEDED.get(config_class.model_type, {}))


def tiny(model_type, class_name, out):
    model_class = getattr(hf, class_name)
    config_class = model_class.config_class or CONFIG_MAPPING[model_type]
    directory = out / f"{model_type}.{class_name}"
    failures = []
    for kept, fills in [(kept, fills) for kept in KEPT for fills in (False, True)]:
        try:
            words = shrink(default_of(config_class), kept, fills)
            model = build(model_class, config_class, words, directory)
            break
        except TimeoutError:
            raise
        except Exception as error:
            failures.append(f"{type(error).__name__}: {str(error)[:150]}")
    else:
        raise ValueError(" / ".join(dict.fromkeys(failures)))
    shapes = shapes_of(directory)
    other = out / f".larger.{model_type}.{class_name}"
    build(model_class, config_class, expand(words, V + 3), other)
    larger = shapes_of(other)
    try:
        model.resize_token_embeddings(V + 3, mean_resizing=False)
        model.save_pretrained(other)
        resized, said = shapes_of(other), None
    except Exception as error:
        resized, said = shapes, f"{type(error).__name__}: {str(error)[:120]}"
    shutil.rmtree(other, ignore_errors=True)
    follows = sorted(name for name in shapes if larger.get(name) != shapes[name])
    expected = {
        "type": model_type,
        "class": class_name,
        "follows": {name: shapes[name] for name in follows},
        "resized": sorted(name for name in shapes if resized.get(name) != shapes[name]),
        "cannotResize": said,
        "others": sorted(name for name in shapes if name not in follows and V in shapes[name]),
        "tied": bool(getattr(model.config.get_text_config(), "tie_word_embeddings", False)),
    }
    (directory / "expected.json").write_text(json.dumps(expected, indent=1))
    return expected


def classes_of(model_type):
    found = []
    for names in [BASES, *HEADS]:
        value = names.get(model_type)
        for name in value if isinstance(value, (tuple, list)) else [value]:
            if name and name not in found and hasattr(hf, name):
                found.append(name)
    return found


def on_alarm(*_):
    raise TimeoutError(f"not built in {SECONDS} s")


def main(out, types):
    out.mkdir(parents=True, exist_ok=True)
    skipped_file = out / "skipped.json"
    skipped = json.loads(skipped_file.read_text()) if skipped_file.exists() else {}
    signal.signal(signal.SIGALRM, on_alarm)
    left = [name.split(".")[0] for name, reason in skipped.items() if not reason.startswith("no class")]
    for model_type in list(dict.fromkeys(left)) if types == ["skipped"] else types or list(CONFIG_MAPPING):
        classes = classes_of(model_type)
        if not classes:
            skipped[model_type] = "no class for it in the library's registry of models"
        for class_name in classes:
            signal.alarm(SECONDS)
            try:
                expected = tiny(model_type, class_name, out)
                skipped.pop(f"{model_type}.{class_name}", None)
                print(f"{model_type}.{class_name}: {len(expected['follows'])}", flush=True)
            except Exception as error:
                skipped[f"{model_type}.{class_name}"] = f"{type(error).__name__}: {str(error)[:400]}"
                shutil.rmtree(out / f"{model_type}.{class_name}", ignore_errors=True)
                shutil.rmtree(out / f".larger.{model_type}.{class_name}", ignore_errors=True)
                print(f"{model_type}.{class_name}: SKIPPED {type(error).__name__} {str(error)[:400]}", flush=True)
            finally:
                signal.alarm(0)
        skipped_file.write_text(json.dumps(skipped, indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
