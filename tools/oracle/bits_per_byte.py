"""How well a model predicts a text, in bits per byte, by the reference Python library.

    python bits_per_byte.py MODEL_DIR [MODEL_DIR …] --text FILE --max-bytes 60000 [--generate "Once upon a time"]

Bits per byte does not depend on the tokenizer, so a model can be compared with itself after its tokenizer was swapped.

The convention, exactly:
- Documents are the parts of FILE between `<|endoftext|>`, without surrounding white space; empty ones are left out.
  Whole documents are taken from the start while their UTF-8 bytes together stay within --max-bytes. With
  --single-document, the first --max-bytes bytes of FILE are one document.
- A document is tokenised whole, without special tokens. What the tokenizer puts before a text (a BOS, or nothing) is put in front, and
  before that, for an encoder–decoder model, what its decoder begins with (decoder_start_token_id).
- A document longer than the model's context (or --context) is cut into windows of that many tokens; each window starts with the last
  token of the one before. So every token is scored once, except those in front, or without any the first token of text, which
  nothing predicts.
- The encoder of an encoder–decoder model reads --source, as the tokenizer encodes it with its special tokens.
- Score: the sum of −log2 p of the scored tokens, in float32, over the bytes of all documents.
"""

import argparse
import json
import math
import time
from collections import Counter
from pathlib import Path

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

SEPARATOR = "<|endoftext|>"


def main() -> None:
    options = parse_options()
    torch.set_num_threads(options.threads)
    documents = read_documents(options)
    for folder in options.models:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
        auto = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
        model = auto.from_pretrained(
            folder, dtype=torch.float32, trust_remote_code=False, **placement(options)
        ).eval()
        result = {"model": str(folder), **score(model, tokenizer, documents, options)}
        if options.generate is not None:
            result["text"] = continue_text(model, tokenizer, options)
        print(json.dumps(result, ensure_ascii=False) if options.json else describe(result), flush=True)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", type=Path, help="model folders")
    parser.add_argument("--text", type=Path, required=True, help="UTF-8 text file")
    parser.add_argument("--max-bytes", type=int, required=True)
    parser.add_argument("--skip-documents", type=int, default=0, help="leave out this many documents at the start")
    parser.add_argument("--single-document", action="store_true", help="the text is one document")
    parser.add_argument("--generate", metavar="PROMPT", help="also print a greedy continuation of 60 tokens")
    parser.add_argument("--json", action="store_true", help="one JSON object per model")
    parser.add_argument("--by-token", type=int, default=0, metavar="N", help="with --json: also the N tokens that cost most, as [id, count, bits]")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--context", type=int, help="tokens in a window; the model's own when not given")
    parser.add_argument("--source", default="", help="what the encoder of an encoder–decoder model reads")
    parser.add_argument("--batch", type=int, default=1, help="windows of a document that run at once")
    parser.add_argument("--offload", metavar="FOLDER", help="keep on disk, in this folder, the weights that --memory has no room for")
    parser.add_argument("--memory", metavar="SIZE", help="what weights may take in memory, such as 4GB; with --offload")
    options = parser.parse_args()
    if options.single_document and options.skip_documents:
        parser.error("--skip-documents needs several documents; --single-document makes one")
    return options


def placement(options: argparse.Namespace) -> dict[str, object]:
    if options.offload is None:
        return {}
    return {"device_map": "auto", "max_memory": {"cpu": options.memory}, "offload_folder": options.offload}


