import { type EmbeddingTable, type Mixture, RevocabError } from "@revocab/core";
import type { LayerStack, RowLayer } from "./layers.ts";

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

/** Asks the layers in order, each only for the tokens that those before it left empty. `undefined`: no evidence. */
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
      checkRows(one.name, own, open.length);
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

function checkRows(name: string, { offsets }: Mixture, tokens: number): void {
  if (offsets.length === tokens + 1) return;
  throw new RevocabError("shape_mismatch", `${name} gave ${offsets.length - 1} rows for ${tokens} tokens`);
}

/** A method numbers its own basis rows from V_s on; in the plan those of the methods before it come first. */
function shiftBasis(mixture: Mixture, sourceRows: number, basisStart: number): Mixture {
  if (basisStart === 0) return mixture;
  return {
    ...mixture,
    sources: mixture.sources.map((source) => (source >= sourceRows ? source + basisStart : source)),
  };
}
