"""Adapters of every kind that PEFT has, on tiny models; made with peft 0.21 and transformers 5.18.

    python tools/oracle/adapters.py fixtures        # writes packages/transfer/test/fixtures/adapters
    python tools/oracle/adapters.py check MODEL TOKENIZER WORK      # with REVOCAB="node apps/revocab/bin/revocab.js"

`check` makes an adapter of every kind on MODEL (a causal Llama), tied as it is and with a head of its own, swaps the model
by a plan, rewrites each adapter by the same plan, and compares in torch what they do per token: the input rows and the
head of swapped model + rewritten adapter must be the plan's mixtures of those of model + adapter, and on tokens that the
plan copies the logits must be those of before. A kind that is refused must be refused by name.
"""

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open

warnings.filterwarnings("ignore")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import peft  # noqa: E402
from peft import LoraConfig, PeftModel, TrainableTokensConfig, get_peft_model  # noqa: E402
from transformers import AutoModelForCausalLM, logging  # noqa: E402

logging.set_verbosity_error()
logging.disable_progress_bar()

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "packages/transfer/test/fixtures/adapters"
MODELS = ROOT / "packages/checkpoint/test/fixtures/models"


def lora(**options):
    return LoraConfig(r=4, lora_alpha=8, task_type="CAUSAL_LM", layers_to_transform=None, **options)


def kinds(size):
    """Name → (config, options of save_pretrained, whether revocab rewrites it), for a model of so many rows."""
    trained = [1, 2, size // 2, size // 2 + 7, size - 60] if size > 100 else [1, 2, 20, 30]
    q = ["q_proj"]
    both = ["embed_tokens", "lm_head"]
    return {
        "plain": (lora(target_modules=q), {}, True),
        "dora": (lora(target_modules=q, use_dora=True), {}, True),
        "embedding": (lora(target_modules=[*q, "embed_tokens"]), {}, True),
        "embedding-only": (lora(target_modules=["embed_tokens"]), {"save_embedding_layers": False}, True),
        "head": (lora(target_modules=["lm_head"]), {}, True),
        "both": (lora(target_modules=both), {}, True),
        "rank": (lora(target_modules=both, rank_pattern={"embed_tokens": 2}, use_rslora=True), {}, True),
        "saved": (lora(target_modules=q, modules_to_save=both), {}, True),
        "saved-embedding": (lora(target_modules=q, modules_to_save=["embed_tokens"]), {}, True),
        "saved-layers": (lora(target_modules=q), {"save_embedding_layers": True}, True),
        "lora-bias": (lora(target_modules=["lm_head"], lora_bias=True), {}, True),
        "tokens": (lora(target_modules=q, trainable_token_indices=trained), {}, True),
        "tokens-by-module": (
            lora(target_modules=q, trainable_token_indices={"embed_tokens": trained, "lm_head": trained[:2]}),
            {},
            True,
        ),
        "tokens-alone": (TrainableTokensConfig(token_indices=trained, target_modules=["embed_tokens"]), {}, True),
        "tokens-gone": (lora(target_modules=q, trainable_token_indices=[5, 6]), {}, True),
        "ia3": (peft.IA3Config(target_modules=["k_proj"], feedforward_modules=[], task_type="CAUSAL_LM"), {}, True),
        "dora-head": (lora(target_modules=["lm_head"], use_dora=True), {}, False),
        "dora-embedding": (lora(target_modules=["embed_tokens"], use_dora=True), {}, False),
        "ia3-head": (peft.IA3Config(target_modules=["lm_head"], feedforward_modules=[]), {}, False),
        "vera-head": (peft.VeraConfig(target_modules=["lm_head"], r=4), {}, False),
        "lokr-head": (peft.LoKrConfig(target_modules=["lm_head"], r=4), {}, False),
        "fourier-head": (peft.FourierFTConfig(target_modules=["lm_head"], n_frequency=10), {}, False),
        "oft-head": (peft.OFTConfig(target_modules=["lm_head"], oft_block_size=4), {}, False),
        "miss-head": (peft.MissConfig(target_modules=["lm_head"], r=4), {}, False),
        "hira-both": (peft.HiraConfig(target_modules=both, r=4), {}, False),
        "shira-head": (peft.ShiraConfig(target_modules=["lm_head"], r=4), {}, False),
        "delora-head": (peft.DeloraConfig(target_modules=["lm_head"], r=4), {}, False),
        "waveft-head": (peft.WaveFTConfig(target_modules=["lm_head"], n_frequency=10), {}, False),
        "randlora-head": (peft.RandLoraConfig(target_modules=["lm_head"], r=4), {}, False),
        "c3a-head": (peft.C3AConfig(target_modules=["lm_head"], block_size=1), {}, False),
    }


def make(model_folder, out, config, save_options, base=None):
    """A trained adapter: every number of it is moved by a random amount."""
    torch.manual_seed(5)
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(model_folder), config)
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data += torch.randn_like(parameter) * 0.1
    shutil.rmtree(out, ignore_errors=True)
    model.save_pretrained(out, **save_options)
    (Path(out) / "README.md").unlink(missing_ok=True)
    if base is not None:
        path = Path(out) / "adapter_config.json"
        text = json.loads(path.read_text())
        path.write_text(json.dumps({**text, "base_model_name_or_path": base}, indent=2, sort_keys=True) + "\n")


