"""
Opens folders of every tokenizer class of transformers 5.18 with AutoTokenizer and writes down what comes out, for
tokenizer-readings.mjs to compare with what revocab reads.

    python tools/oracle/tokenizer-readings.py WORK
    python tools/oracle/tokenizer-readings.py --fixture packages/vocabulary/test/fixtures/tokenizer-readings.json
    node tools/oracle/tokenizer-readings.mjs WORK

Each class gets a small vocabulary that any of them can use, saved by the class itself, and the same folder as older versions
and other programs leave it: other components in tokenizer.json, tokens that stand in a config alone, switches turned. With
`--edited` the folders that revocab extended and pruned are opened beside their sources.
"""

import inspect
import json
import os
import shutil
import sys
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
import transformers
from transformers import AutoTokenizer
from transformers.models.auto import tokenization_auto as auto
from transformers.tokenization_utils_tokenizers import TokenizersBackend

TEXTS = [
    "the dog ran",
    " The  Dog ran far ",
    "Ünïcödé CAFÉ ﬁne ½ 12345",
    "你好 हिन्दी\n\tthe\r\n",
    "the<unk>dog</s> <mask> far<s>",
    "[CLS] the [MASK] dog[SEP] <|endoftext|> <extra_id_0> x",
    "``the'' dog's  can't <|new|> <|im_start|>far<pad>",
    "a",
    "",
]
PAIRS = [("the dog", "ran far"), ("Café <unk>", " the")]
WORDS = ["the", "dog", "ran", "far", "he", "an", "ar", "in", "er", "on"]
SPECIALS = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "[CLS]", "[SEP]", "[PAD]", "[UNK]", "[MASK]", "<|endoftext|>"]


def main(work):
    classes = json.loads(
        (Path(__file__).parents[2] / "packages/vocabulary/src/reference/tokenizer-classes.json").read_text()
    )["classes"]
    shutil.rmtree(work, ignore_errors=True)
    left = {}
    for name, described in classes.items():
        if described["backend"] != "tokenizers":
            continue
        cls = auto.tokenizer_class_from_name(name)
        for variant, make in VARIANTS.items():
            folder = work / f"{name}-{variant}"
            try:
                make(cls, folder)
                observe(folder)
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt):
                    raise
                left[folder.name] = f"{type(error).__name__}: {str(error)[:100]}"
                (folder / "refused.txt").write_text(left[folder.name]) if folder.exists() else None
    print(len(list(work.glob("*/observed.json"))), "folders;", len(left), "that the library cannot make or open itself")
    for name, why in left.items():
        print("  ", name, why)


def vocabulary(cls):
    parameters = inspect.signature(cls.__init__).parameters if cls is not TokenizersBackend else {}
    own = [p.default for n, p in parameters.items() if n.endswith("_token") and isinstance(p.default, str)]
    pieces = list(dict.fromkeys(SPECIALS + own + ["ro_RO", "en_XX", "eng_Latn", "__eng__", "__fra__"]))
    characters = [chr(c) for c in range(33, 127)]
    model = cls.model.__name__ if getattr(cls, "model", None) else ("BPE" if cls is TokenizersBackend else "Unigram")
    if model == "WordPiece":
        pieces += characters + ["##" + c for c in characters] + WORDS + ["##" + w for w in WORDS] + ["你", "好", "é", "##é", "ü"]
        return {"vocab": {p: i for i, p in enumerate(dict.fromkeys(pieces))}}
    if model == "Unigram":
        listed = [(p, 0.0) for p in pieces] + [("▁", -2.0)]
        listed += [(w, -3.0 - i / 10) for i, w in enumerate(WORDS)] + [("▁" + w, -2.5 - i / 10) for i, w in enumerate(WORDS)]
        listed += [(c, -6.0 - i / 100) for i, c in enumerate(characters + ["é", "ü", "你", "½", "1/2"]) if c not in pieces]
        return {"vocab": list(dict(listed).items())}
    alphabet = list(bytes_to_unicode().values())
    pieces += alphabet + ["▁", "\n"] + [c + "</w>" for c in characters] + [f"<0x{b:02X}>" for b in range(256)]
    merges = []
    for word in WORDS:
        for start in ("", "Ġ", "▁"):
            symbols = ([start] if start else []) + list(word)
            left = symbols[0]
            for right in symbols[1:]:
                merges.append((left, right))
                left += right
                pieces.append(left)
    merges = list(dict.fromkeys(merges))
    return {"vocab": {p: i for i, p in enumerate(dict.fromkeys(pieces))}, "merges": merges}


