import { availableParallelism } from "node:os";
import {
  type EmbeddingTable,
  type InitContext,
  type Matrix,
  RevocabError,
  type RunnableModel,
  type TokenId,
} from "@revocab/core";
import type { Correction } from "../chain-rule.ts";
import { correctedBasis } from "./corrected-basis.ts";
import type { WeightedSources } from "./faded-pieces.ts";
import { firstPieces } from "./first-pieces.ts";
import { fitStates } from "./fit-states.ts";
import { logShares } from "./log-shares.ts";
import { mainHead } from "./main-head.ts";
import { readSample } from "./read-sample.ts";
import { weightsByCount, weightsByRank } from "./token-weights.ts";

export interface HeadRowsOptions {
  readonly text: string | undefined;
  readonly smoothing: number;
  readonly correction: Correction;
  readonly states: number;
  readonly written: number;
  readonly prior: number;
  /** How a target token is read. */
  readonly inputOf: (token: TokenId) => WeightedSources | undefined;
  readonly threads?: number;
}

export interface HeadRows {
  rowOf(token: TokenId, table: EmbeddingTable): WeightedSources | undefined;
  /** X: the rows that `rowOf` addresses beyond those of the table. */
  basis(table: EmbeddingTable): Matrix;
}

/**
 * The rows of the head and of its bias.
 * @throws RevocabError bad_options where the model cannot be run; bad_text; no_evidence
 */
export async function headRows(context: InitContext, options: HeadRowsOptions): Promise<HeadRows> {
  const { alignment, source, target } = context;
  const { smoothing, threads = availableParallelism() } = options;
  const { piecesOf, groups } = firstPieces(alignment, target.vocabulary);
  const model = await runnable(context);
  const sample = await readSample(context, model, options);
  const weightOf =
    sample.counted.length === 0
      ? weightsByRank(context)
      : await weightsByCount(context, sample.counted, smoothing);
  const shares = logShares(target.vocabulary.size, groups.values(), weightOf);
  const fitted = await fitStates({
    ...options,
    context,
    model,
    sample,
    groups,
    shares,
    threads,
  });

  const { table, bias } = mainHead(source.tables);
  const { matrix } = table;
  const isOfHead = (slot: string) => slot === table.slot || slot === bias?.slot;
  const firsts = [...groups.keys()].sort((a, b) => a - b);
  const head = await correctedBasis(fitted, { firsts, matrix, threads });
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
      // what was found out about this head's hidden states says nothing of another's, such as a draft head's
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

async function runnable({ source }: InitContext): Promise<RunnableModel> {
  if (source.model === undefined) {
    throw new RevocabError(
      "bad_options",
      "chain-rule needs the source model, to see its hidden states; only its tables are here",
      { hint: "use it through a swap, or give the context a model" },
    );
  }
  const model = await source.model();
  if (model.kind === "causal") return model;
  throw new RevocabError(
    "bad_options",
    "chain-rule takes the chain rule of a model that predicts the next token; this one predicts masked tokens",
    { hint: "use subtoken-mean, or another method: revocab methods" },
  );
}
