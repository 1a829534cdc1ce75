"""Figures of tokenizers by their published definitions: the tokenizers library and numpy, nothing of revocab.

    python tokenizer-quality.py FOLDER... --text en.txt --text de.txt --lines 60 --words words.txt --parallel en.txt:de.txt > figures.json

Classes and scripts: Qtok (arXiv 2410.12989) twice. `classes` decides by bytes and by Unicode's property Script, as docs/quality.md says;
`qtok` by spelling and by the first words of the names of characters, as Qtok's own program does. Reachability: magikarp's test
(arXiv 2405.05417, section 3.1), with the texts of docs/quality.md. Entropies, ranks, fairness: TokEval. Rényi efficiency: Zouhar et al. 2023
with α 2.5 and V the tokenizer's size. Parity: Petrov et al. 2023. STRR: arXiv 2510.09947.
"""

import argparse
import json
import unicodedata
from collections import Counter
from functools import cache
from pathlib import Path

import numpy
import regex
from tokenizers import Tokenizer

ALPHA = 2.5
CONTEXTS = ["a", "x", "e", "S", "ü", "1", ".", "-", "\n", "的", "a "]
PRINTABLE = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
OTHERS = [byte for byte in range(256) if byte not in PRINTABLE]
BYTE_OF = {chr(b): b for b in PRINTABLE} | {chr(0x100 + i): b for i, b in enumerate(OTHERS)}
CONVENTIONAL = {"<s>", "</s>", "<unk>", "<pad>", "<mask>", "[CLS]", "[SEP]", "[PAD]", "[UNK]", "[MASK]", "<|endoftext|>"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path, help="folders with tokenizer.json")
    parser.add_argument("--text", action="append", default=[], type=Path)
    parser.add_argument("--parallel", action="append", default=[], help="a.txt:b.txt")
    parser.add_argument("--words", action="append", default=[], type=Path)
    parser.add_argument("--lines", type=int, default=10**9, help="of each file, the first so many")
    options = parser.parse_args()

    read = lambda path: Path(path).read_text(encoding="utf-8").split("\n")[: options.lines]
    texts = [[line for line in read(path) if line.strip() and line.strip() != "<|endoftext|>"] for path in options.text]
    vocabularies = [Vocabulary(folder) for folder in options.folders]
    figures = []
    for vocabulary in vocabularies:
        of_texts = [text_figures(vocabulary, text) for text in texts]
        figures.append(
            {
                "name": vocabulary.name,
                "size": vocabulary.size,
                "classes": dict(Counter(vocabulary.class_of(i)[0] for i in vocabulary.ids)),
                "scripts": dict(Counter(s for i in vocabulary.ids if (s := vocabulary.class_of(i)[1]))),
                "qtok": dict(Counter(qtok_class(vocabulary.qtok_token(i)) for i in vocabulary.ids)),
                "reachability": reachability(vocabulary),
                "overlap": overlap(vocabulary, vocabularies),
                "texts": of_texts,
                "gini": gini([text["tokens"] / text["bytes"] for text in of_texts]) if len(of_texts) > 1 else None,
                "parallel": [parity(vocabulary, *map(read, pair.split(":"))) for pair in options.parallel],
                "words": [retention(vocabulary, read(path)) for path in options.words],
            }
        )
    everywhere = set.intersection(*(set(v.bytes_of.values()) for v in vocabularies))
    print(json.dumps({"core": len(everywhere), "tokenizers": figures}, indent=1, ensure_ascii=True))


