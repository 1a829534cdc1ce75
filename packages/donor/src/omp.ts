import {
  type EmbeddingTable,
  type InitContext,
  type MixtureMethod,
  type TokenId,
  threadsOf,
} from "@revocab/core";
import { type MethodEntry, methodEntry, numberOption } from "@revocab/embedding-init";
import { checkOption } from "@revocab/embedding-init/internal";
import { MixtureBuilder } from "@revocab/matrix";
import { type DenseProducts, openDenseProducts } from "@revocab/onnx";
import { quoteToken } from "@revocab/vocabulary/internal";
import { z } from "zod";
import {
  ANCHOR_FILTERS,
  type AnchorOptions,
  checkAnchorOptions,
  type DonorEvidence,
  donorEvidence,
  wellTrainedInBoth,
} from "./anchors.ts";
import { chooseSize } from "./choose-size.ts";
import { orthogonalPursuit } from "./orthogonal-pursuit.ts";
import { openDonor, rowsOfTables, selectMixture, type TokenRows } from "./token-rows.ts";

export interface OmpOptions extends AnchorOptions {
  /**
   * Anchors that a row is a sum of, at most.
   * @default for each table the k that best predicts the source rows of anchors left out
   */
  readonly k?: number;
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
export function omp({ k, anchors, filter = "all" }: OmpOptions = {}): MixtureMethod {
  if (k !== undefined) checkOption("k", k, Number.isInteger(k) && k >= 1, "a whole number from 1");
  checkAnchorOptions({ anchors, filter });
  return {
    kind: "mixture",
    name: "omp",
    paper: "https://arxiv.org/abs/2506.06607",
    weights: "signed",
    differsByRole: true,
    needs: ["donor"],
    options: { ...(k !== undefined && { k }), ...(anchors !== undefined && { anchors }), filter },
    async prepare(context) {
      const donor = await openDonor(context);
      const isAllowed = filter === "well-trained" ? await wellTrainedInBoth(context, donor) : undefined;
      const products = await openDenseProducts(threadsOf(context.job), true);
      try {
        const rows = await rowsOfTables(context, donor, async (table) => {
          const evidence = await donorEvidence(context, donor, table, { anchors }, isAllowed);
          return pursueTokens(context, { table, evidence, k, products });
        });
        return { mixture: (tokens, table) => selectMixture(tokens, rows(table)) };
      } finally {
        await products.release();
      }
    },
  };
}

/** The method in the catalog: its name on the command line and in recipes is `omp`. */
export const ompEntry: MethodEntry = methodEntry("omp", {
  summary:
    "Each new token becomes the sum of shared tokens that, in a donor's rows, comes nearest to the donor's row of the token.",
  paper: "https://arxiv.org/abs/2506.06607",
  evidence: "a donor: a model that was trained with the target tokenizer",
  options: z.object({
    k: numberOption(z.number())
      .optional()
      .describe("shared tokens that a row is a sum of; chosen by leaving known rows out when not given"),
    anchors: numberOption(z.number())
      .optional()
      .describe("at most so many shared tokens, those with the lowest ids in the donor; all when not given"),
    filter: z
      .enum(ANCHOR_FILTERS)
      .default("all")
      .describe("well-trained: without shared tokens whose rows look hardly trained in either model"),
  }),
  create: (options) => omp(options),
});

/** Weights for the new tokens of a table; anchors are copies. */
async function pursueTokens(
  { target, seed, job }: InitContext,
  {
    table,
    evidence,
    k: given,
    products,
  }: {
    readonly table: EmbeddingTable;
    readonly evidence: DonorEvidence;
    readonly k: number | undefined;
    readonly products: DenseProducts;
  },
): Promise<TokenRows> {
  const { anchors, anchorRows, tokens, leftOut, readTokenRows } = evidence;
  const { slot } = table;
  const note = (message: string, isDetail = false) =>
    job?.onProgress?.({ type: "note", step: "omp", message: `${slot}: ${message}`, isDetail });
  const quoted = (id: TokenId) => quoteToken(target.vocabulary, id);
  if (leftOut.length > 0) {
    const some = Array.from(leftOut.subarray(0, NAMED), quoted).join(", ");
    note(
      `the donor has no rows but zeros for ${leftOut.length} new tokens, which are left to the fallback: ${some}`,
    );
  }
  const builder = new MixtureBuilder();
  const rowOf = new Map<TokenId, number>();
  if (tokens.length === 0) return { mixture: builder.build(), rowOf };

  const k = Math.min(given ?? (await chosenSize()), anchorRows.rows);
  if (given !== undefined && k < given) note(`k is ${k}, for there are no more anchors`);
  const errors = new Float64Array(tokens.length);
  await orthogonalPursuit({
    atoms: anchorRows,
    count: tokens.length,
    read: readTokenRows,
    k,
    products,
    onRow(row, found) {
      rowOf.set(tokens[row], row);
      builder.addRow(
        found.picks.map((pick) => anchors.sources[pick]),
        found.coefficients(),
      );
      errors[row] = found.relativeError;
    },
    job,
    step: `match rows of the donor: ${slot}`,
  });
  note(reconstruction());
  anchors.targets.forEach((token, i) => {
    rowOf.set(token, tokens.length + i);
    builder.addRow([anchors.sources[i]], [1]);
  });
  return { mixture: builder.build(), rowOf };

  async function chosenSize(): Promise<number> {
    const {
      k: chosen,
      errors: tried,
      count,
    } = await chooseSize({
      evidence,
      source: table.matrix,
      products,
      seed,
      job,
      step: `choose k: ${slot}`,
    });
    note(`k is ${chosen}, chosen by ${count} of ${anchorRows.rows} anchors, each left out in turn`);
    const list = tried.map(({ k: size, error }) => `${size}: ${error.toFixed(3)}`).join(", ");
    note(`relative error of rows left out, by k: ${list}`, true);
    return chosen;
  }

  function reconstruction(): string {
    const order = Array.from(tokens.keys()).sort((a, b) => errors[a] - errors[b]);
    const at = (share: number) => errors[order[Math.floor(share * (order.length - 1))]].toFixed(3);
    const worst = order
      .slice(-NAMED)
      .reverse()
      .map((row) => `${quoted(tokens[row])} ${errors[row].toFixed(3)}`);
    return `the donor's rows of ${tokens.length} new tokens are sums of at most ${k} of ${anchorRows.rows} anchors but for a relative error of ${at(0.5)} (median), ${at(0.95)} (95 %); largest: ${worst.join(", ")}`;
  }
}

/** Tokens that a note names, at most. */
const NAMED = 10;