def bytes_to_unicode():
    from transformers.convert_slow_tokenizer import bytes_to_unicode as table

    return table()


def saved(cls, folder, **settings):
    extra = {"tags_dict": {"a": 0}} if "tags_dict" in inspect.signature(cls.__init__).parameters else {}
    if "entity_vocab" in inspect.signature(cls.__init__).parameters:
        extra["entity_vocab"] = {"[UNK]": 0, "[PAD]": 1, "[MASK]": 2, "[MASK2]": 3}
    tokenizer = cls(**vocabulary(cls), **extra, **settings)
    tokenizer.save_pretrained(folder)
    return tokenizer


def changed(folder, name, change):
    path = folder / name
    value = json.loads(path.read_text()) if path.exists() else {}
    change(value)
    path.write_text(json.dumps(value, ensure_ascii=False))


def by_itself(cls, folder):
    saved(cls, folder)


def older(cls, folder):
    """Components of another program, special tokens in their own file, a token in added_tokens.json alone."""
    saved(cls, folder)

    def components(document):
        document["normalizer"] = {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]}
        document["pre_tokenizer"] = None
        document["post_processor"] = {
            "type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "<s>", "type_id": 1}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [next(t["id"] for t in document["added_tokens"] if t["content"] == "<s>") if any(t["content"] == "<s>" for t in document["added_tokens"]) else 0], "tokens": ["<s>"]}},
        }

    def config(value):
        for key in [k for k in value if k.endswith("_token") and isinstance(value[k], str)]:
            tokens[key] = {"content": value.pop(key), "lstrip": False, "normalized": True, "rstrip": False, "single_word": False}
        value["add_bos_token"] = True
        value["model_max_length"] = 77

    tokens = {}
    changed(folder, "tokenizer.json", components)
    changed(folder, "tokenizer_config.json", config)
    changed(folder, "special_tokens_map.json", lambda value: value.update(tokens))
    changed(folder, "added_tokens.json", lambda value: value.update({"<|im_start|>": 9000}))


def switched(cls, folder):
    """Every switch turned, tokens under numbers in the config, one of them at the id of another."""
    saved(cls, folder)
    parameters = inspect.signature(cls.__init__).parameters

    def config(value):
        for name, parameter in parameters.items():
            if isinstance(parameter.default, bool) and not name.startswith("add_bos"):
                value[name] = not parameter.default
        if "strip_accents" in parameters:
            value["strip_accents"] = True
        if "legacy" in parameters:
            value["legacy"] = True
        if "src_lang" in parameters and "Nllb" not in cls.__name__:
            value["src_lang"] = "ro_RO" if "MBart" in cls.__name__ else "fra"
        value["padding_side"] = "left"
        value["added_tokens_decoder"] = {
            "5": {"content": "sop", "lstrip": True, "normalized": False, "rstrip": False, "single_word": False, "special": True},
            "9001": {"content": "<|im_start|>", "lstrip": False, "normalized": False, "rstrip": True, "single_word": False, "special": False},
            "9000": {"content": "the dog", "lstrip": False, "normalized": True, "rstrip": False, "single_word": True, "special": False},
            "3": {"content": "<unk>", "lstrip": False, "normalized": True, "rstrip": False, "single_word": False, "special": True},
        }
        value["additional_special_tokens"] = ["<|new|>", "far"]

    changed(folder, "tokenizer_config.json", config)


def of_a_model(cls, folder):
    """Beside a config.json, without a tokenizer_config.json: the model type decides."""
    saved(cls, folder)
    types = [key for key, value in auto.TOKENIZER_MAPPING_NAMES.items() if value and auto.tokenizer_class_from_name(value) is cls and key in auto.CONFIG_MAPPING_NAMES] if cls is not TokenizersBackend else []
    (folder / "config.json").write_text(json.dumps({"model_type": types[0] if types else "opt"}))
    os.remove(folder / "tokenizer_config.json")


def of_qwen(cls, folder):
    """Beside a config.json whose model type has a class of its own, whatever is named."""
    saved(cls, folder)
    (folder / "config.json").write_text(json.dumps({"model_type": "qwen2"}))


VARIANTS = {"saved": by_itself, "older": older, "switched": switched, "typed": of_a_model, "qwen2": of_qwen}


def observe(folder):
    (folder / "observed.json").write_text(json.dumps(observed(folder), ensure_ascii=False))


