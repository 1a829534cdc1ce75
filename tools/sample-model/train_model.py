"""The sample model: a small Llama with a tied head, trained from scratch on the CPU."""

import math
import random
import time

import torch
from tokenizers import Tokenizer
from torch.nn import functional
from transformers import LlamaConfig, LlamaForCausalLM

CONTEXT = 256
BATCH = 8
DROPOUT = 0.05
REPORT_EVERY = 250


def train_model(
    config: LlamaConfig,
    tokenizer: Tokenizer,
    stories: list[str],
    held_out: list[str],
    *,
    steps: int,
    minutes: float | None,
    seed: int,
) -> LlamaForCausalLM:
    """Trains for `steps` batches of 8 × 256 tokens, or until `minutes` are over, whichever comes first.

    The learning rate falls to zero at whichever end comes first, so a run cut short by `minutes` is a shorter
    run, not a broken one. Without `minutes` the same seed gives the same weights on the same machine.
    """
    torch.manual_seed(seed)
    model = LlamaForCausalLM(config)
    dropout = add_dropout(model)
    optimizers = make_optimizers(model)
    batches = endless_batches([encode(tokenizer, config, story) for story in stories], seed)
    started = time.monotonic()
    model.train()
    for step in range(steps):
        elapsed = (time.monotonic() - started) / 60
        progress = max(step / steps, elapsed / minutes if minutes else 0.0)
        if progress >= 1:
            break
        # Products in bf16, sums and weights in f32: 1.8 times as fast on a processor with AVX-512 BF16.
        with torch.autocast("cpu", torch.bfloat16):
            loss = next_token_loss(model, next(batches))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["initial_lr"] * rate(step, progress)
            optimizer.step()
            optimizer.zero_grad()
        if step % REPORT_EVERY == 0:
            bits = bits_per_byte(model, tokenizer, held_out)
            print(f"step {step} ({elapsed:.1f} min): loss {loss.item():.3f}, held out {bits:.4f} bits/byte", flush=True)
    for handle in dropout:
        handle.remove()
    return model.eval()


def add_dropout(model: LlamaForCausalLM) -> list[torch.utils.hooks.RemovableHandle]:
    """Llama has no dropout outside attention; 1.2 MB of text, seen over and over, needs some on every branch."""

    def drop(module: torch.nn.Module, _inputs: object, output: torch.Tensor) -> torch.Tensor:
        return functional.dropout(output, DROPOUT, training=module.training)

    branches = [model.model.embed_tokens]
    for layer in model.model.layers:
        branches += [layer.self_attn.o_proj, layer.mlp.down_proj]
    return [branch.register_forward_hook(drop) for branch in branches]


def make_optimizers(model: LlamaForCausalLM) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside the layers, AdamW for embeddings and norms: about half the steps of AdamW alone."""
    matrices = [p for p in model.model.layers.parameters() if p.ndim == 2]
    rest = [p for p in model.parameters() if not any(p is matrix for matrix in matrices)]
    optimizers = [
        torch.optim.Muon(matrices, lr=0.02, momentum=0.95, weight_decay=0.1),
        torch.optim.AdamW(rest, lr=4e-3, betas=(0.9, 0.98), weight_decay=0.01),
    ]
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["initial_lr"] = group["lr"]
    return optimizers


def rate(step: int, progress: float) -> float:
    """Share of the full learning rate: 50 steps of warm-up, then a cosine to zero."""
    return min(1.0, (step + 1) / 50) * 0.5 * (1 + math.cos(math.pi * progress))


def encode(tokenizer: Tokenizer, config: LlamaConfig, story: str) -> list[int]:
    return tokenizer.encode(story).ids + [config.eos_token_id]


def endless_batches(encoded: list[list[int]], seed: int):
    """[8 × 256] tokens, cut from the stories laid end to end in a new order, at a new offset, every epoch."""
    order = random.Random(seed)
    while True:
        order.shuffle(encoded)
        stream = [token for story in encoded for token in story]
        stream = stream[order.randrange(CONTEXT) :]
        rows = [stream[i : i + CONTEXT] for i in range(0, len(stream) - CONTEXT + 1, CONTEXT)]
        for i in range(0, len(rows) - BATCH + 1, BATCH):
            yield torch.tensor(rows[i : i + BATCH])


def next_token_loss(model: LlamaForCausalLM, tokens: torch.Tensor) -> torch.Tensor:
    logits = model(input_ids=tokens, use_cache=False).logits
    return functional.cross_entropy(logits[:, :-1].flatten(0, 1).float(), tokens[:, 1:].flatten())


@torch.no_grad()
def bits_per_byte(model: LlamaForCausalLM, tokenizer: Tokenizer, stories: list[str]) -> float:
    """−log₂ p of every token after `<s>`, over the bytes of the stories; by the convention of tools/oracle."""
    was_training = model.training
    model.eval()
    bits = 0.0
    for story in stories:
        tokens = tokenizer.encode(story).ids
        for i in range(0, len(tokens) - 1, CONTEXT - 1):
            window = torch.tensor([tokens[i : i + CONTEXT]])
            bits += next_token_loss(model, window).item() * (window.numel() - 1) / math.log(2)
    model.train(was_training)
    return bits / sum(len(story.encode()) for story in stories)
