"""The logits of real models by the reference library, for the tests of packages/transformer-runtime.

    python real-logits.py NAME=MODEL_DIR[:TEXT] … --out packages/transformer-runtime/test/fixtures/real-logits.json

For each model: the first tokens of TEXT (as many as the model's context has room for, BOS first where the tokenizer has
one), and the logits at a few positions, the last among them. Computed in float32.
"""

import argparse
import json
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

POSITIONS = 6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", metavar="NAME=MODEL_DIR:TEXT")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    result = {}
    for entry in options.models:
        name, paths = entry.split("=", 1)
        folder, text = paths.split(":", 1)
        result[name] = logits_of(folder, Path(text).read_text(encoding="utf-8")[:20_000])
    options.out.write_text(json.dumps(result) + "\n", encoding="utf-8")


@torch.inference_mode()
def logits_of(folder: str, text: str) -> dict[str, list]:
    tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, trust_remote_code=False).eval()
    begin = [] if tokenizer.bos_token_id is None else [tokenizer.bos_token_id]
    ids = (begin + tokenizer(text, add_special_tokens=False, verbose=False).input_ids)[
        : model.config.max_position_embeddings
    ]
    logits = model(input_ids=torch.tensor([ids])).logits[0]
    positions = [round(i * (len(ids) - 1) / (POSITIONS - 1)) for i in range(POSITIONS)]
    return {
        "tokens": ids,
        "positions": positions,
        "logits": [[float(f"{value:.7g}") for value in logits[position].tolist()] for position in positions],
    }


if __name__ == "__main__":
    main()
