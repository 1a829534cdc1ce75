"""Trains the tiny SentencePiece models of packages/vocabulary/test/fixtures/sentencepiece and writes what the
SentencePiece program itself makes of hard strings.

    python tools/oracle/sentencepiece-fixtures.py --data DATA

DATA holds tokenizers/sentencepiece/*.model and text/*.txt. Needs sentencepiece 0.2.2. Models are trained once:
those in place are kept (pass --train to train again), so that the ids stay those of the committed files.
"""

import argparse
import hashlib
import json
import unicodedata
from pathlib import Path

import sentencepiece

OUT = Path(__file__).resolve().parents[2] / "packages/vocabulary/test/fixtures/sentencepiece"
LINES = 200

TRAINED = {
    # The usual Llama layout: byte fallback, no rewriting, spaces kept.
    "bpe-bytes": dict(
        model_type="bpe", vocab_size=700, byte_fallback=True, split_digits=True, pad_id=3,
        normalization_rule_name="identity", remove_extra_whitespaces=False, allow_whitespace_only_pieces=True,
    ),
    # Symbols that the charsmap would change, that overlap, and that hold characters without a piece.
    "bpe-symbols": dict(
        model_type="bpe", vocab_size=420, rules="fold", hard_vocab_limit=False,
        user_defined_symbols=["<SEP>", "<SEP><SEP>", "[x]", "▁▁", "Ω", "ab▁c", "0"], control_symbols=["<ctl>"],
    ),
    "unigram-symbols": dict(
        model_type="unigram", vocab_size=400, rules="compose",
        user_defined_symbols=["<SEP>", "<mask>", "Ⅷx", "the", "(c)"], control_symbols=["<ctl>"],
    ),
    "unigram-bytes": dict(
        model_type="unigram", vocab_size=600, byte_fallback=True, normalization_rule_name="identity",
        add_dummy_prefix=False, remove_extra_whitespaces=False, bos_id=-1,
    ),
    "unigram-suffix": dict(
        model_type="unigram", vocab_size=300, rules="plain", treat_whitespace_as_suffix=True,
    ),
}

HARD = [
    "", " ", "  ", "\n", "\t", "\r\n", "a", " a", "a ", "  a  b  ", "Hello world", "hello  world", "Hello\nworld",
    "line one\r\nline two\r\n", "\ttabbed\t", "▁", "▁▁", " ▁ ", "▁a", "a▁", "a ▁ b▁ ", "<s>x", "x</s>", "<unk>",
    "<0x0A>", "<0x41>b", "café", "cafe\u0301", "CAFE\u0301", "E\u0301X\u0301x\u0301", "ÀÉÎÕÜ", "ﬁne ﬂow", "Ａ１Ｂ！",
    "Ａ\u0301", "㍿㌔", "ｶﾞｷﾞﾊﾟ", "か\u3099は\u309a", "한국어", "\u1112\u1161\u11ab", "ㄱㅏ", "日本語の文章です。", "你好，世界",
    "Привет, мир", "İstanbul ıI", "ß ẞ ſ", "ΑΣ ς", "👍🏽👩‍👩‍👧🇩🇪", "1️⃣ 2", "x\u200by\u200dz\ufeffw", "a\u00a0b\u3000c", "\u00a8 ¨",
    "x ¨y", "½ ² ™ …", "tab\tand  spaces   end ", "0123456789 3.14159", "aaaaaaaaa", "haha hahaha", "=====------",
    "<SEP>", "a<SEP>b", "a <SEP> b", "<SEP><SEP><SEP>", "x<sep>y", "[x][x] [x]", "ab c abc ab  c", "Ωω", "Ⅷx Ⅷ", "them the",
    "(c) (C)", "<mask> <mask>", "<ctl>", "\u0001", "a\u0001b \u0001 c", "e\u0323\u0301 e\u0301\u0323", "क़ ড়", "ক\u09c7\u09be", "ก\u0e4d\u0e32 ำ",
    "\u0344\u0345", "𝒜𝔅 𝟙𝟚", "\U0001d6a8\u0345", "x\U000e0041", "\u0600a", "\ufffd", "once upon a time, there was a little girl.",
    "She said, \"I can't!\" and they laughed…", "The dog ran. The CAT sat; 12 birds flew",
]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--data", type=Path, required=True)
    arguments.add_argument("--train", action="store_true")
    options = arguments.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    stories = (options.data / "text/tinystories.txt").read_text().splitlines()[:1500]
    corpus = stories + ["café naïve über groß Ärger", "日本語の文章です。", "Привет мир", "x = (a + b) * 10 - 3 / 4", "ab c [x]"] * 20
    for name, settings in TRAINED.items():
        path = OUT / f"{name}.model"
        if options.train or not path.exists():
            train(path, corpus, settings)
        if path.stat().st_size > 40_000:
            raise SystemExit(f"{path} is too large to commit")
    write_hard_strings()
    write_hashes(options.data)


