import type { Vocabulary } from "@revocab/core";
import type { SurfaceForms } from "./surface-forms.ts";

export interface EncodeSurfaceFormsOptions {
  /** Of the hypernetwork's tokenizer. */
  readonly vocabulary: Vocabulary;
  /** L */
  readonly formLength: number;
  readonly padId: number;
}

/**
 * Spells each token's bytes with the model of the hypernetwork's tokenizer (no pre-tokenizer, no prefix), and keeps the
 * first L ids: " dog" is spelled as " dog", wherever its tokenizer would have written `▁` or `Ġ`.
 * @param tokens the bytes each token stands for; `undefined` for one that has no form
 */
export function encodeSurfaceForms(
  tokens: readonly (Uint8Array | undefined)[],
  { vocabulary, formLength, padId }: EncodeSurfaceFormsOptions,
): SurfaceForms {
  const ids = new Int32Array(tokens.length * formLength).fill(padId);
  const lengths = new Uint16Array(tokens.length);
  const truncated: number[] = [];
  const unspelled: number[] = [];
  tokens.forEach((bytes, i) => {
    if (bytes === undefined) return;
    const pieces = bytes.length === 0 ? undefined : vocabulary.spell(bytes);
    if (pieces === undefined) {
      unspelled.push(i);
      return;
    }
    if (pieces.length > formLength) truncated.push(i);
    ids.set(pieces.subarray(0, formLength), i * formLength);
    lengths[i] = Math.min(pieces.length, formLength);
  });
  return { ids, lengths, formLength, padId, truncated, unspelled };
}
