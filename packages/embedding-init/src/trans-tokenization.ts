import type { InitContext, MixtureMethod } from "@revocab/core";
import {
  alignWords,
  type ParallelLines,
  type ParallelPaths,
  readParallelLines,
  readPharaoh,
  SYMMETRIZATIONS,
  type Symmetrization,
  splitPathPair,
  WORD_CUTS,
  type WordAlignment,
  type WordCut,
} from "@revocab/parallel-text";
import { z } from "zod";
import { withFallback } from "./chains.ts";
import { evidenceName, noteEvidence } from "./context.ts";
import { checkOption, filePath, type MethodEntry, methodEntry, numberOption } from "./method-entry.ts";
import { mixtureOfTokens } from "./similarity-mixtures.ts";
import { subtokenMean } from "./subtoken-mean.ts";
import { countTokens, favorKnown, noteCounts, weightsOfCounts } from "./trans-tokenization/counts.ts";
import { countWordPairs, wordWriter } from "./trans-tokenization/words.ts";

export interface TransTokenizationOptions {
  /** Two texts, or their files, whose lines are translations of each other: the source's language and the target's. */
  readonly parallel: ParallelPaths | Pick<ParallelLines, "source" | "target">;
  /** A file in Pharaoh's format that links their words; without it they are aligned here. */
  readonly alignments?: string;
  /** How lines are cut into words. @default "whitespace" with alignments, as most aligners number words, else "unicode" */
  readonly words?: WordCut;
  /** Pairs of words that are linked less often are ignored. @default 10 */
  readonly minCount?: number;
  /** Passes over the text in each direction, where it is aligned here. @default 7 */
  readonly iterations?: number;
  /** How the links of both directions become one, where it is aligned here. @default "grow-diag-final-and" */
  readonly symmetrization?: Symmetrization;
}

/**
 * Each new token becomes the mean of the source tokens that write the translations of the words it writes, weighed by how
 * often they are linked in parallel text; the head and its bias take the same weights (as in RAMEN).
 *
 * Departures: words are linked in both directions, and counts are of links (the reference: one direction, and expected
 * counts); counts are fractions, where the reference rounds them up to 1; a number is favored with its whole spelling (the
 * reference: the first token of it); a token without count gets no row (there, it takes from tokens that it contains or
 * begins, else it is unknown).
 * @see https://arxiv.org/abs/2408.04303, https://arxiv.org/abs/2002.07306 (RAMEN)
 * @throws RevocabError bad_options; when it prepares, no_evidence when no pair of words can be used, and what reading and
 *   aligning texts throws
 */
export function transTokenization({
  parallel,
  alignments,
  words = alignments === undefined ? "unicode" : "whitespace",
  minCount = 10,
  iterations = 7,
  symmetrization = "grow-diag-final-and",
}: TransTokenizationOptions): MixtureMethod {
  checkOption("minCount", minCount, Number.isInteger(minCount) && minCount >= 1, "a whole number from 1");
  checkOption(
    "iterations",
    iterations,
    Number.isInteger(iterations) && iterations >= 1,
    "a whole number from 1",
  );
  const linkedWords = onceOnly(linkWords);
  return {
    kind: "mixture",
    name: NAME,
    paper: "https://arxiv.org/abs/2408.04303",
    weights: "convex",
    differsByRole: false,
    options: {
      parallel: isPaths(parallel)
        ? `${evidenceName(parallel.source)}:${evidenceName(parallel.target)}`
        : "in memory",
      ...(alignments !== undefined && { alignments: evidenceName(alignments) }),
      words,
      minCount,
      ...(alignments === undefined && { iterations, symmetrize: symmetrization }),
    },
    async prepare(context) {
      const { lines, alignment } = await linkedWords(context);
      await noteEvidence(context, NAME, {
        "parallel source": parallel.source,
        "parallel target": parallel.target,
        alignments,
      });
      const writers = { source: await wordWriter(context.source), target: await wordWriter(context.target) };
      const all = countWordPairs({
        lines,
        alignment,
        words,
        beginsWithSpace: { source: writers.source.beginsWithSpace, target: writers.target.beginsWithSpace },
      });
      const pairs = all.filter(({ count }) => count >= minCount);
      const counted = await countTokens(pairs, writers, context);
      noteCounts(context, NAME, { ...counted, all, pairs, minCount });
      favorKnown(counted.counts, context);
      const rows = {
        input: weightsOfCounts(counted.counts, context, "input"),
        output: weightsOfCounts(counted.counts, context, "output"),
      };
      return { mixture: (tokens, { role }) => mixtureOfTokens(tokens, rows[role]) };
    },
  };

  async function linkWords({ job }: InitContext): Promise<Linked> {
    const lines = isPaths(parallel) ? await readParallelLines(parallel, job) : parallel;
    if (alignments !== undefined) {
      return { lines, alignment: await readPharaoh(alignments, { lines, words, job }) };
    }
    const { alignment, skipped, directions } = await alignWords({
      lines,
      words,
      iterations,
      symmetrization,
      job,
    });
    const note = (message: string) => job?.onProgress?.({ type: "note", step: NAME, message });
    const agreement = `${((100 * directions.both) / directions.either).toFixed(1)} %`;
    note(`of ${directions.either} links of words, both directions found ${directions.both} (${agreement})`);
    if (skipped.empty + skipped.long > 0) {
      const of = `of ${lines.source.length} lines`;
      note(`${of} ${skipped.empty} with an empty side and ${skipped.long} too long ones were passed over`);
    }
    return { lines, alignment };
  }
}

const NAME = "trans-tokenization";

interface Linked {
  readonly lines: Pick<ParallelLines, "source" | "target">;
  readonly alignment: WordAlignment;
}

function isPaths(parallel: TransTokenizationOptions["parallel"]): parallel is ParallelPaths {
  return typeof parallel.source === "string";
}

/** Links do not depend on the tokenizers: a comparison, whose leave-out tests change the source, computes them once. */
function onceOnly(
  make: (context: InitContext) => Promise<Linked>,
): (context: InitContext) => Promise<Linked> {
  let known: Promise<Linked> | undefined;
  return (context) => {
    const one = known ?? make(context);
    known = one;
    one.catch(() => {
      known = undefined;
    });
    return one;
  };
}

export const transTokenizationEntry: MethodEntry = methodEntry("trans-tokenization", {
  summary:
    "Each new token becomes the mean of the source tokens that write the translations of its words, by word-aligned parallel text; what no text has is spelled.",
  paper: "https://arxiv.org/abs/2408.04303",
  evidence: "line-aligned parallel text",
  options: z.object({
    parallel: filePath.describe(
      "two texts whose lines are translations of each other, SOURCE:TARGET (en.txt:de.txt)",
    ),
    alignments: filePath
      .optional()
      .describe("links of their words in Pharaoh's format; without it they are aligned here"),
    words: z
      .enum(WORD_CUTS)
      .optional()
      .describe("how lines are cut into words; whitespace with alignments, else unicode"),
    minCount: numberOption(z.number()).default(10).describe("pairs of words linked less often are ignored"),
    iterations: numberOption(z.number()).default(7).describe("of aligning"),
    symmetrize: z
      .enum(SYMMETRIZATIONS)
      .default("grow-diag-final-and")
      .describe("how the links of both directions become one"),
  }),
  create: ({ parallel, alignments, words, symmetrize, ...numbers }) =>
    withFallback(
      transTokenization({
        parallel: splitPathPair(parallel),
        symmetrization: symmetrize,
        ...numbers,
        alignments,
        words,
      }),
      subtokenMean(),
    ),
});
