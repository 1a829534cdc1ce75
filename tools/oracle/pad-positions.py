"""Writes packages/checkpoint/src/pad-positions.json: which models' positions depend on the id of the pad token.

    python tools/oracle/pad-positions.py packages/checkpoint/src/pad-positions.json [MODEL_TYPE ...]

For every model type of the reference library: a tiny model with random weights is saved; in a copy, the pad token and
another token change places, that is, `pad_token_id` in the config and two rows of every tensor with a row per token. Both
are loaded and read the same two sentences, one of them padded. Where the hidden states of a token that is not padding
differ, the model's positions (or something else in it) depend on the pad id ("follow"); where they are equal they do not
("stay"); classes without a pad id are listed apart ("withoutPad"). What cannot be built by a config this small,
or does not run on ids alone, is left out: revocab does not know it. Needs torch and transformers 5 (made with 5.18).
"""

import copy
import dataclasses
import inspect
import json
import os
import re
import signal
import sys
import tempfile
import warnings
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"  # some configs look for a backbone's
import torch
import transformers as hf
from safetensors.torch import load_file, save_file
from transformers.models.auto import modeling_auto as auto
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

warnings.filterwarnings("ignore")
hf.logging.set_verbosity_error()
hf.utils.logging.disable_progress_bar()
torch.set_num_threads(2)

V, OLD, NEW = 101, 1, 5
MOST_PARAMETERS, SECONDS = 30_000_000, 60
CLASSES = [
    auto.MODEL_MAPPING_NAMES, auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES, auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    auto.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES, auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES,
    auto.MODEL_FOR_MULTIMODAL_LM_MAPPING_NAMES, auto.MODEL_FOR_PRETRAINING_MAPPING_NAMES,
    auto.MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING_NAMES,
]
SIZES = {
    **dict.fromkeys(["vocab_size", "text_vocab_size", "src_vocab_size", "tgt_vocab_size", "decoder_vocab_size",
                     "vocab_size_per_layer_input"], V),
    **dict.fromkeys(["hidden_size", "d_model", "n_embd", "emb_dim", "dim", "embed_dim", "embedding_size", "word_embed_proj_dim",
                     "projection_dim", "encoder_hidden_size", "lru_width", "hidden_size_global", "backbone_hidden_size",
                     "true_hidden_size", "decoder_hidden_size", "cross_hidden_size"], 32),
    **dict.fromkeys(["num_hidden_layers", "n_layer", "n_layers", "num_layers", "encoder_layers", "decoder_layers", "layers",
                     "num_encoder_layers", "num_decoder_layers", "decoder_num_hidden_layers", "encoder_num_hidden_layers",
                     "max_window_layers", "depth"], 2),
    **dict.fromkeys(["num_attention_heads", "n_head", "n_heads", "num_heads", "encoder_attention_heads", "attention_heads",
                     "decoder_attention_heads", "num_key_value_heads", "decoder_num_attention_heads",
                     "encoder_num_attention_heads", "decoder_num_key_value_heads", "encoder_num_key_value_heads"], 4),
    **dict.fromkeys(["intermediate_size", "encoder_ffn_dim", "decoder_ffn_dim", "ffn_dim", "d_ff", "dff", "d_inner", "n_inner",
                     "hidden_dim", "moe_intermediate_size", "shared_expert_intermediate_size", "ffn_hidden_size",
                     "expert_ffn_hidden_size", "intermediate_size_mlp", "shared_intermediate_size"], 64),
    **dict.fromkeys(["head_dim", "d_kv", "attention_head_size", "v_head_dim", "qk_nope_head_dim", "qk_rope_head_dim", "d_head",
                     "kv_lora_rank", "q_lora_rank", "rotary_dim", "global_head_dim", "index_head_dim", "query_pre_attn_scalar"], 8),
    **dict.fromkeys(["max_position_embeddings", "n_positions", "n_ctx", "max_source_positions", "max_target_positions",
                     "max_seq_len"], 64),
    **dict.fromkeys(["num_experts", "n_routed_experts", "num_local_experts", "moe_num_experts", "num_buckets"], 4),
    **dict.fromkeys(["num_experts_per_tok", "moe_topk", "moe_k"], 2), "n_group": 1, "topk_group": 1,
    "first_k_dense_replace": 1, "expert_capacity": 64, "num_langs": 1, "n_langs": 1, "sliding_window": 16,
    "attention_window": 16, "local_attention": 16, "type_vocab_size": 2, "num_hash_buckets": 64, "num_kv_shared_layers": 0,
    "mamba_d_state": 8, "mamba_n_heads": 4, "mamba_d_head": 16, "mamba_num_heads": 8, "mamba_head_dim": 8, "state_size": 8,
    "linear_key_head_dim": 8, "linear_value_head_dim": 8, "linear_num_key_heads": 4, "linear_num_value_heads": 4,
    "feature_size": 64, "max_2d_position_embeddings": 64, "coordinate_size": 8, "shape_size": 0,
    "hidden_size_per_layer_input": 8, "laurel_rank": 4, "sinusoidal_embeddings": False,
}
# Values of switches that may take the dependence away or bring it.
SWITCHES = {"position_embedding_type": ["absolute", "rotary", "relative_key"], "sinusoidal_pos_embds": [True, False],
            "sinusoidal_embeddings": [True, False]}


