"""Loads rewritten models with the reference library and compares them with their sources.

    node tools/oracle/checkpoint-rewrite.mjs packages/checkpoint/test/fixtures/models OUT [--untie]
    python tools/oracle/checkpoint-load.py packages/checkpoint/test/fixtures/models OUT

For each model: it loads without missing, unexpected or mismatched tensors; row t of the input and output embeddings and
of the head's bias is row (5 t + 3) mod V of the source, bit for bit (5 t + 4 for a head that was untied); every other
parameter is unchanged; tying is as in the config; a forward pass with the last id gives finite logits.
"""

import json
import sys
from pathlib import Path

import torch
import transformers as hf

hf.logging.set_verbosity_error()


def load(folder: Path):
    config = json.loads((folder / "config.json").read_text())
    model_class = getattr(hf, config["architectures"][0])
    model, info = model_class.from_pretrained(folder, output_loading_info=True)
    problems = {key: value for key, value in info.items() if value}
    return model.eval(), problems


def expected_rows(old: torch.Tensor, rows: int, shift: int) -> torch.Tensor:
    # A per-layer table may hold fewer rows than the vocabulary; the model reads row 0 for the others.
    vocabulary = rows - EXTRA
    ids = (5 * torch.arange(rows) + 3 + shift) % vocabulary
    return old[torch.where(ids < old.shape[0], ids, torch.zeros_like(ids))]


def same(a: torch.Tensor, b: torch.Tensor) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and torch.equal(a, b)


def check(source: Path, target: Path) -> list[str]:
    old, old_problems = load(source)
    new, problems = load(target)
    failures = [] if str(problems) == str(old_problems) else [f"loading: {problems}"]
    old_input, new_input = old.get_input_embeddings().weight, new.get_input_embeddings().weight
    rows = new_input.shape[0]
    if not same(new_input, expected_rows(old_input, rows, 0)):
        failures.append(f"input rows differ, {tuple(new_input.shape)}")

    old_head, new_head = old.get_output_embeddings(), new.get_output_embeddings()
    state = "no head"
    if old_head is not None:
        was_tied = old_head.weight is old_input
        is_tied = new_head.weight is new_input
        state = "tied" if is_tied else "untied now" if was_tied else "untied"
        shift = 1 if was_tied and not is_tied else 0
        if not same(new_head.weight, expected_rows(old_head.weight, rows, shift)):
            failures.append("output rows differ")
        if is_tied != (was_tied and new.config.tie_word_embeddings):
            failures.append("tying is not as the config says")

    old_rest, new_rest = dict(old.state_dict()), dict(new.state_dict())
    for name, value in new_rest.items():
        before = old_rest.get(name)
        if before is None:
            failures.append(f"{name} is new")
        elif value.shape == before.shape and not same(value, before) and rows not in value.shape:
            failures.append(f"{name} changed")
        elif value.shape != before.shape:
            flat = value.reshape(rows, -1) if value.dim() != 2 or value.shape[0] != 1 else value.reshape(-1, 1)
            was = before.reshape(flat.shape[1], -1).T if before.dim() == 2 and before.shape[0] == 1 else before.reshape(before.shape[0], -1)
            if not any(same(flat, expected_rows(was, rows, shift)) for shift in (0, 1)):
                failures.append(f"{name} {tuple(value.shape)} is not as expected")

    ids = torch.tensor([[rows - 1, 5, rows - 2]])
    more = {"decoder_input_ids": ids} if new.config.is_encoder_decoder else {}
    with torch.no_grad():
        out = new(input_ids=ids, **more)
    logits = getattr(out, "logits", None)
    if logits is not None and (logits.shape[-1] != rows or not torch.isfinite(logits).all()):
        failures.append(f"logits {tuple(logits.shape)}")
    print(f"{source.name:16} {old_input.shape[0]:3} -> {rows:3} {str(new_input.dtype)[6:]:9} {state:10} {'OK' if not failures else failures}")
    return failures


if __name__ == "__main__":
    models, out = Path(sys.argv[1]), Path(sys.argv[2])
    EXTRA = int(sys.argv[3]) if len(sys.argv) > 3 else 7
    failed = [folder.name for folder in sorted(out.iterdir()) if check(models / folder.name, folder)]
    print(f"{len(failed)} failed: {failed}")
    sys.exit(1 if failed else 0)
