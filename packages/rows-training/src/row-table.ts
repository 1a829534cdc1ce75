import { RevocabError, type StoredMatrix, type TokenId } from "@revocab/core";
import { readRows, replacedRows, storedView } from "@revocab/matrix";

/** The rows of one table while some of them learn. */
export interface RowTable {
  readonly columns: number;
  /** Tokens whose rows learn, ascending. */
  readonly ids: Uint32Array;
  /** [R × d] in the order of `ids` */
  readonly learning: Float32Array;
  /** [F × d] the other rows that are used */
  readonly fixed: Float32Array;
  /** The place of a token's row: below R among those that learn, and from R on among the others. @throws RevocabError `shape_mismatch` */
  placeOf(token: TokenId): number;
  /**
   * All rows, rounded to the number format of the table; rows that are not used come from the table.
   * @param learned [R × d] those in the order of `ids`
   */
  asStored(learned: Float32Array): StoredMatrix;
}

/**
 * @param learn tokens whose rows learn
 * @param used the other tokens whose rows are needed; "all": every row of the table
 */
export async function openRowTable(
  matrix: StoredMatrix,
  learn: ReadonlySet<TokenId>,
  used: ReadonlySet<TokenId> | "all",
): Promise<RowTable> {
  const { rows, columns, dtype } = matrix;
  const ids = Uint32Array.from(learn).sort();
  const others =
    used === "all" ? Array.from({ length: rows }, (_, id) => id) : [...used].sort((a, b) => a - b);
  const rest = Uint32Array.from(others.filter((id) => !learn.has(id)));
  const learning = (await readRows(matrix, ids)).data;
  const fixed = (await readRows(matrix, rest)).data;
  const places = new Map<TokenId, number>();
  for (const [place, id] of ids.entries()) places.set(id, place);
  for (const [place, id] of rest.entries()) places.set(id, ids.length + place);
  return {
    columns,
    ids,
    learning,
    fixed,
    placeOf(token) {
      const place = places.get(token);
      if (place !== undefined) return place;
      throw new RevocabError(
        "shape_mismatch",
        `token ${token} was given to a model whose table has ${rows} rows`,
        { hint: "the tokenizer belongs to another model" },
      );
    },
    asStored: (learned) =>
      replacedRows(matrix, ids, storedView({ rows: ids.length, columns, data: learned }, dtype)),
  };
}
