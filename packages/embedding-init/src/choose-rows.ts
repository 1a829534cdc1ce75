import { type DenseRows, type EmbeddingTable, type Mixture, RevocabError } from "@revocab/core";
import { checkColumns, type LayerStack, type RowLayer } from "./layers.ts";

/** The row the first method with evidence gives a token; `layer` is the method's place in the chain. */
export type ChosenRow =
  | {
      readonly kind: "weights";
      readonly layer: number;
      /** The weights are row `row` of this mixture, over the V_s source rows and the basis rows of the plan. */
      readonly mixture: Mixture;
      readonly row: number;
    }
  | { readonly kind: "dense"; readonly layer: number; readonly by: RowLayer };

/** Tries the layers in order, each only for the tokens that those before it left empty. `undefined`: no method has a row. */
export async function chooseRows(
  stack: LayerStack,
  table: EmbeddingTable,
  tokens: Uint32Array,
): Promise<readonly (ChosenRow | undefined)[]> {
  const chosen: (ChosenRow | undefined)[] = new Array(tokens.length).fill(undefined);
  let open = Array.from(tokens.keys());
  for (const layer of stack.names.keys()) {
    if (open.length === 0) break;
    const one = await stack.at(layer);
    if (one.kind === "rows") {
      for (const i of open) {
        if (one.prepared.covers?.(tokens[i], table) ?? true) chosen[i] = { kind: "dense", layer, by: one };
      }
    } else {
      const own = one.prepared.mixture(
        Uint32Array.from(open, (i) => tokens[i]),
        table,
      );
      checkRows(one.name, own.offsets.length - 1, open.length);
      const mixture = shiftBasis(own, table.matrix.rows, one.basisStart);
      open.forEach((i, row) => {
        const isEmpty = mixture.offsets[row] === mixture.offsets[row + 1];
        if (!isEmpty) chosen[i] = { kind: "weights", layer, mixture, row };
      });
    }
    open = open.filter((i) => chosen[i] === undefined);
  }
  return chosen;
}

function checkRows(name: string, found: number, tokens: number): void {
  if (found === tokens) return;
  throw new RevocabError("shape_mismatch", `${name} gave ${found} rows for ${tokens} tokens`);
}

/** A method numbers its own basis rows from V_s on; in the plan those of the methods before it come first. */
function shiftBasis(mixture: Mixture, sourceRows: number, basisStart: number): Mixture {
  if (basisStart === 0) return mixture;
  return {
    ...mixture,
    sources: mixture.sources.map((source) => (source >= sourceRows ? source + basisStart : source)),
  };
}

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
          `found ${dense.length} dense rows in the plan, expected rows ${start} to ${start + count}`,
        );
      }
      const wanted = dense.slice(start, start + count);
      const data = new Float32Array(count * columns);
      for (const layer of new Set(wanted.map(({ layer }) => layer))) {
        const places = wanted.flatMap((one, i) => (one.layer === layer ? [i] : []));
        const tokens = Uint32Array.from(places, (i) => wanted[i].token);
        const rows = await layer.prepared.rows(tokens, table);
        checkColumns(layer.name, rows, columns);
        checkRows(layer.name, rows.rows, tokens.length);
        places.forEach((place, i) => {
          data.set(rows.data.subarray(i * columns, (i + 1) * columns), place * columns);
        });
      }
      return { rows: count, columns, data };
    },
  };
}