class Vocabulary:
    """A tokenizer.json read from scratch: the bytes of every ordinary token, which ids are special, and the library that encodes."""

    def __init__(self, folder: Path) -> None:
        file = folder if folder.is_file() else folder / "tokenizer.json"
        self.name = folder.name
        self.library = Tokenizer.from_file(str(file))
        self.library.no_truncation()
        data = json.loads(file.read_text(encoding="utf-8"))
        model = data["model"]
        vocabulary = model["vocab"]
        self.pieces = vocabulary if isinstance(vocabulary, dict) else {p: i for i, (p, _) in enumerate(vocabulary)}
        self.piece_of = {i: p for p, i in self.pieces.items()} | {t["id"]: t["content"] for t in data["added_tokens"]}
        added = {token["id"]: token for token in data["added_tokens"]}
        self.specials = {i for i, token in added.items() if token["special"] or token["content"] in CONVENTIONAL}
        unk = model["vocab"][model["unk_id"]][0] if model.get("unk_id") is not None else model.get("unk_token")
        if unk and len(unk) > 1:
            self.specials.add(self.pieces[unk])
        self.plain_added = {i: token["content"] for i, token in added.items() if i not in self.specials}
        self.size = 1 + max(self.piece_of)
        self.ids = sorted(self.piece_of)
        parts = json.dumps([data.get("pre_tokenizer"), data.get("decoder"), data.get("normalizer")])
        self.is_wordpiece = model.get("type") == "WordPiece"
        self.is_byte_level = "ByteLevel" in parts
        self.is_spaced = not self.is_byte_level and not self.is_wordpiece and any("▁" in p for p in self.pieces)
        self.placeholders = {
            i for i, p in self.piece_of.items() if self.is_wordpiece and regex.fullmatch(r"\[unused\d+\]", p)
        } - self.specials
        outside = self.specials | self.placeholders
        self.bytes_of = {i: self.read_bytes(i) for i in self.ids if i not in outside}

    def read_bytes(self, i: int) -> bytes:
        if i in self.plain_added:
            content = self.plain_added[i]
            return (content.replace("▁", " ") if self.is_spaced else content).encode()
        piece = self.piece_of[i]
        if self.is_byte_level and all(letter in BYTE_OF for letter in piece):
            return bytes(BYTE_OF[letter] for letter in piece)
        if self.is_byte_token(i):
            return bytes([int(piece[3:5], 16)])
        if self.is_wordpiece:
            return piece[2:].encode() if piece.startswith("##") and len(piece) > 2 else (" " + piece).encode()
        return (piece.replace("▁", " ") if self.is_spaced else piece).encode()

    def is_byte_token(self, i: int) -> bool:
        return self.is_spaced and bool(regex.fullmatch(r"<0x[0-9A-Fa-f]{2}>", self.piece_of[i]))

    def class_of(self, i: int) -> tuple[str, str | None]:
        if i not in self.bytes_of:
            return "control", None
        content = self.bytes_of[i]
        if len(content) == 1:
            return "pure-unicode", None
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            return "unicode-flanks", None
        where = "spaced" if text.startswith(" ") else "char" if len(text) == 1 else "inner"
        body = text[1:] if where == "spaced" else text
        if any(unicodedata.category(letter) in ("Cc", "Cn", "Co", "Cs") for letter in body):
            return f"{where}-errors", None
        letters = body != "" and all(unicodedata.category(letter)[0] in "LM" for letter in body)
        scripts = {script_of(letter) for letter in body} - {"Common", "Inherited"} if letters else set()
        return (f"{where}-alpha", scripts.pop()) if len(scripts) == 1 else (f"{where}-other", None)

    def qtok_token(self, i: int) -> str:
        """The token as Qtok spells it: bytes that are no characters as <0y…>, a byte token as its letter of GPT-2's alphabet."""
        if i not in self.bytes_of or i in self.plain_added:
            return self.piece_of[i]
        letter_of = {byte: letter for letter, byte in BYTE_OF.items()}
        if self.is_byte_token(i):
            return letter_of[self.bytes_of[i][0]]
        try:
            return self.bytes_of[i].decode("utf-8")
        except UnicodeDecodeError:
            return f"<0y{self.piece_of[i]}>"

    def encode(self, text: str) -> list[int]:
        try:
            return self.library.encode(text, add_special_tokens=False).ids
        except Exception:  # a character without a token, and no unknown token
            return []


@cache
def script_of(letter: str) -> str:
    for name in SCRIPTS:
        if regex.match(rf"\p{{Script={name}}}", letter):
            return name
    return "Unknown"


