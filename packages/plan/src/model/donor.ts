import { type FileSource, localFiles, type OpenCheckpointOptions } from "@revocab/checkpoint";
import { type Donor, type FallbackChain, type Job, quiet, RevocabError, showText } from "@revocab/core";
import { alignVocabularies } from "@revocab/vocab-alignment";
import type { Tokenizer } from "@revocab/vocabulary";
import { isWeightFile, nameOf, type OpenModel, openModel } from "./open-model.ts";

/** A donor by its folder. */
export interface DonorOptions {
  /** The folder of a model that has rows for the target's tokens, for methods that read them. @default none */
  readonly donor?: string;
  /** Where the donor's weight files are read from. @default its folder */
  readonly donorWeights?: OpenCheckpointOptions["weights"];
}

/**
 * Opens the donor for as long as it is used.
 * @param options.tokenizer the path of the target tokenizer, whose own model the donor may be
 * @throws RevocabError `missing_file` where the donor is the tokenizer's folder, which holds no weights; what `openModel` throws
 */
export async function withDonor<Result>(
  {
    donor: directory,
    donorWeights: weights,
    tokenizer,
  }: DonorOptions & { readonly tokenizer?: string | undefined },
  use: (donor: OpenModel | undefined) => Promise<Result>,
): Promise<Result> {
  if (directory === undefined) return use(undefined);
  if (directory === tokenizer) await requireWeights(directory, weights);
  const donor = await openModel(directory, { weights });
  try {
    return await use(donor);
  } finally {
    await donor.close();
  }
}

const HINT = "give `donor: MODEL`, a model that was trained with the target tokenizer";

async function requireWeights(directory: string, weights: FileSource = localFiles): Promise<void> {
  const names = await weights.list(directory);
  if (names.some(isWeightFile)) return;
  const { name, revision } = nameOf(directory);
  throw new RevocabError(
    "missing_file",
    `the donor is the tokenizer's own model unless another is given, but ${showText(revision === null ? directory : name)} has a tokenizer and no weights`,
    { hint: HINT },
  );
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
      hint: HINT,
    });
  }
  const { vocabulary } = model.readable;
  const alignment = alignVocabularies({ source: vocabulary, target: target.vocabulary, job: quiet(job) });
  const { tables, rotary } = model.checkpoint;
  return { vocabulary, tables, alignment, ...(rotary && { rotary }) };
}
