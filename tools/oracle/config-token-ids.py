"""Writes packages/checkpoint/src/config-token-ids.json: which keys of a config hold token ids or the size of a vocabulary.

    python tools/oracle/config-token-ids.py packages/checkpoint/src/config-token-ids.json

Candidates are the fields and the `attribute_map` of every config class of the reference library, the keys its configs take
from `kwargs`, the fields of `GenerationConfig`, and every `config.KEY` that a model's code reads. Each candidate whose name
looks like a token id or a size must be decided below; the script fails on one that is not, so that a new version of the
library cannot bring a key that nobody has looked at. Needs transformers 5 (made with 5.18) and torch.

What a key is:
  bos eos pad unk mask sep cls   the id of the token of that role
  id         an id, or a list or a map of ids
  words      a list of sequences of ids that shall not be written (bad_words_ids)
  suppressed a list of ids that shall not be written
  forced     pairs of a position and an id
  biases     pairs of a sequence of ids and a number
  keyed      a map whose keys are ids
  size       the number of rows of a vocabulary table
  tokens     the number of tokens without the padding rows
  layerSize  the number of rows of the per-layer table
  offset     the first id of another vocabulary that is numbered after this one
  other      nothing of the text vocabulary
"""

import dataclasses
import importlib
import json
import os
import re
import sys
import warnings
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"  # some configs look for a backbone's
import transformers as hf
from transformers import GenerationConfig, PreTrainedConfig
from transformers.models.auto.configuration_auto import CONFIG_MAPPING, CONFIG_MAPPING_NAMES

warnings.filterwarnings("ignore")
hf.logging.set_verbosity_error()
LIBRARY = Path(hf.__file__).parent

LOOKS = re.compile(r"(^|_)(id|ids|idx|index|indices|words|vocab|vocabulary|offset)(_|$)|_to_(id|code_id|text)$|vocabulary|^n_token$|_token$|_pad_token$")
ROLES = ["bos", "eos", "pad", "unk", "mask", "sep", "cls"]

# Where the name does not say it: ids without "token" in their name, and what only looks like an id.
KEYS = {
    **{f"{role}_{end}": role for role in ROLES for end in ("token_id", "index")},
    "pad_id": "pad",
    "bad_words_ids": "words", "force_words_ids": "id", "sequence_bias": "biases", "forced_decoder_ids": "forced",
    "suppress_tokens": "suppressed", "begin_suppress_tokens": "suppressed", "id_to_text": "keyed",
    "im_start_id": "id", "im_end_id": "id", "im_newline_id": "id", "newline_id": "id",
    "image_start_id": "id", "image_end_id": "id", "slice_start_id": "id", "slice_end_id": "id",
    "vocabulary_map": "id", "lang_to_id": "id", "task_to_id": "id", "text_decoder_lang_to_code_id": "id",
    "vocab_size": "size", "n_words": "size", "n_token": "size", "org_vocab_size": "size", "text_vocab_size": "size",
    "decoder_vocab_size": "size", "src_vocab_size": "size", "tgt_vocab_size": "size", "n_vocab": "size",
    "padded_vocab_size": "size", "text_encoder_vocab_size": "size",
    "unpadded_vocab_size": "tokens", "vocab_size_per_layer_input": "layerSize", "vocab_offset": "offset",
}
# Ids and sizes of other vocabularies (codes of audio, of images, of XML tags), and numbers of layers, labels, languages.
OTHER = """
audio_stream_bos_id audio_stream_eos_id codebook_eos_token_id codebook_pad_token_id codebook_vocab_size codec_bos_id
codec_eos_token_id codec_nothink_id codec_pad_id codec_think_bos_id codec_think_eos_id tts_codec_end_token_id
tts_codec_mask_token_id tts_codec_pad_token_id tts_codec_start_token_id t2u_bos_token_id t2u_decoder_start_token_id
t2u_eos_token_id t2u_pad_token_id t2u_vocab_size t2u_lang_code_to_id vocoder_lang_code_to_id unit_hifi_gan_vocab_size
char_to_id char_vocab_size coarse_infer_token coarse_semantic_pad_token semantic_infer_token semantic_pad_token
semantic_vocab_size text_pad_token text_encoding_offset composer_to_feature_token composer_vocab_size
audio_vocab_size mel_vocab_size vision_vocab_size entity_vocab_size pronunciation_vocab_size shape_vocab_size
input_vocab_size output_vocab_size additional_vocab_size encoder_hash_byte_group_vocab ngram_vocab_size_base
make_ngram_vocab_size_divisible_by vocab_list subs_pad_id tag_pad_id type_vocab_size type_vocab_sizes
modality_type_vocab_size task_type_vocab_size id2label label2id codebook_size
lang_id speaker_id default_prompt_id insert_layer_id attn_uses_sequence_id use_task_id repo_id max_aspect_ratio_id
position_id_per_seconds _out_indices out_indices backbone_out_indices altup_active_idx attn_layer_indices
attn_layer_offset expert_layer_offset ce_ignore_index loss_ignore_index ignore_index semantic_loss_ignore_index
sparse_pred_ignore_index decode_index decoder_offset_scale dense_mlp_idx encoder_projection_indices eval_idx head_in_index
hybrid_layer_ids index_block_size index_head_dim index_kpool index_kpool_always_select_tail index_local_blocks index_n_heads
index_name index_path index_skip_topk_offset index_topk index_topk_blocks index_topk_freq index_topk_pattern
intermediate_hidden_state_indices intermediate_hook_ids intermediate_layers_indices local_layer_ids merge_index
moe_layer_end_index moe_layer_start_index mtp_local_layer_ids no_aggregation_label_index ple_layer_ids
prediction_channel_indices reset_position_index_per_cell residual_block_indices scale_attn_by_inverse_layer_idx
target_layer_ids time_sampling_offset unmasked_channel_indices vocoder_offset window_block_indices cls_token mask_token
use_cls_token use_mask_token class_token return_class_token vision_use_cls_token max_atoms_per_token mm_token_type_ids token_type_ids
input_ids decoder_input_ids position_ids segmentation_indices
""".split()

