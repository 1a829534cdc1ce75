import { quote } from "@revocab/core";
import { badTokenizer } from "../tokenizer-json/bad-tokenizer.ts";
import { MAX_FILE_BYTES, MAX_TOKENS } from "../tokenizer-json/limits.ts";
import { jsonObject } from "./folder-settings.ts";

/** @throws RevocabError `bad_tokenizer`: not pieces with their ids */
export function readVocabJson(bytes: Uint8Array, place: string): Map<string, number> {
  const entries = Object.entries(jsonObject(bytes, place));
  if (entries.length === 0) throw badTokenizer(place, "found no pieces, expected pieces with their ids");
  const pieceOf = new Map<number, string>();
  for (const [piece, id] of entries) {
    if (!Number.isInteger(id) || (id as number) < 0 || (id as number) >= MAX_TOKENS) {
      throw badTokenizer(
        place,
        `the piece ${quote(piece)} has ${quote(id)}, expected an id below ${MAX_TOKENS}`,
        { hint: "expected the vocab.json of a BPE tokenizer, which lies beside merges.txt" },
      );
    }
    const other = pieceOf.get(id as number);
    if (other !== undefined) {
      throw badTokenizer(place, `id ${id} belongs to both ${quote(other)} and ${quote(piece)}`);
    }
    pieceOf.set(id as number, piece);
  }
  return new Map(entries as [string, number][]);
}

/**
 * A piece a line, its id the number of the line; white space at the end of a line is no part of it. A piece that comes
 * twice has its last id, as in the tokenizers library.
 * @throws RevocabError `bad_tokenizer`
 */
export function readVocabTxt(bytes: Uint8Array, place: string): Map<string, number> {
  const lines = linesOf(bytes, place);
  if (lines.length > MAX_TOKENS)
    throw badTokenizer(place, `found ${lines.length} lines, expected at most ${MAX_TOKENS} pieces`);
  const vocab = new Map<string, number>();
  for (const [id, line] of lines.entries()) vocab.set(line.replace(/\p{White_Space}+$/u, ""), id);
  if (vocab.size === 0) throw badTokenizer(place, "the file is empty, expected a piece a line");
  return vocab;
}

/**
 * A merge a line, best first: two pieces with a space between them.
 * @throws RevocabError `bad_tokenizer`: no pair, or a pair whose parts or whole are no pieces
 */
export function readMergesTxt(
  bytes: Uint8Array,
  vocab: ReadonlyMap<string, number>,
  place: string,
): [string, string][] {
  const merges: [string, string][] = [];
  for (const [number, line] of linesOf(bytes, place).entries()) {
    if (line.startsWith("#version")) continue;
    const parts = line.split(" ");
    const [left, right] = parts;
    if (parts.length !== 2) {
      throw badTokenizer(
        place,
        `line ${number + 1} is ${quote(line.slice(0, 40))}, expected two pieces with a space between them`,
      );
    }
    const missing = [left!, right!, left! + right!].find((piece) => !vocab.has(piece));
    if (missing !== undefined) {
      throw badTokenizer(
        place,
        `line ${number + 1} merges ${quote(left)} and ${quote(right)}, but the vocabulary has no ${quote(missing)}`,
        { hint: "take both files from one place; they belong together" },
      );
    }
    merges.push([left!, right!]);
  }
  return merges;
}

function linesOf(bytes: Uint8Array, place: string): string[] {
  if (bytes.length > MAX_FILE_BYTES)
    throw badTokenizer(place, `found ${bytes.length} bytes, expected at most ${MAX_FILE_BYTES}`);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw badTokenizer(place, "found bytes that are no UTF-8, expected lines of text", { cause });
  }
  const lines = text.split("\n").map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
  if (lines.at(-1) === "") lines.pop();
  return lines;
}
