"""Goes on from a healed model in the reference library: all rows with the layers frozen, then a LoRA on the layers.

    python examples/continue-training.py MODEL TEXT OUT [--row-steps 200] [--lora-steps 400] [--context 512] [--batch 8]

TEXT is UTF-8, its documents apart by `<|endoftext|>` or blank lines. OUT is a whole model: the LoRA is merged into it. Needs
torch, transformers and peft (tools/oracle/requirements.txt); a GPU is used where there is one.
"""

import argparse
import re
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("text", type=Path)
    parser.add_argument("out")
    parser.add_argument("--row-steps", type=int, default=200)
    parser.add_argument("--lora-steps", type=int, default=400)
    parser.add_argument("--context", type=int, default=512)
    parser.add_argument("--batch", type=int, default=8)
    options = parser.parse_args()

    torch.manual_seed(0)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    tokenizer = AutoTokenizer.from_pretrained(options.model)
    # Adam's steps are smaller than bf16 can tell apart: train in f32
    model = AutoModelForCausalLM.from_pretrained(options.model, dtype=torch.float32).to(device)
    stored = AutoConfig.from_pretrained(options.model).dtype or torch.float32
    tokens = tokens_of(options.text, tokenizer, options.context).to(device)
    held_out, tokens = tokens[: max(1, len(tokens) // 20)], tokens[max(1, len(tokens) // 20) :]
    print(f"{len(tokens)} sequences of {options.context} tokens; held-out loss {loss_on(model, held_out):.4f}")

    train_rows_only(model)
    train(model, tokens, steps=options.row_steps, batch=options.batch, rate=1e-3)
    print(f"rows trained: held-out loss {loss_on(model, held_out):.4f}")

    # every linear layer but the head; the rows stay as they are now
    adapted = get_peft_model(model, LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM"))
    train(adapted, tokens, steps=options.lora_steps, batch=options.batch, rate=2e-4)
    print(f"LoRA trained: held-out loss {loss_on(adapted, held_out):.4f}")

    adapted.merge_and_unload().to(stored).save_pretrained(options.out)
    tokenizer.save_pretrained(options.out)


def tokens_of(path: Path, tokenizer: PreTrainedTokenizerBase, context: int) -> torch.Tensor:
    """The text's documents one after another, cut into sequences → [sequences × context]"""
    text = path.read_text(encoding="utf-8")
    documents = text.split("<|endoftext|>") if "<|endoftext|>" in text else re.split(r"\n\s*\n", text)
    ids: list[int] = []
    for document in documents:
        ids += tokenizer(document.strip())["input_ids"]
        if tokenizer.eos_token_id is not None and ids[-1:] != [tokenizer.eos_token_id]:
            ids.append(tokenizer.eos_token_id)
    count = len(ids) // context
    if count < 2:
        raise SystemExit(f"{path} has {len(ids)} tokens; at least {2 * context} are needed, or a shorter --context")
    return torch.tensor(ids[: count * context]).view(count, context)


def train_rows_only(model: PreTrainedModel) -> None:
    model.requires_grad_(False)
    model.get_input_embeddings().requires_grad_(True)
    if (head := model.get_output_embeddings()) is not None:
        head.requires_grad_(True)


def train(model: torch.nn.Module, tokens: torch.Tensor, *, steps: int, batch: int, rate: float) -> None:
    """AdamW on what requires a gradient; the rate rises over a tenth of the steps and falls to a tenth of itself."""
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(learning, lr=rate, weight_decay=0.0)
    warm_up = max(1, steps // 10)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warm_up, 1 - 0.9 * max(0, step - warm_up) / max(1, steps - warm_up))
    )
    model.train()
    for _ in range(steps):
        picked = tokens[torch.randint(len(tokens), (batch,), device=tokens.device)]
        loss = model(input_ids=picked, labels=picked).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learning, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()


@torch.no_grad()
def loss_on(model: torch.nn.Module, tokens: torch.Tensor) -> float:
    """The mean loss of the next token, in nats; comparable only between models with the same tokenizer."""
    model.eval()
    return sum(model(input_ids=one[None], labels=one[None]).loss.item() for one in tokens) / len(tokens)


if __name__ == "__main__":
    main()