def put_before(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """What a decoder begins with, and the special tokens that stand before a text of one letter."""
    ids, is_special = (tokenizer("a", return_special_tokens_mask=True)[key] for key in ("input_ids", "special_tokens_mask"))
    return start_tokens(model) + ids[: is_special.index(0)]


def start_tokens(model: PreTrainedModel) -> list[int]:
    config = model.config
    if not config.is_encoder_decoder:
        return []
    start = getattr(config, "decoder_start_token_id", None)
    return [config.bos_token_id if start is None else start]


def inputs(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, ids: torch.Tensor, source: str) -> dict[str, torch.Tensor]:
    if not model.config.is_encoder_decoder:
        return dict(input_ids=ids)
    read = torch.tensor([tokenizer(source).input_ids] * len(ids))
    return dict(input_ids=read, decoder_input_ids=ids)


def context_of(model: PreTrainedModel) -> int:
    config = model.config.get_text_config()
    # T5 has relative positions, and was trained with this many
    return getattr(config, "max_position_embeddings", None) or getattr(config, "n_positions", 512)


def read_documents(options: argparse.Namespace) -> list[str]:
    content = options.text.read_bytes()
    if options.single_document:
        # A character cut in half by the limit is dropped; anything else that is not UTF-8 is an error.
        parts = [content[: options.max_bytes].decode("utf-8", "ignore" if len(content) > options.max_bytes else "strict")]
    else:
        parts = content.decode("utf-8").split(SEPARATOR)
    documents = [document for document in (part.strip() for part in parts) if document]
    taken, total = [], 0
    for document in documents[options.skip_documents :]:
        total += len(document.encode())
        if total > options.max_bytes:
            break
        taken.append(document)
    if not taken:
        raise SystemExit(
            f"{options.text}: no document fits in {options.max_bytes} bytes "
            f"({len(documents)} documents, {options.skip_documents} left out); raise --max-bytes"
        )
    return taken


@torch.inference_mode()
def score(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, documents: list[str], options: argparse.Namespace
) -> dict[str, float | int]:
    context = options.context or context_of(model)
    begin = put_before(model, tokenizer)
    bits, tokens, unknown, scored, seconds = 0.0, 0, 0, 0, 0.0
    bits_of, count_of = Counter(), Counter()
    for document in documents:
        text = tokenizer(document, add_special_tokens=False, verbose=False).input_ids
        tokens += len(text)
        unknown += 0 if tokenizer.unk_token_id is None else text.count(tokenizer.unk_token_id)
        ids = begin + text
        windows = [ids[start : start + context] for start in range(0, len(ids) - 1, context - 1)]
        given = max(0, len(begin) - 1)  # targets that stand before the text
        while windows:
            # all windows but the last have one length
            together = [window for window in windows[: options.batch] if len(window) == len(windows[0])]
            windows = windows[len(together) :]
            started = time.perf_counter()
            tokens_in = torch.tensor(together)
            log_p = model(**inputs(model, tokenizer, tokens_in, options.source)).logits[:, :-1].float().log_softmax(-1)
            of_targets = log_p.gather(2, tokens_in[:, 1:, None]).flatten()[given:]
            bits -= of_targets.sum().item() / math.log(2)
            scored += of_targets.numel()
            for token, log_p_of_token in zip(tokens_in[:, 1:].flatten()[given:].tolist(), of_targets.tolist()):
                bits_of[token] -= log_p_of_token / math.log(2)
                count_of[token] += 1
            given = 0
            seconds += time.perf_counter() - started
    count = sum(len(document.encode()) for document in documents)
    return {
        "bits_per_byte": bits / count,
        "documents": len(documents),
        "bytes": count,
        "tokens": tokens,
        "unknown_tokens": unknown,
        "tokens_per_second": scored / seconds,
        **({"by_token": [(token, count_of[token], sum_of) for token, sum_of in bits_of.most_common(options.by_token)]} if options.by_token else {}),
    }


def continue_text(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, options: argparse.Namespace) -> str:
    begin = put_before(model, tokenizer)
    ids = torch.tensor([begin + tokenizer(options.generate, add_special_tokens=False).input_ids])
    given = inputs(model, tokenizer, ids, options.source)
    mask = torch.ones_like(given["input_ids"])
    written = model.generate(**given, attention_mask=mask, max_new_tokens=60, do_sample=False)
    return tokenizer.decode(written[0], skip_special_tokens=True)


def describe(result: dict[str, float | int | str]) -> str:
    line = (
        f"{result['bits_per_byte']:.4f} bits/byte  {result['model']}  "
        f"({result['documents']} documents, {result['bytes']} bytes, {result['tokens']} tokens"
    )
    line += f", {result['unknown_tokens']} of them unknown)" if result["unknown_tokens"] else ")"
    return f"{line}\n{result['text']}" if "text" in result else line


if __name__ == "__main__":
    main()
