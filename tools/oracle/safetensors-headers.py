"""
What the safetensors library accepts as a header, and what it reads from it.

    python tools/oracle/safetensors-headers.py                       # writes the fixture of packages/checkpoint
    python tools/oracle/safetensors-headers.py --compare 20000       # asks our reader too (npm run build first), prints
                                                                     # every disagreement; --seed for other mutants

Mutants are made from the seed alone: of the structure (dtypes, sizes, offsets, names, repeated keys, lists and enums in the
places of objects and strings), of the text (numbers, escapes, white space, nesting) and of the bytes (flips, cuts, lengths).
"""

import argparse
import base64
import json
import os
import random
import struct
import subprocess
import tempfile
from pathlib import Path

import safetensors
from safetensors import safe_open

ROOT = Path(__file__).resolve().parents[2]
FIXTURE = ROOT / "packages/checkpoint/test/fixtures/safetensors-headers.json"
READER = Path(__file__).with_name("safetensors-headers.mjs")
BITS = {
    "BOOL": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32,
    "C64": 64, "F64": 64, "I64": 64, "U64": 64,
}  # fmt: skip
OTHER_DTYPES = ["F33", "f32", "", "F32 ", "FLOAT", "float32", "I4", "U4", "F8", "BF32", "C128", "F6", "Ｆ32", "__proto__"]
NAMES = ["a", "b", "w.weight", "é", "😀", "", "a b", "__proto__", "constructor", "10", "2", "x" * 40, "__metadata", "dtype"]


class Text(str):
    """JSON as it stands."""


