import type { MixtureMethod } from "@revocab/core";
import { z } from "zod";
import { factorized } from "./factorized.ts";
import { checkOption, type MethodEntry, methodEntry, numberOption } from "./method-entry.ts";
import { nearestInMeaning, nearestInMeaningOptions, nearestOptions, type WechselOptions } from "./wechsel.ts";

export interface OfaOptions extends Omit<WechselOptions, "from"> {
  /** Factorize the source rows to this rank first; new rows then have it too. @default the rows as they are */
  readonly rank?: number;
}

/**
 * Each new token becomes the mean of the source tokens that are nearest to it in meaning, where a token's vector is the
 * mean of the words that are written with it, in vectors of many languages in one space.
 *
 * Departures: those of `wechsel`; with a rank, OFA keeps the factors as a smaller matrix and a shared projection, for which a
 * checkpoint of the source's architecture has no place: here they are multiplied out, for new rows alone.
 * @see https://arxiv.org/abs/2311.08849
 * @throws RevocabError bad_options; when it prepares, what reading and aligning vectors throws
 */
export function ofa({ rank, ...options }: OfaOptions): MixtureMethod {
  const method = nearestInMeaning(
    { name: "ofa", paper: "https://arxiv.org/abs/2311.08849" },
    { ...options, from: "words" },
  );
  if (rank === undefined) return method;
  checkOption("rank", rank, Number.isInteger(rank) && rank >= 1, "a whole number from 1");
  return factorized(method, rank);
}

export const ofaEntry: MethodEntry = methodEntry("ofa", {
  summary: "As wechsel, but a token's vector is always the mean of the words that are written with it.",
  paper: "https://arxiv.org/abs/2311.08849",
  evidence: "word vectors of both languages, and a dictionary if they are not in one space",
  options: z.object({
    ...nearestOptions,
    rank: numberOption(z.number().optional())
      .optional()
      .describe("factorize the source rows to this rank first; without it they are taken as they are"),
  }),
  create: ({ rank, ...rest }) => ofa({ ...nearestInMeaningOptions(rest), rank }),
});