def fixtures():
    keep = {
        "llama-untied": ["plain", "both", "saved", "tokens", "tokens-by-module", "dora-head", "fourier-head"],
        "llama-tied": ["both", "saved-embedding"],
    }
    for model, names in keep.items():
        for name in names:
            config, save_options, _ = kinds(43)[name]
            make(MODELS / model, FIXTURES / model / name, config, save_options, base=f"tiny/{model}")


def per_token(model):
    """What a model does per token: input rows [V × d], head [V × d], and the head's answer to zeros [V]."""
    embed, head = model.get_input_embeddings(), model.get_output_embeddings()
    with torch.no_grad():
        rows = embed(torch.arange(model.config.vocab_size))
        zero = head(torch.zeros(1, rows.shape[1], dtype=rows.dtype))
        columns = head(torch.eye(rows.shape[1], dtype=rows.dtype)) - zero
    return rows.float().numpy(), columns.T.float().numpy(), zero[0].float().numpy()


class Plan:
    def __init__(self, path):
        with safe_open(path, "np") as file:
            self.words = json.loads(file.metadata()["plan"])
            self.tensors = {name: file.get_tensor(name) for name in file.keys() if not name.startswith("target/")}

    def slot(self, name):
        return name if f"{name}/offsets" in self.tensors else "input"

    def apply(self, slot, table, ours=True):
        """W · [table; X], and rows that are no sum; zeros for these where a change is asked for."""
        part = {name: self.tensors[f"{slot}/{name}"] for name in ("offsets", "sources", "weights", "basis", "dense_ids", "dense_rows")}
        basis = part["basis"] if ours else np.zeros((len(part["basis"]), table.shape[1]), np.float32)
        basis = basis if len(basis) else np.zeros((0, table.shape[1]), np.float32)
        everything = np.concatenate([table, basis])
        rows = np.zeros((len(part["offsets"]) - 1, table.shape[1]), np.float32)
        for i, (start, end) in enumerate(zip(part["offsets"][:-1], part["offsets"][1:])):
            rows[i] = part["weights"][start:end] @ everything[part["sources"][start:end]]
        if ours and len(part["dense_ids"]):
            rows[part["dense_ids"]] = part["dense_rows"]
        return rows

    def copies(self):
        """Pairs of a source id and the id that the plan copies it to, in every table."""
        pairs = []
        for new in range(self.words["target"]["rows"]):
            found = set()
            for table in self.words["tables"]:
                start, end = self.tensors[f"{table['slot']}/offsets"][new : new + 2]
                single = end - start == 1 and self.tensors[f"{table['slot']}/weights"][start] == 1
                found.add(int(self.tensors[f"{table['slot']}/sources"][start]) if single else -1)
            if len(found) == 1 and (old := found.pop()) >= 0 and old < self.words["source"]["rows"]:
                pairs.append((old, new))
        return pairs


