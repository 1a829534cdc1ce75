import { type Job, type Matrix, RevocabError, type StoredMatrix, type TokenId } from "@revocab/core";
import { columnMoments, readRows, replacedRows, stackedRows, storeMatrix } from "@revocab/matrix";
import type { ModelTables } from "@revocab/transformer-runtime";
import type { DynamicTokenizer } from "./dynamic-tokenizer.ts";
import type { DynamicMerges } from "./merge-batch.ts";
import type { RowProvider } from "./row-provider.ts";

export interface DynamicTablesOptions {
  /** The model's own tables; merged tokens have their rows after these, so that `firstId` of the merges is the number of rows. */
  readonly tables: ModelTables;
  readonly tokenizer: DynamicTokenizer;
  readonly merges: DynamicMerges;
  readonly rows: RowProvider;
  /** Whether the model's own tokens keep their rows, or get others of the provider. @default what suits the provider */
  readonly ownRows?: OwnRows;
  readonly job?: Job;
}

export type OwnRows = "kept" | "provided";

/**
 * The tables of a model with rows for merged tokens: a language model over both reads and predicts either kind. Rows are rounded to
 * the number format of the table. Merged tokens have the mean bias where the head has one and the provider gives none.
 * @throws RevocabError `shape_mismatch`; what the provider throws
 */
export async function dynamicTables({
  tables,
  tokenizer,
  merges,
  rows: provider,
  ownRows = provider.changesOwn ? "provided" : "kept",
  job,
}: DynamicTablesOptions): Promise<ModelTables> {
  checkPlaces(tables, merges);
  const own = ownRows === "provided" ? textTokens(tokenizer, merges.firstId) : [];
  const merged = Array.from(merges.tokens, (_, i) => merges.firstId + i);
  if (own.length + merged.length === 0) return tables;
  const rows = await provider.rowsOf({ tokenizer, tokens: [...own, ...merged], job });
  const isTied = tables.output === tables.input && rows.output === undefined;
  const grow = (table: StoredMatrix, given: Matrix) => grownTable(table, Uint32Array.from(own), given);
  const input = grow(tables.input, rows.input);
  const output = isTied ? input : grow(tables.output, rows.output ?? rows.input);
  const bias = tables.bias && grow(tables.bias, rows.bias ?? (await meanBias(tables.bias, own, merged)));
  return { ...tables, input, output, ...(bias && { bias }) };
}

/**
 * Tables that read merged tokens and predict the model's own: for a prompt in fewer tokens, which a text in the model's own follows.
 * @param grown of {@link dynamicTables}, with the model's own rows kept
 */
export function promptTables(own: ModelTables, { input }: ModelTables): ModelTables {
  return { ...own, input };
}

function checkPlaces({ input, output }: ModelTables, { firstId }: DynamicMerges): void {
  if (input.rows === firstId && output.rows === firstId) return;
  throw new RevocabError(
    "shape_mismatch",
    `the merged tokens have ids from ${firstId}, but the model has ${input.rows} input rows and ${output.rows} head rows`,
    { hint: `merge the batch with ids from ${input.rows} for new tokens` },
  );
}

/** The model's own tokens that stand for bytes of a text. */
function textTokens({ vocabulary }: DynamicTokenizer, firstId: TokenId): TokenId[] {
  return Array.from({ length: firstId }, (_, id) => id).filter((id) => {
    const kind = vocabulary.kindOf(id);
    return (kind === "text" || kind === "byte") && vocabulary.bytesOf(id).length > 0;
  });
}

/** @param given rows in the place of `own`, and then those after the table's */
function grownTable(table: StoredMatrix, own: Uint32Array, given: Matrix): StoredMatrix {
  const { columns, data } = given;
  if (columns !== table.columns) {
    throw new RevocabError(
      "shape_mismatch",
      `rows of ${columns} columns were given for a table of ${table.columns}`,
    );
  }
  const part = (start: number, end: number) =>
    storeMatrix(
      { rows: end - start, columns, data: data.subarray(start * columns, end * columns) },
      table.dtype,
    );
  const kept = own.length === 0 ? table : replacedRows(table, own, part(0, own.length));
  return stackedRows(kept, part(own.length, given.rows));
}

async function meanBias(
  bias: StoredMatrix,
  own: readonly TokenId[],
  merged: readonly TokenId[],
): Promise<Matrix> {
  const { mean } = await columnMoments(bias);
  const data = new Float32Array(own.length + merged.length).fill(mean[0]);
  const { data: values } = await readRows(bias, own);
  data.set(values);
  return { rows: data.length, columns: 1, data };
}
