"""Trains the rows of a model's vocabulary in plain PyTorch, its layers frozen: the loss and the tokens per second of each step.

    python tools/oracle/train_rows.py --model FOLDER --text FILE --batch-tokens 4096 --steps 100 --threads 2

The loss is the mean cross-entropy of the next token, in nats. AdamW has no weight decay; its rate rises over --warm-up
steps to --rate and falls along a cosine to --last-rate. A tied model keeps one table.

A text's documents are the parts between `<|endoftext|>`, in windows as in bits_per_byte.py. Windows of like length share a
batch, as many as fit into --batch-tokens with their padding, which neither a causal model nor the head sees; the order is
the seed's. Without --text the ids are random and all windows full: enough for the speed, and for a model without a tokenizer.

Tokens are those that are predicted. The last line is JSON, with the median speed of all steps but the first, which also allocates.
The cores must be idle: PyTorch's threads wait for each other, and beside another program steps took up to 15 times as long.
"""

import argparse
import json
import math
import resource
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import mean, median

import torch
import torch.nn.functional as F
from bits_per_byte import SEPARATOR, context_of, put_before
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel

POOL = 32  # windows are sorted by length among those of so many batches


def main() -> None:
    options = parse_options()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    model = AutoModelForCausalLM.from_pretrained(options.model, dtype=torch.float32).eval().requires_grad_(False)
    modules = (model.get_input_embeddings(), model.get_output_embeddings())
    tables = list({module.weight.requires_grad_(): None for module in modules})  # one where they are tied
    adam = torch.optim.AdamW(tables, lr=options.rate, weight_decay=0, fused=True)
    options.context = options.context or min(512, context_of(model))
    windows = random_windows(model, options) if options.text is None else text_windows(model, options)
    batches = batches_of(windows, options.batch_tokens)
    steps = []
    for step in range(options.steps):
        batch = next(batches)
        begun, busy = time.perf_counter(), time.process_time()
        adam.param_groups[0]["lr"] = rate_of(step, options)
        loss = loss_of(model, batch)
        loss.backward()
        adam.step()
        adam.zero_grad()
        seconds, processor = time.perf_counter() - begun, time.process_time() - busy
        tokens = sum(map(len, batch)) - len(batch)
        steps.append((tokens / seconds, tokens / processor, tokens))
        print(f"step {step + 1}  loss {loss.item():.4f}  {tokens / seconds:.0f} tokens/s", flush=True)
    speeds, processor_speeds, counts = zip(*(steps[1:] or steps))
    print(json.dumps(dict(
        tokensPerSecond=median(speeds), tokensPerProcessorSecond=median(processor_speeds), tokensPerStep=mean(counts),
        loss=loss.item(), peakMegabytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3)))


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="model folder")
    parser.add_argument("--tokenizer", type=Path, help="tokenizer folder; the model's own when not given")
    parser.add_argument("--text", type=Path, help="UTF-8 text file")
    defaults = dict(batch_tokens=4096, steps=100, warm_up=10, rate=1e-2, last_rate=5e-4, threads=2, seed=0)
    for name, default in defaults.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default)
    parser.add_argument("--context", type=int, help="tokens in a window; the model's own, at most 512, when not given")
    return parser.parse_args()


def text_windows(model: PreTrainedModel, options: argparse.Namespace) -> list[list[int]]:
    tokenizer = AutoTokenizer.from_pretrained(options.tokenizer or options.model)
    begin, context, windows = put_before(model, tokenizer), options.context, []
    for document in filter(None, map(str.strip, options.text.read_text("utf-8").split(SEPARATOR))):
        ids = begin + tokenizer(document, add_special_tokens=False, verbose=False).input_ids
        windows += [ids[start : start + context] for start in range(0, len(ids) - 1, context - 1)]
    return windows


def random_windows(model: PreTrainedModel, options: argparse.Namespace) -> list[list[int]]:
    count = POOL * max(1, options.batch_tokens // options.context)
    return torch.randint(model.get_output_embeddings().weight.shape[0], (count, options.context)).tolist()


def batches_of(windows: list[list[int]], tokens: int) -> Iterator[list[list[int]]]:
    pool = max(1, round(POOL * tokens / mean(map(len, windows))))
    while True:
        order = [windows[i] for i in torch.randperm(len(windows)).tolist()]
        for start in range(0, len(order), pool):
            batches = [[]]
            for window in sorted(order[start : start + pool], key=len):
                if batches[-1] and len(window) * (len(batches[-1]) + 1) > tokens:
                    batches.append([])
                batches[-1].append(window)
            yield from (batches[i] for i in torch.randperm(len(batches)).tolist())


def loss_of(model: PreTrainedModel, batch: list[list[int]]) -> torch.Tensor:
    ids = torch.nn.utils.rnn.pad_sequence([torch.tensor(window) for window in batch], batch_first=True, padding_value=-100)
    predicted = F.pad(ids[:, 1:], (0, 1), value=-100)
    is_asked = predicted >= 0
    with model.get_output_embeddings().register_forward_pre_hook(lambda _, inputs: (inputs[0][is_asked],)):
        logits = model(input_ids=ids.clamp(min=0), use_cache=False).logits
    return F.cross_entropy(logits, predicted[is_asked])


def rate_of(step: int, options: argparse.Namespace) -> float:
    if step < options.warm_up:
        return options.rate * (step + 1) / options.warm_up
    done = (step - options.warm_up) / max(1, options.steps - 1 - options.warm_up)
    return options.last_rate + (options.rate - options.last_rate) * (1 + math.cos(math.pi * done)) / 2


if __name__ == "__main__":
    main()
