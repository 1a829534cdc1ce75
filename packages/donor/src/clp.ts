import type { RowMethod } from "@revocab/core";
import { type MethodEntry, methodEntry } from "@revocab/embedding-init";
import { quoteToken } from "@revocab/vocabulary/internal";
import { z } from "zod";
import { type AnchorOptions, anchorOptions, checkAnchorOptions, DONOR_EVIDENCE } from "./anchor-options.ts";
import { rowsByDonor } from "./donor-methods.ts";
import { type DonorTask, donorRowBlocks } from "./donor-tasks.ts";
import { type ClpMap, clpMap, clpRows, hasClpRow, meanCosines } from "./solvers/clp.ts";

const PAPER = "https://arxiv.org/abs/2301.09626";

/**
 * Each new token becomes the mean of all shared tokens' source rows, weighted by the cosines of the donor's rows: those that
 * point away from the token's count against it (CLP-Transfer).
 *
 * Departures from the reference: an untied head has rows by the donor's head (there it is left as it was).
 * @see https://arxiv.org/abs/2301.09626
 * @throws RevocabError bad_options; when it prepares, as `omp`
 */
export function clp(anchors: AnchorOptions = {}): RowMethod {
  return rowsByDonor({
    name: "clp",
    paper: PAPER,
    options: {},
    anchors: checkAnchorOptions(anchors),
    async fit(task, rows) {
      const { products, context, evidence } = task;
      const map = await clpMap(rows, { products, job: context.job });
      const ofAnchors = meanCosines(map, rows.donor);
      const coveredAnchors = evidence.anchors.targets.filter((_, i) => hasClpRow(ofAnchors[i]));
      return {
        covered: new Set([...coveredAnchors, ...(await coveredTokens(task, map))]),
        rows: async (tokens) => (await clpRows(map, await evidence.readDonorRows(tokens))).rows,
      };
    },
  });
}

/** New tokens that have a row; notes those whose weights cancel out or turn their neighbors round. */
async function coveredTokens(task: DonorTask, map: ClpMap): Promise<Uint32Array> {
  const { evidence, context, note } = task;
  const means = new Float64Array(evidence.tokens.length);
  for await (const { start, rows } of donorRowBlocks(task)) means.set(meanCosines(map, rows), start);
  const negative = means.filter((mean) => mean < 0).length;
  if (negative > 0) {
    note(
      `the mean cosine of ${negative} of ${means.length} new tokens to the anchors is below 0: for them, anchors that are alike count against a row`,
    );
  }
  const order = Array.from(means.keys()).sort((a, b) => Math.abs(means[a]) - Math.abs(means[b]));
  const least = order
    .slice(0, 3)
    .map((i) => `${quoteToken(context.target.vocabulary, evidence.tokens[i])} ${means[i].toExponential(1)}`);
  note(`weights cancel out most for tokens whose mean cosine is nearest to 0: ${least.join(", ")}`);
  return evidence.tokens.filter((_, i) => hasClpRow(means[i]));
}

/** The method in the catalog: its name on the command line and in recipes is `clp`. */
export const clpEntry: MethodEntry = methodEntry("clp", {
  summary:
    "Each new token becomes the mean of all shared tokens, weighted by the cosines of their rows in a donor to its own.",
  paper: PAPER,
  evidence: DONOR_EVIDENCE,
  options: z.object(anchorOptions),
  create: (options) => clp(options),
});
