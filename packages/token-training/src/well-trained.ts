import type { EmbeddingTable, Job, Matrix, StoredMatrix, TokenId, Vocabulary } from "@revocab/core";
import { forEachRowBlock } from "@revocab/matrix";

export interface WellTrainedOptions {
  readonly vocabulary: Vocabulary;
  /** [rows × d] */
  readonly input: StoredMatrix;
  /** [rows × d] the head, where it has rows of its own. */
  readonly output?: StoredMatrix;
  /**
   * Where no row is unused, compare with those of bytes that no UTF-8 text has (0xC0, 0xC1, 0xF5 to 0xFF), as Magikarp does. mergekit
   * does not. @default false
   */
  readonly byImpossibleBytes?: boolean;
  readonly job?: Job;
}

/** What a row of a token that was hardly trained looks like. */
export interface TrainingIndicator {
  /** What is measured: `norm of the input row`, `cosine of the input row to the mean of unused rows`. */
  readonly name: string;
  /** [rows] */
  readonly values: Float64Array;
  readonly threshold: number;
  /** On which side of the threshold rows look hardly trained. */
  readonly suspects: "below" | "above";
}

export interface TokenTraining {
  readonly indicators: readonly TrainingIndicator[];
  /** Rows without a token that was ever trained: holes, padding, and tokens that say so themselves; or bytes that no text has. */
  readonly unusedRows: readonly number[];
  /** The indicators by which a token looks hardly trained; none for one that looks well trained. */
  suspicionsOf(token: TokenId): readonly TrainingIndicator[];
  /** Whether a token has a row in use that no indicator suspects. */
  isWellTrained(token: TokenId): boolean;
}

/**
 * Which tokens of a model look well trained by their rows (Fishing for Magikarp): with a head of its own, by the norm of the input row, which shrinks
 * where no text has the token; with unused rows, by the cosine of a row to their mean.
 *
 * Thresholds are those of mergekit: the 0.01 quantile of norms, and the 0.99 quantile of cosines, at least 0.5. So about a hundredth
 * of the tokens is suspected in any model.
 * @see https://arxiv.org/abs/2405.05417
 * @throws RevocabError aborted, between two blocks
 */
export async function wellTrainedTokens(options: WellTrainedOptions): Promise<TokenTraining> {
  const { vocabulary, input, output, byImpossibleBytes = false, job } = options;
  const setAside = unusedRowsOf(vocabulary, input.rows);
  const areBytes = byImpossibleBytes && setAside.length === 0;
  const unusedRows = areBytes ? impossibleBytes(vocabulary, input.rows) : setAside;
  const unused = new Set(unusedRows);
  // mergekit counts unused rows as well, which matters little: they are few, or many and then known by their cosines
  const counted = (values: Float64Array) => (areBytes ? values.filter((_, row) => !unused.has(row)) : values);
  const indicators: TrainingIndicator[] = [];
  if (output !== undefined) {
    const values = await measureRows(input, squareOf, job);
    indicators.push(below("norm of the input row", values.map(Math.sqrt), counted));
  }
  for (const [name, matrix] of Object.entries({ input, output })) {
    if (matrix === undefined || unusedRows.length === 0) continue;
    const mean = await meanRow(matrix, unused, job);
    const cosines = await measureRows(matrix, cosineTo(mean), job);
    indicators.push(above(`cosine of the ${name} row to the mean of unused rows`, cosines, counted));
  }
  const suspicionsOf = (token: TokenId) =>
    indicators.filter(({ values, threshold, suspects }) =>
      suspects === "below" ? values[token] < threshold : values[token] > threshold,
    );
  return {
    indicators,
    unusedRows,
    suspicionsOf,
    isWellTrained: (token) => token < input.rows && !unused.has(token) && suspicionsOf(token).length === 0,
  };
}

