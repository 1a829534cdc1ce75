import { type EmbeddingTable, type Mixture, RevocabError } from "@revocab/core";
import type { Layer, RowLayer } from "./layers.ts";

/** The row the first method with evidence gives a token; `layer` is the method's place in the chain. */
export type ChosenRow =
  | {
      readonly kind: "weights";
      readonly layer: number;
      readonly sources: Uint32Array;
      readonly weights: Float32Array;
    }
  | { readonly kind: "dense"; readonly layer: number; readonly by: RowLayer };

/** Asks the layers in order, each only for the tokens that those before it left empty. `undefined`: no evidence. */
export function chooseRows(
  layers: readonly Layer[],
  table: EmbeddingTable,
  tokens: Uint32Array,
): readonly (ChosenRow | undefined)[] {
  const chosen: (ChosenRow | undefined)[] = new Array(tokens.length).fill(undefined);
  let open = Array.from(tokens, (_, i) => i);
  for (const [layer, one] of layers.entries()) {
    if (open.length === 0) break;
    if (one.kind === "rows") {
      for (const i of open) {
        if (one.prepared.covers?.(tokens[i]) ?? true) chosen[i] = { kind: "dense", layer, by: one };
      }
    } else {
      const mixture = one.prepared.mixture(
        Uint32Array.from(open, (i) => tokens[i]),
        table,
      );
      checkRows(one.name, mixture, open.length);
      open.forEach((i, row) => {
        const start = mixture.offsets[row];
        const end = mixture.offsets[row + 1];
        if (start === end) return;
        const sources = mixture.sources.slice(start, end);
        shiftBasis(sources, table.matrix.rows, one.basisStart);
        chosen[i] = { kind: "weights", layer, sources, weights: mixture.weights.slice(start, end) };
      });
    }
    open = open.filter((i) => chosen[i] === undefined);
  }
  return chosen;
}

/** A method numbers its own basis rows from V_s on; in the plan those of the methods before it come first. */
function shiftBasis(sources: Uint32Array, sourceRows: number, basisStart: number): void {
  if (basisStart === 0) return;
  for (let i = 0; i < sources.length; i++) if (sources[i] >= sourceRows) sources[i] += basisStart;
}

function checkRows(name: string, { offsets }: Mixture, tokens: number): void {
  if (offsets.length === tokens + 1) return;
  throw new RevocabError("shape_mismatch", `${name} gave ${offsets.length - 1} rows for ${tokens} tokens`);
}