# those of Unicode 15
SCRIPTS = (
    "Common Inherited Latin Han Adlam Ahom Anatolian_Hieroglyphs Arabic Armenian Avestan Balinese Bamum Bassa_Vah Batak "
    "Bengali Bhaiksuki Bopomofo Brahmi Braille Buginese Buhid Canadian_Aboriginal Carian Caucasian_Albanian Chakma Cham "
    "Cherokee Chorasmian Coptic Cuneiform Cypriot Cypro_Minoan Cyrillic Deseret Devanagari Dives_Akuru Dogra Duployan "
    "Egyptian_Hieroglyphs Elbasan Elymaic Ethiopic Georgian Glagolitic Gothic Grantha Greek Gujarati Gunjala_Gondi Gurmukhi "
    "Hangul Hanifi_Rohingya Hanunoo Hatran Hebrew Hiragana Imperial_Aramaic Inscriptional_Pahlavi Inscriptional_Parthian "
    "Javanese Kaithi Kannada Katakana Kawi Kayah_Li Kharoshthi Khitan_Small_Script Khmer Khojki Khudawadi Lao Lepcha Limbu "
    "Linear_A Linear_B Lisu Lycian Lydian Mahajani Makasar Malayalam Mandaic Manichaean Marchen Masaram_Gondi Medefaidrin "
    "Meetei_Mayek Mende_Kikakui Meroitic_Cursive Meroitic_Hieroglyphs Miao Modi Mongolian Mro Multani Myanmar Nabataean "
    "Nag_Mundari Nandinagari New_Tai_Lue Newa Nko Nushu Nyiakeng_Puachue_Hmong Ogham Ol_Chiki Old_Hungarian Old_Italic "
    "Old_North_Arabian Old_Permic Old_Persian Old_Sogdian Old_South_Arabian Old_Turkic Old_Uyghur Oriya Osage Osmanya "
    "Pahawh_Hmong Palmyrene Pau_Cin_Hau Phags_Pa Phoenician Psalter_Pahlavi Rejang Runic Samaritan Saurashtra Sharada "
    "Shavian Siddham SignWriting Sinhala Sogdian Sora_Sompeng Soyombo Sundanese Syloti_Nagri Syriac Tagalog Tagbanwa Tai_Le "
    "Tai_Tham Tai_Viet Takri Tamil Tangsa Tangut Telugu Thaana Thai Tibetan Tifinagh Tirhuta Toto Ugaritic Vai Vithkuqi "
    "Wancho Warang_Citi Yezidi Yi Zanabazar_Square "
).split()

QTOK_SCRIPTS = set(
    "ADLAM CHAKMA OL BAMUM OGHAM BOPOMOFO COPTIC RUNIC HALFWIDTH MODI KAITHI LEPCHA SHAVIAN LIMBU BATAK PHOENICIAN GLAGOLITIC "
    "MANDAIC BALINESE SAMARITAN PHAGS-PA OLD BLACK-LETTER SUNDANESE INSCRIPTIONAL LISU CHAM TAGALOG DESERET TAGBANWA BUGINESE "
    "THAANA MONGOLIAN DINGBAT JAVANESE EGYPTIAN GEORGIAN NKO TIFINAGH GURMUKHI BENGALI SINHALA ORIYA TAI KANGXI CANADIAN "
    "CHEROKEE LAO TELUGU SYRIAC TAMIL BRAILLE ETHIOPIC MYANMAR HEBREW ARABIC TIBETAN HIRAGANA CYRILLIC GREEK CJK LATIN "
    "KATAKANA KHMER THAI ARMENIAN YI HANGUL GOTHIC MALAYALAM DEVANAGARI GUJARATI KANNADA MEETEI ARABIC-INDIC".split()
)
HTML = set("br h1 h2 h3 h4 h5 h6 b img li tr td p th u em".split())


def qtok_class(token: str) -> str:
    """Qtok's rules in their order (src/qtok/qtoklib of its repository)."""
    names = [unicodedata.name(letter, "").split(" ")[0] for letter in token]
    if len(token) == 1:
        if token in BYTE_OF:
            return "pure-unicode"
        return "char-errors" if names == [""] else "char-alpha" if names[0] in QTOK_SCRIPTS else "char-other"
    if not token.startswith(" "):
        is_tag = (token.startswith("<") and token.endswith(">") and "<0y" not in token) or (
            token.startswith("[") and token.endswith("]")
        )
        if is_tag and token[1:-1].lower().replace("/", "") not in HTML:
            return "control"
        if token.startswith("<0y"):
            return "unicode-flanks"
    where, own = ("spaced", names[1:]) if token.startswith(" ") else ("inner", names)
    if "" in names:
        return f"{where}-errors"
    return f"{where}-alpha" if len(set(own)) == 1 and own[0] in QTOK_SCRIPTS else f"{where}-other"


