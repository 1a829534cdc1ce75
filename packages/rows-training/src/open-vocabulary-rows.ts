import type { TokenId } from "@revocab/core";
import { readMatrix } from "@revocab/matrix";
import type { ModelTables } from "@revocab/transformer-runtime";
import type { VocabularyRows } from "./add-gradients.ts";
import { openRowTable } from "./row-table.ts";
import type { RowsOfTables } from "./train-rows-options.ts";

/**
 * @param learn tokens whose rows learn; of a tied model `output`
 * @param read all tokens that will be read; of the head's table every row is used
 */
export async function openVocabularyRows(
  tables: ModelTables,
  learn: RowsOfTables,
  read: ReadonlySet<TokenId>,
): Promise<VocabularyRows> {
  const isTied = tables.output === tables.input;
  const output = await openRowTable(tables.output, learn.output, "all");
  const input = isTied ? output : await openRowTable(tables.input, learn.input, read);
  if (tables.bias === undefined) return { input, output };
  const biases = (await readMatrix(tables.bias, 0, tables.bias.rows)).data;
  const bias = new Float32Array(biases.length);
  for (const [token, value] of biases.entries()) bias[output.placeOf(token)] = value;
  return { input, output, bias };
}
