import { RevocabError, type Vocabulary } from "@revocab/core";

/** Tokens spelled in the ids of a hypernetwork's tokenizer: the input it predicts from. */
export interface SurfaceForms {
  /** [n × L], padded to the right. */
  readonly ids: Int32Array;
  /** [n] ids of each form, without padding; 0 for a token that has no form. */
  readonly lengths: Uint16Array;
  /** L */
  readonly formLength: number;
  readonly padId: number;
  /** Tokens (as places in the list they came from) whose spelling was longer than L: the rest of it was left out. */
  readonly truncated: readonly number[];
  /** Tokens whose bytes the tokenizer cannot spell. */
  readonly unspelled: readonly number[];
}

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

/** Distinct surface forms in the blocks they are run in. */
export interface FormBlocks {
  /** Each block as the places of its forms in the list; forms of a block have one length. */
  readonly blocks: readonly Uint32Array[];
  /** [n] the block of a token's form, and the form's place in it; −1 for a token without a form. */
  readonly blockOf: Int32Array;
  readonly rowOf: Int32Array;
  /** Distinct forms in all. */
  readonly count: number;
}

/**
 * Groups forms by length, so that no form is padded, and lists each form once. The blocks depend on the forms alone: a row is the
 * same to the last bit, whatever other rows are computed.
 * @param rowsOf how many forms of a length run at once
 * @param which the tokens to group @default all
 * @throws RevocabError `shape_mismatch` for a form that is all padding: attention over nothing is not defined
 */
export function formBlocks(
  forms: SurfaceForms,
  rowsOf: (length: number) => number,
  which: Uint32Array = Uint32Array.from(forms.lengths.keys()),
): FormBlocks {
  const { ids, lengths, formLength } = forms;
  const blank = which.find((token) => lengths[token] === 0);
  if (blank !== undefined) {
    throw new RevocabError(
      "shape_mismatch",
      `surface form ${blank} is all padding; it needs at least one id`,
      {
        hint: "a token that stands for nothing, or that the tokenizer cannot spell, has no predicted row",
      },
    );
  }
  const compare = (a: number, b: number) => {
    let order = lengths[a] - lengths[b];
    for (let i = 0; order === 0 && i < lengths[a]; i++) {
      order = ids[a * formLength + i] - ids[b * formLength + i];
    }
    return order;
  };
  // Forms of neighboring order share ids, so that a block has fewer rows to project.
  const sorted = Uint32Array.from(which).sort((a, b) => compare(a, b) || a - b);
  const blockOf = new Int32Array(lengths.length).fill(-1);
  const rowOf = new Int32Array(lengths.length).fill(-1);
  const blocks: number[][] = [];
  let count = 0;
  sorted.forEach((token, i) => {
    const before = i === 0 ? undefined : sorted[i - 1];
    if (before === undefined || compare(before, token) !== 0) {
      const block = blocks.at(-1);
      const isFull = block !== undefined && block.length >= rowsOf(lengths[token]);
      if (block === undefined || isFull || lengths[block[0]] !== lengths[token]) blocks.push([token]);
      else block.push(token);
      count++;
    }
    blockOf[token] = blocks.length - 1;
    rowOf[token] = blocks[blocks.length - 1].length - 1;
  });
  return { blocks: blocks.map((block) => Uint32Array.from(block)), blockOf, rowOf, count };
}
