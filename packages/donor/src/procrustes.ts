import type { RowMethod } from "@revocab/core";
import { RevocabError } from "@revocab/core";
import { type MethodEntry, methodEntry, numberOption } from "@revocab/embedding-init";
import { checkOption, checkWord } from "@revocab/embedding-init/internal";
import { z } from "zod";
import { type AnchorOptions, anchorOptions, checkAnchorOptions, DONOR_EVIDENCE } from "./anchor-options.ts";
import { rowsByDonor } from "./donor-methods.ts";
import { applyAffineMap } from "./solvers/affine-map.ts";
import { orthogonalMap } from "./solvers/orthogonal-map.ts";
import { ridgeMap } from "./solvers/ridge-map.ts";

/** `orthogonal` turns the donor's space and keeps lengths; `ridge` is any linear map, by least squares with a penalty. */
export const PROCRUSTES_MAPS = ["orthogonal", "ridge"] as const;
export type ProcrustesMap = (typeof PROCRUSTES_MAPS)[number];

export interface ProcrustesOptions extends AnchorOptions {
  /** @default "orthogonal" */
  readonly map?: ProcrustesMap;
  /** λ of the map `ridge`, beside the mean variance of the donor's columns. @default d_d / anchors */
  readonly ridge?: number;
}

/**
 * Each new token becomes the image of its donor row under the one map that brings the shared tokens' donor rows nearest to their source
 * rows: a turn about the means of both (landmark Procrustes), or a linear map by ridge regression.
 *
 * Where the widths differ, the wider side is narrowed to its principal axes. Departure from mergekit: the rotation is applied the right way
 * round.
 * @see https://github.com/arcee-ai/mergekit landmark PCA of tokensurgeon
 * @throws RevocabError bad_options; when it prepares, as `omp`
 */
export function procrustes({ map = "orthogonal", ridge, ...anchors }: ProcrustesOptions = {}): RowMethod {
  checkWord("map", map, PROCRUSTES_MAPS);
  if (ridge !== undefined) {
    checkOption("ridge", ridge, ridge > 0, "a number above 0");
    if (map !== "ridge") {
      throw new RevocabError("bad_options", `ridge is ${ridge}, but the map is ${map}, which has none`, {
        hint: "give `with: map=ridge` too, or leave ridge out",
      });
    }
  }
  return rowsByDonor({
    name: "procrustes",
    paper: "https://github.com/arcee-ai/mergekit",
    options: { map, ...(ridge !== undefined && { ridge }) },
    anchors: checkAnchorOptions(anchors),
    async fit(task, rows) {
      const { products, context, evidence, note } = task;
      const options = { products, job: context.job };
      const found =
        map === "ridge" ? await ridgeMap(rows, { ...options, ridge }) : await orthogonalMap(rows, options);
      const { columns } = rows.donor;
      if (found.rank < Math.min(columns, rows.source.columns)) {
        note(
          `the ${rows.donor.rows} anchors say something of ${found.rank} directions of the donor's ${columns}`,
        );
      }
      return { rows: async (tokens) => applyAffineMap(found, await evidence.readDonorRows(tokens)) };
    },
  });
}

/** The method in the catalog: its name on the command line and in recipes is `procrustes`. */
export const procrustesEntry: MethodEntry = methodEntry("procrustes", {
  summary:
    "Each new token becomes the image of its donor row under the turn that brings shared tokens nearest to their source rows.",
  paper: "https://github.com/arcee-ai/mergekit",
  evidence: DONOR_EVIDENCE,
  options: z.object({
    map: z
      .enum(PROCRUSTES_MAPS)
      .default("orthogonal")
      .describe("a turn, which keeps lengths, or any linear map by ridge regression"),
    ridge: numberOption(z.number())
      .optional()
      .describe("penalty of map=ridge; the donor's width / the number of anchors when not given"),
    ...anchorOptions,
  }),
  create: (options) => procrustes(options),
});
