"""Sentence-transformers models with modules of every kind, extended by a token; made with sentence-transformers 6.0.

    REVOCAB="node apps/revocab/bin/revocab.js" python tools/oracle/sentence-transformers.py TOKENIZER WORK

Each model has a tiny random BERT with the tokenizer of TOKENIZER (a BERT's), and a chain of modules. It is saved, extended by
one special token with `revocab extend`, and opened again: the embeddings of texts without that token must be the same. What
is refused must be refused by the module's name.
"""

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import torch

warnings.filterwarnings("ignore")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

from sentence_transformers import SentenceTransformer, SparseEncoder  # noqa: E402
from sentence_transformers import sentence_transformer as dense_package  # noqa: E402
from sentence_transformers.base import modules as base  # noqa: E402
from sentence_transformers.sparse_encoder import modules as sparse  # noqa: E402
from transformers import AutoTokenizer, BertConfig, BertForMaskedLM, BertModel, logging  # noqa: E402

logging.set_verbosity_error()
logging.disable_progress_bar()
dense = dense_package.modules
TEXTS = ["Hello world, this is a test.", "Another sentence about small cats, which is longer than the first."]


def chains(words):
    """Name → (class of the model, its modules after the transformer, whether revocab carries them)."""
    return {
        "pooling": (SentenceTransformer, lambda: [dense.Pooling(32)], True),
        "dense": (SentenceTransformer, lambda: [dense.Pooling(32), base.Dense(32, 16), base.Normalize()], True),
        "two-dense": (SentenceTransformer, lambda: [dense.Pooling(32), base.Dense(32, 24), base.Dense(24, 16)], True),
        "layer-norm": (SentenceTransformer, lambda: [dense.Pooling(32), dense.LayerNorm(32), dense.Dropout(0.1)], True),
        "cnn": (SentenceTransformer, lambda: [dense.CNN(32, 16, [1, 3]), dense.Pooling(32)], True),
        "lstm": (SentenceTransformer, lambda: [dense.LSTM(32, 12), dense.Pooling(24)], True),
        "word-weights": (
            SentenceTransformer,
            lambda: [dense.WordWeights(words, {word: 0.5 for word in words[::7]}), dense.Pooling(32)],
            False,
        ),
        "splade": (SparseEncoder, lambda: [sparse.SpladePooling("max")], True),
        "splade-sized": (SparseEncoder, lambda: [sparse.SpladePooling("max", embedding_dimension=len(words))], True),
        "sparse-autoencoder": (SparseEncoder, lambda: [dense.Pooling(32), sparse.SparseAutoEncoder(32, 48, 8)], True),
    }


def embeddings(model):
    with torch.no_grad():
        found = [model.encode(text, convert_to_tensor=True) for text in TEXTS]
    return torch.stack([(one.to_dense() if one.is_sparse else one).float().cpu() for one in found])


def main(tokenizer, work):
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    names = {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"}
    tokenizer = AutoTokenizer.from_pretrained(tokenizer, **{f"{role}_token": name for role, name in names.items()})
    words = sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().get)
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=48,
        max_position_embeddings=64,
    )  # fmt: skip
    torch.manual_seed(0)
    for name, kind in {"encoder": BertModel, "masked": BertForMaskedLM}.items():
        kind(config).save_pretrained(work / name)
        tokenizer.save_pretrained(work / name)
    failures = 0
    for name, (kind, modules, is_carried) in chains(words).items():
        try:
            is_masked = name.startswith("splade")
            options = {"transformer_task": "fill-mask"} if is_masked else {}
            first = base.Transformer(str(work / ("masked" if is_masked else "encoder")), **options)
            kind(modules=[first, *modules()]).save(str(work / name))
            before = embeddings(kind(str(work / name)))
        except Exception as error:
            print(f"{name:20} not made: {type(error).__name__} {str(error)[:120]}")
            continue
        out = work / f"{name}-extended"
        arguments = ["extend", work / name, "--special", "<|tool|>", "--method", "mean", "--out", out, "--quiet"]
        done = subprocess.run([*shlex.split(os.environ["REVOCAB"]), *map(str, arguments)], capture_output=True, text=True)
        if done.returncode:
            said = next((line for line in done.stderr.splitlines() if line.startswith("revocab: ")), "no reason given")
            right = not is_carried and "which cannot be carried" in said
            print(f"{name:20} {'refused' if right else 'WRONGLY REFUSED'}: {said[:160]}")
        else:
            after = embeddings(kind(str(out)))[:, : before.shape[1]]
            moved = float((before - after).abs().max())
            right = is_carried and moved == 0
            print(f"{name:20} {'right' if right else 'WRONG'}: embeddings move by {moved:.1e}")
        failures += not right
    print(f"{failures} wrong")
    return failures


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("tokenizer")
    parser.add_argument("work", type=Path)
    sys.exit(bool(main(**vars(parser.parse_args()))))
