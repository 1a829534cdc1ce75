"""Holds both forward passes against what they must equal; exits with 1 when a number is further off than 1e-5.

    python check_forward.py --golden FOLDER [--model ../../sample/model --hypernetwork ../../sample/hypernetwork]

FOLDER has the reference's own cases (hypernet_*.json with .safetensors; packages/hypernetwork/test/fixtures): the plain
forward pass must give their rows. With a hypernetwork, the network as it is trained must give the plain one's rows.
"""

import argparse
import json
import sys
from pathlib import Path

import torch
from checkpoint import read_checkpoint
from plain_forward import plain_forward
from safetensors.torch import load_file
from surface_forms import LONGEST, by_length

TOLERANCE = 1e-5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--golden", type=Path, required=True)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--hypernetwork", type=Path)
    options = parser.parse_args()
    cases = sorted(options.golden.glob("hypernet_*.json"))
    if not cases:
        raise SystemExit(f"{options.golden} has no hypernet_*.json")
    distances = {case.stem: golden_distance(case) for case in cases}
    if options.hypernetwork:
        distances[str(options.hypernetwork)] = trained_distance(options.model, options.hypernetwork)
    for name, distance in distances.items():
        print(f"{distance:.1e}  {name}")
    sys.exit(max(distances.values()) > TOLERANCE)


@torch.inference_mode()
def golden_distance(case: Path) -> float:
    data = json.loads(case.read_text())
    found = plain_forward(
        load_file(case.with_suffix(".safetensors")),
        data["config"],
        torch.tensor(data["source_embeddings"]),
        # The last form is all padding, which has no meaning.
        torch.tensor(data["surface_forms"])[:-1],
        data["lang_index"],
    )
    expected = [data["pred_in"], data["pred_out"], data["pred_bias"] if data["config"]["hn_predict_bias"] else None]
    if [x is None for x in found] != [x is None for x in expected]:
        raise SystemExit(f"{case}: not the same kinds of rows")
    pairs = [(a, torch.tensor(b)[: len(a)].reshape(a.shape)) for a, b in zip(found, expected, strict=True) if a is not None]
    return max((a - b).abs().max().item() for a, b in pairs)


@torch.inference_mode()
def trained_distance(model: Path, hypernetwork: Path) -> float:
    """Largest difference over 400 random spellings of 1 to 7 pieces."""
    source = load_file(model / "model.safetensors")["model.embed_tokens.weight"].float()
    config = json.loads((hypernetwork / "config.json").read_text())
    tensors = {name: tensor.float() for name, tensor in load_file(hypernetwork / "model.safetensors").items()}
    random = torch.Generator().manual_seed(1)
    lengths = torch.randint(1, LONGEST + 1, (400,), generator=random).tolist()
    # Above the specials, which spell nothing.
    spellings = [torch.randint(4, len(source), (length,), generator=random).tolist() for length in lengths]
    padded = [spelling + [config["pad_token_id"]] * (LONGEST - len(spelling)) for spelling in spellings]
    forms, place = by_length(spellings)
    expected, _head, _bias = plain_forward(tensors, config, source, torch.tensor(padded), None)
    return (read_checkpoint(hypernetwork, source)(forms)[place] - expected).abs().max().item()


if __name__ == "__main__":
    main()