/** {@link wellTrainedTokens} by the tables of a model; without an input table by the first that it has. */
export function trainingOfModel(
  { vocabulary, tables }: { readonly vocabulary: Vocabulary; readonly tables: readonly EmbeddingTable[] },
  { job, byImpossibleBytes }: Pick<WellTrainedOptions, "job" | "byImpossibleBytes"> = {},
): Promise<TokenTraining> {
  const rows = tables.filter(({ isBias }) => !isBias);
  const input = (rows.find(({ slot }) => slot === "input") ?? rows[0]).matrix;
  const output = rows.find(({ slot }) => slot === "output")?.matrix;
  return wellTrainedTokens({
    vocabulary,
    input,
    ...(output !== input && { output }),
    byImpossibleBytes,
    job,
  });
}

const QUANTILE = 0.01;

/** Rows are hardly like the mean of unused rows below this. */
const LEAST_COSINE = 0.5;

/** Names of tokens that makers of vocabularies set aside. */
const SET_ASIDE = /unused_token|reserved_special_token/;

function unusedRowsOf(vocabulary: Vocabulary, rows: number): number[] {
  const isUnused = (row: number) =>
    row >= vocabulary.size || vocabulary.kindOf(row) === "unused" || SET_ASIDE.test(vocabulary.tokenOf(row));
  return Array.from({ length: rows }, (_, row) => row).filter(isUnused);
}

/** The rows of single bytes that UTF-8 never has. */
function impossibleBytes(vocabulary: Vocabulary, rows: number): number[] {
  const bytes = [0xc0, 0xc1, ...Array.from({ length: 11 }, (_, i) => 0xf5 + i)];
  return bytes.flatMap((byte) => vocabulary.idsOf(Uint8Array.of(byte))).filter((row) => row < rows);
}

type Counted = (values: Float64Array) => Float64Array;

function below(name: string, values: Float64Array, counted: Counted): TrainingIndicator {
  return { name, values, threshold: quantile(counted(values), QUANTILE), suspects: "below" };
}

function above(name: string, values: Float64Array, counted: Counted): TrainingIndicator {
  const threshold = Math.max(LEAST_COSINE, quantile(counted(values), 1 - QUANTILE));
  return { name, values, threshold, suspects: "above" };
}

/** Between two values in proportion. */
function quantile(values: Float64Array, share: number): number {
  const sorted = values.toSorted();
  const at = share * (sorted.length - 1);
  const low = Math.floor(at);
  return sorted[low] + (at - low) * (sorted[Math.ceil(at)] - sorted[low]);
}

/** [rows] a number for each row. */
async function measureRows(
  matrix: StoredMatrix,
  measure: (row: Float32Array) => number,
  job?: Job,
): Promise<Float64Array> {
  const values = new Float64Array(matrix.rows);
  await forEachRow(
    matrix,
    (row, data) => {
      values[row] = measure(data);
    },
    job,
  );
  return values;
}

async function meanRow(matrix: StoredMatrix, chosen: ReadonlySet<number>, job?: Job): Promise<Float64Array> {
  const sum = new Float64Array(matrix.columns);
  await forEachRow(
    matrix,
    (row, data) => {
      if (chosen.has(row)) for (let i = 0; i < sum.length; i++) sum[i] += data[i];
    },
    job,
  );
  return sum.map((value) => value / chosen.size);
}

function forEachRow(
  matrix: StoredMatrix,
  visit: (row: number, data: Float32Array) => void,
  job?: Job,
): Promise<void> {
  const visitBlock = (start: number, { rows, columns, data }: Matrix) => {
    for (let i = 0; i < rows; i++) visit(start + i, data.subarray(i * columns, (i + 1) * columns));
  };
  return forEachRowBlock(matrix, visitBlock, { job, step: "look for hardly trained rows" });
}

function squareOf(row: Float32Array): number {
  let sum = 0;
  for (const value of row) sum += value * value;
  return sum;
}

/** The cosine to a vector; 0 for a row of zeros. */
function cosineTo(vector: Float64Array): (row: Float32Array) => number {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return (row) => {
    let sum = 0;
    for (let i = 0; i < row.length; i++) sum += row[i] * vector[i];
    return sum / (Math.sqrt(squareOf(row)) * length || 1);
  };
}
