import {
  type EmbeddingTable,
  type InitContext,
  type Job,
  type Matrix,
  RevocabError,
  type RunnableModel,
  type StoredMatrix,
  type TokenId,
  threadsOf,
  throwIfAborted,
} from "@revocab/core";
import { readMatrix } from "@revocab/matrix";
import { type DenseProducts, openDenseProducts } from "@revocab/onnx";
import type { MainHead } from "./contextual-rows.ts";
import { type FittedStates, fitStates } from "./fit-states.ts";
import { floats } from "./linear-fits.ts";
import { firstPieces, type WeightedSources } from "./pieces.ts";
import { readSample } from "./sample.ts";
import type { ChainRuleSettings } from "./settings.ts";
import { logShares, weightsByCount, weightsByRank } from "./shares.ts";

export interface HeadRows {
  rowOf(token: TokenId, table: EmbeddingTable): WeightedSources | undefined;
  /** X: the basis rows that `rowOf` addresses after those of the table. */
  basis(table: EmbeddingTable): Matrix;
}

export interface HeadRowsOptions extends ChainRuleSettings {
  /** The input row of a target token. */
  readonly inputOf: (token: TokenId) => WeightedSources | undefined;
}

/**
 * The rows of the head and of its bias.
 * @throws RevocabError bad_options where the model cannot be run; bad_text; no_evidence
 */
export async function headRows(context: InitContext, options: HeadRowsOptions): Promise<HeadRows> {
  const { alignment, source, target } = context;
  const { smoothing, threads = threadsOf(context.job) } = options;
  const { piecesOf, groups } = firstPieces(alignment, target.vocabulary);
  const model = await runnable(context);
  const sample = await readSample(context, model, options);
  const weightOf =
    sample.counted.length === 0
      ? weightsByRank(context)
      : await weightsByCount(context, sample.counted, smoothing);
  const shares = logShares(target.vocabulary.size, groups.values(), weightOf);
  const mainHead = mainHeadOf(source.tables);
  const { table, bias } = mainHead;
  const { matrix } = table;
  const isOfHead = (slot: string) => slot === table.slot || slot === bias?.slot;
  const firsts = [...groups.keys()].sort((a, b) => a - b);
  const products = await openDenseProducts(threads);
  const fit = { ...options, context, model, sample, groups, shares, mainHead, products, threads };
  const head = await fitStates(fit)
    .then((fitted) => correctedBasis(fitted, { firsts, matrix, products, job: context.job }))
    .finally(() => products.release());
  return {
    rowOf(token, { slot, isBias }) {
      const [first] = piecesOf(token);
      if (first === undefined) return undefined;
      const row: WeightedSources = { sources: [first], weights: [1] };
      const add = (basisRow: number | undefined, weight: number) => {
        if (basisRow === undefined || Math.fround(weight) === 0) return;
        row.sources.push(matrix.rows + basisRow);
        row.weights.push(weight);
      };
      // the fit is for the hidden states of the main head; a draft head has others
      if (!isOfHead(slot)) return row;
      if (isBias || bias === undefined) add(0, shares[token]);
      if (isBias) return row;
      add(head.correctionOf.get(first), 1);
      add(head.shareOf.get(token), 1);
      return row;
    },
    basis({ slot, isBias, matrix: { columns } }) {
      if (!isOfHead(slot)) return { rows: 0, columns, data: new Float32Array(0) };
      return isBias ? { rows: 1, columns: 1, data: Float32Array.of(1) } : head.basis;
    },
  };
}

/** The head that the model predicts with, not a draft head beside it. */
function mainHeadOf(tables: readonly EmbeddingTable[]): MainHead {
  const heads = tables.filter(({ role, isBias }) => role === "output" && !isBias);
  const table = heads.find(({ slot }) => slot === "output") ?? (heads[0] as EmbeddingTable);
  return { table, bias: tables.find(({ slot }) => slot === "output.bias") };
}

