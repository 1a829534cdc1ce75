import type { Job, Matrix, TokenId } from "@revocab/core";
import { type ModelTables, type OpenTransformer, openHeadGradient } from "@revocab/transformer-runtime";
import { addGradients } from "./add-gradients.ts";
import { nextTokens } from "./next-tokens.ts";
import { openVocabularyRows } from "./open-vocabulary-rows.ts";
import { openRowTable } from "./row-table.ts";

export interface LossGradients {
  /** Mean cross-entropy of the predicted tokens, in nats. */
  readonly loss: number;
  /** Gradient by the input rows of the tokens that occur, ids ascending, [ids × d_in]. */
  readonly input: { readonly ids: Uint32Array; readonly rows: Matrix };
  /** Gradient by the rows of the head's table, [V × d]. */
  readonly output: Matrix;
}

export interface LossGradientsOptions {
  /** A causal model. */
  readonly transformer: OpenTransformer;
  /** The rows it is run with; of a tied model the two gradients are given apart. */
  readonly tables: ModelTables;
  /** Of each the tokens from the second on are predicted. */
  readonly sequences: readonly Uint32Array[];
  readonly job?: Job;
}

/**
 * The gradients of the loss of the next token by the rows of a vocabulary, the layers frozen.
 * @throws RevocabError as `OpenTransformer.readWithGradients` does; `shape_mismatch` for a token without a row
 */
export async function lossGradients({
  transformer,
  tables,
  sequences,
  job,
}: LossGradientsOptions): Promise<LossGradients> {
  const all = new Set<TokenId>(Array.from({ length: tables.output.rows }, (_, id) => id));
  const occurring = new Set<TokenId>(sequences.flatMap((tokens) => [...tokens]));
  const { output, bias } = await openVocabularyRows(tables, { input: occurring, output: all }, occurring);
  const input = await openRowTable(tables.input, occurring, occurring);
  const rows = { input, output };
  const byInput = new Float32Array(input.learning.length);
  const byOutput = new Float32Array(output.learning.length);
  const queries = sequences.map(nextTokens);
  const head = openHeadGradient(transformer, { fixed: output.fixed, bias });
  try {
    const { crossEntropy: loss } = await addGradients({
      transformer,
      head,
      rows,
      queries,
      byInput,
      byOutput,
      job,
    });
    const predicted = queries.reduce((sum, { targets }) => sum + targets.length, 0);
    const mean = (sums: Float32Array) => sums.map((value) => value / predicted);
    const matrix = (columns: number, data: Float32Array) => ({ rows: data.length / columns, columns, data });
    return {
      loss: loss / predicted,
      input: { ids: input.ids, rows: matrix(input.columns, mean(byInput)) },
      output: matrix(output.columns, mean(byOutput)),
    };
  } finally {
    await head.close();
  }
}
