"""Random SentencePiece models in which many pieces share their score, and the ids that the program gives for random
texts, with the merges that transformers lists, for packages/vocabulary/test/sentencepiece-ties.test.ts.

    python tools/oracle/sentencepiece-ties.py

Needs sentencepiece 0.2.2 and transformers 5.18.
"""

import hashlib
import json
import random
from pathlib import Path

import sentencepiece
from sentencepiece import sentencepiece_model_pb2 as proto
from transformers.tokenization_utils_base import generate_merges

OUT = Path(__file__).resolve().parents[2] / "packages/vocabulary/test/fixtures/sentencepiece/ties.json"
MODELS, TEXTS = 150, 150


def main():
    rng = random.Random(1)
    models = [random_model(rng, algorithm) for algorithm in ("bpe", "unigram") for _ in range(MODELS)]
    for model in models:
        program = sentencepiece.SentencePieceProcessor(model_proto=serialized(model))
        model["digest"] = digest("\n".join(" ".join(map(str, program.encode(text))) for text in texts(model)))
        if model["algorithm"] == "bpe":
            vocab = {piece.piece: id for id, piece in enumerate(proto.ModelProto.FromString(serialized(model)).pieces)}
            model["merges"] = digest("".join(f"{left} {right}\n" for left, right in generate_merges(vocab)))
    OUT.write_text("[\n" + ",\n".join(json.dumps(model) for model in models) + "\n]\n")
    print(len(models), OUT.stat().st_size)


def random_model(rng, algorithm):
    letters = "abcd"[: rng.choice([2, 3, 4])]
    pool = list(letters)
    for _ in range(rng.choice([2, 3, 4, 6, 8, 12])):
        made = rng.choice(pool) + rng.choice(pool)
        if rng.random() < 0.1:
            made = "".join(rng.choice(letters) for _ in range(rng.randint(2, 4)))
        if len(made) <= 6 and made not in pool:
            pool.append(made)
    kinds = rng.choice([1, 1, 2, 3])
    score = lambda text: rng.choice([-7.0, -7.3, -11.1][:kinds]) * (len(text) if rng.random() < 0.5 and algorithm == "unigram" else 1)
    letter = -100.0 if algorithm == "bpe" else -12.0
    return {"algorithm": algorithm, "letters": letters, "seed": rng.randrange(2**31), "pieces": [[text, letter - i if len(text) == 1 and algorithm == "bpe" else letter if len(text) == 1 else score(text)] for i, text in enumerate(pool)]}


def texts(model):
    """The same texts in both languages: numbers of a linear congruential generator pick letters."""
    state, letters, result = model["seed"], model["letters"], []
    for index in range(TEXTS):
        text = ""
        for _ in range(2 + index % 17):
            state = (state * 1103515245 + 12345) % 2**31
            text += letters[(state >> 16) % len(letters)]
        result.append(text)
    return result


def serialized(model):
    written = proto.ModelProto()
    for text, score, kind in [["<unk>", 0, 2], ["<s>", 0, 3], ["</s>", 0, 3], *[[*piece, 1] for piece in model["pieces"]]]:
        piece = written.pieces.add()
        piece.piece, piece.score, piece.type = text, score, kind
    written.trainer_spec.model_type = {"unigram": 1, "bpe": 2}[model["algorithm"]]
    written.normalizer_spec.name = "identity"
    written.normalizer_spec.add_dummy_prefix = False
    written.normalizer_spec.remove_extra_whitespaces = False
    return written.SerializeToString()


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:8]


if __name__ == "__main__":
    main()
