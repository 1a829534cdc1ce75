import { RevocabError } from "@revocab/core";
import { type BatchMerges, type MergeBatchOptions, mergeBatch } from "./merge-batch.ts";
import type { SegmentedText } from "./segments.ts";

/** How far a batch is merged: by so many merges, or until it has lost a share, 0 to 1, of its tokens. */
export type MergeDegree = { readonly merges: number } | { readonly reduction: number };

export interface CalibratedMerges {
  /** As many merges as the furthest degree needs, or all that can be made. */
  readonly batch: BatchMerges;
  /** The degrees that these merges reach, in their order, and how many of the merges each needs. */
  readonly reached: readonly { readonly degree: MergeDegree; readonly merges: number }[];
  /** What the texts are too short or too varied for. */
  readonly unreached: readonly MergeDegree[];
}

/**
 * Merges a batch as far as the furthest of several degrees, and says how many merges each needs: for a reduction the fewest that
 * reach it.
 * @throws RevocabError `bad_options` where no degree can be reached, saying how far all merges come; `bad_text`
 */
export function calibrateMerges(
  texts: readonly SegmentedText[],
  degrees: readonly MergeDegree[],
  options: Omit<MergeBatchOptions, "until">,
): CalibratedMerges {
  for (const degree of degrees) checkDegree(degree);
  const length = texts.reduce((sum, { ids }) => sum + ids.length, 0);
  const isReached = (degree: MergeDegree, merges: number, tokens: number) =>
    "merges" in degree ? merges >= degree.merges : tokens <= reducedLength(length, degree.reduction);
  const batch = mergeBatch(texts, {
    ...options,
    until: (merges, tokens) => degrees.every((degree) => isReached(degree, merges, tokens)),
  });
  const found = degrees.map((degree) => ({
    degree,
    merges: batch.lengths.findIndex((tokens, merges) => isReached(degree, merges, tokens)),
  }));
  const reached = found.filter(({ merges }) => merges >= 0);
  const unreached = found.filter(({ merges }) => merges < 0).map(({ degree }) => degree);
  if (reached.length === 0)
    throw new RevocabError("bad_options", unreachedText(unreached, batch), { hint: LESS });
  return { batch, reached, unreached };
}

/** Says which degrees were not reached, and how far all merges came. */
export function unreachedText(unreached: readonly MergeDegree[], { lengths }: BatchMerges): string {
  const [length] = lengths;
  const last = lengths.at(-1)!;
  const asked = unreached.map((degree) =>
    "merges" in degree ? `\`merges: ${degree.merges}\`` : `\`reduction: ${percent(degree.reduction)}\``,
  );
  return `${asked.join(", ")} cannot be reached: the ${lengths.length - 1} merges that can be made leave ${last} of ${length} tokens, a reduction of ${percent(1 - last / length)}`;
}

function checkDegree(degree: MergeDegree): void {
  if ("merges" in degree) {
    if (Number.isSafeInteger(degree.merges) && degree.merges >= 0) return;
    throw new RevocabError("bad_options", `\`merges\` is ${degree.merges}, expected a whole number from 0`);
  }
  if (degree.reduction >= 0 && degree.reduction < 1) return;
  throw new RevocabError(
    "bad_options",
    `\`reduction\` is ${degree.reduction}, expected a share from 0 to below 1`,
  );
}

/** The tokens that are left of `length`. The small number is for shares such as 0.9, of which 1 − 0.9 is a little less than 0.1. */
function reducedLength(length: number, reduction: number): number {
  return Math.floor(length * (1 - reduction) + 1e-9 * length);
}

const LESS =
  "ask for less, or let more tokens be joined: `boundaries: word` joins more than `boundaries: pretoken`, and `boundaries: none` the most";

function percent(share: number): string {
  return `${Number((100 * share).toFixed(2))}%`;
}
