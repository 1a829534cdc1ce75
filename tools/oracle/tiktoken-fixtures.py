"""What the reference libraries make of tiktoken files and tekken.json, for the tests of packages/vocabulary.

    python tools/oracle/tiktoken-fixtures.py

Writes packages/vocabulary/test/fixtures/formats/ranked.json: a small byte-level vocabulary trained here, the ids that
tiktoken gives with the patterns of its published encodings, folders with the tokenizer and ids that AutoTokenizer makes
of them, and tekken.json files with those of MistralConverter. Needs transformers 5.18 and tiktoken 0.14.
"""

import base64
import importlib.util
import json
import tempfile
import unicodedata
from pathlib import Path

import tiktoken
import tiktoken_ext.openai_public as openai
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import AutoTokenizer
from transformers.convert_slow_tokenizer import TikTokenConverter, bytes_to_unicode
from transformers.integrations.mistral.tokenizer import MistralConverter

HERE = Path(__file__).resolve().parent
spec = importlib.util.spec_from_file_location("formats", HERE / "tokenizer-formats.py")
formats = importlib.util.module_from_spec(spec)
spec.loader.exec_module(formats)
OUT = HERE.parents[1] / "packages/vocabulary/test/fixtures/formats/ranked.json"

TEXTS = [
    *formats.TEXTS, "end  ", "end \n  ", "end\n\n", "\n\n \n a", "a\r\n\r\nb", "   a   b", "x/y//\n/z", "1234567 12 ٣٤٥٦٧", "don't DON'T 'ſ dog'S",
    "CamelCaseWORDs ǅungla ʰa é́", "e\u0301e\u0323\u0301", "aaaaaaaaaa", "thethethe the  the", "\u2028a\u0085b\x0bc\x0cd", "𝒜𝔅 \U000e0041x",
]
CORPUS = ["the cat sat on the mat, the cats' hat isn't that 12 or 123 1234.", "Hello hello HELLO world", "  indented\n\n\tlines  of    code = x + 10;", "aaaaaaaa bbbb abab", "café cafés naïve", "日本語の文章 日本", "Привет мир, привет"] * 3


def trained(size):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=size, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    back = {character: byte for byte, character in bytes_to_unicode().items()}
    ordered = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    return [bytes(back[character] for character in token) for token, _ in ordered]


