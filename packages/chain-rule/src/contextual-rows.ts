import { type EmbeddingTable, type Job, type Matrix, stages, type TokenId } from "@revocab/core";
import { readRows } from "@revocab/matrix";
import type { DenseProducts } from "@revocab/onnx";
import { fitRows } from "./fit-rows.ts";
import type { Whitening } from "./linear-fits.ts";
import { multiplyRows } from "./multiply-rows.ts";

/** The head that the model predicts with. */
export interface MainHead {
  readonly table: EmbeddingTable;
  readonly bias: EmbeddingTable | undefined;
}

export interface ContextualRowsOptions {
  /** [n × d] mapped and whitened states before the tokens of a text. */
  readonly states: Matrix;
  /** [n] the token that follows each. */
  readonly tokens: Uint32Array;
  /** The tokens that begin with each first piece. */
  readonly groups: ReadonlyMap<TokenId, readonly TokenId[]>;
  /** [V_t] log P̂(t | s₁), without context. */
  readonly logShares: Float64Array;
  /** u [d], with u·h ≈ 1. */
  readonly unit: Float64Array;
  readonly whitening: Whitening;
  readonly mainHead: MainHead;
  readonly seed: number;
  readonly products: DenseProducts;
  readonly job?: Job;
}

/** What is added to rows, for mapped states that are not whitened. */
export interface ContextualRows {
  /** δ [d] of a first piece, for all tokens that begin with it. */
  readonly pieces: ReadonlyMap<TokenId, Float32Array>;
  /** δ [d] of a token of the text, in addition. */
  readonly shares: ReadonlyMap<TokenId, Float32Array>;
}

/**
 * Rows fitted to a text, from what the formula says of them: row(s₁) + log P̂(t | s₁)·u. All tokens compete, as they will in the model. Those
 * that the text has get rows of their own; the others move with their first piece.
 */
export async function contextualRows(options: ContextualRowsOptions): Promise<ContextualRows> {
  const { states, tokens, whitening, products, job } = options;
  const { classes, groupStarts, classOf } = classesOf(options);
  const isKnown = (token: TokenId) => classOf.has(token);
  const places = new Uint32Array(tokens.length).map((_, at) => at).filter((at) => isKnown(tokens[at]));
  if (places.length === 0) return NONE;
  const parts = stages(job, { start: 1, fit: 8, back: 1 });
  const { start, bias } = await startOf({ ...options, job: parts.start }, classes);
  const following = places.map((at) => classOf.get(tokens[at]) as number);
  const fit = { states, places, classes: following, start, bias, groupStarts };
  const { rows, passes, before, after } = await fitRows({
    ...fit,
    seed: options.seed,
    products,
    job: parts.fit,
  });
  const gained =
    passes === 0 ? "no fit is better" : `${after.toFixed(2)} fitted to the rest (${passes} passes)`;
  const message = `tokens cost ${before.toFixed(2)} bits on a tenth of the text, ${gained}`;
  job?.onProgress?.({ type: "note", step: "chain-rule", message, isDetail: true });
  if (passes === 0) return NONE;
  const moved = { ...rows, data: rows.data.map((value, at) => value - start.data[at]) };
  const step = "take head rows back";
  await multiplyRows({ rows: moved, by: whitening.inverse, products, job: parts.back, step });
  return sharedOut(classes, groupStarts, moved);
}

const NONE: ContextualRows = { pieces: new Map(), shares: new Map() };

interface Class {
  readonly first: TokenId;
  /** Undefined for the tokens of the first piece that the text does not have. */
  readonly token: TokenId | undefined;
  /** log P̂ of the class among the tokens of its first piece. */
  readonly logShare: number;
}

/** A class for each token of the text, and one for the others of each first piece; first pieces that the text does not have are last. */
function classesOf({ groups, tokens, logShares }: ContextualRowsOptions) {
  const seen = new Set(tokens);
  const byPiece = [...groups].sort(([a], [b]) => a - b);
  const hasPlaces = ([, group]: (typeof byPiece)[number]) => group.some((token) => seen.has(token));
  const ordered = [...byPiece.filter(hasPlaces), ...byPiece.filter((one) => !hasPlaces(one))];
  const classes: Class[] = [];
  const starts = [0];
  for (const [first, group] of ordered) {
    let others = 0;
    for (const token of group) {
      if (seen.has(token)) classes.push({ first, token, logShare: logShares[token] });
      else others += Math.exp(logShares[token]);
    }
    if (others > 0) classes.push({ first, token: undefined, logShare: Math.log(others) });
    starts.push(classes.length);
  }
  const classOf = new Map(
    classes.flatMap(({ token }, k) => (token === undefined ? [] : [[token, k] as const])),
  );
  return { classes, groupStarts: Uint32Array.from(starts), classOf };
}

/** Rows [K × d] of the formula, for whitened states, and what is added to logits where the head has a bias. */
async function startOf(
  { mainHead: { table, bias }, unit, whitening, products, job }: ContextualRowsOptions,
  classes: readonly Class[],
): Promise<{ readonly start: Matrix; readonly bias: Float32Array | undefined }> {
  const firsts = [...new Set(classes.map(({ first }) => first))];
  const rowOf = new Map(firsts.map((first, row) => [first, row] as const));
  const { columns, data } = await readRows(table.matrix, firsts);
  const biases = bias && (await readRows(bias.matrix, firsts)).data;
  const rows = new Float32Array(classes.length * columns);
  classes.forEach(({ first, logShare }, k) => {
    const row = rowOf.get(first) as number;
    rows.set(data.subarray(row * columns, (row + 1) * columns), k * columns);
    if (biases !== undefined) return;
    for (let j = 0; j < columns; j++) rows[k * columns + j] += logShare * unit[j];
  });
  const start = { rows: classes.length, columns, data: rows };
  await multiplyRows({ rows: start, by: whitening.factor, products, job, step: "whiten head rows" });
  if (biases === undefined) return { start, bias: undefined };
  const biasOf = ({ first, logShare }: Class) => biases[rowOf.get(first) as number] + logShare;
  return { start, bias: Float32Array.from(classes, biasOf) };
}

/** A first piece moves as the tokens do that the text does not have; the others differ from them. */
function sharedOut(
  classes: readonly Class[],
  groupStarts: Uint32Array,
  { columns, data }: Matrix,
): ContextualRows {
  const pieces = new Map<TokenId, Float32Array>();
  const shares = new Map<TokenId, Float32Array>();
  const rowOf = (k: number) => data.subarray(k * columns, (k + 1) * columns);
  for (let group = 0; group + 1 < groupStarts.length; group++) {
    const others = groupStarts[group + 1] - 1;
    const { first, token } = classes[others];
    const shared = token === undefined ? rowOf(others) : undefined;
    if (shared !== undefined) pieces.set(first, shared);
    for (let k = groupStarts[group]; k <= others; k++) {
      const own = classes[k].token;
      if (own === undefined) continue;
      const row = rowOf(k);
      if (shared !== undefined) for (let j = 0; j < columns; j++) row[j] -= shared[j];
      shares.set(own, row);
    }
  }
  return { pieces, shares };
}
