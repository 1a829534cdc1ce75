"""The sample model's own tokenizer: byte-level BPE, as GPT-2 and Qwen use it."""

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

ROLES = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}


def train_source_tokenizer(stories: list[str], size: int) -> Tokenizer:
    """Byte-level BPE of `size` pieces: 4 specials, the 256 bytes, then merges. `<s>` is put before every text."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        stories,
        trainers.BpeTrainer(
            vocab_size=size,
            special_tokens=list(ROLES.values()),
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    begin = ROLES["bos_token"]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{begin} $A",
        pair=f"{begin} $A {begin} $B",
        special_tokens=[(begin, tokenizer.token_to_id(begin))],
    )
    return tokenizer