def encodings(ranks):
    """The published patterns, on small ranks: their own files are large."""
    openai.load_tiktoken_bpe = openai.data_gym_to_mergeable_bpe_ranks = lambda *a, **k: ranks
    patterns = {name: openai.ENCODING_CONSTRUCTORS[name]()["pat_str"] for name in ("r50k_base", "p50k_base", "cl100k_base", "o200k_base")}
    qwen = r"""(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"""
    llama = r"""(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"""
    result = {}
    for name, pattern in {**patterns, "Qwen": qwen, "Llama 3": llama}.items():
        encoding = tiktoken.Encoding(name, pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
        normal = (lambda text: unicodedata.normalize("NFC", text)) if name == "Qwen" else str
        result[name] = [encoding.encode_ordinary(normal(text)) for text in TEXTS]
    return result


def folders(tokens):
    token = lambda content, **flags: {"content": content, "lstrip": False, "rstrip": False, "normalized": False, "single_word": False, "special": True, **flags}
    fast = {"tokenizer_class": "PreTrainedTokenizerFast"}
    size = len(tokens)
    decoder = {str(size): token("<s>"), str(size + 2): token("<extra>", lstrip=True), str(size + 4): token("<late>", special=False, normalized=True)}
    cases = [
        ("a class that is generic", {"tokenizer_config.json": fast}),
        ("added_tokens_decoder with gaps", {"tokenizer_config.json": {**fast, "added_tokens_decoder": decoder, "bos_token": "<s>", "pad_token": "<late>"}}),
        ("added_tokens_decoder within the ranks", {"tokenizer_config.json": {**fast, "added_tokens_decoder": {"5": token("<extra>")}}}),
        ("extra_special_tokens", {"tokenizer_config.json": {**fast, "extra_special_tokens": ["<extra>", "<s>"], "eos_token": "<late>"}}),
        ("extra_special_tokens by name", {"tokenizer_config.json": {**fast, "extra_special_tokens": {"image_token": "<extra>"}}}),
        ("additional_special_tokens", {"tokenizer_config.json": {**fast, "additional_special_tokens": ["<extra>"], "added_tokens_decoder": {str(size): token("<late>")}}}),
        ("bos and eos around texts", {"tokenizer_config.json": {**fast, "added_tokens_decoder": decoder, "bos_token": "<s>", "eos_token": "<extra>", "add_bos_token": True, "add_eos_token": True}}),
        ("bos that there is none of", {"tokenizer_config.json": {**fast, "add_bos_token": True}}),
        ("only the type of a model", {"config.json": {"model_type": "granite"}}),
        ("a generic class beside the type of a model", {"tokenizer_config.json": fast, "config.json": {"model_type": "llama"}}),
        ("tiktoken.model", {"config.json": {"model_type": "granite"}}),
    ]
    written = []
    for title, files in cases:
        with tempfile.TemporaryDirectory() as folder:
            name = "tiktoken.model" if title == "tiktoken.model" else "tokenizer.model"
            (Path(folder) / name).write_text(file_of(tokens))
            for each, content in files.items():
                (Path(folder) / each).write_text(json.dumps(content))
            tokenizer = AutoTokenizer.from_pretrained(folder)
        written.append({"title": title, "name": name, "files": files, **expected(tokenizer.backend_tokenizer)})
    return written


def expected(backend):
    document = json.loads(backend.to_str())
    model = {key: value for key, value in document["model"].items() if key not in ("vocab", "merges")}
    built = {**{part: document[part] for part in formats.PARTS}, "model": model}
    return {
        "components": formats.digest(json.dumps(built, sort_keys=True, separators=(",", ":"), ensure_ascii=False)),
        "added": [[a["id"], a["content"], "".join("LRNWS"[i] for i, f in enumerate(("lstrip", "rstrip", "normalized", "single_word", "special")) if a[f])] for a in document["added_tokens"]],
        "ids": [backend.encode(text).ids for text in TEXTS],
    }


def tekkens(tokens):
    pattern = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    vocab = lambda: [{"rank": rank, "token_bytes": base64.b64encode(token).decode(), "token_str": token.decode() if token.isascii() else None} for rank, token in enumerate(tokens)]
    special = lambda rank, text: {"rank": rank, "token_str": text, "is_control": True}
    specials = [special(0, "<unk>"), special(1, "<s>"), special(2, "</s>"), special(3, "[INST]")]
    config = {"pattern": pattern, "num_vocab_tokens": len(tokens), "default_vocab_size": len(tokens) + 10, "default_num_special_tokens": 10, "version": "v3"}
    cases = {
        "fillers up to the number of special tokens": {"config": config, "vocab": vocab(), "special_tokens": specials},
        "special tokens in another order": {"config": config, "vocab": vocab(), "special_tokens": specials[::-1]},
        "a vocabulary that is cut": {"config": {**config, "default_vocab_size": 300 + 10}, "vocab": vocab(), "special_tokens": specials},
        "no numbers in the config": {"config": {"pattern": pattern, "version": "v7"}, "vocab": vocab(), "special_tokens": specials},
    }
    written = []
    for title, data in cases.items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "tekken.json"
            path.write_text(json.dumps(data))
            result = expected(MistralConverter(str(path)).converted())
        written.append({"title": title, "config": data["config"], "special_tokens": data["special_tokens"], **result})
    return written


def file_of(tokens):
    return "".join(f"{base64.b64encode(token).decode()} {rank}\n" for rank, token in enumerate(tokens))


def main():
    tokens = trained(420)
    ranks = {token: rank for rank, token in enumerate(tokens)}
    data = {
        "madeBy": "tools/oracle/tiktoken-fixtures.py",
        "tokens": [base64.b64encode(token).decode() for token in tokens[256:]],
        "bytes": [token[0] for token in tokens[:256]],
        "texts": TEXTS,
        "encodings": encodings(ranks),
        "folders": folders(tokens),
        "tekkens": tekkens(tokens),
    }
    for group in ("folders", "tekkens"):
        for entry in data[group]:
            entry["ids"] = formats.digest("\n".join(" ".join(map(str, ids)) for ids in entry["ids"]))
    data["encodings"] = {name: [formats.digest(" ".join(map(str, ids))) for ids in rows] for name, rows in data["encodings"].items()}
    formats.write(OUT, data)
    print(len(tokens), "tokens", len(data["folders"]), "folders", len(data["tekkens"]), "tekken.json")


if __name__ == "__main__":
    main()