def observed(folder, trust=False):
    tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=trust)
    backend = tokenizer.backend_tokenizer
    encode = lambda *texts: backend.encode(*texts, add_special_tokens=True)
    backend.no_truncation()
    backend.no_padding()
    result = {
        "class": type(tokenizer).__name__,
        "paddingSide": tokenizer.padding_side,
        "truncationSide": tokenizer.truncation_side,
        "modelInputNames": tokenizer.model_input_names,
        "modelMaxLength": tokenizer.model_max_length if tokenizer.model_max_length < 1e20 else None,
        "size": max(tokenizer.get_vocab().values()) + 1,
        "vocabulary": tokenizer.get_vocab(),
        "named": {key: str(value) for key, value in tokenizer.special_tokens_map.items()},
        "texts": [],
        "pairs": [],
    }
    for text in TEXTS:
        encoding = encode(text)
        result["texts"].append({"text": text, "ids": encoding.ids, "types": encoding.type_ids, "decoded": backend.decode(encoding.ids, skip_special_tokens=False)})
    for pair in PAIRS:
        encoding = encode(*pair)
        result["pairs"].append({"pair": pair, "ids": encoding.ids, "types": encoding.type_ids})
    # Last, as some classes remember the language of a call.
    for text, seen in zip(TEXTS, result["texts"]):
        try:
            called = tokenizer(text)["input_ids"]
        except Exception:
            continue  # classes that want boxes or entities
        if called != seen["ids"]:
            result["callDiffers"] = True  # the class puts more around a text than its backend does
    return result


def fixture(path):
    """A few strings for every class around three vocabularies, for the tests of the vocabulary package."""
    import tempfile

    classes = json.loads(
        (Path(__file__).parents[2] / "packages/vocabulary/src/reference/tokenizer-classes.json").read_text()
    )["classes"]
    readable = {name: auto.tokenizer_class_from_name(name) for name, described in classes.items() if described["backend"] == "tokenizers"}
    own = {}
    for cls in readable.values():
        if cls is not TokenizersBackend:
            for name, parameter in inspect.signature(cls.__init__).parameters.items():
                if name.endswith("_token") and isinstance(parameter.default, str):
                    own[parameter.default] = None
    pieces = list(dict.fromkeys(SPECIALS + list(own) + ["ro_RO", "en_XX", "eng_Latn", "__eng__", "__fra__"]))
    characters = sorted(set("the Dog ran far Café ½ x ` ' ..sopnw"))
    characters.remove(" ")
    alphabet = [bytes_to_unicode()[byte] for byte in sorted(set(" \n".join(FIXTURE_TEXTS + ["½ 2⁄é"]).encode()))]
    merges = [("t", "h"), ("th", "e"), ("▁", "the"), ("Ġ", "the"), ("d", "o"), ("do", "g"), ("f", "a"), ("fa", "r")]
    merged = [a + b for a, b in merges]
    vocabularies = {
        "BPE": {"vocab": {p: i for i, p in enumerate(dict.fromkeys(pieces + alphabet + characters + ["▁", "g", "h", "t", "d"] + merged))}, "merges": merges},
        "WordPiece": {"vocab": {p: i for i, p in enumerate(dict.fromkeys(pieces + characters + ["##" + c for c in characters] + merged))}},
        "Unigram": {"vocab": [[p, 0.0] for p in pieces] + [["▁", -2.0]] + [[p, -3.0 - i / 8] for i, p in enumerate(m for m in merged if "Ġ" not in m)] + [[c, -6.0 - i / 8] for i, c in enumerate(characters)]},
    }
    added = [{"id": i, "content": p, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True} for i, p in enumerate(SPECIALS)]
    components = {
        "normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]},
        "pre_tokenizer": None,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [0], "tokens": ["<s>"]}},
        },
        "decoder": None,
    }
    models = {
        "BPE": {"type": "BPE", "fuse_unk": False, "byte_fallback": False, **vocabularies["BPE"]},
        "WordPiece": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, **vocabularies["WordPiece"]},
        "Unigram": {"type": "Unigram", "unk_id": 3, "byte_fallback": False, **vocabularies["Unigram"]},
    }
    documents = {name: {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added, **components, "model": model} for name, model in models.items()}
    expected = {}
    for name, cls in readable.items():
        model = classes[name].get("rebuild", {}).get("model", "BPE")
        parameters = inspect.signature(cls.__init__).parameters if cls is not TokenizersBackend else {}
        turned = {n: not p.default for n, p in parameters.items() if isinstance(p.default, bool) and not n.startswith("add_bos")}
        names = [value for value in cls.model_input_names if value != "token_type_ids" or name != "CodeGenTokenizer"]
        for variant, config in {"plain": {}, "turned": {**turned, **FIXTURE_CONFIG}}.items():
            config = {"tokenizer_class": name, **config}
            if "entity_vocab" in parameters or "tags_dict" in parameters:
                continue  # classes that want files of their own
            with tempfile.TemporaryDirectory() as folder:
                (Path(folder) / "tokenizer.json").write_text(json.dumps(documents[model], ensure_ascii=False))
                (Path(folder) / "tokenizer_config.json").write_text(json.dumps(config))
                try:
                    cls.model_input_names = list(names)  # CodeGen's adds to the list of the class
                    tokenizer = AutoTokenizer.from_pretrained(folder)
                except BaseException as error:
                    print("left out", name, variant, str(error)[:80])
                    continue
            tokenizer.backend_tokenizer.no_truncation()
            tokenizer.backend_tokenizer.no_padding()
            encodings = [tokenizer.backend_tokenizer.encode(*([t] if isinstance(t, str) else t)) for t in FIXTURE_TEXTS + [FIXTURE_PAIR]]
            expected[f"{name} {variant}"] = {
                "model": model,
                **({"switches": turned} if turned and variant == "turned" else {}),
                "size": max(tokenizer.get_vocab().values()) + 1,
                "sides": [tokenizer.padding_side, tokenizer.truncation_side],
                "inputs": tokenizer.model_input_names,
                "length": tokenizer.model_max_length if tokenizer.model_max_length < 1e20 else None,
                "ids": [e.ids for e in encodings],
                "types": encodings[-1].type_ids,
            }
    lines = ",\n".join(f"    {json.dumps(k)}: {json.dumps(v, ensure_ascii=False, separators=(',', ':'))}" for k, v in expected.items())
    documents = ",\n".join(f"    {json.dumps(k)}: {json.dumps(v, ensure_ascii=False, separators=(',', ':'))}" for k, v in documents.items())
    made = f"tools/oracle/tokenizer-readings.py --fixture with transformers {transformers.__version__}"
    texts = json.dumps(FIXTURE_TEXTS, ensure_ascii=False)
    path.write_text(f'{{\n  "madeBy": "{made}",\n  "texts": {texts},\n  "pair": {json.dumps(FIXTURE_PAIR)},\n  "turned": {json.dumps(FIXTURE_CONFIG)},\n  "documents": {{\n{documents}\n  }},\n  "expected": {{\n{lines}\n  }}\n}}\n', encoding="utf-8")
    print(len(expected), "readings,", path.stat().st_size, "bytes")


