"""Makes the sample the repo ships: a small trained Llama and a tokenizer of another family to swap it to.

    python make_sample.py --text tinystories.txt --out ../../sample

Writes OUT/model (config, weights in bf16, tokenizer) and OUT/tokenizer. See README.md for figures.
"""

import argparse
import json
from pathlib import Path

import torch
from source_tokenizer import ROLES as SOURCE_ROLES
from source_tokenizer import train_source_tokenizer
from stories import read_stories, split_stories
from target_tokenizer import ROLES as TARGET_ROLES
from target_tokenizer import train_target_tokenizer
from tokenizers import Tokenizer
from train_model import CONTEXT, bits_per_byte, train_model
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM


def main() -> None:
    options = parse_options()
    torch.set_num_threads(options.threads)
    learned, held_out = split_stories(read_stories(options.text), options.held_out)

    target = train_target_tokenizer(learned, size=3000)
    write_tokenizer(target, TARGET_ROLES, options.out / "tokenizer")

    source = train_source_tokenizer(learned, size=1280)
    model = train_model(
        model_config(source),
        source,
        learned,
        held_out,
        steps=options.steps,
        minutes=options.minutes,
        seed=options.seed,
    )
    write_tokenizer(source, SOURCE_ROLES, options.out / "model")
    write_model(model, options.out / "model")

    stored = LlamaForCausalLM.from_pretrained(options.out / "model", dtype=torch.float32).eval()
    print(f"{stored.num_parameters():,} parameters, {len(learned)} stories learned, {len(held_out)} held out")
    print(f"held out: {bits_per_byte(stored, source, held_out):.4f} bits/byte")
    print(f"learned (same number of stories): {bits_per_byte(stored, source, learned[: len(held_out)]):.4f} bits/byte")
    print(continue_story(stored, source, "Once upon a time"))


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--text", type=Path, required=True, help="stories separated by <|endoftext|>, UTF-8")
    parser.add_argument("--out", type=Path, required=True, help="folder for model/ and tokenizer/")
    parser.add_argument("--steps", type=int, default=3000, help="batches of 8 x 256 tokens (default 3000)")
    parser.add_argument("--minutes", type=float, help="stop earlier, after this long (default: no limit)")
    parser.add_argument("--held-out", type=float, default=0.1, help="share of stories never learned from (default 0.1)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1, help="more threads may round differently (default 1)")
    return parser.parse_args()


def model_config(tokenizer: Tokenizer) -> LlamaConfig:
    return LlamaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=128,
        intermediate_size=344,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.token_to_id(SOURCE_ROLES["bos_token"]),
        eos_token_id=tokenizer.token_to_id(SOURCE_ROLES["eos_token"]),
        pad_token_id=tokenizer.token_to_id(SOURCE_ROLES["pad_token"]),
    )


def write_tokenizer(tokenizer: Tokenizer, roles: dict[str, str], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {"tokenizer_class": "PreTrainedTokenizerFast", **roles, "model_max_length": CONTEXT}
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")


def write_model(model: LlamaForCausalLM, folder: Path) -> None:
    config = model.config
    model.generation_config = GenerationConfig(
        bos_token_id=config.bos_token_id, eos_token_id=config.eos_token_id, pad_token_id=config.pad_token_id
    )
    model.to(torch.bfloat16).save_pretrained(folder)


def continue_story(model: LlamaForCausalLM, tokenizer: Tokenizer, start: str) -> str:
    prompt = torch.tensor([tokenizer.encode(start).ids])
    written = model.generate(prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=100, do_sample=False)
    return tokenizer.decode(written[0].tolist())


if __name__ == "__main__":
    main()
