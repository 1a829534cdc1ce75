import { mutateJson } from "./mutate-json.mjs";

/**
 * Damage to the header of a safetensors file, written with a length that fits, or nearly: entries with other dtypes, shapes and
 * offsets, repeated and odd keys, metadata that is no text or JSON within which something else stands.
 */
export function mutateSafetensors(random, content) {
  const length = Number(content.readBigUInt64LE(0));
  const header = JSON.parse(content.toString("utf8", 8, 8 + length));
  const text = random.oneIn(3) ? mutateJson(random, header, wild) : editEntry(random, header);
  const written = Buffer.from(random.oneIn(4) ? text : text.padEnd(Math.ceil(text.length / 8) * 8, " "));
  const prefix = Buffer.alloc(8);
  const off = random.oneIn(10) ? random.pick([-1, 1, -8, 8, 2 ** 32, -written.length]) : 0;
  prefix.writeBigUInt64LE(BigInt(Math.max(0, written.length + off)));
  return Buffer.concat([prefix, written, content.subarray(8 + length)]);
}

function editEntry(random, header) {
  const edited = structuredClone(header);
  const names = Object.keys(edited).filter((name) => name !== "__metadata__");
  const name = random.pick(names);
  const entry = edited[name] ?? {};
  const [start, end] = entry.data_offsets ?? [0, 0];
  const raw = random.pick([
    () => {
      entry.dtype = random.pick(DTYPES);
    },
    () => {
      entry.dtype = random.pick(DTYPES);
    },
    () => {
      entry.shape = random.pick([
        [],
        [0],
        [1],
        [0, 2 ** 40],
        [2 ** 32, 2 ** 32],
        [-1, 2],
        [1.5],
        ["1"],
        null,
        {},
        [...(entry.shape ?? []), 1],
        [...(entry.shape ?? [])].reverse(),
        [2 ** 53],
        [1e300],
      ]);
    },
    () => {
      entry.data_offsets = random.pick([
        [start, start],
        [end, start],
        [start + 1, end],
        [start, end - 1],
        [start, end + 1],
        [0, 2 ** 53],
        [-1, end],
        [start],
        [],
        [start, end, end],
        null,
        ["0", "1"],
        [0.5, 1.5],
        [0, end - start],
      ]);
    },
    () => {
      delete entry[random.pick(["dtype", "shape", "data_offsets"])];
    },
    () => {
      entry[random.pick(["extra", "__proto__", "dtype ", ""])] = 1;
    },
    () => {
      delete edited[name];
    },
    () => {
      edited[
        random.pick(["x", "", "__proto__", "a\u0000b", "../x", "\u001b[2J", "x".repeat(100_000), "toString"])
      ] = { dtype: random.pick(DTYPES), shape: [0], data_offsets: [end, end] };
    },
    () => {
      edited.__metadata__ = random.pick([
        null,
        {},
        [],
        "pt",
        { format: 1 },
        { format: null },
        { format: ["pt"] },
        { format: { a: "b" } },
        { "\u001b[31m": "\u0007" },
        { format: "\ud800" },
        { format: "x".repeat(300_000) },
      ]);
    },
    () => editMetadata(random, edited),
    () => (text) =>
      text.replace(
        /"dtype":"[^"]*"/,
        (found) => `${found},${random.pick([found, '"dtype":"F32"', '"dty\\u0070e":"F16"'])}`,
      ),
    () => (text) => text.replace(/"shape":\[[^\]]*\]/, (found) => `${found},${found}`),
    () => (text) => text.replace(/\{/, '{"__metadata__":{"format":"pt"},"__metadata__":{},'),
    () => (text) => text.replace(/("[^"]*"):(\{[^}]*\})/, "$1:$2,$1:$2"),
    () => (text) =>
      text.replace(
        /"data_offsets":\[(\d+)/,
        `"data_offsets":[${random.pick(["0$1", "$1.0", "-0", "1e0", "$1e0", "18446744073709551616", " $1 "])}`,
      ),
    () => (text) => `${random.pick([" ", "\n", "\ufeff", "\u0000", "[", "{}"])}${text}`,
    () => (text) => `${text}${random.pick(["\u0000", "{}", "x", "\n\n", "\t", "}"])}`,
    () => (text) => text.replace(/:/, () => ` :${random.pick([" ", "\n", "\u00a0", ""])}`),
  ])();
  const text = JSON.stringify(edited);
  return raw ? raw(text) : text;
}

/** JSON that stands as text in the metadata, as a plan's does. */
function editMetadata(random, header) {
  const metadata = header.__metadata__ ?? {};
  const key = random.pick(Object.keys(metadata).concat("format"));
  let value;
  try {
    value = JSON.parse(metadata[key]);
  } catch {
    value = metadata[key] ?? "";
  }
  header.__metadata__ = { ...metadata, [key]: mutateJson(random, value) };
}

function wild(random) {
  return [{ dtype: random.pick(DTYPES), shape: [1], data_offsets: [0, 4] }, ...DTYPES];
}

const DTYPES = [
  "BOOL",
  "F4",
  "F6_E2M3",
  "F6_E3M2",
  "U8",
  "I8",
  "F8_E5M2",
  "F8_E4M3",
  "F8_E8M0",
  "F8_E4M3FNUZ",
  "F8_E5M2FNUZ",
  "I16",
  "U16",
  "F16",
  "BF16",
  "I32",
  "U32",
  "F32",
  "C64",
  "F64",
  "I64",
  "U64",
  "F33",
  "f32",
  "",
  null,
  32,
  "\u001b[0m",
];