def reachability(vocabulary: Vocabulary) -> dict[str, int]:
    first_of: dict[bytes, int] = {}
    for i in sorted(vocabulary.bytes_of, key=lambda i: (vocabulary.is_byte_token(i), i)):
        first_of.setdefault(vocabulary.bytes_of[i], i)
    counts = Counter(special=len(vocabulary.specials))
    counts["unused"] = vocabulary.size - len(vocabulary.ids) + len(vocabulary.placeholders)
    for i, content in vocabulary.bytes_of.items():
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            counts["undecodable"] += 1
            continue
        bare = [text[1:]] if text.startswith(" ") else []
        tried = (text, *bare, *(before + text for before in CONTEXTS))
        if any(i in vocabulary.encode(one) for one in tried):
            counts["reachable"] += 1
        else:
            counts["same-bytes" if first_of[content] != i else "unreachable"] += 1
    return dict(counts)


def overlap(vocabulary: Vocabulary, others: list[Vocabulary]) -> dict[str, int]:
    own = set(vocabulary.bytes_of.values())
    elsewhere = [set(other.bytes_of.values()) for other in others if other is not vocabulary]
    return {"tokens": len(own), "singletons": len(own - set().union(*elsewhere))}


def text_figures(vocabulary: Vocabulary, lines: list[str]) -> dict[str, float]:
    encoded = [vocabulary.encode(line) for line in lines]
    counts = Counter(i for ids in encoded for i in ids)
    tokens = sum(counts.values())
    shares = numpy.array(sorted(counts.values(), reverse=True)) / tokens
    size = sum(len(line.encode()) for line in lines)
    renyi = numpy.log2((shares**ALPHA).sum()) / (1 - ALPHA)
    return {
        "lines": len(lines),
        "bytes": size,
        "characters": sum(map(len, lines)),
        "words": sum(len(line.split()) for line in lines),
        "tokens": tokens,
        "types": len(counts),
        "bytesPerToken": size / tokens,
        "tokensPerCharacter": tokens / sum(map(len, lines)),
        "vocabularyUse": len(counts) / vocabulary.size,
        "typeTokenRatio": len(counts) / tokens,
        "shannonEntropy": float(-(shares * numpy.log2(shares)).sum()),
        "renyiEfficiency": float(renyi / numpy.log2(vocabulary.size)),
        "meanRank": float((shares * numpy.arange(1, len(shares) + 1)).sum()),
        "exact": sum(
            vocabulary.library.decode(ids, skip_special_tokens=False) == line for ids, line in zip(encoded, lines)
        ),
    }


def gini(costs: list[float]) -> float:
    costs = numpy.array(costs)
    return float(numpy.abs(costs[:, None] - costs[None, :]).sum() / (2 * len(costs) ** 2 * costs.mean()))


def parity(vocabulary: Vocabulary, source: list[str], target: list[str]) -> dict[str, float]:
    pairs = [(a, b) for a, b in zip(source, target, strict=True) if a.strip() and b.strip()]
    first, second = (sum(len(vocabulary.encode(line)) for line in side) for side in zip(*pairs))
    return {"lines": len(pairs), "source": first, "target": second, "parity": second / first}


def retention(vocabulary: Vocabulary, lines: list[str]) -> dict[str, float]:
    words = sorted({line.strip() for line in lines} - {""})
    before = len(vocabulary.encode(":"))
    return {
        "words": len(words),
        "whole": sum(len(vocabulary.encode(word)) == 1 for word in words),
        "wholeAfterSpace": sum(len(vocabulary.encode(f": {word}")) - before == 1 for word in words),
    }


if __name__ == "__main__":
    main()
