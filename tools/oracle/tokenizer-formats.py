"""What the reference library makes of vocab.json and merges.txt, or of vocab.txt, for every tokenizer class.

    python tools/oracle/tokenizer-formats.py

Writes the folders of packages/vocabulary/test/fixtures/formats/folders.json, with the tokenizer and the ids that AutoTokenizer
makes of them: each class as it is, and with every setting that matters turned. What is read by is the table of
tokenizer-classes.py. Needs transformers 5.18.
"""

import hashlib
import inspect
import itertools
import json
import os
import tempfile
import warnings
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
warnings.filterwarnings("ignore")
import transformers
from transformers.convert_slow_tokenizer import SLOW_TO_FAST_CONVERTERS, bytes_to_unicode
from transformers.models.auto import tokenization_auto as auto
from transformers.tokenization_utils_tokenizers import TokenizersBackend

transformers.logging.set_verbosity_error()

PACKAGE = Path(__file__).resolve().parents[2] / "packages/vocabulary"
ROLES = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"]
MARKED = {role: f"<{role}!>" for role in ROLES}
#: Tokens that a class puts around texts by their strings.
NAMED = {"WhisperTokenizer": ["<|startoftranscript|>", "<|notimestamps|>"]}
#: Settings whose value is true, false or not given, in any class.
SETTINGS = [
    "add_prefix_space", "trim_offsets", "do_lower_case", "strip_accents", "tokenize_chinese_chars", "clean_text",
    "add_bos_token", "add_eos_token",
]
#: Classes that need more than the vocabulary, so that it alone does not say what they do.
LEFT_OUT = {
    "LukeTokenizer": "reads entity_vocab.json", "MarkupLMTokenizer": "needs tags_dict",
    "RoFormerTokenizer": "cuts with jieba", "SplinterTokenizer": "puts a question token into pairs",
}
PARTS = ["normalizer", "pre_tokenizer", "post_processor", "decoder"]
MERGES = [
    ("t", "h"), ("th", "e"), ("Ġ", "the"), ("Ġ", "c"), ("a", "t"), ("Ġc", "at"), ("Ġ", "Ġ"), ("Ã", "©"), ("1", "2"),
    ("'", "s"), ("t", "h</w>"), ("a", "t</w>"), ("c", "at</w>"), ("th", "e</w>"), ("Ċ", "Ċ"), ("Ġ", "t"), ("H", "e"),
]
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,!?'-$éñ日本語"
PIECES = {
    "vocab.json": list(dict.fromkeys([x for c in sorted(bytes_to_unicode().values()) for x in (c, c + "</w>")] + list(map("".join, MERGES)))),
    "vocab.txt": [*LETTERS, *("##" + c for c in LETTERS), "the", "cat", "##at", "##ing", "hello", "cafe", "café"],
}
TEXTS = [
    "", " ", "the cat", " the cat", "The CAT sat.", "the  cat   the", "line\nline\r\n\r\n  end ", "\tthe\u00a0cat\u3000", "café cafe\u0301 CAFÉ",
    "it's We'll 'S I'VE", "12 123 1234 ½ ² ٣", "日本語の文 한국어", "Ａ１ ﬁne ß İ", "👍🏽👩‍👩‍👧 1️⃣", "a\u200bb\ufeff\u0001", "$1,234.56!?...", "hello-hello (the)",
    "the <mask> cat", "<mask_token!> x<s>", "x </s>\n<|endoftext|> [SEP]", "<extra> y <late> z",
]
PAIRS = [("the cat", "12 the"), ("", "x"), ("a", "")]


def main():
    classes = {c: names for c, names in all_classes().items() if kind_of(c) and c.__name__ not in LEFT_OUT}
    table = {c.__name__: describe(c) for c in sorted(classes, key=lambda c: c.__name__)}
    write_folders(table)
    print(f"{len(table)} classes under {sum(len({*names, c.__name__}) for c, names in classes.items())} names")


def all_classes():
    names = {name for name in auto.TOKENIZER_MAPPING_NAMES.values() if name} | set(SLOW_TO_FAST_CONVERTERS)
    names |= {name for name in dir(transformers) if name.endswith(("Tokenizer", "TokenizerFast"))}
    classes = {}
    for name in sorted(names):
        try:
            found = auto.tokenizer_class_from_name(name)
            found.vocab_files_names
        except (ImportError, AttributeError, ValueError):
            continue
        if inspect.isclass(found):
            classes.setdefault(found, []).append(name)
    return classes