# Where a key means something else, by model type.
KEYS_OF = {
    # The library's `vocab_size` of these is that of the codebook; text has a size of its own.
    "csm": {"vocab_size": "other"},
    "kyutai_speech_to_text": {"audio_bos_token_id": "other", "audio_pad_token_id": "other"},
    "qwen2_5_omni_talker": {"vocab_size": "other"},
    # These generate codes of audio: the ids beside their text encoder's config are codes.
    **dict.fromkeys(["musicgen", "musicgen_melody"], {
        key: "other" for key in ["bos_token_id", "eos_token_id", "pad_token_id", "decoder_start_token_id"]
    }),
}
# Every id and size of these is of another vocabulary than the text's.
OTHER_VOCABULARY = """
bark semantic coarse_acoustics fine_acoustics csm_depth_decoder_model dia dia_decoder musicgen_decoder musicgen_melody_decoder clvp_decoder
qwen3_omni_moe_talker_text qwen3_omni_moe_talker_code_predictor blip_2_qformer instructblip_qformer
instructblipvideo_qformer chameleon_vqgan emu3_vqgan janus_vqgan glm_image_vqmodel imagegpt
""".split()
# The key that has the rows of the text table, where it is not vocab_size.
SIZE_KEY = {"csm": "text_vocab_size", "fsmt": "src_vocab_size"}
# Parts of a config with a text model; all others describe pictures, sounds, proteins or masks.
TEXT_PARTS = """
text_config encoder decoder encoder_config decoder_config text_encoder thinker_config talker_config model_config vlm_config
llm_config language_config audio_video_config depth_decoder_config
""".split()
OTHER_PARTS_OF = {
    "speech-encoder-decoder": ["encoder"], "vision-encoder-decoder": ["encoder"], "nougat": ["encoder"],
    "musicgen": ["decoder"], "musicgen_melody": ["decoder"], "canary": ["encoder_config"],
}


def config_classes():
    for file in sorted((LIBRARY / "models").glob("*/configuration_*.py")):
        module = importlib.import_module(f"transformers.models.{file.parent.name}.{file.stem}")
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, PreTrainedConfig) and value.__module__ == module.__name__:
                yield value


def keys_in_code():
    """Keys that configs pop from `kwargs`, and that models and generation read."""
    keys = set()
    for file in [*(LIBRARY / "models").glob("*/*.py"), *(LIBRARY / "generation").glob("*.py")]:
        text = file.read_text()
        if file.name.startswith("configuration") or file.parent.name == "generation":
            keys |= set(re.findall(r"kwargs\.(?:pop|get)\(\s*\"(\w+)\"", text))
        if re.match(r"modeling|generation|utils|logits|candidate", file.name):
            keys |= set(re.findall(r"config\.([a-z]\w*)", text))
    return keys


def kind_of(key):
    if key in KEYS:
        return KEYS[key]
    if key in OTHER:
        return "other"
    if re.search(r"_token_(id|ids|index)$", key):
        return "id"
    return None


