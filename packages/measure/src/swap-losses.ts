import type { DocumentLoss, Evaluation, LossByToken, LossComparison, Scored } from "@revocab/evaluation";
import type { OpenModel } from "@revocab/plan";

/** What the tokens of a text cost before a swap and after it, and where that differs. */
export interface SwapLosses {
  /** In the source model's tokens. */
  readonly before: LossByToken;
  /** In the new ones. */
  readonly after: LossByToken;
  /** The same stretches of text before and after; null of masked models, of whose tokens a sample is scored, another one in each vocabulary. */
  readonly compared: LossComparison | null;
}

/** A model and what the tokens of a text cost it. */
export interface ScoredModel {
  readonly model: Pick<OpenModel, "readable">;
  readonly scored: Scored<Evaluation>;
}

/** @param documents the text that both have scored */
export async function swapLosses(
  documents: readonly string[],
  before: ScoredModel,
  after: ScoredModel,
): Promise<SwapLosses> {
  const { compareLosses } = await import("@revocab/evaluation");
  const isWhole = before.scored.score.kind === "bits-per-byte";
  return {
    before: await lossesOf(documents, before),
    after: await lossesOf(documents, after),
    compared: isWhole ? compareLosses(asLosses(before), asLosses(after)) : null,
  };
}

/** What the tokens of a text cost one model. */
export async function lossesOf(documents: readonly string[], scored: ScoredModel): Promise<LossByToken> {
  const { lossByToken } = await import("@revocab/evaluation");
  return lossByToken({ documents, kind: scored.scored.score.kind, ...asLosses(scored) });
}

function asLosses({ model, scored }: ScoredModel) {
  return { losses: scored.losses, vocabulary: model.readable.vocabulary };
}

/**
 * Losses that are small enough for a report: of each list what cost most, or became dearest. Sums are those of the whole text.
 * @param most entries of each list
 */
export function dearestLosses({ before, after, compared }: SwapLosses, most: number): SwapLosses {
  const documents = dearestDocuments(before.documents, after.documents).slice(0, most);
  const cut = (losses: LossByToken): LossByToken => ({
    ...losses,
    tokens: losses.tokens.slice(0, most),
    documents: documents.map((index) => losses.documents[index]),
  });
  return {
    before: cut(before),
    after: cut(after),
    compared: compared && {
      ...compared,
      stretches: compared.stretches.slice(0, most),
      places: compared.places.slice(0, most),
    },
  };
}

/** Indices of the documents; the one that became dearest first. */
function dearestDocuments(before: readonly DocumentLoss[], after: readonly DocumentLoss[]): number[] {
  const difference = (index: number) => after[index].bits - before[index].bits;
  return [...before.keys()].sort((a, b) => difference(b) - difference(a) || a - b);
}