# What a type needs beside small sizes.
SPECIAL = {
    "gpt_neo": {"attention_types": [[["global", "local"], 1]]},
    "mamba2": {"num_heads": 8, "head_dim": 8},
    "falcon_h1": {"mamba_d_ssm": 64, "mamba_n_heads": 8, "mamba_d_head": 8},
    "lfm2_moe": {"layer_types": ["full_attention", "conv"], "num_dense_layers": 1},
    "dots1": {"layer_types": ["full_attention", "full_attention"], "n_shared_experts": 1},
}
# Rotary embeddings of pictures and texts share a head in sections, whose sum is half a head, or a quarter.
SECTIONS = [None, [1, 1, 2], [1, 1, 0]]
# How the code of models that cannot be built here says that positions are numbered from the pad id.
POSITIONS = re.compile(r"create_position_ids_from_input_ids|padding_idx \+ 1|pad_token_id \+ 1")


def small_values(config_class, exact: bool, sections=None):
    """Small values for the fields that a class has; those that are not `exact` leave the widths alone."""
    names = {field.name for field in dataclasses.fields(config_class)}
    kept = {} if exact else {"head_dim", "num_key_value_heads", "num_attention_heads", "hidden_size", "d_model"}
    values = {name: size for name, size in SIZES.items() if name in names and name not in kept}
    if "vocabulary_map" in names:  # Chameleon's and Emu3's image tokens
        values["vocabulary_map"] = {"<image>": 40, "IMGIMGAZ": 41, "IMGIMGBZ": 42}
    if isinstance(getattr(config_class, "use_cache", None), bool):
        values["use_cache"] = False
    if sections is not None and "rope_parameters" in names:
        values["rope_parameters"] = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": sections}
    values.update(SPECIAL.get(config_class.model_type, {}))
    next_id = 20
    for name in sorted(names):
        if name.endswith(("_token_id", "_token_index")) or name in ("unk_index", "mask_index"):
            role = name.split("_")[0]
            values[name] = {"bos": 0, "eos": 2, "pad": OLD, "unk": 3, "mask": 4}.get(role, next_id)
            next_id += 1
    for part, part_class in config_class.sub_configs.items():
        part_class = part_class if dataclasses.is_dataclass(part_class) and part_class.model_type else None
        if part_class is None:
            part_class = type(getattr(config_class(), part, None))
        if dataclasses.is_dataclass(part_class):
            values[part] = {"model_type": part_class.model_type, **small_values(part_class, exact, sections)}
    return values


def pads_of(config):
    """The pad ids of a config and of its parts, as the library sees them."""
    pads = [config.pad_token_id] if isinstance(getattr(config, "pad_token_id", None), int) else []
    for part in config.sub_configs:
        if hasattr(getattr(config, part, None), "sub_configs"):
            pads += pads_of(getattr(config, part))
    return pads


