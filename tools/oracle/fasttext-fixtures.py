"""Trains the tiny fastText models of packages/word-vectors/test/fixtures/fasttext and writes what fastText itself
makes of words, known and unseen; or opens files that revocab wrote.

    /usr/bin/python3 tools/oracle/fasttext-fixtures.py
    node tools/oracle/fasttext-written.mjs OUT && /usr/bin/python3 tools/oracle/fasttext-fixtures.py --check OUT

Needs fastText 0.9.2: Debian's python3-fasttext. Models are trained once; --train trains them again.
"""

import argparse
import json
import tempfile
from pathlib import Path

import fasttext
import numpy

OUT = Path(__file__).resolve().parents[2] / "packages/word-vectors/test/fixtures/fasttext"

LINES = """\
der Hund läuft über die Straße
die Katze schläft auf dem Sofa
der Hund und die Katze spielen im Garten
the dog runs over the street
the cat sleeps on the sofa
the dog and the cat play in the garden
狗 在 街上 跑
猫 睡 在 沙发 上
🐶 und 🐱 sind Freunde 👩‍👩‍👧
über naïve café résumé
"""

# Every loss and both models; n-grams of one character, where a lone < or > is skipped; no n-grams at all.
MODELS = {
    "skipgram": dict(model="skipgram", minn=3, maxn=6, bucket=50),
    "cbow": dict(model="cbow", minn=1, maxn=3, bucket=37, loss="hs"),
    "plain": dict(model="skipgram", minn=0, maxn=0, bucket=50),
}
CLASSIFIERS = {
    "supervised": dict(dim=6, minn=2, maxn=4, bucket=40, wordNgrams=2),
    "supervised-words": dict(dim=6, minn=0, maxn=0, bucket=0, loss="ova"),
}

WORDS = [
    "Hund", "the", "Straße", "über", "街上", "🐶", "👩‍👩‍👧", "</s>", "café",
    "Hunde", "Hündchen", "Straßenbahn", "ü", "街", "猫狗街上跑", "🐱🐶", "a", "an", "don't", "cafe\u0301", "Ω≈ç√", "\u00a0x",
    "<", ">", "<>", "__label__en", "überüberüberüber", "0123456789",
]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--train", action="store_true")
    arguments.add_argument("--check", metavar="OUT")
    asked = arguments.parse_args()
    check(Path(asked.check)) if asked.check else make_fixtures(asked.train)


def make_fixtures(train_again):
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder) / "text"
        text.write_text(LINES * 3)
        labelled = Path(folder) / "labelled"
        labels = ["de"] * 3 + ["en"] * 3 + ["zh"] * 2 + ["de"] * 2
        lines = [f"__label__{label} {line}" for label, line in zip(labels, LINES.splitlines())]
        labelled.write_text("\n".join(lines * 3) + "\n")
        for name, options in MODELS.items():
            if train_again or not (OUT / f"{name}.bin").exists():
                model = fasttext.train_unsupervised(
                    str(text), dim=6, minCount=1, epoch=20, thread=1, verbose=0, **options)
                model.save_model(str(OUT / f"{name}.bin"))
        for name, options in CLASSIFIERS.items():
            if train_again or not (OUT / f"{name}.bin").exists():
                model = fasttext.train_supervised(str(labelled), epoch=20, thread=1, verbose=0, **options)
                model.save_model(str(OUT / f"{name}.bin"))
        if train_again or not (OUT / "quantized.ftz").exists():
            # Quantization asks for 256 rows at least.
            model = fasttext.train_supervised(
                str(labelled), dim=2, minn=2, maxn=3, bucket=300, thread=1, verbose=0)
            model.quantize(dsub=2)
            model.save_model(str(OUT / "quantized.ftz"))
            model = fasttext.train_supervised(
                str(labelled), dim=2, minn=2, maxn=3, bucket=300, thread=1, verbose=0)
            model.quantize(input=str(labelled), cutoff=260, dsub=2)
            model.save_model(str(OUT / "pruned.ftz"))
    expected = {name: describe(fasttext.load_model(str(OUT / f"{name}.bin"))) for name in [*MODELS, *CLASSIFIERS]}
    (OUT / "expected.json").write_text(json.dumps(expected, ensure_ascii=False) + "\n")


def describe(model):
    words, counts = model.get_words(include_freq=True)
    return {
        "words": words,
        "counts": counts.tolist(),
        # Rows of the input matrix that fastText means, in its order: n-grams of a word, and its own row if it has one.
        "rows": {word: model.get_subwords(word)[1].tolist() for word in WORDS},
        "vectors": {word: vector(model, word) for word in [*words, *WORDS]},
    }


def vector(model, word):
    """Every float exactly: a double holds it, and JSON the shortest text of that double."""
    return [float(value) for value in model.get_word_vector(word)]


def check(folder):
    """Opens written.bin, compares its vectors with those that revocab computes, and saves it again."""
    model = fasttext.load_model(str(folder / "written.bin"))
    expected = json.loads((folder / "written.json").read_text())
    words, counts = model.get_words(include_freq=True)
    assert words == expected["words"], "words"
    assert counts.tolist() == expected["counts"], "counts"
    for word, values in expected["vectors"].items():
        found = model.get_word_vector(word)
        assert numpy.array_equal(found, numpy.array(values, numpy.float32)), word
    model.save_model(str(folder / "again.bin"))
    same = (folder / "again.bin").read_bytes() == (folder / "written.bin").read_bytes()
    assert same, "saved again by fastText, the file differs"
    print(f"{len(words)} words, {len(expected['vectors'])} vectors equal bit for bit; saved again, the file is the same")


if __name__ == "__main__":
    main()
