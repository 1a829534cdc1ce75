import { parseDecimal } from "./parse-decimal.ts";

const SPACE = 0x20;
const TAB = 0x09;
const RETURN = 0x0d;

/** The word of a line "word 0.1 0.2 …" ends at `wordEnd`; or what is wrong with the line. */
export type SplitLine = { readonly wordEnd: number } | { readonly problem: string };

/**
 * Reads the last `into.length` fields of a line as numbers. Everything before them is the word: GloVe's words may
 * have spaces in them.
 */
export function splitVectorLine(line: Uint8Array, into: Float32Array): SplitLine {
  let end = line.length;
  while (end > 0 && (isGap(line[end - 1]) || line[end - 1] === RETURN)) end--;
  for (let column = into.length - 1; column >= 0; column--) {
    let start = end;
    while (start > 0 && !isGap(line[start - 1])) start--;
    if (start === 0)
      return {
        problem: `${into.length} numbers after a word are expected, and it has ${fields(line)} fields`,
      };
    const value = parseDecimal(line, start, end);
    into[column] = value;
    if (!Number.isFinite(into[column])) {
      return { problem: `"${textOf(line, start, end)}" is not a number that a float can hold` };
    }
    end = start - 1;
    // Between numbers, gaps may be wide; before the first one, a space can be part of the word.
    if (column > 0) while (end > 0 && isGap(line[end - 1])) end--;
  }
  if (end === 0) return { problem: `it has no word before its ${into.length} numbers` };
  if (endsInFraction(line, end)) {
    return { problem: `it has ${fields(line)} fields; one word and ${into.length} numbers are expected` };
  }
  return { wordEnd: end };
}

/** How many numbers stand after the first field. */
export function countFields(line: Uint8Array): number {
  return fields(line);
}

function isGap(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB;
}

function fields(line: Uint8Array): number {
  let count = 0;
  let wasGap = true;
  for (const byte of line) {
    const gap = isGap(byte) || byte === RETURN;
    if (wasGap && !gap) count++;
    wasGap = gap;
  }
  return count;
}

/** A word such as "Berlin 0.25" is a word and a number too many; " 12" may be a word. */
function endsInFraction(line: Uint8Array, end: number): boolean {
  let start = end;
  while (start > 0 && !isGap(line[start - 1])) start--;
  return (
    start > 1 && line.subarray(start, end).includes(0x2e) && Number.isFinite(parseDecimal(line, start, end))
  );
}

function textOf(line: Uint8Array, start: number, end: number): string {
  return new TextDecoder().decode(line.subarray(start, Math.min(end, start + 40)));
}