def has_pad(values) -> bool:
    return "pad_token_id" in values or any(has_pad(part) for part in values.values() if isinstance(part, dict))


def move_pad(value):
    """The config with the other pad id, wherever it has one."""
    if isinstance(value, dict):
        return {k: NEW if k in ("pad_token_id", "pad_index") and v == OLD else move_pad(v) for k, v in value.items()}
    return value


def exchange(tensor, order):
    for axis, size in enumerate(tensor.shape):
        if V <= size < V + 10:  # some tables have a few rows more (Moshi, Mllama)
            tensor = tensor.index_select(axis, torch.cat([order, torch.arange(V, size)]))
    return tensor.contiguous()


def outputs_of(model, ids, pad):
    """The first output with a row per place, with a mask and without; the second sentence is padded at its end."""
    results = []
    for padded in (True, False):
        batch = ids.clone()
        mask = torch.ones_like(batch)
        if padded:
            batch[1, -3:] = pad
            mask[1, -3:] = 0
        inputs = inputs_for(model, batch, mask if padded else None)
        with torch.no_grad():
            output = model(**inputs)
        named = {k: v for k, v in output.items() if torch.is_tensor(v)} if hasattr(output, "items") else {}
        first = next((v for v in named.values() if v.dim() == 3 and v.shape[:2] == batch.shape), None)
        if first is None:
            raise ValueError(f"no output per place among {list(named)}")
        results.append(first[mask.bool()])
    return torch.cat(results)


def inputs_for(model, batch, mask):
    parameters = inspect.signature(model.forward).parameters
    if "input_ids" not in parameters and "input_features" in parameters:
        config = model.config
        bins = getattr(config, "num_mel_bins", None) or getattr(config, "input_feat_per_channel", 80)
        sound = torch.sin(torch.arange(2 * 64 * bins) * 0.37).reshape(2, 64, bins)
        return {"input_features": sound, "decoder_input_ids": batch}
    inputs = {"input_ids": batch} if mask is None else {"input_ids": batch, "attention_mask": mask}
    if "bbox" in parameters:
        inputs["bbox"] = torch.zeros((*batch.shape, 8 if model.config.model_type == "bros" else 4), dtype=torch.long)
    return {**inputs, "decoder_input_ids": batch} if model.config.is_encoder_decoder else inputs


def compare(model_class, config):
    """The largest difference that moving the pad id makes, relative to the size of the outputs."""
    torch.manual_seed(0)
    with torch.device("meta"):
        if sum(p.numel() for p in model_class._from_config(copy.deepcopy(config)).parameters()) > MOST_PARAMETERS:
            raise ValueError("too large")
    model = model_class._from_config(copy.deepcopy(config)).eval()
    for parameter in model.parameters():
        if parameter.requires_grad and parameter.dim() > 1:
            parameter.data.normal_(0, 0.2)
    order = torch.arange(V)
    order[OLD], order[NEW] = NEW, OLD
    ids = torch.randint(60, V, (2, 12))
    ids[:, 2] = NEW  # the token that gets the old pad id: some models know their pad id without the config (MPNet)
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder, "before"), Path(folder, "after")
        for place in (before, after):
            model.save_pretrained(place, max_shard_size="10GB")
        saved = json.loads((before / "config.json").read_text())
        (after / "config.json").write_text(json.dumps(move_pad(saved)))
        weights = load_file(after / "model.safetensors")
        if not any(V in tensor.shape for tensor in weights.values()):
            raise ValueError("no tensor with a row per token")
        save_file({k: exchange(v, order) for k, v in weights.items()}, after / "model.safetensors", {"format": "pt"})
        old = model_class.from_pretrained(before).eval()
        try:
            new = model_class.from_pretrained(after).eval()
        except RuntimeError as error:
            if "mismatched" in str(error):
                return float("inf")  # a table of positions is as long as the pad id says (FSMT)
            raise
        if NEW not in pads_of(new.config):
            raise ValueError("the pad id did not move")
        first = outputs_of(old, ids, OLD)
        again = outputs_of(model_class.from_pretrained(before).eval(), ids, OLD)
        second = exchange(outputs_of(new, order[ids], NEW), order)
    if not torch.isfinite(first).all() or first.std() < 1e-6:
        raise ValueError("no finite output")
    if not torch.allclose(first, again, atol=1e-5):
        raise ValueError("not the same when it is loaded again")
    return ((first - second).abs().max() / first.abs().max()).item()


