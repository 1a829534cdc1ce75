import { type EmbeddingTable, type Job, RevocabError, type TokenId, type Vocabulary } from "@revocab/core";
import { scanRows } from "@revocab/matrix";
import { displayToken } from "@revocab/vocabulary";
import { type TrainingIndicator, trainingOfModel } from "./well-trained.ts";

/** Tokens of a model that look hardly trained, as plain data. */
export interface TrainingInspection {
  /** Tokens in use: without holes, and without those that say that they are set aside. */
  readonly tokens: number;
  /** Rows of no token in use, also those of padding; where there is none, those of bytes that no UTF-8 text has. Rows are compared with their mean. */
  readonly unusedRows: number;
  /** None for a tied model without such rows: of its tokens nothing can be said. */
  readonly indicators: readonly (Pick<TrainingIndicator, "name" | "threshold" | "suspects"> & {
    /** Tokens in use that it suspects. */
    readonly tokens: number;
  })[];
  /** Every token in use that an indicator suspects: first those that more of them suspect, then the worst by any. */
  readonly suspected: readonly SuspectedToken[];
}

export interface SuspectedToken {
  readonly id: TokenId;
  readonly token: string;
  /** What the indicators that suspect it have measured. */
  readonly suspicions: readonly { readonly indicator: string; readonly value: number }[];
}

/**
 * Which tokens of a model look hardly trained, and by what, as `wellTrainedTokens` finds them. Tables are read block by block.
 *
 * Where more than a hundredth of the rows is unused, the threshold of cosines is one of theirs, and hardly any token is suspected by it.
 * @param model each of its tokens has a row
 * @throws RevocabError not_finite, naming the row; aborted
 */
export async function inspectTraining(
  model: { readonly vocabulary: Vocabulary; readonly tables: readonly EmbeddingTable[] },
  job?: Job,
): Promise<TrainingInspection> {
  const { vocabulary, tables } = model;
  const { indicators, unusedRows, suspicionsOf } = await trainingOfModel(model, {
    job,
    byImpossibleBytes: true,
  });
  if (!indicators.every(({ values }) => values.every(Number.isFinite))) await refuseRow(tables, job);
  const unused = new Set(unusedRows);
  const judged = Array.from({ length: vocabulary.size }, (_, id) => id)
    .filter((id) => !unused.has(id))
    .map((id) => ({ id, by: suspicionsOf(id) }));
  const ranks = new Map(indicators.map((indicator) => [indicator, ranksOf(indicator)]));
  const suspected = judged
    .filter(({ by }) => by.length > 0)
    .map((one) => ({ ...one, rank: Math.min(...one.by.map((indicator) => ranks.get(indicator)![one.id])) }))
    .sort((a, b) => b.by.length - a.by.length || a.rank - b.rank || a.id - b.id);
  return {
    tokens: judged.length,
    unusedRows: unusedRows.length,
    indicators: indicators.map((indicator) => ({
      name: indicator.name,
      threshold: indicator.threshold,
      suspects: indicator.suspects,
      tokens: suspected.filter(({ by }) => by.includes(indicator)).length,
    })),
    suspected: suspected.map(({ id, by }) => ({
      id,
      token: shown(vocabulary, id),
      suspicions: by.map(({ name, values }) => ({ indicator: name, value: values[id] })),
    })),
  };
}

/** A token of a byte by its name, `<0x72>`: its text may be that of another token. */
function shown(vocabulary: Vocabulary, id: TokenId): string {
  return vocabulary.kindOf(id) === "byte" ? vocabulary.tokenOf(id) : displayToken(vocabulary, id);
}

/** [rows] 0 for the worst row. */
function ranksOf({ values, suspects }: TrainingIndicator): Uint32Array {
  const sign = suspects === "below" ? 1 : -1;
  const order = Array.from(values.keys()).sort((a, b) => sign * (values[a] - values[b]));
  const ranks = new Uint32Array(values.length);
  for (const [rank, row] of order.entries()) ranks[row] = rank;
  return ranks;
}

/** One row without a finite length takes the mean of all with it. */
async function refuseRow(tables: readonly EmbeddingTable[], job: Job | undefined): Promise<void> {
  for (const { slot, matrix } of tables) {
    const { squaredNorms } = await scanRows(matrix, { job });
    const row = squaredNorms.findIndex((square) => !Number.isFinite(square));
    if (row < 0) continue;
    throw new RevocabError(
      "not_finite",
      `row ${row} of the ${slot} table holds a number that is not finite`,
      {
        hint: "use the model as it was published, or repair the row",
      },
    );
  }
}
