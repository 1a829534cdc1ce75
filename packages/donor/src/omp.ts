import type { Matrix, Mixture, MixtureMethod } from "@revocab/core";
import { type MethodEntry, methodEntry, numberOption } from "@revocab/embedding-init";
import { checkOption, checkWord } from "@revocab/embedding-init/internal";
import { MixtureBuilder } from "@revocab/matrix";
import { z } from "zod";
import { type AnchorOptions, anchorOptions, checkAnchorOptions, DONOR_EVIDENCE } from "./anchor-options.ts";
import type { DonorEvidence } from "./anchors.ts";
import { chooseSize } from "./choose-size.ts";
import { mixtureByDonor } from "./donor-methods.ts";
import { type DonorTask, noteReconstruction } from "./donor-tasks.ts";
import { type AnchorPursuit, pursueAnchors } from "./pursue-anchors.ts";

/** What an anchor is picked by: the product of its row with what is left of the token's, or their cosine. */
export const PICKS = ["product", "cosine"] as const;
export type Picks = (typeof PICKS)[number];

export interface OmpOptions extends AnchorOptions {
  /**
   * Anchors that a row is a sum of, at most.
   * @default for each table the k that best predicts the source rows of anchors left out
   */
  readonly k?: number;
  /** `product` prefers long rows, as the paper and the reference do; `cosine` does not. @default "product" */
  readonly picks?: Picks;
}

/**
 * Each new token becomes the sum of shared tokens' source rows that, with the donor's rows of the same tokens, comes nearest to the donor's
 * row of the new token: k tokens by orthogonal matching pursuit, with weights of either sign.
 *
 * Departures from mergekit: k is chosen where it is not given (there 64); where k reaches the donor's width, the sum ends when it is exact (there the weights
 * become numbers like 10⁶ that cancel out); anchors are of text or a byte, never specials.
 * @see https://arxiv.org/abs/2506.06607
 * @throws RevocabError bad_options; when it prepares: no_evidence without two different shared tokens, shape_mismatch for a donor that does
 *   not fit the target, not_finite, not_enough_memory
 */
export function omp({ k, picks = "product", ...anchors }: OmpOptions = {}): MixtureMethod {
  if (k !== undefined) checkOption("k", k, Number.isInteger(k) && k >= 1, "a whole number from 1");
  checkWord("picks", picks, PICKS);
  return mixtureByDonor({
    name: "omp",
    paper: "https://arxiv.org/abs/2506.06607",
    weights: "signed",
    options: { ...(k !== undefined && { k }), picks },
    anchors: checkAnchorOptions(anchors),
    weigh: (task) => pursueTokens(task, k, picks),
  });
}

/** The method in the catalog: its name on the command line and in recipes is `omp`. */
export const ompEntry: MethodEntry = methodEntry("omp", {
  summary:
    "Each new token becomes the sum of shared tokens that, in a donor's rows, comes nearest to the donor's row of the token.",
  paper: "https://arxiv.org/abs/2506.06607",
  evidence: DONOR_EVIDENCE,
  options: z.object({
    k: numberOption(z.number())
      .optional()
      .describe("shared tokens that a row is a sum of; chosen by leaving known rows out when not given"),
    picks: z
      .enum(PICKS)
      .default("product")
      .describe("what picks a shared token: its product with what is left of the row, or the cosine"),
    ...anchorOptions,
  }),
  create: (options) => omp(options),
});

async function pursueTokens(task: DonorTask, given: number | undefined, picks: Picks): Promise<Mixture> {
  const { context, table, evidence, evidenceOfAll, once, products, note } = task;
  const { seed, job } = context;
  const { anchorRows, tokens, readDonorRows } = evidence;
  const pursuitIn =
    (rows: Matrix): AnchorPursuit =>
    (options) =>
      pursueAnchors({ ...options, anchorRows: rows, picks, products, job });
  const pursue = pursuitIn(anchorRows);
  const k = Math.min(given ?? (await chosenSize()), anchorRows.rows);
  if (given !== undefined && k < given) note(`k is ${k}, for there are no more anchors`);
  const { mixture, errors } = await once(`${k} atoms`, () => pursueAll(k));
  noteReconstruction(task, errors, `at most ${k} of ${anchorRows.rows} anchors`);
  return mixture;

  async function pursueAll(size: number) {
    const errors = new Float64Array(tokens.length);
    const builder = new MixtureBuilder();
    await pursue({
      count: tokens.length,
      read: (start, n) => readDonorRows(tokens.subarray(start, start + n)),
      k: size,
      onRow(row, found) {
        builder.addRow(found.picks, found.coefficients());
        errors[row] = found.relativeError;
      },
      step: `match rows of the donor: ${table.slot}`,
    });
    return { mixture: builder.build(), errors };
  }

  async function chosenSize(): Promise<number> {
    const { k: chosen, error, errors: tried, count } = await sizeBy(evidence);
    note(`k is ${chosen}, chosen by ${count} of ${anchorRows.rows} anchors, each left out in turn`);
    const list = tried.map(({ k: size, error }) => `${size}: ${error.toFixed(3)}`).join(", ");
    note(`relative error of rows left out, by k: ${list}`, true);
    const all = await evidenceOfAll();
    if (all !== undefined) {
      const ofAll = await sizeBy(all);
      note(
        `relative error of rows left out with ${anchorRows.rows} of ${all.anchorRows.rows} anchors ${error.toFixed(3)}, with all ${ofAll.error.toFixed(3)}`,
      );
    }
    return chosen;
  }

  /** The same anchors are left out, however many others there are: those of the task are the first of all. */
  function sizeBy(by: DonorEvidence) {
    return chooseSize({
      evidence: by,
      source: table.matrix,
      pursue: pursuitIn(by.anchorRows),
      among: anchorRows.rows,
      seed,
      step: `choose k: ${table.slot}`,
    });
  }
}
