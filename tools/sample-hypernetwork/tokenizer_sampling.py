"""Random tokenizers: a new Unigram vocabulary for every training step, drawn from the substrings of the training text."""

import math
from collections import Counter

import numpy
from tokenizers import Tokenizer, models, pre_tokenizers

LONGEST = 16
SMALLEST_VOCABULARY, LARGEST_VOCABULARY = 2000, 16000
STRONGEST_NOISE = 2.0


class SubstringPool:
    """Every substring (≤ 16 bytes) of every word of the text, with a score that a real vocabulary's choice resembles."""

    def __init__(self, stories: list[str]) -> None:
        words = count_words(stories)
        counts = Counter()
        for word, count in words.items():
            for start in range(len(word)):
                for end in range(start + 1, min(len(word), start + LONGEST) + 1):
                    counts[word[start:end]] += count
        letters = pre_tokenizers.ByteLevel.alphabet()
        pieces = [piece for piece, count in counts.items() if len(piece) > 1 and count > 1]
        # The 256 bytes come first and belong to every vocabulary, so that any text has a spelling.
        self.pieces = [*sorted(letters), *sorted(pieces)]
        self.bytes = len(letters)
        self.log_scores = numpy.log(scores(self.pieces, counts))

    def sample(self, random: numpy.random.Generator) -> numpy.ndarray:
        """A vocabulary of random size and noise: indices into `pieces`, and a log score of each.

        The paper adds log-normal noise to the substrings' frequencies. Here the noise multiplies them, with a new
        strength every time: in a pool this small, noise that is added would decide almost alone.
        """
        size = round(math.exp(random.uniform(math.log(SMALLEST_VOCABULARY), math.log(LARGEST_VOCABULARY))))
        noise = random.uniform(0, STRONGEST_NOISE) * random.standard_normal(len(self.pieces))
        noisy = self.log_scores + noise
        chosen = self.bytes + numpy.argpartition(-noisy[self.bytes :], size)[:size]
        indices = numpy.concatenate([numpy.arange(self.bytes), numpy.sort(chosen)])
        return indices, noisy[indices]


def sampled_tokenizer(pool: SubstringPool, indices: numpy.ndarray, log_scores: numpy.ndarray) -> Tokenizer:
    """Token i is piece indices[i] of the pool; a text is split into words first, as the pool was."""
    log_p = log_scores - numpy.logaddexp.reduce(log_scores)
    vocabulary = [(pool.pieces[index], score) for index, score in zip(indices.tolist(), log_p.tolist(), strict=True)]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=0))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return tokenizer


def count_words(stories: list[str]) -> Counter:
    """Words in GPT-2's byte alphabet, by GPT-2's rule: a word carries the space before it."""
    splitter = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words = Counter()
    for story in stories:
        # The first word as in the middle of a text: half of the tokenizers put a space in front.
        words.update(word for word, _ in splitter.pre_tokenize_str(" " + story))
    return words


def scores(pieces: list[str], counts: Counter) -> numpy.ndarray:
    """Length × how often the piece occurs other than inside its most frequent extension by one letter.

    By plain counts "ittl" would come with "little"; a trained vocabulary leaves it out.
    """
    extended = Counter()
    for piece, count in counts.items():
        for part in (piece[1:], piece[:-1]):
            extended[part] = max(extended[part], count)
    free = [max(counts[piece] - extended[piece], 0.02 * counts[piece], 0.5) for piece in pieces]
    return numpy.array(free) * numpy.array([len(piece) for piece in pieces])
