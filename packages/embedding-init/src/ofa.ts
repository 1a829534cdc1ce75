import type { MixtureMethod } from "@revocab/core";
import { nearestInMeaning, type WechselOptions } from "./wechsel.ts";

export type OfaOptions = Omit<WechselOptions, "from">;

/**
 * Each new token becomes the mean of the source tokens that are nearest to it in meaning, where a token's vector is the
 * mean of the words that are written with it, in vectors of many languages in one space.
 *
 * Departures: the embeddings are not factorised. OFA keeps a smaller matrix and a shared projection, which a checkpoint of
 * the source's architecture has no place for: multiplied out it saves nothing.
 * @see https://arxiv.org/abs/2311.08849
 * @throws RevocabError bad_options; when it prepares, what reading and aligning vectors throws
 */
export function ofa(options: OfaOptions): MixtureMethod {
  return nearestInMeaning("ofa", "https://arxiv.org/abs/2311.08849", { ...options, from: "words" });
}
