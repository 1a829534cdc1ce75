"""An independent sub-token mean swap, to hold `revocab swap` against: numpy and the Rust tokenizer, nothing of revocab.

    python subtoken_mean.py MODEL_DIR TOKENIZER OUT [--weighting front-loaded]

Every token is compared by the bytes it stands for (where two have the same bytes: text before byte token, then the
lowest id). A target token the source has too gets the source's row; any other the mean of the rows that spell it by
the source's own model, without dummy prefix or pre-tokeniser; bytes that are no UTF-8 are spelled one by one. Specials
go by role, then by string. A token that cannot be spelled exactly gets the mean of all source rows, never the unknown
token's. `front-loaded` unties the model: input row = last piece, head row = Σ 0.5^i · piece i, normalised.
"""

import argparse
import json
import shutil
from collections import Counter
from pathlib import Path

import numpy
import torch
from tokenizers import Tokenizer, normalizers, pre_tokenizers
from transformers import AutoModelForCausalLM

ROLES = ("bos_token", "eos_token", "unk_token", "pad_token", "sep_token", "cls_token", "mask_token")
WEIGHTS = {
    "uniform": (lambda n: numpy.full(n, 1 / n), lambda n: numpy.full(n, 1 / n)),
    "front-loaded": (lambda n: numpy.eye(n)[n - 1], lambda n: 0.5 ** numpy.arange(n) / (0.5 ** numpy.arange(n)).sum()),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("tokenizer", type=Path, help="folder with tokenizer.json")
    parser.add_argument("out", type=Path)
    parser.add_argument("--weighting", choices=WEIGHTS, default="uniform")
    options = parser.parse_args()
    torch.set_num_threads(1)

    source, target = Vocabulary(options.model), Vocabulary(options.tokenizer)
    pieces, counts = spell_all(source, target)
    model = AutoModelForCausalLM.from_pretrained(options.model, dtype=torch.float32, trust_remote_code=False)
    weigh_input, weigh_head = WEIGHTS[options.weighting]
    inputs = mix(model.get_input_embeddings().weight.detach().numpy(), pieces, weigh_input)
    head = mix(model.get_output_embeddings().weight.detach().numpy(), pieces, weigh_head)
    if options.weighting != "uniform":
        model.config.tie_word_embeddings = False
    model.set_input_embeddings(torch.nn.Embedding.from_pretrained(inputs, freeze=False))
    model.set_output_embeddings(torch.nn.Linear(head.shape[1], head.shape[0], bias=False))
    model.get_output_embeddings().weight = torch.nn.Parameter(head)
    model.config.vocab_size = len(pieces)
    if model.config.tie_word_embeddings:
        model.tie_weights()
    save(model, target, options.out)
    print(json.dumps(counts))


class Vocabulary:
    """A tokenizer.json read from scratch: the bytes of every ordinary token, the roles of the specials."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        data = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
        vocabulary = data["model"]["vocab"]
        pieces = vocabulary if isinstance(vocabulary, dict) else {piece: i for i, (piece, _) in enumerate(vocabulary)}
        self.specials = {token["id"]: token["content"] for token in data["added_tokens"] if token["special"]}
        added = {token["id"]: token["content"] for token in data["added_tokens"] if not token["special"]}
        self.size = 1 + max([*pieces.values(), *self.specials, *added])

        split = json.dumps([data.get("pre_tokenizer"), data.get("decoder")])
        spaced = any("▁" in piece for piece in pieces)
        self.family = "byte-level" if "ByteLevel" in split else "sentencepiece" if spaced else "plain"
        plain = {i: p for p, i in pieces.items() if i not in self.specials and i not in added}
        self.bytes_of = {i: self.bytes_of_piece(piece) for i, piece in plain.items()}
        self.bytes_of |= {i: content.encode() for i, content in added.items()}
        byte_tokens = {i for i, piece in plain.items() if self.is_byte_token(piece)}
        self.id_of: dict[bytes, int] = {}
        for i in sorted(self.bytes_of, key=lambda i: (i in byte_tokens, i)):
            self.id_of.setdefault(self.bytes_of[i], i)

        config_file = folder / "tokenizer_config.json"
        config = json.loads(config_file.read_text(encoding="utf-8")) if config_file.exists() else {}
        named = {role: config[role] for role in ROLES if config.get(role)}
        self.roles = {role: token["content"] if isinstance(token, dict) else token for role, token in named.items()}
        self.speller = self.make_speller()

    def bytes_of_piece(self, piece: str) -> bytes:
        if self.family == "byte-level":
            return bytes(BYTE_OF_LETTER[letter] for letter in piece)
        if self.is_byte_token(piece):
            return bytes([int(piece[3:5], 16)])
        return (piece.replace("▁", " ") if self.family == "sentencepiece" else piece).encode()

    def is_byte_token(self, piece: str) -> bool:
        return self.family == "sentencepiece" and len(piece) == 6 and piece.startswith("<0x") and piece.endswith(">")

    def make_speller(self) -> Tokenizer:
        speller = Tokenizer.from_file(str(self.folder / "tokenizer.json"))
        if self.family == "byte-level":
            speller.normalizer = normalizers.Sequence([])
            speller.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
        elif self.family == "sentencepiece":
            speller.normalizer = normalizers.Replace(" ", "▁")
            speller.pre_tokenizer = pre_tokenizers.Sequence([])
        return speller

    def spell(self, content: bytes) -> list[int]:
        """Ids whose bytes are exactly `content`; empty when there are none."""
        try:
            ids = self.speller.encode(content.decode("utf-8"), add_special_tokens=False).ids
        except UnicodeDecodeError:
            ids = []
        if all(i in self.bytes_of for i in ids) and b"".join(self.bytes_of[i] for i in ids) == content:
            return ids
        single = [self.id_of.get(bytes([byte])) for byte in content]
        return [] if None in single else single


def byte_of_letter() -> dict[str, int]:
    """GPT-2's alphabet: printable Latin-1 letters stand for themselves, the other bytes for U+0100 and up."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(256 + i): byte for i, byte in enumerate(others)}


BYTE_OF_LETTER = byte_of_letter()


def spell_all(source: Vocabulary, target: Vocabulary) -> tuple[list[list[int]], Counter]:
    """For every target id the source ids it is made of; empty where there is no evidence."""
    id_of_special = {content: i for i, content in source.specials.items()}
    pieces, counts = [], Counter()
    for i in range(target.size):
        if i in target.specials:
            token = target.specials[i]
            same_role = [source.roles.get(role) for role, held_by in target.roles.items() if held_by == token]
            found = [id_of_special[name] for name in (*same_role, token) if name in id_of_special][:1]
            counts["special" if found else "special without match"] += 1
        elif i not in target.bytes_of:
            found = []
            counts["hole"] += 1
        elif target.bytes_of[i] in source.id_of:
            found = [source.id_of[target.bytes_of[i]]]
            counts["shared"] += 1
        else:
            found = source.spell(target.bytes_of[i])
            counts["spelled" if found else "no spelling"] += 1
        pieces.append(found)
    return pieces, counts


def mix(rows: numpy.ndarray, pieces: list[list[int]], weigh) -> torch.Tensor:
    """rows [V_s × d] → [V_t × d]"""
    fallback = rows.mean(0)
    return torch.tensor(numpy.stack([weigh(len(p)) @ rows[p] if p else fallback for p in pieces]), dtype=torch.float32)


def save(model, target: Vocabulary, out: Path) -> None:
    id_of_special = {content: i for i, content in target.specials.items()}
    for config in (model.config, model.generation_config):
        for role in ("bos_token", "eos_token", "pad_token"):
            setattr(config, f"{role}_id", id_of_special.get(target.roles.get(role)))
    model.save_pretrained(out)
    shutil.copyfile(target.folder / "tokenizer.json", out / "tokenizer.json")
    # The class that reads tokenizer.json as it is, whatever the model type.
    config = {"tokenizer_class": "PreTrainedTokenizerFast", **target.roles}
    (out / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")


if __name__ == "__main__":
    main()
