import {
  type EncodeText,
  type Job,
  type Matrix,
  RevocabError,
  throwIfAborted,
  type Vocabulary,
} from "@revocab/core";
import type { WordVectors } from "@revocab/word-vectors";

export interface SubwordVectorsOptions {
  readonly vocabulary: Vocabulary;
  /** Needed if a token's vector is the mean of words. */
  readonly encode?: EncodeText | undefined;
  readonly vectors: WordVectors;
  /**
   * `ngrams`: the vector of the token's text as a word, of its n-grams. `words`: the mean of the words that the tokenizer
   * writes with the token, weighed by how often they occur. @default "ngrams" where the vectors have them
   */
  readonly from?: "ngrams" | "words";
  /** Of `words`: the most frequent ones. @default all */
  readonly maxWords?: number;
  readonly job?: Job;
}

/**
 * One vector per token, [V × d], in the space of word vectors: WECHSEL's subword embeddings. Specials, holes and tokens without
 * any such word or n-gram get zeros.
 *
 * A word is tried as it is and after a space, as the reference does. Where the file has no counts, word i counts
 * 1 / (i + 1), for files list the most frequent words first.
 */
export async function subwordVectors({
  vocabulary,
  encode,
  vectors,
  from = vectors.hasSubwords ? "ngrams" : "words",
  maxWords = vectors.words.length,
  job,
}: SubwordVectorsOptions): Promise<Matrix> {
  const { dimension } = vectors;
  const data = new Float32Array(vocabulary.size * dimension);
  const result: Matrix = { rows: vocabulary.size, columns: dimension, data };
  if (from === "ngrams") {
    for (let id = 0; id < vocabulary.size; id++) {
      const text = textOf(vocabulary, id);
      const vector = text === undefined ? undefined : vectors.vectorOf(text);
      if (vector !== undefined) data.set(vector, id * dimension);
    }
    return result;
  }
  if (encode === undefined) {
    throw new RevocabError(
      "bad_options",
      "these word vectors have no n-grams, so a token's vector is the mean of the words that are written with it; this needs the whole tokenizer, not its vocabulary alone",
      { hint: "use vectors with n-grams (fastText .bin), or give the method the tokenizer's encode" },
    );
  }
  const totals = new Float64Array(vocabulary.size);
  const sums = new Float64Array(data.length);
  const count = Math.min(maxWords, vectors.words.length);
  for (let start = 0; start < count; start += BLOCK) {
    throwIfAborted(job?.abortSignal);
    const block = vectors.rows(start, Math.min(BLOCK, count - start));
    const words = vectors.words.slice(start, start + block.rows);
    const written = await Promise.all(words.flatMap((word) => [word, ` ${word}`]).map(encode));
    for (let i = 0; i < block.rows; i++) {
      const weight = vectors.counts?.[start + i] ?? 1 / (start + i + 1);
      for (const ids of written.slice(2 * i, 2 * i + 2)) {
        for (const id of new Set(ids)) {
          if (vocabulary.kindOf(id) !== "text" && vocabulary.kindOf(id) !== "byte") continue;
          totals[id] += weight;
          for (let j = 0; j < dimension; j++)
            sums[id * dimension + j] += weight * block.data[i * dimension + j];
        }
      }
    }
  }
  for (let i = 0; i < data.length; i++) {
    const total = totals[Math.floor(i / dimension)];
    if (total > 0) data[i] = sums[i] / total;
  }
  return result;
}

const BLOCK = 1024;
const DECODER = new TextDecoder("utf-8", { fatal: true });

/** The text of a token without the spaces around it; undefined where there is none, or only a part of a character. */
function textOf(vocabulary: Vocabulary, id: number): string | undefined {
  if (vocabulary.kindOf(id) !== "text") return undefined;
  try {
    const text = DECODER.decode(vocabulary.bytesOf(id)).trim();
    return text === "" ? undefined : text;
  } catch {
    return undefined;
  }
}

/**
 * [V × d] the vectors of tokens, written as the tokenizer's file writes them; zeros where there is none. A byte token has
 * one only where it is among the words itself: the n-grams of "<0x41>" are those of a notation, the same for all.
 */
export function tokenRows(vocabulary: Vocabulary, vectors: WordVectors): Matrix {
  const { dimension } = vectors;
  const data = new Float32Array(vocabulary.size * dimension);
  for (let id = 0; id < vocabulary.size; id++) {
    const [kind, token] = [vocabulary.kindOf(id), vocabulary.tokenOf(id)];
    const isKnown = kind === "text" || (kind === "byte" && vectors.indexOf(token) !== undefined);
    const vector = isKnown ? vectors.vectorOf(token) : undefined;
    if (vector !== undefined) data.set(vector, id * dimension);
  }
  return { rows: vocabulary.size, columns: dimension, data };
}

/** Rows that are not all zeros. */
export function tokensWithVector({ rows, columns, data }: Matrix): number[] {
  return Array.from({ length: rows }, (_, id) => id).filter((id) =>
    data.subarray(id * columns, (id + 1) * columns).some((value) => value !== 0),
  );
}
