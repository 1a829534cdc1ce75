import { type Mixture, type MixtureMethod, quiet } from "@revocab/core";
import { type MethodEntry, methodEntry, numberOption } from "@revocab/embedding-init";
import { checkOption, checkWord } from "@revocab/embedding-init/internal";
import { MixtureBuilder, mixtureRow } from "@revocab/matrix";
import { z } from "zod";
import { type AnchorOptions, anchorOptions, checkAnchorOptions, DONOR_EVIDENCE } from "./anchor-options.ts";
import { mixtureByDonor } from "./donor-methods.ts";
import { type DonorTask, donorRowBlocks, noteReconstruction } from "./donor-tasks.ts";
import { relativeErrors } from "./relative-errors.ts";
import {
  NEAREST_METRICS,
  NEAREST_SOLVERS,
  type NearestMetric,
  type NearestSolver,
  nearestAnchors,
} from "./solvers/nearest-anchors.ts";

export interface NearestOptions extends AnchorOptions {
  /** Neighbors per token; no more than there are anchors. @default 10 */
  readonly k?: number;
  /** @default "euclidean" */
  readonly metric?: NearestMetric;
  /** How the neighbors are weighed. @default "distance" */
  readonly solver?: NearestSolver;
}

/**
 * Each new token becomes a weighted sum of the source rows of the k shared tokens whose rows, in the donor, are nearest to its
 * own. Weights by `distance` are ≥ 0 and sum to 1; those by `barycentric` and `least-squares` can be negative.
 *
 * The reference (common interpolation) has k 64. Departures: see `nearestAnchors` in the methods' documents.
 * @see https://github.com/arcee-ai/mergekit common interpolation of tokensurgeon
 * @throws RevocabError bad_options; when it prepares, as `omp`
 */
export function nearest({
  k = 10,
  metric = "euclidean",
  solver = "distance",
  ...anchors
}: NearestOptions = {}): MixtureMethod {
  checkOption("k", k, Number.isInteger(k) && k >= 1, "a whole number from 1");
  checkWord("metric", metric, NEAREST_METRICS);
  checkWord("solver", solver, NEAREST_SOLVERS);
  return mixtureByDonor({
    name: "nearest",
    paper: TOKENSURGEON,
    weights: solver === "distance" ? "convex" : "signed",
    options: { k, metric, solver },
    anchors: checkAnchorOptions(anchors),
    weigh: (task) => weighNeighbors(task, { k, metric, solver }),
  });
}

const TOKENSURGEON = "https://github.com/arcee-ai/mergekit";

/** The method in the catalog: its name on the command line and in recipes is `nearest`. */
export const nearestEntry: MethodEntry = methodEntry("nearest", {
  summary:
    "Each new token becomes a weighted sum of the shared tokens whose rows, in a donor, are nearest to its own.",
  paper: TOKENSURGEON,
  evidence: DONOR_EVIDENCE,
  options: z.object({
    k: numberOption(z.number()).default(10).describe("neighbors that a row is a sum of"),
    metric: z.enum(NEAREST_METRICS).default("euclidean").describe("what is near"),
    solver: z
      .enum(NEAREST_SOLVERS)
      .default("distance")
      .describe("weights by 1 / distance or cosine; of sum 1 by least squares; of any sum by least squares"),
    ...anchorOptions,
  }),
  create: (options) => nearest(options),
});

async function weighNeighbors(
  task: DonorTask,
  { k, metric, solver }: Required<Pick<NearestOptions, "k" | "metric" | "solver">>,
): Promise<Mixture> {
  const { evidence, once, note } = task;
  const { anchorRows } = evidence;
  const count = Math.min(k, anchorRows.rows);
  if (count < k) note(`k is ${count}, for there are no more anchors`);
  const { mixture, errors } = await once("neighbors", () => weighAll(task, { k: count, metric, solver }));
  noteReconstruction(task, errors, `${count} of ${anchorRows.rows} anchors`);
  return mixture;
}

async function weighAll(task: DonorTask, options: Required<Pick<NearestOptions, "k" | "metric" | "solver">>) {
  const { tokens, anchorRows: donor } = task.evidence;
  const builder = new MixtureBuilder();
  const errors = new Float64Array(tokens.length);
  for await (const { start, rows } of donorRowBlocks(task)) {
    const found = await nearestAnchors({ donor, rows, ...options, job: quiet(task.context.job) });
    for (let i = 0; i < rows.rows; i++) {
      const { sources, weights } = mixtureRow(found, i);
      builder.addRow(sources, weights);
    }
    errors.set(relativeErrors(found, donor, rows), start);
  }
  return { mixture: builder.build(), errors };
}
