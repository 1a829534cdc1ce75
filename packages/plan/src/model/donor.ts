import type { OpenCheckpointOptions } from "@revocab/checkpoint";
import { type Donor, type FallbackChain, type Job, quiet, RevocabError } from "@revocab/core";
import { alignVocabularies } from "@revocab/vocab-alignment";
import type { Tokenizer } from "@revocab/vocabulary";
import { quoteToken } from "@revocab/vocabulary/internal";
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

/** Tokens that the donor may lack where the target tokenizer has been given some more: one of a hundred. */
const MOST_MISSING = 0.01;

/**
 * The donor of a plan, as the methods see it.
 * @param extendsSource the target tokenizer is the source's with tokens added, so that the donor has another one
 * @throws RevocabError `bad_options` for methods that read a donor where there is none, and for a donor whose tokenizer is not the target
 */
export function donorOf(
  model: OpenModel | undefined,
  target: Tokenizer,
  { methods }: FallbackChain,
  {
    extendsSource = false,
    job,
  }: { readonly extendsSource?: boolean | undefined; readonly job?: Job | undefined },
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
  if (!extendsSource) requireTokens(model, target, alignment.sourceOf);
  return { vocabulary, tables: model.checkpoint.tables, alignment };
}

/** Tokens are compared by their bytes. Specials are not counted: a tokenizer may be given its own. */
function requireTokens({ name }: OpenModel, { vocabulary, origin }: Tokenizer, donorOf: Int32Array): void {
  const regular = Array.from(donorOf.keys()).filter(
    (id) => !["special", "unused"].includes(vocabulary.kindOf(id)),
  );
  const missing = regular.filter((id) => donorOf[id] < 0);
  if (missing.length <= MOST_MISSING * regular.length) return;
  const examples = missing.slice(0, 5).map((id) => quoteToken(vocabulary, id));
  throw new RevocabError(
    "bad_options",
    `the donor ${name} has no rows for ${missing.length} of the ${regular.length} tokens of ${origin}, such as ${examples.join(", ")}: its tokenizer is another one`,
    { hint: "give as `donor` a model that was trained with the target tokenizer" },
  );
}
