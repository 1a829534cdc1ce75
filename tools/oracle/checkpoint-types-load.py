"""Loads what checkpoint-types-rewrite.mjs wrote with the reference library, beside its source.

    HF_HUB_OFFLINE=1 python tools/oracle/checkpoint-types-load.py FOLDER OUT

Both must load with the same tensors missing and unexpected, every parameter and buffer must be the source's, and those
that follow the vocabulary must be the source's with three rows more, copies of the first. Then both read the same ids: hidden
states and the logits of the old tokens must be the source's, within 1e-6. Classes that need more than ids (pictures, sounds) are
counted as not run.
"""

import json
import sys
import warnings
from pathlib import Path

import torch
import transformers as hf

warnings.filterwarnings("ignore")
hf.logging.set_verbosity(50)
hf.logging.disable_progress_bar()
torch.set_num_threads(1)


def load(folder, class_name):
    model, info = getattr(hf, class_name).from_pretrained(folder, output_loading_info=True)
    return model.eval(), {key: sorted(map(str, value)) for key, value in info.items() if value}


def compare(old_model, old_info, new_model, info):
    old, new = dict(old_model.state_dict()), dict(new_model.state_dict())
    if info != old_info:
        return f"loaded with {info}, the source with {old_info}"
    if old.keys() != new.keys():
        return f"other names: {sorted(old.keys() ^ new.keys())[:3]}"
    missing = set(info.get("missing_keys", []))
    for name, before in old.items():
        now = new[name]
        if before.shape == now.shape:
            if name not in missing and not torch.equal(before, now):
                return f"{name} is another"
            continue
        axis = next(i for i, (a, b) in enumerate(zip(before.shape, now.shape)) if a != b)
        count = before.shape[axis]
        more = now.narrow(axis, count, now.shape[axis] - count)
        if not torch.equal(now.narrow(axis, 0, count), before):
            return f"{name} has other rows"
        first = before.narrow(axis, 0, 1)
        is_pad = not first.any()  # some classes set the row of the pad to zero as they load
        if name not in missing and not is_pad and not torch.equal(more, first.expand_as(more)):
            return f"{name} has other new rows"
    return None


@torch.inference_mode()
def outputs(model, rows):
    """What a model makes of some ids: floating-point tensors by name, cut to the old tokens where the last axis counts these."""
    ids = torch.arange(5, 17).remainder(model.get_input_embeddings().weight.shape[0] - 8).add(4)[None]
    torch.manual_seed(0)
    arguments = {"input_ids": ids, "output_hidden_states": True, "return_dict": True}
    if getattr(model.config, "is_encoder_decoder", False):
        arguments["decoder_input_ids"] = ids
    made = model(**arguments)
    flat = {}
    for name, value in made.items():
        for place, tensor in enumerate(value if isinstance(value, (tuple, list)) else [value]):
            if isinstance(tensor, torch.Tensor) and tensor.is_floating_point():
                is_logits = "logits" in name and tensor.shape[-1] in (rows, rows + 3)
                flat[f"{name}.{place}"] = tensor[..., :rows] if is_logits else tensor
    return flat


def run(old, new, missing):
    """None where both say the same, `not run`, or what differs."""
    state = old.state_dict()
    with torch.no_grad():
        for name, tensor in new.state_dict().items():  # what no file has is drawn at random
            if name in missing and tensor.shape == state[name].shape:
                tensor.copy_(state[name])
    try:
        rows = old.get_input_embeddings().weight.shape[0]
        before = outputs(old, rows)
    except Exception:  # it needs pictures or sounds, or has no table of its own
        return "not run"
    after = outputs(new, rows)
    for name, tensor in before.items():
        # products of equal matrices differ in the last bit where these lie at other addresses
        if name not in after or not torch.allclose(tensor, after[name], rtol=0, atol=1e-6, equal_nan=True):
            return f"{name} of the old tokens differs"
    return None if before else "not run"


def main(folder, out):
    counts = {"alike": 0, "run alike": 0, "source does not load": 0, "differs": 0}
    findings = {}
    for number, target in enumerate(sorted(out.iterdir())):
        class_name = json.loads((target / "expected.json").read_text())["class"]
        try:
            old, old_info = load(folder / target.name, class_name)
        except Exception as error:
            counts["source does not load"] += 1
            findings[target.name] = f"the library does not load the source: {type(error).__name__} {str(error)[:100]}"
            continue
        try:
            new, info = load(target, class_name)
            finding = compare(old, old_info, new, info)
            said = run(old, new, info.get("missing_keys", [])) if finding is None else None
            counts["run alike"] += finding is None and said is None
            finding = finding if said in (None, "not run") else said
        except Exception as error:
            finding = f"{type(error).__name__}: {str(error)[:200]}"
        counts["alike" if finding is None else "differs"] += 1
        if finding is not None:
            findings[target.name] = finding
        print(number, target.name, finding or "alike", file=sys.stderr, flush=True)
    print(json.dumps({**counts, "findings": findings}, indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