def dump(value):
    """JSON of dicts, lists of pairs (objects with repeated keys), and parts written by hand."""
    if isinstance(value, Text):
        return str(value)
    if isinstance(value, Pairs):
        return "{" + ",".join(f"{dump(key)}:{dump(item)}" for key, item in value) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(dump, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


class Pairs(list):
    """An object as its keys and values."""

    def index_of(self, key):
        return next((i for i, (found, _) in enumerate(self) if found == key), None)


def bytes_of(dtype, shape):
    count = 1
    for size in shape:
        count *= size
    return count * BITS[dtype] // 8


def valid(random):
    """A header that is in order, as an object of [name, object of fields], and the bytes that it describes."""
    names = random.sample(NAMES, random.randrange(0, 5))
    entries, position = [], 0
    for name in names:
        dtype = random.choice(list(BITS))
        shape = [random.choice([0, 1, 2, 3, 4, 8]) for _ in range(random.randrange(0, 4))]
        if (bits := BITS[dtype]) % 8 and shape:
            shape[-1] = 8
        elif bits % 8:
            shape = [8]
        length = bytes_of(dtype, shape)
        fields = [["dtype", dtype], ["shape", shape], ["data_offsets", [position, position + length]]]
        random.shuffle(fields)
        entries.append([name, Pairs(fields)])
        position += length
    random.shuffle(entries)
    if random.random() < 0.4:
        metadata = Pairs([[key, "text"] for key in random.sample(["format", "a", "", "é", "__proto__"], random.randrange(0, 3))])
        entries.insert(random.randrange(len(entries) + 1), ["__metadata__", metadata])
    return Pairs(entries), position


def number(random):
    return random.choice([
        Text(text)
        for text in [
            "-0", "-1", "1.0", "4.0", "0.0", "1e0", "4e0", "1E1", "0e0", "-0.0", "1e400", "-1e400", "1e-400", "0e999999", "01", "+1",
            "1.", ".5", "0x1", "9007199254740991", "9007199254740992", "9007199254740993", "18446744073709551615",
            "18446744073709551616", "9223372036854775808", "4294967296", "99999999999999999999999999", "1" + "0" * 400, "NaN",
            "Infinity", "null", "true", '"4"', "[]", "{}", "[4]", "0", "1", "2", "3", "4", "8", "12",
        ]
    ])  # fmt: skip


def anything(random, depth=2):
    kinds = [
        lambda: number(random),
        lambda: random.choice([None, True, False, "text", "", Text(r'"\u00e9\n"'), Text(r'"\ud83d\ude00"'), Text(r'"\ud800"'), Text(r'"\udc00"')]),
        lambda: [anything(random, depth - 1) for _ in range(random.randrange(3))] if depth else [],
        lambda: Pairs([[random.choice(["a", "b", "dtype"]), anything(random, depth - 1)] for _ in range(random.randrange(3))])
        if depth
        else Pairs(),
    ]
    return random.choice(kinds)()


def tensors(header):
    return [i for i, (name, value) in enumerate(header) if name != "__metadata__" and isinstance(value, Pairs)]


def fields_of(random, header):
    places = tensors(header)
    return header[random.choice(places)][1] if places else None


def set_field(fields, key, value):
    place = fields.index_of(key) if fields is not None else None
    if place is not None:
        fields[place][1] = value


def field(fields, key):
    place = fields.index_of(key) if fields is not None else None
    return None if place is None else fields[place][1]


def change_dtype(random, header):
    set_field(fields_of(random, header), "dtype", random.choice(OTHER_DTYPES + list(BITS)))


def dtype_as_enum(random, header):
    fields = fields_of(random, header)
    name = field(fields, "dtype")
    content = random.choice([None, Pairs(), [], 1, "", Pairs([["a", None]]), False])
    entries = [[name, content]] + random.choice([[], [], [], [["F32", None]]])
    set_field(fields, "dtype", Pairs(entries))


def dtype_as_value(random, header):
    set_field(fields_of(random, header), "dtype", anything(random))


def shape_number(random, header):
    shape = field(fields_of(random, header), "shape")
    if type(shape) is list and shape:
        shape[random.randrange(len(shape))] = number(random)


def shape_more(random, header):
    shape = field(fields_of(random, header), "shape")
    if type(shape) is list:
        for _ in range(random.randrange(1, 4)):
            more = [0, 1, 1, 2, 2**31, 2**32, 2**53, 2**53 - 1, 2**61, 2**63, 2**64 - 1, 2**64]
            shape.insert(random.randrange(len(shape) + 1), random.choice(more))


def shape_as_value(random, header):
    set_field(fields_of(random, header), "shape", anything(random))


def offset_number(random, header):
    offsets = field(fields_of(random, header), "data_offsets")
    if type(offsets) is list and offsets:
        offsets[random.randrange(len(offsets))] = number(random)


def offset_shift(random, header):
    offsets = field(fields_of(random, header), "data_offsets")
    if type(offsets) is list and len(offsets) == 2:
        place = random.randrange(3)
        by = random.choice([-8, -4, -1, 1, 4, 8])
        for i in (0, 1):
            if place in (i, 2) and isinstance(offsets[i], int):
                offsets[i] = max(0, offsets[i] + by)


def offsets_count(random, header):
    fields = fields_of(random, header)
    offsets = field(fields, "data_offsets")
    if type(offsets) is list:
        set_field(fields, "data_offsets", random.choice([offsets[:1], offsets + [0], offsets[::-1], [], offsets + offsets]))


def offsets_as_value(random, header):
    set_field(fields_of(random, header), "data_offsets", anything(random))


def swap_offsets(random, header):
    first, second = fields_of(random, header), fields_of(random, header)
    a, b = field(first, "data_offsets"), field(second, "data_offsets")
    set_field(first, "data_offsets", b)
    set_field(second, "data_offsets", a)


def more_field(random, header):
    fields = fields_of(random, header)
    if fields is not None:
        key = random.choice(["more", "dtypes", "", Text(r'"\u0000"'), Text(r'"\ud800"')])
        fields.insert(random.randrange(len(fields) + 1), [key, anything(random)])


def repeated_field(random, header):
    fields = fields_of(random, header)
    if fields:
        key, value = random.choice(fields)
        fields.insert(random.randrange(len(fields) + 1), [key, random.choice([value, anything(random)])])


def repeated_more(random, header):
    fields = fields_of(random, header)
    if fields is not None:
        fields += [["more", anything(random)], ["more", anything(random)]]


def missing_field(random, header):
    fields = fields_of(random, header)
    if fields:
        del fields[random.randrange(len(fields))]


def escaped_key(random, header):
    fields = fields_of(random, header)
    if fields:
        entry = random.choice(fields)
        entry[0] = Text('"' + "".join(f"\\u{ord(c):04x}" for c in entry[0]) + '"')


def entry_as_list(random, header):
    places = tensors(header)
    if places:
        entry = header[random.choice(places)]
        values = [field(entry[1], key) for key in ("dtype", "shape", "data_offsets")]
        entry[1] = random.choice([values, values, values, values[:2], values + [None], values[::-1], []])


def entry_as_value(random, header):
    places = tensors(header)
    if places:
        header[random.choice(places)][1] = anything(random)


def repeated_name(random, header):
    places = tensors(header)
    if places:
        name, fields = header[random.choice(places)]
        other = Pairs([list(pair) for pair in random.choice([fields, fields_of(random, header)])])
        if random.random() < 0.4:
            set_field(other, random.choice(["dtype", "shape", "data_offsets"]), anything(random))
        header.insert(random.randrange(len(header) + 1), [name, other])


def odd_name(random, header):
    if header:
        names = ['"\\ud83d\\ude00"', '"\\ud83d"', '"\\ude00x"', '"\\u0000"', '"\\/"', '"\\x41"', '"\\u12"', '"\\ud83d\\u0041"', '"a\tb"', "a", "1",
                 '"\\b\\f\\n\\r\\t\\"\\\\"', '"\\uD83D\\uDE00"', "'a'", '"\\', '"\x7f"', '"\u2028"', '"\ufeff"', "null"]  # fmt: skip
        random.choice(header)[0] = Text(random.choice(names))


def metadata_value(random, header):
    place = header.index_of("__metadata__")
    entry = ["__metadata__", Pairs([["format", "pt"]])] if place is None else header[place]
    if place is None:
        header.append(entry)
    if random.random() < 0.3:
        entry[1] = anything(random)
    elif isinstance(entry[1], Pairs):
        entry[1].append([random.choice(["format", "b"]), anything(random)])


def repeated_metadata(random, header):
    header.insert(random.randrange(len(header) + 1), ["__metadata__", random.choice([Pairs(), None, Pairs([["a", "b"]])])])


def repeated_metadata_key(random, header):
    header[:] = [entry for entry in header if entry[0] != "__metadata__"]
    values = [random.choice(["1", "2", "3"]) for _ in range(3)]
    if random.random() < 0.3:
        values[random.randrange(3)] = 1
    header.append(["__metadata__", Pairs([["a", values[0]], ["b", "x"], ["a", values[1]], ["a", values[2]]])])


def escaped_metadata(random, header):
    metadata = random.choice([Pairs([["a", "b"]]), Text('{"a":"\\ud800"}'), Text('{"\\udc00":"a"}'), None])
    header.append([Text(r'"__meta\u0064ata__"'), metadata])


def empty_tensor(random, header):
    size = random.choice([[0], [0, 2**53 - 1], [0, 2**53], [0, 2**64 - 1], [2**32, 2**32, 0], [2**63, 2, 0], [0, 2**64], [2**61, 0]])
    at = random.choice([0, 0, 4])
    header.append(["empty", Pairs([["dtype", random.choice(["F32", "F4", "U8", "F64"])], ["shape", size], ["data_offsets", [at, at]]])])


def unaligned(random, header):
    dtype = random.choice(["F4", "F6_E2M3", "F6_E3M2"])
    shape = random.choice([[1], [2], [3], [4], [8], [2, 3], [3, 2], [], [0], [5, 4], [12]])
    header[:] = [["t", Pairs([["dtype", dtype], ["shape", shape], ["data_offsets", [0, bytes_of(dtype, shape)]]])]]


def nested(random, header):
    depth = random.choice([1, 2, 60, 123, 124, 125, 126, 127, 128, 129, 200, 1000])
    opened = "".join(random.choice(["[", '{"a":']) for _ in range(depth))
    closed = "".join("]" if c == "[" else "}" for c in opened.replace('{"a":', "{")[::-1])
    value = Text(opened + random.choice(["0", '""', "[]", "{}"]) + closed)
    fields = fields_of(random, header)
    if fields is not None and random.random() < 0.7:
        fields.append(["more", value])
    else:
        header.append([random.choice(["n", "__metadata__"]), value])


STRUCTURE = [
    change_dtype, dtype_as_enum, dtype_as_value, shape_number, shape_more, shape_as_value, offset_number, offset_shift, offsets_count,
    offsets_as_value, swap_offsets, more_field, repeated_field, repeated_more, missing_field, escaped_key, entry_as_list,
    entry_as_value, repeated_name, odd_name, metadata_value, repeated_metadata, repeated_metadata_key, escaped_metadata,
    empty_tensor, unaligned, nested,
]  # fmt: skip


def flip_byte(random, data):
    place = random.randrange(len(data))
    return data[:place] + bytes([random.randrange(256)]) + data[place + 1 :]


def drop_bytes(random, data):
    place = random.randrange(len(data))
    return data[:place] + data[place + random.choice([1, 1, 2, 8]) :]


def repeat_bytes(random, data):
    place, length = random.randrange(len(data)), random.choice([1, 1, 2, 8, 20])
    return data[: place + length] + data[place:]


def token(random, text):
    place = random.randrange(len(text) + 1)
    more = ["{", "}", "[", "]", ",", ":", '"', "\\", " ", "\t", "\n", "\r", "\x0b", "\x00", "\ufeff", "\u00a0", "0", "-", "e", ".", "null", "//", "é"]
    return text[:place] + random.choice(more) + text[place + random.randrange(2) :]


def spaced(random, text):
    for c in random.sample([",", ":", "{", "}", "[", "]"], 3):
        text = text.replace(c, random.choice([" ", "\n", "\t", "\r", "\r\n", "  "]).join([c, ""]))
    return random.choice(["", " ", "\n"]) + text


def around(random, text):
    before = random.choice(["", "", " ", "\n", "\ufeff", "\x00", "[", "1"])
    return before + text + random.choice(["", " ", " " * 7, "\n\t\r ", "\x00", "\x00\x00", "}", "{}", ",", "x", "\x0c"])


def other_root(random, text):
    return random.choice(["", " ", "{}", "[]", "null", "1", '""', "[{}]", "{} ", "{ }", "true", '{"a"}', "{,}", '{"a":{}}', "[[]]", '{"__metadata__":{}}'])


def mutant(seed):
    """A file, and the kind of its mutation."""
    r = random.Random(seed)
    header, length = valid(r)
    kind = r.choice(["valid", "structure", "structure", "structure", "structure", "two", "text", "bytes", "length", "data"])
    name = kind
    if kind in ("structure", "two"):
        mutations = r.choices(STRUCTURE, k=2 if kind == "two" else 1)
        for mutate in mutations:
            mutate(r, header)
        name = "+".join(mutate.__name__ for mutate in mutations)
        offsets = [field(header[i][1], "data_offsets") for i in tensors(header)]
        ends = [o[1] for o in offsets if type(o) is list and len(o) == 2 and isinstance(o[1], int) and o[1] < 4096]
        # the data follows the header where it can, so that the mutation alone decides
        length = r.choice([length, max(ends, default=length), max(ends, default=length)])
    text = dump(header)
    if kind == "text":
        mutate = r.choice([token, spaced, around, other_root])
        name, text = mutate.__name__, mutate(r, text)
        if mutate is other_root:
            length = 0
    encoded = text.encode("utf-8", "surrogatepass")
    if kind == "valid" and r.random() < 0.5:
        encoded += b" " * (-len(encoded) % 8)
    if kind == "bytes" and encoded:
        mutate = r.choice([flip_byte, drop_bytes, repeat_bytes])
        name, encoded = mutate.__name__, mutate(r, encoded)
    stated, data = len(encoded), bytes(length)
    if kind == "length":
        stated = r.choice([0, 1, stated - 1, stated + 1, stated + len(data), stated + len(data) + 1, 10**8, 10**8 + 1, 2**32, 2**63, 2**64 - 1])
    if kind == "data":
        data = r.choice([data[:-1], data + b"\0", data + bytes(8), b"", data[: len(data) // 2]])
    file = struct.pack("<Q", max(stated, 0)) + encoded + data
    return name, file[: r.randrange(12)] if kind == "length" and r.random() < 0.15 else file


def verdict(path, file):
    """What the library reads from a file, or None."""
    path.write_bytes(file)
    try:
        with safe_open(path, "np") as opened:
            names = opened.offset_keys()
            slices = {name: opened.get_slice(name) for name in names}
            return {
                "tensors": sorted([name, slices[name].get_dtype(), slices[name].get_shape()] for name in names),
                "metadata": opened.metadata(),
            }
    except Exception:
        return None


def cases(count, seed):
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as folder:
        path = Path(folder) / "m.safetensors"
        for i in range(count):
            kind, file = mutant(f"{seed}-{i}")
            yield kind, file, verdict(path, file)


def write_fixture(seed):
    """Of each kind of mutant a few that the library accepts and a few that it refuses, without repetitions."""
    kept, seen, counts = [], set(), {}
    for kind, file, read in cases(30_000, seed):
        is_two = "+" in kind
        key = ("two" if is_two else kind, read is not None)
        if file in seen or len(file) > 900 or counts.get(key, 0) >= (25 if is_two else 6 if read else 9):
            continue
        counts[key] = counts.get(key, 0) + 1
        seen.add(file)
        kept.append({"kind": kind, "file": base64.b64encode(file).decode(), **({"reads": read} if read else {})})
    lines = ",\n".join(json.dumps(case, ensure_ascii=True, separators=(",", ":")) for case in kept)
    FIXTURE.write_text(f'{{"safetensors":"{safetensors.__version__}","cases":[\n{lines}\n]}}\n')
    accepted = sum("reads" in case for case in kept)
    print(f"{FIXTURE}: {len(kept)} cases, {accepted} accepted, {FIXTURE.stat().st_size} bytes")


def compare(count, seed):
    """Asks our reader about the same files."""
    found = list(cases(count, seed))
    lines = "".join(base64.b64encode(file).decode() + "\n" for _, file, _ in found)
    answers = subprocess.run(["node", READER], input=lines, capture_output=True, text=True, check=True).stdout.split("\n")[:-1]
    assert len(answers) == count
    wrong, unsupported = 0, 0
    for (kind, file, theirs), line in zip(found, answers):
        ours = json.loads(line)
        if theirs is not None and "not supported here" in ours.get("error", ""):
            unsupported += 1
            continue
        if ours.get("reads") == theirs and ours.get("code", "bad_safetensors") == "bad_safetensors":
            continue
        wrong += 1
        print(f"{kind}: {file!r}\n    library: {theirs}\n    ours: {line}")
    accepted = sum(read is not None for _, _, read in found)
    print(f"{count} mutants, {accepted} accepted by safetensors {safetensors.__version__}; {wrong} disagreements; "
          f"{unsupported} refused here as not supported")  # fmt: skip
    return wrong


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compare", type=int, metavar="COUNT")
    parser.add_argument("--seed", default="headers")
    arguments = parser.parse_args()
    if arguments.compare is None:
        write_fixture(arguments.seed)
    else:
        raise SystemExit(1 if compare(arguments.compare, arguments.seed) else 0)
