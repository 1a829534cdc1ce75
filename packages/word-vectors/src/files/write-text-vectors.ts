import { type Job, quote, RevocabError, throwIfAborted } from "@revocab/core";
import { replaceFile } from "@revocab/files";
import type { WordVectors } from "../word-vectors.ts";
import { appendDecimal, LONGEST_DECIMAL } from "./decimals.ts";

export interface WriteTextOptions {
  /**
   * Significant digits of each number: fastText writes 5; 9 keep every float exactly, in 1.5 times the space.
   * @default 5
   */
  readonly digits?: number;
  readonly job?: Job;
}

const STEP = "write vectors";
const ROWS_PER_WRITE = 1_000;
const SPACE = 0x20;
const NEW_LINE = 0x0a;

/**
 * Writes vectors as text: a line "words d", then each word and its d numbers, which every program of the field reads.
 * N-grams are not written: unseen words have no vectors in such a file. Rows stream out, a thousand at a time.
 * @throws RevocabError `bad_vectors` for a word that a line cannot hold, `not_finite`, `bad_options`, `no_space`,
 * `write_failed`, `aborted`
 */
export async function writeTextVectors(
  path: string,
  vectors: Pick<WordVectors, "dimension" | "words" | "rows">,
  { digits = 5, job }: WriteTextOptions = {},
): Promise<void> {
  if (!Number.isInteger(digits) || digits < 1 || digits > 9) {
    throw new RevocabError("bad_options", `digits is ${digits}; a whole number from 1 to 9 is expected`);
  }
  const { words, dimension } = vectors;
  const total = words.length;
  await replaceFile(path, async (write) => {
    await write(Buffer.from(`${total} ${dimension}\n`));
    for (let start = 0; start < total; start += ROWS_PER_WRITE) {
      throwIfAborted(job?.abortSignal);
      const count = Math.min(ROWS_PER_WRITE, total - start);
      const { data } = vectors.rows(start, count);
      const lines: Uint8Array[] = [];
      for (let i = 0; i < count; i++) {
        const word = checkedWord(words[start + i] as string, start + i);
        const row = data.subarray(i * dimension, (i + 1) * dimension);
        lines.push(Buffer.from(word), numbersOf(word, row, digits));
      }
      await write(Buffer.concat(lines));
      job?.onProgress?.({ type: "progress", step: STEP, done: start + count, total, unit: "rows" });
    }
  });
}

function checkedWord(word: string, index: number): string {
  if (word !== "" && !word.includes("\n")) return word;
  throw new RevocabError(
    "bad_vectors",
    `word ${index + 1}, ${quote(word)}, cannot be written as text: a line holds one word and its numbers`,
    { hint: "write a .bin file instead" },
  );
}

/** " 0.1 0.2 …" and the end of the line. */
function numbersOf(word: string, row: Float32Array, digits: number): Uint8Array {
  const bytes = new Uint8Array(row.length * (1 + LONGEST_DECIMAL) + 1);
  let end = 0;
  for (const value of row) {
    if (!Number.isFinite(value)) throw notFinite(word, value);
    bytes[end++] = SPACE;
    end = appendDecimal(bytes, end, value, digits);
  }
  bytes[end++] = NEW_LINE;
  return bytes.subarray(0, end);
}

function notFinite(word: string, value: number): RevocabError {
  return new RevocabError("not_finite", `the vector of ${quote(word)} has ${value}; text vectors are finite`);
}
