import type { FittedWeights, MemberScore, MixtureMean, MixtureScore } from "@revocab/byte-models";
import { type Job, RevocabError, showNotes, stages } from "@revocab/core";
import { readText, type TextDocuments } from "@revocab/files";
import type { ScoringOptions } from "./evaluate-model.ts";
import { type VotersOptions, withVoters } from "./open-voters.ts";

export interface EvaluateMixtureOptions
  extends VotersOptions,
    Pick<ScoringOptions, "text" | "maxBytes" | "split" | "context" | "bos"> {
  /** One for each model; only their ratios count. @default the same for each */
  readonly weights?: readonly number[];
  /** A UTF-8 file that weights are fitted on; it should not be the text that is scored. @default none: `weights` */
  readonly fitText?: string;
  /** How the models' distributions become one. @default "arithmetic" */
  readonly mean?: MixtureMean;
}

export interface MixtureEvaluation extends Omit<MixtureScore, "members"> {
  readonly kind: "mixture";
  readonly members: readonly (MemberScore & {
    /** The model's folder. */
    readonly model: string;
  })[];
  /** Only with the option `fitText`. */
  readonly fitted?: Omit<FittedWeights, "weights">;
  readonly documents: number;
  readonly seconds: number;
  readonly notes: readonly string[];
}

/**
 * Scores models that vote on every byte of a text, and each alone.
 * @throws RevocabError `bad_text`, `missing_file`, `bad_options`, `unsupported_architecture`, `missing_dependency`, `not_finite`, `aborted`;
 *   what opening a model throws
 */
export async function evaluateMixture({
  weights,
  fitText,
  mean,
  ...options
}: EvaluateMixtureOptions): Promise<MixtureEvaluation> {
  const { fitWeights, mixtureScore, mixtureWeights } = await import("@revocab/byte-models");
  mixtureWeights(1 + (options.with?.length ?? 0), weights);
  requireOneSource(weights, fitText);
  const text = await readText(options.text, options);
  const fitting = fitText === undefined ? undefined : await readText(fitText, options);
  const work = stages(options.job, { fit: sizeOf(fitting), score: sizeOf(text) });
  return withVoters(options, async (voters) => {
    const started = performance.now();
    const { context, bos } = options;
    const reading = (of: TextDocuments, job: Job | undefined) => ({
      ...{ voters, context, bos, mean, job },
      documents: of.documents,
    });
    const fitted = fitting && (await fitWeights(reading(fitting, work.fit)));
    const { members, ...score } = await mixtureScore({
      ...reading(text, work.score),
      weights: fitted?.weights ?? weights,
    });
    return {
      kind: "mixture",
      ...score,
      members: members.map((member, i) => ({ model: voters[i].directory, ...member })),
      ...(fitted && { fitted: { bitsPerByte: fitted.bitsPerByte, bytes: fitted.bytes } }),
      documents: text.documents.length - score.skippedDocuments.length,
      seconds: (performance.now() - started) / 1000,
      notes: showNotes([
        ...text.notes,
        ...(fitting?.notes ?? []).map((note) => `text to fit on: ${note}`),
        ...noteUnpredicted(score),
      ]),
    };
  });
}

function noteUnpredicted({
  bytes,
  predictedBytes,
}: Pick<MixtureScore, "bytes" | "predictedBytes">): string[] {
  const count = bytes - predictedBytes;
  if (count === 0) return [];
  const share = ((100 * count) / bytes).toFixed(1);
  return [
    `${count} of ${bytes} bytes (${share} %) begin a document where a model has no BOS: nothing predicts them, so the scores are better than the truth`,
  ];
}

function requireOneSource(weights: readonly number[] | undefined, fitText: string | undefined): void {
  if (weights === undefined || fitText === undefined) return;
  throw new RevocabError("bad_options", "found `weights` and `fitText`, expected one of them", {
    hint: "leave out `weights`, which are fitted on the text",
  });
}

function sizeOf(text: TextDocuments | undefined): number {
  return (text?.documents ?? []).reduce((sum, document) => sum + document.length, 0);
}
