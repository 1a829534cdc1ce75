"""Swaps a model's vocabulary with rows of a hypernetwork, to hold `revocab swap --method hypernetwork` against.

    python swap_with_hypernetwork.py MODEL_DIR TOKENIZER HYPERNETWORK OUT

Every ordinary token gets the predicted row, also where the source has the same token; specials are copied by role,
then by string. Tokens are compared and spelled by the bytes they stand for. Nothing of revocab is used.
"""

import argparse
import json
import sys
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM

# The bytes of every token and the writing of the model folder are the oracle's.
sys.path.append(str(Path(__file__).resolve().parent.parent / "oracle"))

from checkpoint import read_checkpoint  # noqa: E402
from subtoken_mean import BYTE_OF_LETTER, Vocabulary, save, spell_all  # noqa: E402
from surface_forms import Speller, by_length  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("model", "tokenizer", "hypernetwork", "out"):
        parser.add_argument(name, type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)

    model = AutoModelForCausalLM.from_pretrained(options.model, dtype=torch.float32, trust_remote_code=False)
    source_rows = model.get_input_embeddings().weight.detach()
    source, target = Vocabulary(options.model), Vocabulary(options.tokenizer)
    matches, _counts = spell_all(source, target)
    rows = torch.empty(target.size, source_rows.shape[1])
    ordinary = sorted(target.bytes_of)
    for i in set(range(target.size)) - set(ordinary):
        rows[i] = source_rows[matches[i]].mean(0) if matches[i] else source_rows.mean(0)

    speller = Speller(options.hypernetwork)
    letter_of = {byte: letter for letter, byte in BYTE_OF_LETTER.items()}
    forms, place = by_length([speller.spell("".join(letter_of[byte] for byte in target.bytes_of[i])) for i in ordinary])
    with torch.inference_mode():
        rows[ordinary] = read_checkpoint(options.hypernetwork, source_rows)(forms)[place]

    model.set_input_embeddings(torch.nn.Embedding.from_pretrained(rows))
    model.config.vocab_size = target.size
    model.tie_weights()
    save(model, target, options.out)
    print(json.dumps({"predicted": len(ordinary), "copied": target.size - len(ordinary)}))


if __name__ == "__main__":
    main()
