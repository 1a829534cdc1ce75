"""Makes a large random hypernetwork with a source model's tables, and runs it in plain torch, for tools/bench/hypernetwork.mjs.

    python tools/oracle/hypernetwork-speed.py make FOLDER --width 2048 --row-width 2048 --untied --rows 32362
    python tools/oracle/hypernetwork-speed.py run FOLDER --forms FORMS --threads 2

`run` takes surface forms (int32, rows of L), all of full length as the reference runs them, 512 at a time, in f32, and
prints tokens per second and a few of the predicted numbers as JSON.
"""

import argparse
import importlib.util
import json
import time
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

spec = importlib.util.spec_from_file_location("fixtures", Path(__file__).with_name("hypernetwork-fixtures.py"))
fixtures = importlib.util.module_from_spec(spec)
spec.loader.exec_module(fixtures)


def make(folder, width, row_width, untied, rows):
    config = dict(
        fixtures.TINY, hn_surface_maxlen=7, hn_n_layers=3, n_embd=row_width, hn_hidden_size=width, hn_intermediate_size=2 * width,
        hn_num_attention_heads=None, hn_n_extra_tokens=0, original_vocab_size=rows, separate_out_embeddings=untied,
        hn_predict_bias=False,
    )
    torch.manual_seed(0)
    tensors = {}
    for name, shape in fixtures.shapes(config).items():
        is_factor = name.endswith((".w", "LayerNorm.weight", "ln.weight"))
        tensors[name] = torch.ones(shape) if is_factor else torch.randn(shape) * shape[-1] ** -0.5
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors, folder / "model.safetensors")
    tables = {name: torch.randn(rows, row_width).bfloat16() for name in (("input", "output") if untied else ("input",))}
    save_file(tables, folder / "source.safetensors")
    (folder / "config.json").write_text(json.dumps(config))


def run(folder, forms, threads):
    torch.set_num_threads(threads)
    config = json.loads((folder / "config.json").read_text())
    weights = load_file(folder / "model.safetensors")
    tables = load_file(folder / "source.safetensors")
    source = torch.cat([tables[name].float() for name in ("input", "output") if name in tables], 1)
    ids = torch.frombuffer(bytearray(forms.read_bytes()), dtype=torch.int32).long().view(-1, config["hn_surface_maxlen"])
    with torch.inference_mode():
        fixtures.forward(config, weights, source, ids[:8], None)
        start = time.perf_counter()
        rows = torch.cat([fixtures.forward(config, weights, source, block, None)[0] for block in ids.split(512)])
        seconds = time.perf_counter() - start
    print(json.dumps(dict(tokensPerSecond=len(ids) / seconds, sample=rows[:4, :4].flatten().tolist())))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("mode", choices=("make", "run"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--width", type=int)
    parser.add_argument("--row-width", type=int)
    parser.add_argument("--untied", action="store_true")
    parser.add_argument("--rows", type=int)
    parser.add_argument("--forms", type=Path)
    parser.add_argument("--threads", type=int)
    args = parser.parse_args()
    if args.mode == "make":
        make(args.folder, args.width, args.row_width, args.untied, args.rows)
    else:
        run(args.folder, args.forms, args.threads)
