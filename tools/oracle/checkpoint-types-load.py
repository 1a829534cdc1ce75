"""Loads what checkpoint-types-rewrite.mjs wrote with the reference library, beside its source.

    HF_HUB_OFFLINE=1 python tools/oracle/checkpoint-types-load.py FOLDER OUT

Both must load with the same tensors missing and unexpected, every parameter and buffer must be the source's, and those
that follow the vocabulary must be the source's with three rows more, copies of the first.
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
    return dict(model.state_dict()), {key: sorted(map(str, value)) for key, value in info.items() if value}


def compare(old, old_info, new, info):
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


def main(folder, out):
    counts, findings = {"alike": 0, "source does not load": 0, "differs": 0}, {}
    for number, target in enumerate(sorted(out.iterdir())):
        class_name = json.loads((target / "expected.json").read_text())["class"]
        try:
            old, old_info = load(folder / target.name, class_name)
        except Exception as error:
            counts["source does not load"] += 1
            findings[target.name] = f"the library does not load the source: {type(error).__name__} {str(error)[:100]}"
            continue
        try:
            finding = compare(old, old_info, *load(target, class_name))
        except Exception as error:
            finding = f"{type(error).__name__}: {str(error)[:200]}"
        counts["alike" if finding is None else "differs"] += 1
        if finding is not None:
            findings[target.name] = finding
        print(number, target.name, finding or "alike", file=sys.stderr, flush=True)
    print(json.dumps({**counts, "findings": findings}, indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
