import {
  type Donor,
  type InitContext,
  quiet,
  RevocabError,
  type RotaryHeads,
  type RowMethod,
} from "@revocab/core";
import { type MethodEntry, methodEntry, numberOption } from "@revocab/embedding-init";
import { checkOption, checkWord } from "@revocab/embedding-init/internal";
import { MixtureBuilder, mixtureRow } from "@revocab/matrix";
import { z } from "zod";
import { type AnchorOptions, anchorOptions, checkAnchorOptions, DONOR_EVIDENCE } from "./anchor-options.ts";
import { rowsByDonor } from "./donor-methods.ts";
import { type DonorTask, donorRowBlocks, noteReconstruction } from "./donor-tasks.ts";
import { matchingPursuit as matchRows, rowsOfPicks } from "./solvers/matching-pursuit.ts";
import { checkHeads } from "./solvers/rotary.ts";

/** Whether rows are turned by the positions of the two models, or not at all. */
export const ROTATIONS = ["model", "none"] as const;
export type Rotation = (typeof ROTATIONS)[number];

export interface MatchingPursuitOptions extends AnchorOptions {
  /** Anchors that a row is a sum of, at most. @default 8 */
  readonly k?: number;
  /** `model`: by the attention heads and rotary bases of both models. @default "model" */
  readonly rotary?: Rotation;
}

/**
 * Each new token becomes a sum of source rows of shared tokens, turned as rotary positions turn them: anchor and position are picked k times in
 * the donor, the weights are least squares.
 *
 * The positions are real numbers, and the same on both sides. The reference has k 64.
 * @see https://github.com/arcee-ai/mergekit matching pursuit with RoPE of tokensurgeon
 * @throws RevocabError bad_options, also for models that do not turn positions; when it prepares, as `omp`
 */
export function matchingPursuit({
  k = 8,
  rotary = "model",
  ...anchors
}: MatchingPursuitOptions = {}): RowMethod {
  checkOption("k", k, Number.isInteger(k) && k >= 1, "a whole number from 1");
  checkWord("rotary", rotary, ROTATIONS);
  return rowsByDonor({
    name: "matching-pursuit",
    paper: "https://github.com/arcee-ai/mergekit",
    options: { k, rotary },
    anchors: checkAnchorOptions(anchors),
    async fit(task, { source }) {
      const heads = rotary === "model" ? headsOf(task, source.columns) : undefined;
      const found = await pursue(task, k, heads?.donor);
      const { tokens, anchors: shared } = task.evidence;
      // an anchor is the sum of itself
      const rowOf = new Map([...tokens, ...shared.targets].map((token, row) => [token, row]));
      const covered = Array.from(rowOf).filter(
        ([, row]) => found.picks.offsets[row + 1] > found.picks.offsets[row],
      );
      return {
        covered: new Set(covered.map(([token]) => token)),
        rows: async (wanted) =>
          rowsOfPicks(
            found,
            Array.from(wanted, (token) => rowOf.get(token)!),
            source,
            heads?.source,
          ),
      };
    },
  });
}

/** The method in the catalog: its name on the command line and in recipes is `matching-pursuit`. */
export const matchingPursuitEntry: MethodEntry = methodEntry("matching-pursuit", {
  summary:
    "Each new token becomes a sum of shared tokens, each turned to the rotary position at which it fits the donor's row best.",
  paper: "https://github.com/arcee-ai/mergekit",
  evidence: DONOR_EVIDENCE,
  options: z.object({
    k: numberOption(z.number()).default(8).describe("shared tokens that a row is a sum of"),
    rotary: z
      .enum(ROTATIONS)
      .default("model")
      .describe("turn rows by the heads and bases of both models, or not at all"),
    ...anchorOptions,
  }),
  create: (options) => matchingPursuit(options),
});

/** Picks and positions of the new tokens, and after them those of the anchors, which are themselves. */
async function pursue(task: DonorTask, k: number, rotary: RotaryHeads | undefined) {
  const { context, evidence, note } = task;
  const { tokens, anchorRows: donor } = evidence;
  const count = Math.min(k, donor.rows);
  if (count < k) note(`k is ${count}, for there are no more anchors`);
  const builder = new MixtureBuilder();
  const positions: number[] = [];
  const errors = new Float64Array(tokens.length);
  for await (const { start, rows } of donorRowBlocks(task)) {
    const found = await matchRows({ donor, rows, k: count, rotary, job: quiet(context.job) });
    for (let i = 0; i < rows.rows; i++) {
      const { sources, weights } = mixtureRow(found.picks, i);
      builder.addRow(sources, weights);
    }
    for (const position of found.positions) positions.push(position);
    errors.set(found.relativeErrors, start);
  }
  const turned = rotary ? ", each at a position of its own," : "";
  noteReconstruction(task, errors, `at most ${count} of ${donor.rows} anchors${turned}`);
  for (let anchor = 0; anchor < donor.rows; anchor++) {
    builder.addRow([anchor], [1]);
    positions.push(0);
  }
  return { picks: builder.build(), positions: Float64Array.from(positions) };
}

/** @throws RevocabError bad_options for models that turn no positions, or whose rows cannot be cut into heads */
function headsOf({ context: { source }, donor, evidence }: DonorTask, width: number) {
  const heads = { donor: rotaryOf("donor", donor), source: rotaryOf("source", source) };
  checkHeads("donor", heads.donor, evidence.anchorRows.columns);
  checkHeads("source", heads.source, width);
  return heads;
}

function rotaryOf(
  side: "donor" | "source",
  { rotary }: Pick<Donor | InitContext["source"], "rotary">,
): RotaryHeads {
  if (rotary !== undefined) return rotary;
  throw new RevocabError(
    "bad_options",
    `the config of the ${side} names no attention heads and rotary base (\`num_attention_heads\`, \`rope_theta\`), by which rows are turned`,
    { hint: "give `with: rotary=none`, for sums of rows as they are" },
  );
}