def as_default(value):
    """Ids alone: a default of None or of a list without ids says nothing."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if value >= 0 else None
    if isinstance(value, (list, tuple)) and value and all(isinstance(item, int) for item in value):
        return list(value)
    return None


def made_of(config_class):
    """A config that says nothing; None for a class that cannot be made so."""
    try:
        return config_class()
    except Exception:
        return None


def parts_of(config_class, made):
    """The model type of each part, as the library takes it where the part does not say."""
    parts = {}
    for key, part_class in config_class.sub_configs.items():
        part = getattr(made, key, None)
        model_type = getattr(part, "model_type", "") or getattr(part_class, "model_type", "")
        if key in TEXT_PARTS and model_type:
            parts[key] = model_type
    return parts


def describe(config_class, names):
    model_type = config_class.model_type
    if model_type in OTHER_VOCABULARY:
        return {"otherVocabulary": True}
    entry = {}
    if model_type in KEYS_OF:
        entry["keys"] = KEYS_OF[model_type]
    if model_type in SIZE_KEY:
        entry["sizeKey"] = SIZE_KEY[model_type]
    if model_type in OTHER_PARTS_OF:
        entry["otherParts"] = OTHER_PARTS_OF[model_type]
    if aliases := {a: b for a, b in config_class.attribute_map.items() if kind_of(a) not in (None, "other")}:
        entry["aliases"] = aliases
    made = made_of(config_class)
    parts = parts_of(config_class, made)
    defaults, sizes, required = {}, {}, []
    for field in dataclasses.fields(config_class):
        key = field.name
        kind = KEYS_OF.get(model_type, {}).get(key, kind_of(key))
        if kind in (None, "other"):
            continue
        if kind in ROLES and "None" not in str(field.type):
            required.append(key)
        # some defaults are set after the fields (GLM's eos); with parts, those may be taken from a part
        value = as_default(getattr(config_class, key, None) if parts or made is None else getattr(made, key, None))
        if value is None:
            continue
        # of two names for one value the library keeps the one that the other stands for
        key = entry.get("aliases", {}).get(key, key)
        if kind in (*ROLES, "id", "suppressed"):
            defaults[key] = value
        elif kind in ("size", "layerSize") and key != SIZE_KEY.get(model_type, "vocab_size"):
            sizes[key] = value
    if defaults:
        entry["defaults"] = dict(sorted(defaults.items()))
    if required:
        entry["required"] = required
    if sizes:
        entry["defaultSizes"] = sizes
    if parts and SIZE_KEY.get(model_type, "vocab_size") not in names:
        entry["hasNoSize"] = True
    if parts:
        entry["parts"] = parts
    return entry


def main(path: Path) -> None:
    keys, entries, undecided, part_keys = {}, {}, {}, set()
    classes = list(config_classes())

    def look_at(key, where):
        if not LOOKS.search(key) and kind_of(key) is None:
            return
        kind = kind_of(key)
        if kind is None:
            undecided.setdefault(key, where)
        else:
            keys[key] = kind

    for config_class in classes:
        names = sorted({field.name for field in dataclasses.fields(config_class)})
        for key in [*names, *config_class.attribute_map]:
            look_at(key, config_class.__name__)
        part_keys |= set(config_class.sub_configs)
        # some classes share a model type with those of a part; the one that is registered decides
        if config_class.model_type and (
            config_class.model_type not in entries or config_class.__name__ == CONFIG_MAPPING_NAMES.get(config_class.model_type)
        ):
            entries[config_class.model_type] = describe(config_class, names)
    for model_type, config_class in CONFIG_MAPPING.items():  # a few types are other names of a class
        if model_type not in entries:
            entries[model_type] = describe(config_class, {field.name for field in dataclasses.fields(config_class)})
    for key in GenerationConfig().to_dict():
        look_at(key, "GenerationConfig")
    for key in keys_in_code():
        look_at(key, "code")
    for key, kind in KEYS.items():
        keys.setdefault(key, kind)
    if undecided:
        sys.exit(f"decide what these are: {undecided}")
    data = {
        "keys": dict(sorted(keys.items())),
        "otherParts": sorted(part_keys - set(TEXT_PARTS)),
        # what has neither ids nor a size of its own is known all the same: no text part is made up for it
        "modelTypes": dict(sorted(entries.items())),
    }
    path.write_text(one_line_each(data))
    print(f"{len(classes)} config classes of {len(entries)} model types, {len(keys)} keys, "
          f"{sum(kind != 'other' for kind in keys.values())} of them ids or sizes of the text vocabulary")


def one_line_each(data) -> str:
    """JSON with a line per key and model type, so that a difference between two library versions can be read."""
    def block(entries):
        return "{\n" + ",\n".join(f"    {json.dumps(name)}: {json.dumps(entry)}" for name, entry in entries.items()) + "\n  }"
    return (
        "{\n" + f'  "keys": {block(data["keys"])},\n' + f'  "otherParts": {json.dumps(data["otherParts"])},\n'
        + f'  "modelTypes": {block(data["modelTypes"])}\n' + "}\n"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
