import type { RowMethod } from "@revocab/core";
import { type MethodEntry, methodEntry, numberOption } from "@revocab/embedding-init";
import { checkOption } from "@revocab/embedding-init/internal";
import { MixtureBuilder, selectRows } from "@revocab/matrix";
import { z } from "zod";
import { type AnchorOptions, anchorOptions, checkAnchorOptions, DONOR_EVIDENCE } from "./anchor-options.ts";
import { rowsByDonor } from "./donor-methods.ts";
import type { DonorTask } from "./donor-tasks.ts";
import { orthogonalPursuit } from "./orthogonal-pursuit.ts";
import { applyAffineMap } from "./solvers/affine-map.ts";
import { type Pursue, sparseBasisMap } from "./solvers/sparse-basis.ts";

export interface SparseBasisOptions extends AnchorOptions {
  /** Anchors for each vector of the basis; no more than there are. @default 64 */
  readonly k?: number;
}

/**
 * Each new token's donor row is written in a basis of sparse sums of shared tokens, and the same coordinates over the same sums of the
 * source's rows are its row.
 *
 * Departure from mergekit: both sides are centred by the means of the anchors, not of all rows.
 * @see https://github.com/arcee-ai/mergekit sparse token basis of tokensurgeon
 * @throws RevocabError bad_options; when it prepares, as `omp`
 */
export function sparseBasis({ k = 64, ...anchors }: SparseBasisOptions = {}): RowMethod {
  checkOption("k", k, Number.isInteger(k) && k >= 1, "a whole number from 1");
  return rowsByDonor({
    name: "sparse-basis",
    paper: "https://github.com/arcee-ai/mergekit",
    options: { k },
    anchors: checkAnchorOptions(anchors),
    async fit(task, rows) {
      const { products, context, evidence, note } = task;
      const map = await sparseBasisMap(rows, { k, pursue: pursueBy(task), products, job: context.job });
      note(`the basis has ${map.rank} vectors of at most ${Math.min(k, rows.donor.rows)} anchors`);
      return { rows: async (tokens) => applyAffineMap(map, await evidence.readDonorRows(tokens)) };
    },
  });
}

/** The method in the catalog: its name on the command line and in recipes is `sparse-basis`. */
export const sparseBasisEntry: MethodEntry = methodEntry("sparse-basis", {
  summary:
    "Each new token keeps the coordinates of its donor row, in a basis of sparse sums of shared tokens that both models have.",
  paper: "https://github.com/arcee-ai/mergekit",
  evidence: DONOR_EVIDENCE,
  options: z.object({
    k: numberOption(z.number()).default(64).describe("shared tokens for each vector of the basis"),
    ...anchorOptions,
  }),
  create: (options) => sparseBasis(options),
});

function pursueBy({ products, context: { job }, table }: DonorTask): Pursue {
  return async (targets, atoms, k) => {
    const builder = new MixtureBuilder();
    await orthogonalPursuit({
      atoms,
      count: targets.rows,
      read: async (start, n) =>
        selectRows(
          targets,
          Array.from({ length: n }, (_, i) => start + i),
        ),
      k,
      products,
      onRow: (_, found) => builder.addRow(found.picks, found.coefficients()),
      job,
      step: `find a basis: ${table.slot}`,
    });
    return builder.build();
  };
}
