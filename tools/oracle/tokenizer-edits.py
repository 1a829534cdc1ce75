"""
Opens the folders that tokenizer-edits.mjs wrote beside their sources, and compares what AutoTokenizer does with both.

    python tools/oracle/tokenizer-edits.py WORK

Token by token, as ids move when tokens are pruned: texts, pairs, a padded batch, what is decoded, all settings and keys of
tokenizer_config.json, and the prompts and language prefixes that the class builds.
"""

import importlib.util
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
from transformers import AutoTokenizer

spec = importlib.util.spec_from_file_location("readings", Path(__file__).parent / "tokenizer-readings.py")
readings = importlib.util.module_from_spec(spec)
spec.loader.exec_module(readings)
TEXTS = [text for text in readings.TEXTS if "[ENT]" not in text]
NUMBERED = {"added_tokens_decoder", "additional_special_tokens", "extra_special_tokens"}


def main(work):
    right, wrong = 0, 0
    for folder in sorted(path for path in work.iterdir() if (path / "observed.json").exists()):
        for edit in ("extended", "pruned"):
            out = folder / edit
            if not (out / "tokenizer.json").exists():
                continue
            try:
                problems = compare(folder, out, edit)
            except Exception as error:
                problems = [f"{type(error).__name__}: {str(error)[:150]}"]
            right, wrong = right + (not problems), wrong + bool(problems)
            if problems:
                print(folder.name, edit, *problems[:3], sep="\n    ")
    print(right, "right;", wrong, "wrong")


def compare(folder, out, edit):
    source, result = (AutoTokenizer.from_pretrained(path) for path in (folder, out))
    problems = []

    def same(what, before, after):
        if before != after:
            problems.append(f"{what}: {after} instead of {before}")

    same("class", type(source).__name__, type(result).__name__)
    for key in ("padding_side", "truncation_side", "model_input_names", "model_max_length", "special_tokens_map"):
        same(key, getattr(source, key), getattr(result, key))
    if (folder / "tokenizer_config.json").exists():
        before, after = (json.loads((path / "tokenizer_config.json").read_text()) for path in (folder, out))
        for key, value in before.items():
            if key not in NUMBERED:
                same(f"key {key}", value, after.get(key))
    vocabulary, edited = source.get_vocab(), result.get_vocab()
    if edit == "extended":
        same("vocabulary", {**vocabulary, "[ENT]": max(vocabulary.values()) + 1}, edited)
        same("[ENT]", [edited["[ENT]"]], [i for i in result.backend_tokenizer.encode("x [ENT] y").ids if i == edited["[ENT]"]])
    else:
        same("order", [t for t in sorted(vocabulary, key=vocabulary.get) if t in edited], sorted(edited, key=edited.get))
    special = {t.content: t.special for t in source.added_tokens_decoder.values()}
    same("added tokens", special, {t.content: t.special for t in result.added_tokens_decoder.values() if t.content != "[ENT]"})
    names = lambda tokenizer, ids: [tokenizer.convert_ids_to_tokens(int(i)) for i in ids]
    for texts in [(text,) for text in TEXTS] + list(readings.PAIRS):
        before, after = (t.backend_tokenizer.encode(*texts, add_special_tokens=True) for t in (source, result))
        same(f"tokens of {texts}", before.tokens, after.tokens)
        same(f"types of {texts}", before.type_ids, after.type_ids)
        same(f"text of {texts}", source.decode(before.ids), result.decode(after.ids))
        same(f"bare text of {texts}", source.decode(before.ids, skip_special_tokens=True), result.decode(after.ids, skip_special_tokens=True))
    if source.pad_token is not None:
        try:
            before = source(["the dog ran", "a"], padding=True)
        except Exception:
            before = None  # a class that wants boxes or entities
        if before is not None:
            after = result(["the dog ran", "a"], padding=True)
            for key in before:
                value = lambda t, batch: [names(t, row) for row in batch[key]] if key == "input_ids" else batch[key]
                same(f"batch {key}", value(source, before), value(result, after))
    prompts(source, result, same, names)
    return problems


def prompts(source, result, same, names):
    for language in ("ro_RO", "en_XX", "eng_Latn", "fra"):
        if not hasattr(source, "set_src_lang_special_tokens"):
            break
        for method in ("set_src_lang_special_tokens", "set_tgt_lang_special_tokens"):
            try:
                getattr(source, method)(language)
            except Exception:
                continue
            getattr(result, method)(language)
            before, after = (t.backend_tokenizer.encode("the dog").tokens for t in (source, result))
            same(f"{method} {language}", before, after)
    if hasattr(source, "set_prefix_tokens"):
        for timestamps in (True, False):
            for tokenizer in (source, result):
                tokenizer.set_prefix_tokens(predict_timestamps=timestamps)
            same("prefix", names(source, source.prefix_tokens), names(result, result.prefix_tokens))
    if hasattr(source, "get_sentinel_tokens"):
        try:
            before = sorted(source.get_sentinel_tokens())
        except AttributeError:
            return  # Lasr's fails in every folder
        same("sentinels", before, sorted(result.get_sentinel_tokens()))


main(Path(sys.argv[1]))
