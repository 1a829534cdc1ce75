"""Opens swapped models with the reference library, without remote code, and compares ids with revocab's.

    python tools/oracle/load-swapped.py SWAPPED [SWAPPED …] [--lines FILE] [--tokenizer-only]

For each folder: AutoModelForCausalLM and AutoTokenizer load it; embeddings and head have config.vocab_size rows, no fewer
than the tokenizer has ids; every token id in the configs is the special that the tokenizer names; the ids of the hard
strings below, and of the first 100 lines of FILE, equal those of revocab's `loadTokenizer(SWAPPED).encode`, and decode to
the same text as the tokenizer.json read alone; a greedy continuation of 20 tokens has finite logits and known ids.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import tokenizers
import torch
import transformers as hf

hf.logging.set_verbosity_error()
hf.logging.disable_progress_bar()

HARD = [
    *("", " ", "  ", "   ", "    ", "\t", "\n", "\n\n", "\n\n\n", "\r\n", " \n ", "\t\n", "a", " a", "a ", "  a  b   c"),
    *("Hello world", " Hello world", "Hello World!", " Hello, world", "hello\nworld", "hello \n world", "\tindented"),
    *("I'm you're we'll he'd 'tis", "I'M YOU'RE", "don't  stop", "...", "!!!???", "-----", "a-b_c.d/e\\f", "'''\"\"\"```"),
    *("0", "12", "123", "1234567890", "3.14159", "1,000,000", "0xFF", "<0xFF>", "<0x0A>", "C:\\path", "f(x) = {x: [1]}"),
    *("café", "cafe\u0301", "Äpfel", "Straße", "naïve façade", "ÀÉÎÕÜ", "ﬁne ﬂow", "Ⅷ ① ½", "œuvre Łódź"),
    *("你好,世界", "日本語のテキスト", "한국어", "Привет мир", "שלום", "مرحبا", "हिन्दी", "ไทย", "👍", "👩‍👩‍👧", "🇩🇪🏳️‍🌈"),
    *("\u00a0nbsp\u00a0", "zero\u200bwidth", "\ufeffbom", "\u2028line", "\x00nul", "\x7f", "▁mark▁", "Ġmark Ċ", "##piece"),
    *("<s>hello</s>", "<unk>", "<|endoftext|>", " <|endoftext|> ", "[CLS] a [SEP]", "<pad><mask>", "<|im_start|>user\n"),
    *("Once upon a time, there was a little girl named Lily.", "x" * 300, "ab " * 100, "é" * 50),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--lines", type=Path, help="UTF-8 text, of which 100 lines that are not empty are compared")
    parser.add_argument("--tokenizer-only", action="store_true", help="the folder's model is none this library can open")
    options = parser.parse_args()
    torch.set_num_threads(1)
    lines = [] if options.lines is None else options.lines.read_text(encoding="utf-8").splitlines()
    texts = HARD + [line for line in lines if line.strip()][:100]
    failed = [folder.name for folder in options.folders if not check(folder, texts, options.tokenizer_only)]
    print(f"{len(options.folders) - len(failed)} of {len(options.folders)} passed" + f"; failed: {failed}" * bool(failed))
    sys.exit(1 if failed else 0)


def check(folder: Path, texts: list[str], tokenizer_only: bool) -> bool:
    try:
        tokenizer = hf.AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        failures = check_ids(folder, tokenizer, texts)
        shown = f"{type(tokenizer).__name__} {len(tokenizer)} ids"
        if not tokenizer_only:
            more, text = check_model(folder, tokenizer)
            failures += more
            shown += f", {text!r}"
    except Exception as error:  # whatever stops one folder is its finding; the others are still to be seen
        failures, shown = [f"{type(error).__name__}: {error}"], "not opened"
    print(f"{'FAIL' if failures else 'ok  '} {folder.name}: {shown}", flush=True)
    for failure in failures[:5]:
        print(f"     {failure}")
    return not failures


def check_ids(folder: Path, tokenizer, texts: list[str]) -> list[str]:
    node = ["node", str(Path(__file__).with_name("encode-texts.mjs")), str(folder)]
    ours = json.loads(subprocess.run(node, input=json.dumps(texts).encode(), stdout=subprocess.PIPE, check=True).stdout)
    alone = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    alone.no_padding()
    alone.no_truncation()
    asked_for_none = hf.AutoTokenizer.from_pretrained(folder)
    failures = []
    for text, expected in zip(texts, ours, strict=True):
        ids = tokenizer(text, add_special_tokens=False, verbose=False).input_ids
        if ids != expected:
            failures.append(f"{text[:40]!r}: AutoTokenizer {ids[:12]}, revocab {expected[:12]}")
        if ids != alone.encode(text, add_special_tokens=False).ids:
            failures.append(f"{text[:40]!r}: AutoTokenizer has other ids than its tokenizer.json")
        if ids != asked_for_none(text, add_special_tokens=False, verbose=False).input_ids:
            failures.append(f"{text[:40]!r}: other ids without trust_remote_code=False")
        decoded = tokenizer.decode(ids, clean_up_tokenization_spaces=False)  # a tokenizer_config.json may ask for it
        if decoded != alone.decode(ids, skip_special_tokens=False):
            failures.append(f"{text[:40]!r}: decoded to {decoded[:40]!r}")
    return failures


@torch.inference_mode()
def check_model(folder: Path, tokenizer) -> tuple[list[str], str]:
    model, info = hf.AutoModelForCausalLM.from_pretrained(folder, trust_remote_code=False, output_loading_info=True)
    config = model.config.get_text_config()
    rows = {model.get_input_embeddings().weight.shape[0], model.get_output_embeddings().weight.shape[0]}
    failures = [f"loading: {kind} {names}" for kind, names in info.items() if names]
    if rows != {config.vocab_size} or len(tokenizer) > config.vocab_size:
        failures.append(f"{rows} rows, vocab_size {config.vocab_size}, {len(tokenizer)} ids")
    for holder in (config, model.generation_config):
        for role in ("bos", "eos", "pad"):
            if getattr(holder, f"{role}_token_id") not in (None, getattr(tokenizer, f"{role}_token_id")):
                failures.append(f"{role}_token_id {getattr(holder, f'{role}_token_id')} of {type(holder).__name__} is another token")

    begin = [] if tokenizer.bos_token_id is None else [tokenizer.bos_token_id]
    prompt = torch.tensor([begin + tokenizer("Once upon a time", add_special_tokens=False).input_ids])
    if not torch.isfinite(model(input_ids=prompt).logits).all():
        failures.append("logits are not finite")
    written = model.generate(prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=20, min_new_tokens=20, do_sample=False)
    new = written[0, prompt.shape[1] :].tolist()
    if len(new) != 20 or max(new) >= len(tokenizer):
        failures.append(f"{len(new)} new ids up to {max(new)}")
    return failures, tokenizer.decode(new)


if __name__ == "__main__":
    main()
