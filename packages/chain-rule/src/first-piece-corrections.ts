import type { EmbeddingTable, Job, TokenId } from "@revocab/core";
import { readRows } from "@revocab/matrix";
import {
  bitsOfClasses,
  type ClassContext,
  type FitClassesOptions,
  type FitProducts,
  fitClasses,
} from "./fit-classes.ts";

/** The head that the model predicts with. */
export interface MainHead {
  readonly table: EmbeddingTable;
  readonly bias: EmbeddingTable | undefined;
}

export interface FirstPieceCorrectionsOptions {
  readonly width: number;
  /** [n × d] hidden states before the tokens of a text. */
  readonly states: Float64Array;
  /** [n] the token that follows each. */
  readonly tokens: Uint32Array;
  /** The tokens that begin with each first piece. */
  readonly groups: ReadonlyMap<TokenId, readonly TokenId[]>;
  readonly mainHead: MainHead;
  /** [d × d] the inverse of the states' second moment. */
  readonly inverse: Float64Array;
  readonly products: FitProducts;
  readonly job?: Job;
  /** Called with the positions of the text that are done, and their total over all fits. */
  readonly onPlaces?: (done: number, total: number) => void;
  readonly onNote?: (message: string) => void;
}

/**
 * δ [d] for each first piece that the text has: log P(s₁ | h) ≈ row(s₁)·h + δ·h, up to a constant that all of them share.
 *
 * It corrects the model's probability of the first piece: much for a language that the model does not know, little or nothing
 * for its own. Priors are compared by fits to the first four fifths of the text and their score on the rest; the best one is
 * then used for a fit to the whole text.
 */
export async function firstPieceCorrections({
  groups,
  tokens,
  mainHead: { table: head, bias },
  onPlaces,
  onNote,
  ...rest
}: FirstPieceCorrectionsOptions): Promise<Map<TokenId, Float64Array>> {
  const { width, products } = rest;
  const firstOf = new Map(
    [...groups].flatMap(([first, group]) => group.map((token) => [token, first] as const)),
  );
  const seen = new Set<TokenId>();
  for (const token of tokens) {
    const first = firstOf.get(token);
    if (first !== undefined) seen.add(first);
  }
  const firsts = [...seen].sort((a, b) => a - b);
  if (firsts.length < 2) return new Map();
  const classOf = new Map(firsts.map((first, k) => [first, k] as const));
  const contexts: ClassContext[] = [];
  tokens.forEach((token, at) => {
    const first = firstOf.get(token);
    if (first !== undefined) contexts.push({ at, k: classOf.get(first) as number });
  });
  const right = { rows: firsts.length, columns: width, data: await doublesOf(head, firsts) };
  const biases = bias && (await doublesOf(bias, firsts));
  const baseOf = async (states: Float64Array, count: number) => {
    const { data } = await products.scores.multiply({ rows: count, columns: width, data: states }, right);
    if (biases !== undefined) for (let i = 0; i < data.length; i++) data[i] += biases[i % firsts.length];
    return data;
  };
  const fit = { ...rest, contexts, classes: firsts.length, baseOf };
  const total = (PRIORS.length + 1) * contexts.length;
  const prior = await choosePrior(fit, (fits) => onPlaces?.(fits * contexts.length, total), onNote);
  if (prior === undefined) return new Map();
  const fitted = await fitClasses({ ...fit, prior });
  onPlaces?.(total, total);
  return new Map(firsts.map((first, k) => [first, fitted.slice(k * width, (k + 1) * width)] as const));
}

/** The priors that are tried: how many contexts the model's own probability of a piece is worth. */
const PRIORS = [30, 300, 3000];

/** The prior that scores best on the last fifth of the contexts; undefined if no correction improves the score. */
async function choosePrior(
  fit: Omit<FitClassesOptions, "prior">,
  onFits: (fits: number) => void,
  onNote: FirstPieceCorrectionsOptions["onNote"],
): Promise<number | undefined> {
  const cut = Math.floor(0.8 * fit.contexts.length);
  const heldOut = { ...fit, contexts: fit.contexts.slice(cut) };
  if (cut === 0 || heldOut.contexts.length === 0) return undefined;
  const before = await bitsOfClasses(heldOut, new Float64Array(fit.classes * fit.width));
  let best: { readonly prior: number | undefined; readonly bits: number } = {
    prior: undefined,
    bits: before,
  };
  for (const [i, prior] of PRIORS.entries()) {
    const rows = await fitClasses({ ...fit, contexts: fit.contexts.slice(0, cut), prior });
    const bits = await bitsOfClasses(heldOut, rows);
    if (bits < best.bits) best = { prior, bits };
    onFits(i + 1);
  }
  const fitted =
    best.prior === undefined
      ? "no fit is better"
      : `${best.bits.toFixed(2)} fitted to the rest (prior ${best.prior})`;
  onNote?.(`first pieces cost ${before.toFixed(2)} bits on the last fifth of the text, ${fitted}`);
  return best.prior;
}

async function doublesOf({ matrix }: EmbeddingTable, tokens: readonly TokenId[]): Promise<Float64Array> {
  return new Float64Array((await readRows(matrix, tokens)).data);
}
