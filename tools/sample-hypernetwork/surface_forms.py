"""Surface forms: the source ids that spell a token, by the source tokenizer's own merges."""

from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor

LONGEST = 7


class Speller:
    """Spells tokens in GPT-2's byte alphabet ("Ġdog") by the merges of a byte-level BPE tokenizer.json."""

    def __init__(self, folder: Path) -> None:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.model = tokenizer.model
        added = {token.content for token in tokenizer.get_added_tokens_decoder().values()}
        by_id = sorted(tokenizer.get_vocab(), key=tokenizer.token_to_id)
        self.specials = [piece for piece in by_id if piece in added]
        """In the order of their ids, which are the first of the vocabulary."""
        self.pieces = [piece for piece in by_id if piece not in added]
        if by_id[: len(added)] != self.specials:
            raise SystemExit(f"{folder}: special tokens {self.specials} are not the first ids of the vocabulary")

    def spell(self, piece: str) -> list[int]:
        """At most 7 ids; the rest is cut off, as in the published method."""
        return [token.id for token in self.model.tokenize(piece)][:LONGEST]


def by_length(spellings: list[list[int]]) -> tuple[list[Tensor], Tensor]:
    """Tables [n_k × k], shortest first, and the row among them [n] at which each spelling is found."""
    order = sorted(range(len(spellings)), key=lambda i: len(spellings[i]))
    tables: dict[int, list[list[int]]] = {}
    for i in order:
        tables.setdefault(len(spellings[i]), []).append(spellings[i])
    place = torch.empty(len(spellings), dtype=torch.long)
    place[torch.tensor(order, dtype=torch.long)] = torch.arange(len(spellings))
    return [torch.tensor(table) for table in tables.values()], place
