"""What one training step sees: a random vocabulary, a little text in it, and the tokens that get a row."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy
import torch
from surface_forms import Speller, by_length
from tokenizer_sampling import SubstringPool, sampled_tokenizer
from torch import Tensor

BATCH, CONTEXT = 16, 128
NEGATIVES, STRANGERS = 512, 192
STRANGER_POOL = 20000
MOST_STRANGERS = 60000
# Marks in a stream of token numbers; as indices they count from the end of a table.
BEGIN, END = -1, -2


@dataclass(frozen=True)
class Batch:
    forms: list[Tensor]
    """Spellings of the predicted tokens, one [n_k × k] table for every length k."""
    place: Tensor
    """[n] where the row of predicted token i is among the rows of `forms`."""
    log_weights: Tensor
    """[specials + n] log of how many tokens of the vocabulary a row stands for in the softmax."""
    ids: Tensor
    """[16 × 128] rows: first the source's specials, then the predicted tokens."""


class BatchMaker:
    """Special tokens keep the source's rows: a swap copies them by role, so no row of theirs is ever predicted."""

    def __init__(self, speller: Speller, pool: SubstringPool, stories: list[str]) -> None:
        self.speller, self.pool, self.stories = speller, pool, stories
        self.spellings = [speller.spell(piece) for piece in pool.pieces]

    def endless(self, seed: int) -> Iterator[Batch]:
        random = numpy.random.default_rng(seed)
        strangers = self.make_strangers(random)
        stories = self.shuffled(random)
        while True:
            yield self.batch(random, stories, strangers)

    def endless_forms(self, seed: int) -> Iterator[list[Tensor]]:
        """Every source token alone, and as many longer spellings as a step of training has; for the warm-up."""
        random = numpy.random.default_rng(seed)
        own = [self.speller.spell(piece) for piece in self.speller.pieces]
        longer = [spelling for spelling in [*self.spellings, *self.make_strangers(random)] if len(spelling) > 1]
        while True:
            picked = random.integers(len(longer), size=NEGATIVES + STRANGERS)
            yield by_length([*own, *(longer[i] for i in picked)])[0]

    def batch(self, random: numpy.random.Generator, stories: Iterator[str], strangers: list[list[int]]) -> Batch:
        indices, log_scores = self.pool.sample(random)
        tokenizer = sampled_tokenizer(self.pool, indices, log_scores)
        # Half of the tokenizers see a word at the start of a text as one in its midst, as SentencePiece's do.
        prefix = " " if random.random() < 0.5 else ""
        stream: list[int] = []
        while len(stream) < BATCH * CONTEXT:
            stream += [BEGIN, *tokenizer.encode(prefix + next(stories)).ids, END]
        tokens = numpy.array(stream[: BATCH * CONTEXT])

        present = numpy.unique(tokens[tokens >= 0])
        absent = numpy.setdiff1d(numpy.arange(len(indices)), present)
        negatives = random.permutation(absent)[:NEGATIVES]
        picked = random.integers(len(strangers), size=STRANGERS)
        # Log-uniform: from a vocabulary made for this text to one that holds mostly other words.
        stranger_count = STRANGERS * (MOST_STRANGERS / STRANGERS) ** random.random()

        specials = self.speller.specials
        row_of = numpy.zeros(len(indices) + 2, dtype=numpy.int64)
        row_of[present] = len(specials) + numpy.arange(len(present))
        row_of[BEGIN], row_of[END] = specials.index("<s>"), specials.index("</s>")
        known = indices[numpy.concatenate([present, negatives])]
        forms, place = by_length([*(self.spellings[i] for i in known), *(strangers[i] for i in picked)])
        log_weights = numpy.concatenate([
            numpy.zeros(len(specials) + len(present)),
            numpy.full(len(negatives), numpy.log(len(absent) / max(1, len(negatives)))),
            numpy.full(STRANGERS, numpy.log(stranger_count / STRANGERS)),
        ])
        return Batch(
            forms,
            place,
            torch.tensor(log_weights, dtype=torch.float32),
            torch.tensor(row_of[tokens].reshape(BATCH, CONTEXT)),
        )

    def make_strangers(self, random: numpy.random.Generator) -> list[list[int]]:
        """Words that no text here has: source pieces put together at random, spelled anew.

        A vocabulary of 50,000 is mostly these; without them in the softmax their rows would get too much of it.
        """
        starts = [piece for piece in self.speller.pieces if piece.startswith("Ġ")]
        inner = [piece for piece in self.speller.pieces if "Ġ" not in piece and "Ċ" not in piece]
        strangers = []
        for _ in range(STRANGER_POOL):
            pieces = list(random.choice(inner, size=random.choice([2, 3, 4, 5], p=[0.35, 0.4, 0.2, 0.05])))
            if random.random() < 0.6:
                pieces[0] = random.choice(starts)
            strangers.append(self.speller.spell("".join(pieces)))
        return strangers

    def shuffled(self, random: numpy.random.Generator) -> Iterator[str]:
        while True:
            for i in random.permutation(len(self.stories)):
                yield self.stories[i]
