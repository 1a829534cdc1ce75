"""The text: which stories the sample learns from and which it never sees."""

from pathlib import Path

SEPARATOR = "<|endoftext|>"


def read_stories(text_file: Path) -> list[str]:
    """Stories in file order, without surrounding white space; empty ones are left out."""
    # Bytes, not text mode, which would rewrite line ends.
    parts = text_file.read_bytes().decode("utf-8").split(SEPARATOR)
    return [story for story in (part.strip() for part in parts) if story]


def split_stories(stories: list[str], held_out_share: float) -> tuple[list[str], list[str]]:
    """The last `held_out_share` of the stories are held out: no tokenizer and no weight learns from them."""
    held_out_count = round(len(stories) * held_out_share)
    if not 0 < held_out_count < len(stories):
        raise SystemExit(
            f"{len(stories)} stories with a share of {held_out_share} leave {held_out_count} held out; "
            f"expected at least one on either side"
        )
    return stories[:-held_out_count], stories[-held_out_count:]
