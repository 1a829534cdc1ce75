"""The tokenizer to swap to: SentencePiece Unigram with byte fallback, another family than the source's on purpose."""

import io

import sentencepiece
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, processors

ROLES = {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"}


def train_target_tokenizer(stories: list[str], size: int) -> Tokenizer:
    """Unigram of `size` pieces: 4 specials, 256 byte tokens, then pieces in which `▁` is a space.

    SentencePiece trains it; the result is the same model as a tokenizer.json, without SentencePiece's own
    normaliser (no NFKC), so that every text decodes to itself. Raises if the two disagree on a training story.
    """
    trained = train_sentencepiece(stories, size)
    tokenizer = as_tokenizer_json(trained)
    for story in stories[:50]:
        found = tokenizer.encode(story, add_special_tokens=False).ids
        # SentencePiece trains on lines and keeps "\n" as a byte token; so does this tokenizer.
        expected = trained.encode(story)
        if found != expected:
            raise SystemExit(f"tokenizer.json and SentencePiece disagree on {story[:60]!r}: {found} against {expected}")
    return tokenizer


def train_sentencepiece(stories: list[str], size: int) -> sentencepiece.SentencePieceProcessor:
    lines = (line for story in stories for line in story.split("\n") if line)
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=lines,
        model_writer=model,
        model_type="unigram",
        vocab_size=size,
        byte_fallback=True,
        character_coverage=1.0,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        unk_id=0,
        bos_id=1,
        eos_id=2,
        pad_id=3,
        num_threads=1,
        minloglevel=2,
    )
    return sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())


def as_tokenizer_json(trained: sentencepiece.SentencePieceProcessor) -> Tokenizer:
    pieces = [(trained.id_to_piece(i), trained.get_score(i)) for i in range(trained.get_piece_size())]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=trained.unk_id(), byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    tokenizer.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in ROLES.values()])
    begin = ROLES["bos_token"]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{begin} $A",
        pair=f"{begin} $A {begin} $B",
        special_tokens=[(begin, tokenizer.token_to_id(begin))],
    )
    return tokenizer