def model_classes(model_type):
    for names in CLASSES:
        found = names.get(model_type)
        for name in [found] if isinstance(found, str) else found or []:
            if hasattr(hf, name):
                yield getattr(hf, name)


def try_type(model_type, switch=()):
    config_class = CONFIG_MAPPING[model_type]
    whys = []
    if not has_pad(small_values(config_class, True)):
        return None
    for exact, sections in [(True, None), (False, None), *((True, sections) for sections in SECTIONS[1:])]:
        for model_class in dict.fromkeys(model_classes(model_type)):
            try:
                config = config_class(**{**small_values(config_class, exact, sections), **dict(switch)})
                return compare(model_class, config)
            except Exception as error:
                whys.append(f"{model_class.__name__}: {(str(error).strip() or type(error).__name__).splitlines()[0][:90]}")
            except TimeoutError:
                raise
    raise ValueError("; ".join(dict.fromkeys(whys)) or "no class that reads text")


def with_limit(function, *arguments):
    def stop(*_):
        raise TimeoutError("took too long")

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    try:
        return function(*arguments)
    finally:
        signal.alarm(0)


def decide(model_type):
    """("follow", rule), ("stay", None) or ("unknown", why)."""
    try:
        difference = with_limit(try_type, model_type)
    except Exception as error:
        names = {model_class.__module__ for model_class in model_classes(model_type)}
        sources = [sys.modules[name].__file__ for name in names if name in sys.modules]
        if any(POSITIONS.search(Path(source).read_text()) for source in sources):
            return "follow", {"by": "source"}
        return "unknown", str(error)
    if difference is None:
        return "withoutPad", None
    names = {field.name for field in dataclasses.fields(CONFIG_MAPPING[model_type])}
    default = CONFIG_MAPPING[model_type]
    depends = {}
    for key, values in SWITCHES.items():
        for value in values if key in names else []:
            try:
                depends[key, value] = with_limit(try_type, model_type, ((key, value),)) > 1e-5
            except Exception:
                depends[key, value] = difference > 1e-5
    if difference > 1e-5 or any(depends.values()):
        unless = {}
        for (key, value), follows in depends.items():
            if not follows:
                unless.setdefault(key, []).append(value)
                if getattr(default, key, None) == value:
                    unless[key].append(None)
        return "follow", {"unless": unless} if unless else {}
    return "stay", None


def main(path: Path, only) -> None:
    """All model types, or those that are named, which then replace what the file says of them."""
    found = {"follow": {}, "stay": [], "withoutPad": []}
    if only:
        found = json.loads(path.read_text())
        found["follow"] = {name: rule for name, rule in found["follow"].items() if name not in only}
        found.update({kind: [name for name in found[kind] if name not in only] for kind in ("stay", "withoutPad")})
    types = only or sorted({name for names in CLASSES for name in names} & set(CONFIG_MAPPING))
    unknown = 0
    for model_type in types:
        kind, detail = decide(model_type)
        print(f"{kind:10} {model_type} {detail or ''}", file=sys.stderr, flush=True)
        if kind == "follow":
            found[kind][model_type] = detail
        elif kind == "unknown":
            unknown += 1
        else:
            found[kind].append(model_type)
    counts = {kind: len(values) for kind, values in found.items()}
    print(f"{len(types)} model types tried, {unknown} of them could not be; in the file: {counts}", file=sys.stderr)
    write(path, found)


def write(path, found):
    rules = ",\n".join(f"    {json.dumps(name)}: {json.dumps(rule)}" for name, rule in sorted(found["follow"].items()))
    lists = (f'  "{kind}": [\n' + ",\n".join(f"    {json.dumps(name)}" for name in sorted(found[kind])) + "\n  ]"
             for kind in ("stay", "withoutPad"))
    path.write_text('{\n  "follow": {\n' + rules + "\n  },\n" + ",\n".join(lists) + "\n}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
