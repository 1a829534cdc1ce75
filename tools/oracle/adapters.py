"""Adapters of every kind that PEFT has, on tiny models; made with peft 0.21 and transformers 5.18.

    python tools/oracle/adapters.py fixtures        # writes packages/transfer/test/fixtures/adapters
    python tools/oracle/adapters.py check MODEL TOKENIZER WORK      # with REVOCAB="node apps/revocab/bin/revocab.js"
    python tools/oracle/adapters.py types MODEL TOKENIZER WORK --methods subtoken-mean --kinds plain both saved tokens

`check` makes an adapter of every kind on MODEL (a causal Llama), tied as it is and with a head of its own, swaps the model
by a plan, rewrites each adapter by the same plan, and compares in torch what they do per token: the input rows and the
head of swapped model + rewritten adapter must be the plan's mixtures of those of model + adapter, and on tokens that the
plan copies the logits must be those of before. A kind that is refused must be refused by name. `types` does so on a tiny
random model of many architectures, with the tokenizer of MODEL.
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
import transformers  # noqa: E402
from peft import LoraConfig, PeftModel, TrainableTokensConfig, get_peft_model  # noqa: E402
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForMaskedLM, AutoModelForSeq2SeqLM, logging  # noqa: E402
from transformers.pytorch_utils import Conv1D  # noqa: E402

logging.set_verbosity_error()
logging.disable_progress_bar()

PLAN_OPTIONS = shlex.split(os.environ.get("PLAN_OPTIONS", ""))  # such as --untie: then those that train head and input as one are refused

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "packages/transfer/test/fixtures/adapters"
MODELS = ROOT / "packages/checkpoint/test/fixtures/models"


def lora(**options):
    return LoraConfig(r=4, lora_alpha=8, **options)


def kinds(size, embed="embed_tokens", head="lm_head", inner="q_proj"):
    """
    Name → (config, options of save_pretrained, whether revocab rewrites it), for a model of so many rows, whose modules
    have these names. A list says for which models: tied, untied.
    """
    trained = [1, 2, size // 2, size // 2 + 7, size - 60] if size > 100 else [1, 2, 20, 30]
    q = [inner]
    both = [embed, head]
    return {
        "plain": (lora(target_modules=q), {}, True),
        "dora": (lora(target_modules=q, use_dora=True), {}, True),
        "embedding": (lora(target_modules=[*q, embed]), {}, True),
        "embedding-only": (lora(target_modules=[embed]), {"save_embedding_layers": False}, True),
        "head": (lora(target_modules=[head]), {}, True),
        "both": (lora(target_modules=both), {}, True),
        "rank": (lora(target_modules=both, rank_pattern={embed: 2}, use_rslora=True), {}, True),
        "saved": (lora(target_modules=q, modules_to_save=both), {}, True),
        "saved-embedding": (lora(target_modules=q, modules_to_save=[embed]), {}, True),
        "saved-layers": (lora(target_modules=q), {"save_embedding_layers": True}, True),
        "embedding-tied": (lora(target_modules=[*q, embed], ensure_weight_tying=True), {}, True),
        "saved-tied": (lora(target_modules=q, modules_to_save=[embed], ensure_weight_tying=True), {}, True),
        "lora-bias": (lora(target_modules=[head], lora_bias=True), {}, True),
        "tokens": (lora(target_modules=q, trainable_token_indices=trained), {}, True),
        "tokens-by-module": (
            lora(target_modules=q, trainable_token_indices={embed: trained, head: trained[2:4]}),
            {},
            True,
        ),
        "tokens-by-module-same": (
            lora(target_modules=q, trainable_token_indices={embed: trained, head: trained}),
            {},
            True,
        ),
        "tokens-by-module-gone": (
            lora(target_modules=q, trainable_token_indices={embed: trained, head: [5, 6]}),
            {},
            ["untied"],
        ),
        "tokens-alone": (TrainableTokensConfig(token_indices=trained, target_modules=[embed]), {}, True),
        "tokens-gone": (lora(target_modules=q, trainable_token_indices=[5, 6]), {}, True),
        "ia3": (peft.IA3Config(target_modules=q, feedforward_modules=[]), {}, True),
        "dora-head": (lora(target_modules=[head], use_dora=True), {}, False),
        "dora-embedding": (lora(target_modules=[embed], use_dora=True), {}, False),
        "ia3-head": (peft.IA3Config(target_modules=[head], feedforward_modules=[]), {}, False),
        "vera-head": (peft.VeraConfig(target_modules=[head], r=4), {}, False),
        "lokr-head": (peft.LoKrConfig(target_modules=[head], r=4), {}, False),
        "fourier-head": (peft.FourierFTConfig(target_modules=[head], n_frequency=10), {}, False),
        "oft-head": (peft.OFTConfig(target_modules=[head], oft_block_size=4), {}, False),
        "miss-head": (peft.MissConfig(target_modules=[head], r=4), {}, False),
        "hira-both": (peft.HiraConfig(target_modules=both, r=4), {}, False),
        "shira-head": (peft.ShiraConfig(target_modules=[head], r=4), {}, False),
        "delora-head": (peft.DeloraConfig(target_modules=[head], r=4), {}, False),
        "waveft-head": (peft.WaveFTConfig(target_modules=[head], n_frequency=10), {}, False),
        "randlora-head": (peft.RandLoraConfig(target_modules=[head], r=4), {}, False),
        "c3a-head": (peft.C3AConfig(target_modules=[head], block_size=1), {}, False),
    }


def opened(folder):
    return getattr(transformers, AutoConfig.from_pretrained(folder).architectures[0]).from_pretrained(folder)


def names_of(folder):
    """The last parts of the names of input embeddings, head, and some linear layer of a model."""
    model = opened(folder)
    modules = {id(module): name.split(".")[-1] for name, module in model.named_modules()}
    tables = [modules[id(table)] for table in (model.get_input_embeddings(), model.get_output_embeddings())]
    linear = (torch.nn.Linear, Conv1D)
    inner = [name.split(".")[-1] for name, module in model.named_modules() if isinstance(module, linear) and ".0." in name]
    return model.config.get_text_config().vocab_size, *tables, inner[0]


def make(model_folder, out, config, save_options, base=None):
    """A trained adapter: every number of it is moved by a random amount."""
    torch.manual_seed(5)
    model = get_peft_model(opened(model_folder), config)
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


def error_of(done):
    return next((line[:180] for line in done.stderr.splitlines() if line.startswith("revocab: ")), "no reason given")


def untied(model_folder, out):
    model = AutoModelForCausalLM.from_pretrained(model_folder)
    torch.manual_seed(1)
    head = model.get_input_embeddings().weight.detach().clone()
    model.config.tie_word_embeddings = False
    model.lm_head.weight = torch.nn.Parameter(head + torch.randn_like(head) * 0.02)
    model.save_pretrained(out)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(Path(model_folder) / name, out)


def run(model, ids):
    more = {"decoder_input_ids": ids} if model.config.is_encoder_decoder else {}
    return model(input_ids=ids, **more).logits[0]


def check_one(folder, adapter, rewritten, swapped, plan):
    before = PeftModel.from_pretrained(opened(folder), adapter).eval()
    after = PeftModel.from_pretrained(opened(swapped), rewritten).eval()
    worst = 0.0
    for slot, old, new in zip(("input", "output"), per_token(before), per_token(after)):
        expected = plan.apply(plan.slot(slot), old)
        worst = max(worst, float(np.abs(expected - new).max()))
    has_bias = "output.bias/offsets" in plan.tensors
    slot = "output.bias" if has_bias else plan.slot("output")
    bias = plan.apply(slot, per_token(before)[2][:, None], ours=has_bias)[:, 0]
    worst = max(worst, float(np.abs(bias - per_token(after)[2]).max()))
    pairs = plan.copies()
    ids = np.random.default_rng(0).choice(len(pairs), 24)
    old_ids, new_ids = (torch.tensor([[pairs[i][side] for i in ids]]) for side in (0, 1))
    with torch.no_grad():
        old_logits = run(before, old_ids)[:, [old for old, _ in pairs]]
        new_logits = run(after, new_ids)[:, [new for _, new in pairs]]
    return worst, float((old_logits - new_logits).abs().max())


def check_model(model_folder, tokenizer, work, method, only):
    """Rewrites adapters of every kind on one model; returns how many came out wrong."""
    shape = "tied" if AutoConfig.from_pretrained(model_folder).get_text_config().tie_word_embeddings else "untied"
    label = f"{Path(model_folder).name[:16]:16} {shape:6} {method:13}"
    work.mkdir(parents=True, exist_ok=True)
    plan, swapped = work / f"{method}.plan", work / method
    options = ["--method", method, "--seed", "3", *(PLAN_OPTIONS or (["--role", "input"] if shape == "tied" else []))]
    made = revocab("plan", model_folder, "--tokenizer", tokenizer, *options, "--out", plan)
    made = made if made.returncode else revocab("apply", plan, "--model", model_folder, "--out", swapped)
    if made.returncode:
        print(f"{label} NOT SWAPPED: {error_of(made)}")
        return 1
    words = Plan(plan)
    failures = 0
    for name, (config, save_options, is_rewritten) in kinds(*names_of(model_folder)).items():
        if only and name not in only:
            continue
        adapter = work / "adapters" / name
        if not adapter.exists():
            try:
                make(model_folder, adapter, config, save_options)
            except Exception as error:
                print(f"{label} {name:21} peft does not make it: {str(error)[:90]}")
                continue
        out = work / f"{method}-{name}"
        can_be = is_rewritten if isinstance(is_rewritten, bool) else shape in is_rewritten
        done = revocab("apply", plan, "--adapter", adapter, "--base", swapped, "--out", out)
        if done.returncode:
            said = error_of(done)
            right = not can_be and "cannot follow the vocabulary" in said
            print(f"{label} {name:21} {'refused' if right else 'WRONGLY REFUSED'}: {said}")
        else:
            rows, logits = check_one(model_folder, adapter, out, swapped, words)
            right = can_be and rows < 2e-5 and logits < 2e-3
            print(f"{label} {name:21} {'right' if right else 'WRONG'}: rows {rows:.1e}, logits {logits:.1e}", flush=True)
        failures += not right
    return failures


def check(model_folder, tokenizer, work, methods, only):
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    untied(model_folder, work / "own-head")
    failures = 0
    for folder in (model_folder, work / "own-head"):
        inside = work / f"of-{Path(folder).name}"
        for method in methods:
            failures += check_model(folder, tokenizer, inside, method, only)
    return failures


TINY = {
    "hidden_size": 32, "n_embd": 32, "d_model": 32, "word_embed_proj_dim": 32, "intermediate_size": 48, "ffn_dim": 48,
    "num_hidden_layers": 2, "n_layer": 2, "n_layers": 2, "num_attention_heads": 4, "n_head": 4, "n_heads": 4,
    "num_key_value_heads": 2, "head_dim": 8, "rotary_dim": 4, "max_position_embeddings": 64, "n_positions": 64,
    "vocab_size": 512, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0, "num_experts": 4, "num_local_experts": 4,
    "moe_intermediate_size": 16, "num_experts_per_tok": 2, "dim": 32, "hidden_dim": 48, "embedding_size": 32, "d_kv": 8,
    "d_ff": 48, "num_layers": 2, "num_decoder_layers": 2, "num_heads": 4, "encoder_layers": 2, "decoder_layers": 2,
    "encoder_attention_heads": 4, "decoder_attention_heads": 4, "encoder_ffn_dim": 48, "decoder_ffn_dim": 48,
}  # fmt: skip
TYPES = (
    "llama gpt2 gpt_neox gptj codegen opt bloom falcon mistral mixtral qwen2 qwen3 gemma gemma2 gemma3_text phi phi3 "
    "olmo olmo2 cohere starcoder2 stablelm granite gpt_bigcode mpt biogpt glm nemotron smollm3 gpt_neo xglm persimmon "
    "bert roberta distilbert electra t5 mt5 bart modernbert"
).split()


def automatic(config):
    """The model with a head that its type is known for."""
    for auto in (AutoModelForSeq2SeqLM, AutoModelForMaskedLM, AutoModelForCausalLM):
        if type(config) in auto._model_mapping and (auto is not AutoModelForSeq2SeqLM or config.is_encoder_decoder):
            return auto.from_config(config)
    raise ValueError(f"no model with a head is known for {config.model_type}")


def check_types(model_folder, tokenizer, work, methods, only, types=TYPES):
    """A tiny random model of each type, with the tokenizer of MODEL."""
    shutil.rmtree(work, ignore_errors=True)
    failures = 0
    for kind in types:
        folder = work / kind
        try:
            known = AutoConfig.for_model(kind).to_dict()
            config = AutoConfig.for_model(kind, **{key: value for key, value in TINY.items() if key in known})
            torch.manual_seed(0)
            torch.manual_seed(0)
            model = automatic(config)
            model.save_pretrained(folder)
        except Exception as error:
            print(f"{kind:16} not built: {str(error)[:100]}", flush=True)
            continue
        for name in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copy(Path(model_folder) / name, folder)
        for method in methods:
            failures += check_model(folder, tokenizer, work / f"of-{kind}", method, only)
    return failures


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("fixtures")
    for command in ("check", "types"):
        checking = commands.add_parser(command)
        for name in ("model", "tokenizer", "work"):
            checking.add_argument(name)
        checking.add_argument("--methods", nargs="+", default=["subtoken-mean", "random"])
        checking.add_argument("--kinds", nargs="+", default=[])
        checking.add_argument("--types", nargs="+", default=[], help="of types, these model types alone")
    options = parser.parse_args()
    if options.command == "fixtures":
        fixtures()
    else:
        compare = check if options.command == "check" else check_types
        more = {"types": options.types} if options.types else {}
        wrong = compare(options.model, options.tokenizer, Path(options.work), options.methods, options.kinds, **more)
        print(f"{wrong} wrong")
        sys.exit(wrong > 0)
