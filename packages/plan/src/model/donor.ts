import type { OpenCheckpointOptions } from "@revocab/checkpoint";
import { type Donor, type FallbackChain, type Job, quiet, RevocabError } from "@revocab/core";
import { alignVocabularies } from "@revocab/vocab-alignment";
import type { Tokenizer } from "@revocab/vocabulary";
import { type OpenModel, openModel } from "./open-model.ts";

/** A donor by its folder. */
export interface DonorOptions {
  /** The folder of a model that has rows for the target's tokens, for methods that read them. @default none */
  readonly donor?: string;
  /** Where the donor's weight files are read from. @default its folder */
  readonly donorWeights?: OpenCheckpointOptions["weights"];
}

/** Opens the donor for as long as it is used. */
export async function withDonor<Result>(
  { donor: directory, donorWeights: weights }: DonorOptions,
  use: (donor: OpenModel | undefined) => Promise<Result>,
): Promise<Result> {
  if (directory === undefined) return use(undefined);
  const donor = await openModel(directory, { weights });
  try {
    return await use(donor);
  } finally {
    await donor.close();
  }
}

/**
 * The donor of a plan, as the methods see it.
 * @throws RevocabError `bad_options` for methods that read a donor where there is none
 */
export function donorOf(
  model: OpenModel | undefined,
  target: Tokenizer,
  { methods }: FallbackChain,
  job: Job | undefined,
): Donor | undefined {
  if (model === undefined) {
    const needing = methods.find(({ needs }) => needs?.includes("donor"));
    if (needing === undefined) return undefined;
    throw new RevocabError("bad_options", `the method ${needing.name} reads a donor, and none was given`, {
      hint: "give as `donor` a model that has the target tokenizer",
    });
  }
  const { vocabulary } = model.readable;
  const alignment = alignVocabularies({ source: vocabulary, target: target.vocabulary, job: quiet(job) });
  const { tables, rotary } = model.checkpoint;
  return { vocabulary, tables, alignment, ...(rotary && { rotary }) };
}
