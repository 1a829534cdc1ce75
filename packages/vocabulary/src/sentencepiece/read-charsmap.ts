import { RevocabError } from "@revocab/core";

/** Above the size of every built-in map (nmt_nfkc_cf, the largest, has 244 kB). */
const MAX_CHARSMAP_BYTES = 16 * 1024 * 1024;
const MAX_RULES = 1_000_000;
/** Units are shared between paths, so a small hostile trie can hold a great many (nmt_nfkc_cf: 263,382). */
const MAX_VISITS = 4_000_000;
/** Keys of the built-in maps have at most 10 bytes. */
const MAX_KEY_BYTES = 256;

/**
 * The rewriting rules of a `precompiled_charsmap`, from a text to its replacement. Also proves that the map is safe for the
 * Rust library, which does not check its indices.
 *
 * Layout: u32 LE size of the trie, the trie (a darts-clone double array, u32 LE units), then the
 * replacements, each ended by NUL.
 *
 * @throws RevocabError `bad_tokenizer`
 * @see https://github.com/s-yata/darts-clone
 */
export function readCharsmap(bytes: Uint8Array): Map<string, string> {
  const rules = new Map<string, string>();
  if (bytes.length === 0) return rules;
  const { units, replacements } = splitCharsmap(bytes);
  const childBytes = memoizeChildBytes(units);
  const replacementAt = memoizeReplacements(replacements);
  const key = new Uint8Array(MAX_KEY_BYTES);
  let visited = 0;

  const visit = (node: number, depth: number): void => {
    if (++visited > MAX_VISITS) throw bad(`its trie has more than ${MAX_VISITS} paths`);
    for (const byte of childBytes(node)) {
      if (depth === MAX_KEY_BYTES) throw bad(`a rule is longer than ${MAX_KEY_BYTES} bytes`);
      key[depth] = byte;
      const unit = units[node ^ byte]!;
      const next = (node ^ byte ^ offsetOf(unit)) >>> 0;
      if (hasLeaf(unit)) {
        if (next >= units.length) throw bad(`its trie points at unit ${next} of ${units.length}`);
        if (rules.size === MAX_RULES) throw bad(`it has more than ${MAX_RULES} rules`);
        rules.set(decode(key.subarray(0, depth + 1)), replacementAt(units[next]! & 0x7fffffff));
      }
      visit(next, depth + 1);
    }
  };
  visit(offsetOf(units[0]!), 0);
  return rules;
}

/** Paths share nodes (261,992 paths, 18,771 nodes in `nfkc`), and a node costs 256 lookups. */
function memoizeChildBytes(units: Uint32Array): (node: number) => readonly number[] {
  const known = new Map<number, readonly number[]>();
  return (node) => {
    const before = known.get(node);
    if (before !== undefined) return before;
    if ((node | 0xff) >= units.length) throw bad(`its trie points at unit ${node} of ${units.length}`);
    const bytes: number[] = [];
    for (let byte = 1; byte < 256; byte++) if (labelOf(units[node ^ byte]!) === byte) bytes.push(byte);
    known.set(node, bytes);
    return bytes;
  };
}

function splitCharsmap(bytes: Uint8Array): { units: Uint32Array; replacements: Uint8Array } {
  if (bytes.length > MAX_CHARSMAP_BYTES) {
    throw bad(`it has ${bytes.length} bytes, expected at most ${MAX_CHARSMAP_BYTES}`);
  }
  if (bytes.length < 8) throw bad(`it has ${bytes.length} bytes, expected at least 8`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const trieBytes = view.getUint32(0, true);
  if (trieBytes === 0 || trieBytes % 1024 !== 0 || trieBytes >= bytes.length - 4) {
    throw bad(
      `its trie claims ${trieBytes} of ${bytes.length - 4} bytes, expected a multiple of 1024 within them`,
    );
  }
  const units = Uint32Array.from({ length: trieBytes / 4 }, (_, unit) => view.getUint32(4 + unit * 4, true));
  const replacements = bytes.subarray(4 + trieBytes);
  if (replacements.at(-1) !== 0) throw bad("its last replacement is cut short");
  decode(replacements, "a replacement"); // the library also refuses replacements that no rule uses
  return { units, replacements };
}

function memoizeReplacements(replacements: Uint8Array): (start: number) => string {
  const known = new Map<number, string>();
  return (start) => {
    const before = known.get(start);
    if (before !== undefined) return before;
    const end = replacements.indexOf(0, start);
    if (start >= replacements.length || end === -1) {
      throw bad(`a rule points at byte ${start} of ${replacements.length}`);
    }
    const replacement = decode(replacements.subarray(start, end));
    known.set(start, replacement);
    return replacement;
  };
}

function labelOf(unit: number): number {
  return (unit & 0x800000ff) >>> 0;
}

function offsetOf(unit: number): number {
  return ((unit >>> 10) << ((unit & 0x200) >>> 6)) >>> 0;
}

function hasLeaf(unit: number): boolean {
  return (unit & 0x100) !== 0;
}

/** Shared by all rules: creating a decoder costs more than decoding a rule. */
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decode(bytes: Uint8Array, what = "a rule"): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw bad(`${what} is not UTF-8`);
  }
}

function bad(found: string): RevocabError {
  return new RevocabError(
    "bad_tokenizer",
    `the SentencePiece model's precompiled_charsmap is broken: ${found}`,
    {
      hint: "take the .model file from its source again",
    },
  );
}