async function runnable({ source }: InitContext): Promise<RunnableModel> {
  if (source.model === undefined) {
    throw new RevocabError(
      "bad_options",
      "chain-rule needs the source model, for its hidden states; found its tables alone",
      { hint: "use it through `swapTokenizer`, or give the context a model" },
    );
  }
  const model = await source.model();
  if (model.kind === "causal") return model;
  throw new RevocabError(
    "bad_options",
    "chain-rule needs a model that predicts the next token; this one predicts masked tokens",
    { hint: "use subtoken-mean, or another method that runs no model" },
  );
}

/** The basis rows of the head, and which of them a token needs. */
interface CorrectedBasis {
  /** [x × d]: Mᵀu, then for each first piece Mᵀ(row + δ) − row, then for each token with a share of its own Mᵀδ. */
  readonly basis: Matrix;
  readonly correctionOf: ReadonlyMap<TokenId, number>;
  readonly shareOf: ReadonlyMap<TokenId, number>;
}

interface CorrectedBasisOptions {
  /** The first pieces, ascending. */
  readonly firsts: readonly TokenId[];
  /** [V_s × d] the head's table; read once, in blocks. */
  readonly matrix: StoredMatrix;
  readonly products: DenseProducts;
  readonly job: Job | undefined;
}

/**
 * A head row v is multiplied with the states h′ of the new tokens instead of h ≈ M·h′. Since v·h ≈ (Mᵀv)·h′, each row becomes
 * Mᵀv. It is stored as the source row plus a difference, so that a plan shows the source.
 */
async function correctedBasis(
  { unit, map, shares, pieces }: FittedStates,
  { firsts, matrix, products, job }: CorrectedBasisOptions,
): Promise<CorrectedBasis> {
  const { columns } = matrix;
  const changed = map === undefined ? [] : firsts;
  const tokens = [...shares.keys()].sort((a, b) => a - b);
  const correctionOf = new Map(changed.map((first, i) => [first, 1 + i] as const));
  const shareOf = new Map(tokens.map((token, i) => [token, 1 + changed.length + i] as const));
  const rows = 1 + changed.length + tokens.length;
  const basis: Matrix = { rows, columns, data: new Float32Array(rows * columns) };
  const by = map && floats(map);
  basis.data.set(await timesMap(Float32Array.from(unit), by, products));
  for (let start = 0; start < matrix.rows && changed.length > 0; start += BLOCK) {
    throwIfAborted(job?.abortSignal);
    const block = await readMatrix(matrix, start, Math.min(BLOCK, matrix.rows - start));
    const moved = await timesMap(corrected(block, start, pieces), by, products);
    for (let i = 0; i < block.rows; i++) {
      const row = correctionOf.get(start + i);
      if (row === undefined) continue;
      for (let j = 0; j < columns; j++) {
        basis.data[row * columns + j] = moved[i * columns + j] - block.data[i * columns + j];
      }
    }
    const done = start + block.rows;
    job?.onProgress?.({ type: "progress", step: "map head rows", done, total: matrix.rows, unit: "rows" });
  }
  const own = basis.data.subarray((1 + changed.length) * columns);
  for (const [i, token] of tokens.entries()) own.set(shares.get(token) as Float32Array, i * columns);
  for (let start = 0; start < own.length; start += BLOCK * columns) {
    const block = own.subarray(start, start + BLOCK * columns);
    block.set(await timesMap(block, by, products));
  }
  return { basis, correctionOf, shareOf };
}

/** The rows of a block, those of first pieces with their corrections added. */
function corrected(
  { data, columns }: Matrix,
  start: number,
  pieces: ReadonlyMap<TokenId, Float32Array>,
): Float32Array {
  const rows = data.slice();
  for (let at = 0; at < rows.length; at += columns) {
    const piece = pieces.get(start + at / columns);
    if (piece === undefined) continue;
    for (let j = 0; j < columns; j++) rows[at + j] += piece[j];
  }
  return rows;
}

/** Rows multiplied at a time. */
const BLOCK = 4096;

/** [n × d] Mᵀv for each row v, which is vᵀ·M; without a map the rows themselves. */
async function timesMap(
  rows: Float32Array,
  map: Matrix | undefined,
  products: DenseProducts,
): Promise<Float32Array> {
  if (map === undefined || rows.length === 0) return rows;
  const left = { rows: rows.length / map.rows, columns: map.rows, data: rows };
  return (await products.multiply(left, map)).data;
}
