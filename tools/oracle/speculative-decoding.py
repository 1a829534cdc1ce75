"""
How well drafts guess for a target in transformers' assisted generation: tokens per pass of the target, and the share of guessed
tokens that it accepts. A draft with the target's vocabulary guesses in its tokens; one with another vocabulary is translated by
text (universal assisted generation).

    python tools/oracle/speculative-decoding.py TARGET DRAFT... --text FILE [--prompts 20] [--new-tokens 60] [--guesses 5]

Continues the first words of the first documents of FILE, greedily, so that every draft gives the target's own text: that is
checked, too.
"""

import argparse
import re
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

PROMPT_WORDS = 12


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("target")
    parser.add_argument("drafts", nargs="+")
    parser.add_argument("--text", type=Path, required=True)
    parser.add_argument("--prompts", type=int, default=20)
    parser.add_argument("--new-tokens", type=int, default=60)
    parser.add_argument("--guesses", type=int, default=5)
    options = parser.parse_args()

    target, tokenizer = opened(options.target)
    prompts = prompts_of(options.text, options.prompts)
    alone = [continued(target, tokenizer, prompt, options.new_tokens) for prompt in prompts]
    print(f"{'draft':40}  tokens per pass  accepted  passes of the draft")
    for folder in options.drafts:
        draft, draft_tokenizer = opened(folder)
        settings = draft.generation_config
        settings.num_assistant_tokens = options.guesses
        settings.num_assistant_tokens_schedule = "constant"
        settings.assistant_confidence_threshold = 0.0
        assistant = {"assistant_model": draft}
        if draft_tokenizer.get_vocab() != tokenizer.get_vocab():
            assistant |= {"tokenizer": tokenizer, "assistant_tokenizer": draft_tokenizer}
        with Passes(target) as of_target, Passes(draft) as of_draft:
            texts = [continued(target, tokenizer, prompt, options.new_tokens, assistant) for prompt in prompts]
        same = sum(one.equal(other) for one, other in zip(texts, alone))
        new = sum(len(text) - len(tokenizer(prompt)["input_ids"]) for text, prompt in zip(texts, prompts))
        read = of_target.tokens - sum(len(tokenizer(prompt)["input_ids"]) for prompt in prompts)
        guessed = read - (of_target.count - len(prompts))  # every pass but the first of a text reads one token that is certain
        accepted = new - of_target.count
        name = Path(folder).name + (" (translated)" if len(assistant) > 1 else "")
        print(f"{name:40}  {new / of_target.count:15.2f}  {accepted / max(1, guessed):7.0%}  {of_draft.count:19}  {same} of {len(prompts)} as alone")


def opened(folder: str):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    return model, AutoTokenizer.from_pretrained(folder)


def prompts_of(path: Path, count: int) -> list[str]:
    documents = re.split(r"<\|endoftext\|>|\n\s*\n", path.read_text(encoding="utf-8"))
    long = [document.split() for document in documents if len(document.split()) > 2 * PROMPT_WORDS]
    return [" ".join(words[:PROMPT_WORDS]) for words in long[:count]]


@torch.no_grad()
def continued(target, tokenizer, prompt: str, new_tokens: int, assistant=None) -> torch.Tensor:
    inputs = tokenizer(prompt, return_tensors="pt")
    return target.generate(**inputs, max_new_tokens=new_tokens, do_sample=False, **(assistant or {}))[0]


class Passes:
    """Counts the passes of a model, and the tokens that they read."""

    def __init__(self, model):
        self.count = self.tokens = 0
        self.hook = model.register_forward_pre_hook(self.see, with_kwargs=True)

    def see(self, _, args, kwargs):
        ids = kwargs.get("input_ids", args[0] if args else None)
        self.count += 1
        self.tokens += ids.shape[-1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.hook.remove()


if __name__ == "__main__":
    main()
