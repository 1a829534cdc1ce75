import type { SkippedDocument } from "@revocab/evaluation";
import type { ReadingCost } from "./kept-passes.ts";
import { type MixtureMean, mixed, mixtureWeights } from "./mixture.ts";
import { type ReadTogetherOptions, readTogether } from "./read-together.ts";

export interface MixtureScoreOptions extends ReadTogetherOptions {
  /** One for each model; only their ratios count. @default the same for each */
  readonly weights?: readonly number[];
  /** @default "arithmetic" */
  readonly mean?: MixtureMean;
}

export interface MixtureScore {
  /** Σ −log2 P(byte | bytes before) ÷ bytes, of the models together. */
  readonly bitsPerByte: number;
  readonly mean: MixtureMean;
  /** In the order of the models. */
  readonly members: readonly MemberScore[];
  readonly bytes: number;
  /** Bytes that all models predict: where one has no BOS, nothing predicts the first token of a document. */
  readonly predictedBytes: number;
  /** Documents that some tokenizer cannot write; no figure counts them. */
  readonly skippedDocuments: readonly SkippedDocument[];
}

export interface MemberScore {
  /** Of sum 1 over all members. */
  readonly weight: number;
  /** Of the model alone, for the same bytes. */
  readonly bitsPerByte: number;
  readonly cost: ReadingCost;
}

/**
 * How well models with different tokenizers predict the bytes of texts together, and each alone. They vote on every byte, given the
 * bytes before.
 * @throws RevocabError `bad_text` if no document is left with a byte to predict, `bad_options`, `unsupported_tokenizer`, `not_finite`, `aborted`
 */
export async function mixtureScore({
  weights,
  mean = "arithmetic",
  ...options
}: MixtureScoreOptions): Promise<MixtureScore> {
  const shares = mixtureWeights(options.voters.length, weights);
  const alone = shares.map(() => 0);
  let together = 0;
  const { costs, ...read } = await readTogether(options, (rows, byte) => {
    together -= Math.log2(mixed(rows, shares, mean)[byte]);
    for (const [i, row] of rows.entries()) alone[i] -= Math.log2(row[byte]);
  });
  return {
    bitsPerByte: together / read.bytes,
    mean,
    members: shares.map((weight, i) => ({
      weight,
      bitsPerByte: alone[i] / read.bytes,
      cost: costs[i],
    })),
    ...read,
  };
}
