"""Writes the gradients of the loss of the tiny causal models of transformer-fixtures.py, for the tests of @revocab/rows-training.

    python tools/oracle/transformer-gradients.py packages/transformer-runtime/test/fixtures/models \\
        packages/rows-training/test/fixtures/gradients [model …]

The loss is the mean cross-entropy, in nats, of all tokens but the first of the two sequences in a model's expected.json,
each alone and unpadded. The layers are frozen. The gradients are by the rows of the tables as they are stored, so what a
family does to an embedding or a logit (a factor, a projection, a norm, a soft cap) is differentiated too; the head of a
tied model is a table of its own here, which tells its gradient from that through the input.

A file holds `loss`; `input`, the rows of the tokens that something is predicted from, by ascending ids; and `output`, all
rows of the head's table: float32, little-endian, in base64. The reference library computes in float64 where it does not
itself cast to float32 (norms, softmax, routers). Masked models and those with an encoder have no file: nothing in them
predicts a next token from a text alone.

The script fails where a model does not give the logits of its expected.json, or where a gradient is not the slope of the
loss along a random line, as it would not be if the library detached a value on the way. Needs torch and transformers 5.
"""

import base64
import json
import runpy
import shutil
import sys
import tempfile
import zlib
from pathlib import Path

import torch
import torch.nn.functional as F
import transformers as hf

FIXTURES = runpy.run_path(str(Path(__file__).with_name("transformer-fixtures.py")))
CASES, MASKED = FIXTURES["CASES"], FIXTURES["MASKED"]
# Half the distance between two points of the line. At the shorter, what the library casts to float32 blurs the slope by up
# to 1 %; at the longer, one model chooses other experts and another's values leave the range they are clipped to.
STEPS = (1e-4, 1e-5)
# As the tests of @revocab/transformer-runtime have it.
TOLERANCE = 2e-4


def load(folder: Path, case) -> torch.nn.Module:
    """The model with its layers frozen, and with two tables that learn, tied or not."""
    with tempfile.TemporaryDirectory() as readable:
        if case.published is not None:
            shutil.copytree(folder, readable, dirs_exist_ok=True)
            case.make().config.save_pretrained(readable)
            folder = Path(readable)
        nested = hf.AutoConfig.from_pretrained(folder).model_type in ("gemma3", "llama4")
        auto = hf.AutoModelForImageTextToText if nested else hf.AutoModelForCausalLM
        model, report = auto.from_pretrained(
            folder, dtype=torch.float64, attn_implementation=case.attention, experts_implementation="eager",
            output_loading_info=True)
    if report["missing_keys"] or report["mismatched_keys"]:
        raise SystemExit(f"{folder}: {report}")
    model.eval().requires_grad_(False)
    for module in (model.get_input_embeddings(), model.get_output_embeddings()):
        module.weight = torch.nn.Parameter(module.weight.clone())
    return model


def logits(model, sequences: list[dict]) -> list[torch.Tensor]:
    """[T × V] of each sequence, the longer first: a dynamic rotary embedding forgets it for a shorter one."""
    return [model(input_ids=torch.tensor([sequence["tokens"]])).logits[0] for sequence in sequences]


def mean_loss(results: list[torch.Tensor], sequences: list[dict]) -> torch.Tensor:
    return torch.cat([
        F.cross_entropy(result[:-1].double(), torch.tensor(sequence["tokens"][1:]), reduction="none")
        for result, sequence in zip(results, sequences, strict=True)]).mean()


@torch.no_grad()
def slope_error(model, table: torch.nn.Parameter, sequences: list[dict]) -> float:
    """What the slope of the loss along a random line through a table lacks of the gradient's, by the length of the gradient."""
    line, stored = torch.randn_like(table), table.clone()

    def loss_at(step: float) -> torch.Tensor:
        table.copy_(stored + step * line)
        return mean_loss(logits(model, sequences), sequences)

    slopes = torch.stack([(loss_at(step) - loss_at(-step)) / (2 * step) for step in STEPS])
    table.copy_(stored)
    return ((slopes - (table.grad * line).sum()).abs().min() / table.grad.norm()).item()


def encoded(rows: torch.Tensor) -> str:
    return base64.b64encode(rows.to(torch.float32).numpy().astype("<f4").tobytes()).decode()


def write(folder: Path, file: Path, case) -> str:
    sequences = json.loads((folder / "expected.json").read_text())["sequences"]
    model = load(folder, case)
    results = logits(model, sequences)
    for sequence, result in zip(sequences, results, strict=True):
        difference = (result[sequence["positions"]] - torch.tensor(sequence["logits"])).abs().max().item()
        if difference > TOLERANCE:
            raise SystemExit(f"{folder}: logits differ from those in expected.json by {difference}")
    loss = mean_loss(results, sequences)
    loss.backward()
    tables = [module.weight for module in (model.get_input_embeddings(), model.get_output_embeddings())]
    errors = [slope_error(model, table, sequences) for table in tables]
    if max(errors) > 0.01:
        raise SystemExit(f"{folder}: the gradients by input and head are off the slopes of the loss by {errors}")
    ids = sorted({token for sequence in sequences for token in sequence["tokens"][:-1]})
    of_input, of_head = (table.grad for table in tables)
    file.write_text(json.dumps(dict(
        loss=loss.item(), input=dict(ids=ids, rows=encoded(of_input[ids])), output=encoded(of_head))) + "\n")
    return f"{file.stat().st_size:6} bytes, loss {loss.item():.3f}, off the slope by {errors[0]:.0e} and {errors[1]:.0e}"


def main(models: Path, out: Path, only: list[str]) -> None:
    hf.logging.set_verbosity_error()
    hf.logging.disable_progress_bar()
    out.mkdir(parents=True, exist_ok=True)
    for name, case in CASES.items():
        config = case.make().config
        if (only and name not in only) or config.model_type in MASKED or config.is_encoder_decoder:
            continue
        torch.manual_seed(zlib.crc32(name.encode()))
        print(f"{name:24} {write(models / name, out / f'{name}.json', case)}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