def kind_of(tokenizer_class):
    files = tokenizer_class.vocab_files_names
    if not issubclass(tokenizer_class, TokenizersBackend):
        return None
    if files.get("vocab_file") == "vocab.json" and files.get("merges_file") == "merges.txt":
        return "vocab.json"
    return "vocab.txt" if files.get("vocab_file") == "vocab.txt" else None


def describe(tokenizer_class):
    plain = open_class(tokenizer_class, [], {})
    defaults = {role: str(token) for role in ROLES if (token := getattr(plain, role)) is not None}
    named = NAMED.get(tokenizer_class.__name__, [])
    tokens = list(dict.fromkeys([*MARKED.values(), *defaults.values(), *named]))
    return {"file": kind_of(tokenizer_class), "tokens": defaults, "settings": settings_that_matter(tokenizer_class, tokens)}


def settings_that_matter(tokenizer_class, tokens):
    """Which change anything, with the value that a setting has when it is not given; None where that is neither."""
    plain = components_of(open_class(tokenizer_class, tokens, MARKED))
    absent = {}
    for name in SETTINGS:
        results = {}
        for value in (False, True):
            try:
                results[value] = components_of(open_class(tokenizer_class, tokens, {**MARKED, name: value}))
            except TypeError:
                results[value] = "refused"
        if results[False] == plain and results[True] == plain:
            continue
        absent[name] = next((value for value in (False, True) if results[value] == plain), None)
    # "Not given" must be the same as that value whatever the others are.
    for values in itertools.product([False, True], repeat=len(absent)):
        config = {**MARKED, **dict(zip(absent, values))}
        for name in absent:
            given = {**config, name: absent[name]}
            if absent[name] is not None and components_of(open_class(tokenizer_class, tokens, without(config, name))) != components_of(
                open_class(tokenizer_class, tokens, given)
            ):
                absent[name] = None
    return absent


def without(config, name):
    return {key: value for key, value in config.items() if key != name}


def open_class(tokenizer_class, tokens, config):
    with tempfile.TemporaryDirectory() as name:
        write_vocabulary(Path(name), kind_of(tokenizer_class), tokens)
        (Path(name) / "tokenizer_config.json").write_text(json.dumps(config))
        return tokenizer_class.from_pretrained(name)


def write_vocabulary(folder, kind, tokens):
    pieces = list(dict.fromkeys([*tokens, *PIECES[kind]]))
    if kind == "vocab.txt":
        (folder / "vocab.txt").write_text("".join(piece + "\n" for piece in pieces))
        return
    (folder / "vocab.json").write_text(json.dumps({piece: id for id, piece in enumerate(pieces)}))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in MERGES))


def document_of(tokenizer):
    return json.loads(tokenizer.backend_tokenizer.to_str())


def components_of(tokenizer):
    document = document_of(tokenizer)
    model = {key: value for key, value in document["model"].items() if key not in ("vocab", "merges")}
    return {**{part: document[part] for part in PARTS}, "model": model}


