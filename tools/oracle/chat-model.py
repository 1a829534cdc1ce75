"""Opens a chat model that `revocab extend` made with transformers, and compares it with the base model.

    revocab extend BASE --special "<|im_start|>" "<|im_end|>" --chat-template chatml.jinja --eos "<|im_end|>" --out CHAT
    python tools/oracle/chat-model.py BASE CHAT --lines TEXT "<|im_start|>" "<|im_end|>"

Checked: each new token is one id; the lines have the ids they had; the rows of the new tokens are no other token's; a
conversation is written in the new tokens; generation stops at the new end of texts.
"""

import argparse
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, LogitsProcessor, LogitsProcessorList

CONVERSATION = [
    {"role": "system", "content": "You answer in one word."},
    {"role": "user", "content": "What does a cat say?"},
    {"role": "assistant", "content": "Meow."},
    {"role": "user", "content": "And a cow?"},
]


class EndAfter(LogitsProcessor):
    """Makes a model that was not trained on conversations end them, after some tokens."""

    def __init__(self, length: int, eos: int):
        self.length, self.eos = length, eos

    def __call__(self, ids, scores):
        if ids.shape[1] >= self.length:
            scores[:, self.eos] = 1e9
        return scores


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("base")
    parser.add_argument("chat")
    parser.add_argument("tokens", nargs="+")
    parser.add_argument("--lines", required=True)
    args = parser.parse_args()
    base, chat = AutoTokenizer.from_pretrained(args.base), AutoTokenizer.from_pretrained(args.chat)
    model = AutoModelForCausalLM.from_pretrained(args.chat)

    for token in args.tokens:
        ids = chat(token, add_special_tokens=False).input_ids
        assert chat.convert_ids_to_tokens(ids) == [token], (token, ids)
    lines = Path(args.lines).read_text().splitlines()[:200]
    assert base(lines).input_ids == chat(lines).input_ids

    rows = model.get_input_embeddings().weight
    for id in chat.convert_tokens_to_ids(args.tokens):
        same = (rows == rows[id]).all(1).nonzero().flatten().tolist()
        assert same == [id], (id, same)

    ids = chat.apply_chat_template(CONVERSATION, add_generation_prompt=True, return_dict=False)
    text = chat.apply_chat_template(CONVERSATION, add_generation_prompt=True, tokenize=False)
    assert all(token not in text or chat.convert_tokens_to_ids(token) in ids for token in args.tokens)

    ends = EndAfter(len(ids) + 3, chat.eos_token_id)
    made = model.generate(
        torch.tensor([ids]), max_new_tokens=20, do_sample=False, logits_processor=LogitsProcessorList([ends])
    )[0].tolist()
    assert made[-1] == chat.eos_token_id and len(made) <= len(ids) + 4, made
    print(
        f"right: {len(lines)} lines, {len(ids)} tokens of a conversation, ends at {chat.eos_token}; "
        f"eos_token_id {model.config.eos_token_id}, when generating {model.generation_config.eos_token_id}"
    )


if __name__ == "__main__":
    main()
