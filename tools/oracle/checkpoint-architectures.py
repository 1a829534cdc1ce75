"""Fills `modelTypes` of packages/checkpoint/src/architectures.json from the reference library.

    python tools/oracle/checkpoint-architectures.py packages/checkpoint/src/architectures.json

The layouts are written by hand. For each model_type with a language-model head this finds the layout that has the
library's tied names, and the library's default of `tie_word_embeddings`. What is written by hand in an entry (`layout`
under HAND_WRITTEN, `untieForbidden`, `unsupported`) is in this file. Needs torch and transformers 5.
"""

import json
import re
import sys
import warnings
from pathlib import Path

import transformers as hf
from transformers.models.auto import modeling_auto as auto
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

warnings.filterwarnings("ignore")
hf.logging.set_verbosity_error()

HEADS = [
    auto.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES,
    auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES,
    auto.MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING_NAMES,
]
# Files have other names than the classes (the library renames them while it loads), or the class ties nothing.
HAND_WRITTEN = {
    "gpt_neox": "gpt_neox", "gptj": "gpt2", "codegen": "gpt2", "bigbird_pegasus": "bart", "fuyu": "nested",
    "t5": "t5", "mt5": "t5", "umt5": "t5", "longt5": "t5", "switch_transformers": "t5", "whisper": "whisper",
    "opt": "opt", "deberta": "deberta", "deberta-v2": "deberta", "camembert": "roberta",
    "gemma3n_text": "decoder", "marian": "bart", "mllama": "nested", "mobilebert": "bert",
    "idefics": "decoder", "funnel": "funnel", "modernbert-decoder": "modernbert", "t5gemma": "t5gemma", "ctrl": "ctrl",
    "git": "git", "prophetnet": "prophetnet", "led": "led", "fsmt": "bart", "cohere_asr": "cohere_asr",
    "cpmant": "decoder", "florence2": "florence2",
}
UNTIE_FORBIDDEN = {
    name: "a tied model of this family scales the hidden state by d_model^-0.5 before the head, an untied one does not"
    for name in ["t5", "mt5", "umt5", "longt5", "udop", "switch_transformers"]
}
# Their configs say that the head is tied whatever the file holds (configuration_t5.py).
TIED_BY_CONTENT = ["t5", "mt5", "umt5", "longt5", "udop"]
UNSUPPORTED = {
    "mobilebert": "a part of its head is stored transposed (cls.predictions.dense)",
    "mllama": "its input table has 8 rows more than its head",
    "idefics": "the rows of its added tokens are tables of their own",
    "cpmant": "its input table holds the rows of prompts behind those of tokens",
    "fsmt": "its source and target languages have a vocabulary each",
    "diffusion_gemma": "its encoder and decoder share their layers",
}
# Not the library's: a table of static embeddings (model2vec, sentence-transformers), and a model that comes with its own code.
OTHERS = {"model2vec": {"layout": "model2vec", "tied": False}, "minicpm": {"layout": "decoder", "tied": True}}


def names_match(pattern: str, name: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", r"[^.]+"), name) is not None


def find_layout(layouts, tied):
    for target, source in tied.items():
        for name, entries in layouts.items():
            for entry in entries:
                outputs, inputs = entry.get("output", []), entry["input"]
                if target in outputs and any(names_match(pattern, source) for pattern in inputs):
                    return name
    return None


def describe(model_type, layouts):
    config_class = CONFIG_MAPPING[model_type]
    config = config_class()
    class_name = next((names[model_type] for names in HEADS if model_type in names), None)
    class_name = class_name[0] if isinstance(class_name, (tuple, list)) else class_name
    model_class = getattr(hf, class_name)
    tied = getattr(model_class, "_tied_weights_keys", None) or {}
    layout = HAND_WRITTEN.get(model_type) or find_layout(layouts, tied)
    if layout is None:
        return None, tied
    entry = {"layout": layout, "tied": bool(getattr(config, "tie_word_embeddings", True))}
    if model_type in UNSUPPORTED:
        entry["unsupported"] = UNSUPPORTED[model_type]
    if model_type in TIED_BY_CONTENT:
        entry["tiedByContent"] = True
    if model_type in UNTIE_FORBIDDEN:
        entry["untieForbidden"] = UNTIE_FORBIDDEN[model_type]
    return entry, tied


def one_line_each(data) -> str:
    """JSON with a line per model type, so that a difference between two library versions can be read."""
    lines = [f"    {json.dumps(name)}: {json.dumps(entry)}" for name, entry in data["modelTypes"].items()]
    head, tail = json.dumps({**data, "modelTypes": "MODEL_TYPES"}, indent=2).split('"MODEL_TYPES"')
    return head + "{\n" + ",\n".join(lines) + "\n  }" + tail


def main(path: Path) -> None:
    data = json.loads(path.read_text())
    entries = {}
    for model_type in sorted({name for names in HEADS for name in names}):
        try:
            entry, tied = describe(model_type, data["layouts"])
        except Exception as error:  # A config that needs a network or another package.
            print(f"skipped {model_type}: {str(error)[:80]!r}", file=sys.stderr)
            continue
        if entry is None:
            print(f"no layout for {model_type}: {tied}", file=sys.stderr)
        else:
            entries[model_type] = entry
    data["modelTypes"] = dict(sorted({**entries, **OTHERS}.items()))
    path.write_text(one_line_each(data) + "\n")
    print(f"{len(entries)} model types", file=sys.stderr)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