def revocab(*arguments):
    return subprocess.run([*shlex.split(os.environ["REVOCAB"]), *map(str, arguments)], capture_output=True, text=True)


def untied(model_folder, out):
    model = AutoModelForCausalLM.from_pretrained(model_folder)
    torch.manual_seed(1)
    head = model.get_input_embeddings().weight.detach().clone()
    model.config.tie_word_embeddings = False
    model.lm_head.weight = torch.nn.Parameter(head + torch.randn_like(head) * 0.02)
    model.save_pretrained(out)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(Path(model_folder) / name, out)


def check_one(folder, adapter, rewritten, swapped, plan):
    before = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(folder), adapter).eval()
    after = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(swapped), rewritten).eval()
    worst = 0.0
    for slot, old, new in zip(("input", "output"), per_token(before), per_token(after)):
        expected = plan.apply(plan.slot(slot), old)
        worst = max(worst, float(np.abs(expected - new).max()))
    bias = plan.apply(plan.slot("output"), per_token(before)[2][:, None], ours=False)[:, 0]
    worst = max(worst, float(np.abs(bias - per_token(after)[2]).max()))
    pairs = plan.copies()
    ids = np.random.default_rng(0).choice(len(pairs), 24)
    old_ids, new_ids = (torch.tensor([[pairs[i][side] for i in ids]]) for side in (0, 1))
    with torch.no_grad():
        old_logits = before(old_ids).logits[0][:, [old for old, _ in pairs]]
        new_logits = after(new_ids).logits[0][:, [new for _, new in pairs]]
    return worst, float((old_logits - new_logits).abs().max())


def check(model_folder, tokenizer, work, methods):
    work = Path(work)
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    untied(model_folder, work / "untied")
    failures = 0
    for method in methods:
        for shape, folder in {"tied": model_folder, "untied": work / "untied"}.items():
            plan, swapped = work / f"{method}-{shape}.plan", work / f"{method}-{shape}"
            options = ["--method", method, "--seed", "3", *(["--role", "input"] if shape == "tied" else [])]
            made = revocab("plan", folder, "--tokenizer", tokenizer, *options, "--out", plan)
            made = made.returncode and made or revocab("apply", plan, "--model", folder, "--out", swapped)
            if made.returncode:
                sys.exit(made.stderr)
            opened = Plan(plan)
            for name, (config, save_options, is_rewritten) in kinds(opened.words["source"]["rows"]).items():
                adapter = work / "adapters" / f"{shape}-{name}"
                if not adapter.exists():
                    try:
                        make(folder, adapter, config, save_options)
                    except Exception as error:
                        print(f"{method:14} {shape:7} {name:18} peft does not make it: {str(error)[:90]}")
                        continue
                out = work / f"{method}-{shape}-{name}"
                done = revocab("apply", plan, "--adapter", adapter, "--base", swapped, "--out", out)
                if done.returncode:
                    said = done.stderr.strip().splitlines()[0][:150]
                    right = not is_rewritten and "cannot follow the vocabulary" in said
                    print(f"{method:14} {shape:7} {name:18} {'refused' if right else 'WRONGLY REFUSED'}: {said}")
                else:
                    rows, logits = check_one(folder, adapter, out, swapped, opened)
                    right = is_rewritten and rows < 2e-5 and logits < 2e-3
                    print(f"{method:14} {shape:7} {name:18} {'right' if right else 'WRONG'}: rows {rows:.1e}, logits {logits:.1e}")
                failures += not right
    print(f"{failures} wrong")
    return failures


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("fixtures")
    checking = commands.add_parser("check")
    for name in ("model", "tokenizer", "work"):
        checking.add_argument(name)
    checking.add_argument("--methods", nargs="+", default=["subtoken-mean", "random"])
    options = parser.parse_args()
    if options.command == "fixtures":
        fixtures()
    else:
        sys.exit(bool(check(options.model, options.tokenizer, options.work, options.methods)))
