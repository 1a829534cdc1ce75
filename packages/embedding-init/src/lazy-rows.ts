import { type DenseRows, type EmbeddingTable, type Matrix, RevocabError } from "@revocab/core";
import { checkColumns, type RowLayer } from "./layers.ts";

/** A row that some method gives as it is: which row of the plan, for which token, by which method. */
export interface DenseRow {
  readonly row: number;
  readonly token: number;
  readonly layer: RowLayer;
}

/** The dense rows of a plan, computed when they are read, since together they can be as large as the matrix. */
export function lazyRows(table: EmbeddingTable, dense: readonly DenseRow[]): DenseRows {
  const { columns } = table.matrix;
  return {
    ids: Uint32Array.from(dense, ({ row }) => row),
    columns,
    async read(start, count) {
      if (!(start >= 0 && count >= 0 && start + count <= dense.length)) {
        throw new RevocabError(
          "shape_mismatch",
          `dense rows ${start} to ${start + count} were asked of a plan that has ${dense.length}`,
        );
      }
      const wanted = dense.slice(start, start + count);
      const data = new Float32Array(count * columns);
      for (const layer of new Set(wanted.map(({ layer }) => layer))) {
        const places = wanted.flatMap((one, i) => (one.layer === layer ? [i] : []));
        const tokens = Uint32Array.from(places, (i) => wanted[i].token);
        const rows = await layer.prepared.rows(tokens, table);
        checkRows(layer.name, rows, tokens.length, columns);
        places.forEach((place, i) => {
          data.set(rows.data.subarray(i * columns, (i + 1) * columns), place * columns);
        });
      }
      return { rows: count, columns, data };
    },
  };
}

function checkRows(name: string, matrix: Matrix, rows: number, columns: number): void {
  checkColumns(name, matrix, columns);
  if (matrix.rows === rows) return;
  throw new RevocabError("shape_mismatch", `${name} gave ${matrix.rows} rows for ${rows} tokens`);
}