def write_folders(table):
    """Folders as they are published, and what AutoTokenizer makes of them."""
    folders = []
    for name, entry in table.items():
        names = NAMED.get(name, [])
        own = list(dict.fromkeys([*entry["tokens"].values(), *names]))
        marked = list(dict.fromkeys([*own, *MARKED.values()]))
        folders.append((f"{name} as it is", entry["file"], own, {"tokenizer_config.json": {"tokenizer_class": name}}))
        for setting in entry["settings"]:
            for value in (True, False):
                config = {"tokenizer_class": name, **MARKED, setting: value}
                folders.append((f"{name} with {setting} {value}", entry["file"], marked, {"tokenizer_config.json": config}))
        every = {setting: entry["settings"][setting] is False for setting in entry["settings"]}
        folders.append((f"{name} with all settings turned", entry["file"], own, {"tokenizer_config.json": {"tokenizer_class": name + "Fast", **every}}))
    token = lambda content, **flags: {"content": content, "lstrip": False, "rstrip": False, "normalized": False, "single_word": False, "special": True, **flags}
    eot, roberta = ["<|endoftext|>"], ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    late = {"300": token("<extra>", lstrip=True), "700": token("<late>", special=False, normalized=True)}
    folders += [
        ("only the type of the model", "vocab.json", eot, {"config.json": {"model_type": "gpt2"}}),
        ("only the type of the model, vocab.txt", "vocab.txt", ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], {"config.json": {"model_type": "electra"}}),
        ("a class in config.json", "vocab.json", roberta, {"config.json": {"model_type": "bart", "tokenizer_class": "RobertaTokenizer"}}),
        ("a type whose own class is not the config's", "vocab.json", eot, {"config.json": {"model_type": "qwen2"}, "tokenizer_config.json": {"tokenizer_class": "GPT2Tokenizer"}}),
        ("a class that is not the type's own", "vocab.json", eot, {"config.json": {"model_type": "opt"}, "tokenizer_config.json": {"tokenizer_class": "GPT2Tokenizer", "add_bos_token": True}}),
        ("tokens that only tokenizer_config.json has", "vocab.json", eot, {"tokenizer_config.json": {"tokenizer_class": "Qwen2Tokenizer", "added_tokens_decoder": late, "pad_token": "<late>", "additional_special_tokens": ["<extra>", "<more>"]}}),
        ("a special of another kind", "vocab.json", eot, {"tokenizer_config.json": {"tokenizer_class": "GPT2Tokenizer", "image_token": "<image>", "extra_special_tokens": {"audio_token": "<audio>"}, "pad_token": {"__type": "AddedToken", **token("<extra>", rstrip=True)}}}),
        ("no special token in the vocabulary", "vocab.json", [], {"tokenizer_config.json": {"tokenizer_class": "RobertaTokenizer"}}),
        ("added_tokens.json", "vocab.json", eot, {"tokenizer_config.json": {"tokenizer_class": "CodeGenTokenizer", "pad_token": "<late>"}, "added_tokens.json": {"<late>": 900, "<extra>": 800}}),
        ("special_tokens_map.json", "vocab.json", roberta, {"tokenizer_config.json": {"tokenizer_class": "RobertaTokenizer"}, "special_tokens_map.json": {"mask_token": token("<mask>", lstrip=True), "additional_special_tokens": ["<late>", "<extra>"], "pad_token": "<unk>"}}),
        ("special_tokens_map.json beside added_tokens_decoder", "vocab.json", roberta, {"tokenizer_config.json": {"tokenizer_class": "RobertaTokenizer", "added_tokens_decoder": {"4": token("<mask>", rstrip=True)}}, "special_tokens_map.json": {"mask_token": token("<mask>", lstrip=True), "pad_token": "<late>"}}),
        ("a role that is null", "vocab.json", eot, {"tokenizer_config.json": {"tokenizer_class": "GPT2Tokenizer", "bos_token": None, "add_bos_token": True, "add_eos_token": True}}),
    ]
    written = []
    for title, kind, tokens, files in folders:
        with tempfile.TemporaryDirectory() as folder:
            write_vocabulary(Path(folder), kind, tokens)
            for name, content in files.items():
                (Path(folder) / name).write_text(json.dumps(content))
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        tokenizer.backend_tokenizer.no_padding()  # NougatTokenizer pads every text to 4096 tokens
        built = components_of(tokenizer)
        encoded = [tokenizer.backend_tokenizer.encode(text) for text in TEXTS] + [tokenizer.backend_tokenizer.encode(*pair) for pair in PAIRS]
        written.append({
            "title": title, "vocabulary": kind, "tokens": tokens, "files": files,
            "components": digest(json.dumps(built, sort_keys=True, separators=(",", ":"), ensure_ascii=False)),
            "added": [[a["id"], a["content"], "".join("LRNWS"[i] for i, f in enumerate(("lstrip", "rstrip", "normalized", "single_word", "special")) if a[f])] for a in document_of(tokenizer)["added_tokens"]],
            "ids": digest("\n".join(" ".join(map(str, [*e.ids, *e.type_ids])) for e in encoded)),
            "specials": {role: str(value) for role in ROLES if (value := getattr(tokenizer, role)) is not None},
        })
    write(PACKAGE / "test/fixtures/formats/folders.json", {
        "madeBy": f"tools/oracle/tokenizer-formats.py with transformers {transformers.__version__}",
        "pieces": PIECES, "merges": [" ".join(merge) for merge in MERGES], "texts": TEXTS, "pairs": PAIRS, "folders": written,
    })
    print(f"{len(written)} folders")


def digest(text):
    """The first 8 digits of the sha256."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def write(path, data):
    """One line an entry, so that a change can be read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = []
    for key, value in data.items():
        if isinstance(value, list) and len(json.dumps(value)) > 300:
            lines.append(f"  {json.dumps(key)}: [\n    " + ",\n    ".join(map(json.dumps, value)) + "\n  ]")
        else:
            lines.append(f"  {json.dumps(key)}: {json.dumps(value)}")
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
