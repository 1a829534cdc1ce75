import type { TokenId } from "@revocab/core";
import { readMatrix } from "@revocab/matrix";
import type { ModelTables } from "@revocab/transformer-runtime";
import type { VocabularyRows } from "./add-gradients.ts";
import { openRowTable } from "./row-table.ts";

/**
 * @param learn tokens whose rows learn
 * @param read all tokens that will be read; of the head's table every row is used
 */
export async function openVocabularyRows(
  tables: ModelTables,
  learn: ReadonlySet<TokenId>,
  read: ReadonlySet<TokenId>,
): Promise<VocabularyRows> {
  const isTied = tables.output === tables.input;
  const output = await openRowTable(tables.output, learn, "all");
  const input = isTied ? output : await openRowTable(tables.input, learn, read);
  if (tables.bias === undefined) return { input, output };
  const biases = (await readMatrix(tables.bias, 0, tables.bias.rows)).data;
  const bias = new Float32Array(biases.length);
  for (const [token, value] of biases.entries()) bias[output.placeOf(token)] = value;
  return { input, output, bias };
}
