import { characterLength } from "../bytes/characters.ts";
import type { ModelJson } from "../tokenizer-json/tokenizer-json.ts";
import { byteTokenIds, type Speller, type SpellerInput } from "./speller.ts";

/**
 * Unigram: the segmentation with the highest sum of scores (Viterbi); ties go to the earliest start. A character that is no
 * piece by itself may be spelled in byte tokens, at the score that the tokenizers library gives an unknown one (the lowest
 * score − 10). The unknown token is never used.
 */
export function unigramSpeller(
  { json, notation, index, kindOf }: SpellerInput,
  model: Extract<ModelJson, { type: "Unigram" }>,
): Speller {
  const byteTokens = byteTokenIds(json, notation, kindOf);
  const added = new Set(json.added.map(({ id }) => id));
  // NaN for tokens that take no part in spelling: specials, byte tokens, added tokens.
  const scores = model.scores.map((score, id) =>
    kindOf(id) === "text" && !added.has(id) ? score : Number.NaN,
  );
  const fallbackScore =
    model.scores.reduce((lowest, score) => Math.min(lowest, score), Infinity) - UNKNOWN_PENALTY;

  return (bytes) => {
    const count = bytes.length;
    const best = new Float64Array(count + 1).fill(Number.NaN);
    const from = new Int32Array(count + 1);
    const pieceTo = new Int32Array(count + 1);
    best[0] = 0;
    const offer = (start: number, end: number, id: number, score: number): void => {
      const sum = best[start] + score;
      if (sum > best[end] || Number.isNaN(best[end])) {
        best[end] = sum;
        from[end] = start;
        pieceTo[end] = id;
      }
    };
    for (let start = 0; start < count; start++) {
      if (Number.isNaN(best[start])) continue;
      const step = notation.isByteLevel ? 1 : characterLength(bytes, start) || 1;
      let hasPiece = false;
      index.forEachPrefix(bytes, start, (first, end) => {
        for (let id = first; id >= 0; id = index.next(id)) {
          if (!(id < scores.length) || Number.isNaN(scores[id])) continue;
          offer(start, end, id, scores[id]);
          hasPiece ||= end === start + step;
        }
      });
      if (!hasPiece && hasAll(byteTokens, bytes, start, start + step)) {
        offer(start, start + step, BY_BYTES, fallbackScore);
      }
    }
    if (Number.isNaN(best[count]) && count > 0) return undefined;
    return trace(bytes, from, pieceTo, byteTokens);
  };
}

/** The tokenizers library scores a character that is no piece by the lowest score minus this. */
export const UNKNOWN_PENALTY = 10;

const BY_BYTES = -1;

function hasAll(byteTokens: Int32Array, bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (byteTokens[bytes[i]] < 0) return false;
  return true;
}

function trace(
  bytes: Uint8Array,
  from: Int32Array,
  pieceTo: Int32Array,
  byteTokens: Int32Array,
): Uint32Array {
  const backwards: number[] = [];
  for (let end = bytes.length; end > 0; end = from[end]) {
    if (pieceTo[end] !== BY_BYTES) backwards.push(pieceTo[end]);
    else for (let i = end - 1; i >= from[end]; i--) backwards.push(byteTokens[bytes[i]]);
  }
  return Uint32Array.from(backwards.reverse());
}