FIXTURE_TEXTS = ["the  Dog<unk></s>far", " Café ½ ``x'\n[MASK] sop<|new|>"]
FIXTURE_CONFIG = {
    "added_tokens_decoder": {"1": {"content": "sop", "lstrip": True, "normalized": False, "rstrip": False, "single_word": False, "special": True}},
    "pad_token": "<|new|>",
}
FIXTURE_PAIR = ["the dog", "far"]

def models(work, paths):
    """Folders with a SentencePiece model and no tokenizer.json, as the classes that read one take it apart."""
    shutil.rmtree(work, ignore_errors=True)
    settings = {"add_bos_token": True, "add_eos_token": True, "legacy": True, "add_prefix_space": False, "extra_special_tokens": ["<|new|>"]}
    for path in map(Path, paths):
        for name in MODEL_CLASSES:
            cls = auto.tokenizer_class_from_name(name)
            for variant, more in enumerate(({}, settings)):
                folder = work / f"{path.stem}-{name}-{variant}"
                folder.mkdir(parents=True)
                shutil.copy(path, folder / (cls.vocab_files_names.get("vocab_file") or "tokenizer.model"))
                (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": name, **more}))
                try:
                    observe(folder)
                except BaseException as error:
                    (folder / "refused.txt").write_text(f"{type(error).__name__}: {str(error)[:100]}")


MODEL_CLASSES = ["LlamaTokenizer", "PreTrainedTokenizerFast", "GemmaTokenizer", "AlbertTokenizer", "DebertaV2Tokenizer", "CodeLlamaTokenizer", "XLNetTokenizer", "RemBertTokenizer", "BarthezTokenizer"]

if __name__ == "__main__":
    if sys.argv[1] == "--models":
        models(Path(sys.argv[2]), sys.argv[3:])
    elif sys.argv[1] == "--fixture":
        fixture(Path(sys.argv[2]))
    else:
        main(Path(sys.argv[1]))
