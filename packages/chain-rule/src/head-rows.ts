import {
  type EmbeddingTable,
  type InitContext,
  type Matrix,
  RevocabError,
  type SourceModel,
  stages,
  type TokenId,
  threadsOf,
} from "@revocab/core";
import { openDenseProducts } from "@revocab/onnx";
import type { MainHead } from "./contextual-rows.ts";
import { correctedBasis } from "./corrected-basis.ts";
import { fitStates } from "./fit-states.ts";
import { firstPieces, type WeightedSources } from "./pieces.ts";
import { readPassages } from "./read-passages.ts";
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
  const { write, read, fit } = stages(context.job, {
    write: options.written > 0 ? 6 : 0,
    read: 4,
    fit: options.correction === "contextual" ? 4 : 1,
  });
  const sample = await readSample({ ...context, job: write }, model, options);
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
  const { seed } = context;
  const products = await openDenseProducts(threads);
  const reading = { ...context, job: read };
  const { states: fitting, basis } = stages(fit, { states: 9, basis: 1 });
  const head = await readPassages({ ...options, context: reading, model, sample, groups, products, threads })
    .then((states) =>
      fitStates(states, { ...options, groups, shares, mainHead, seed, products, job: fitting }),
    )
    .then((fitted) => correctedBasis(fitted, { firsts, matrix, products, job: basis }))
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

async function runnable({ source }: InitContext): Promise<SourceModel> {
  if (source.model === undefined) {
    throw new RevocabError(
      "bad_options",
      "chain-rule needs the source model, for its hidden states; found its tables alone",
      { hint: "use it through `swapTokenizer`, or give the context a model" },
    );
  }
  const model = await source.model();
  if (model.transformer.kind === "causal") return model;
  throw new RevocabError(
    "bad_options",
    "chain-rule needs a model that predicts the next token; this one predicts masked tokens",
    { hint: "use subtoken-mean, or another method that runs no model" },
  );
}