def train(path, corpus, settings):
    settings = dict(settings)
    if "rules" in settings:
        table = path.with_suffix(".tsv")
        table.write_text(rule_table(settings.pop("rules")))
        settings["normalization_rule_tsv"] = str(table)
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(corpus), model_prefix=str(path.with_suffix("")), num_threads=1, minloglevel=2, **settings
    )
    path.with_suffix(".vocab").unlink()
    path.with_suffix(".tsv").unlink(missing_ok=True)


def rule_table(kind):
    """A small cut of nmt_nfkc (compose), nmt_nfkc_cf (fold), or rules of single characters only (plain): the
    built-in maps weigh 240 kB each."""
    rules = {c: " " for c in "\t\n\r\u00a0\u200b\u3000\ufeff"} | {"\u0001": "", "\u00a8": " \u0308"}
    finish = (lambda text: unicodedata.normalize("NFKC", text.lower())) if kind == "fold" else (lambda text: text)
    characters = [chr(c) for c in [*range(0x41, 0x5B), *range(0xC0, 0x180), *range(0xFF10, 0xFF5B), 0x2167, 0xFB01, 0x3A9]]
    kana = [chr(c) for c in range(0x304C, 0x3070)]
    for character in characters + kana:
        composed = finish(unicodedata.normalize("NFKC", character))
        if composed != character:
            rules[character] = composed
        apart = unicodedata.normalize("NFD", character)
        if apart != character and kind != "plain":
            rules[apart] = composed
    lines = (f"{' '.join(f'{ord(c):X}' for c in key)}\t{' '.join(f'{ord(c):X}' for c in value)}" for key, value in rules.items())
    return "".join(line + "\n" for line in lines)


def write_hard_strings():
    expected = {"strings": HARD, "ids": {}, "decoded": {}}
    for name in TRAINED:
        model = sentencepiece.SentencePieceProcessor(model_file=str(OUT / f"{name}.model"))
        expected["ids"][name] = [model.encode(text) for text in HARD]
        expected["decoded"][name] = [model.decode(ids) for ids in expected["ids"][name]]
    (OUT / "expected.json").write_text(json.dumps(expected, ensure_ascii=True) + "\n")


def write_hashes(data):
    """sha256 over the ids as decimal text, joined by spaces, (the first 8 digits) per text."""
    hashes = {"lines": LINES, "hard": {}, "texts": {}}
    for path in sorted((data / "tokenizers/sentencepiece").glob("*.model")):
        model = sentencepiece.SentencePieceProcessor(model_file=str(path))
        hashes["hard"][path.stem] = [digest(model.encode(text))[:8] for text in HARD]
        hashes["texts"][path.stem] = {
            text.name: [digest(model.encode(line))[:8] for line in text.read_text().split("\n")[:LINES]]
            for text in sorted((data / "text").glob("*.txt"))
        }
    (OUT / "real-models.json").write_text(json.dumps(hashes) + "\n")


def digest(ids):
    return hashlib.sha256(" ".join(map(str, ids)).encode()).hexdigest()


if __name__ == "__main__":
    main()
