import { createHash } from "node:crypto";
import { basename } from "node:path";
import type { Job } from "@revocab/core";
import type { Evaluation } from "@revocab/evaluation";
import { type DocumentBoundary, readText, type TextDocuments } from "@revocab/files";
import { type OpenModel, openModel } from "@revocab/plan";
import { labelledProgress, type ScoringOptions, scoreOpenModel } from "./evaluate-model.ts";
import { dearestLosses, type ScoredModel, type SwapLosses, swapLosses } from "./swap-losses.ts";

/** The score of a text before and after a swap. */
export interface SwapEvaluation {
  readonly text: MeasuredText;
  /** The source model with its own tokenizer. */
  readonly before: Evaluation;
  /** The written model with the new one. */
  readonly after: Evaluation;
  /** Only with the option `byToken`: of each list the 50 that cost most, or became dearest. */
  readonly byToken?: SwapLosses;
}

export interface MeasuredText {
  /** The file's name, not its path. */
  readonly name: string;
  readonly documents: number;
  /** UTF-8 bytes of the documents that were scored. */
  readonly bytes: number;
  readonly boundary: DocumentBoundary;
  /** sha256 of the documents that were scored, each followed by a zero byte. */
  readonly sha256: string;
  readonly notes: readonly string[];
}

/** A measurement half done: the source model is scored, the written one not yet. */
export interface MeasuringSwap {
  /** @param job @default that of the measurement's beginning */
  finish(directory: string, job?: Job): Promise<SwapEvaluation>;
}

export interface MeasuringOptions extends ScoringOptions {
  /** Say what the tokens of the text cost before and after, and where that differs. @default false */
  readonly byToken?: boolean;
}

/**
 * Scores the source model. A text or a model that cannot be scored fails here, before anything is written.
 * @throws RevocabError as `evaluateModel` does
 */
export async function measureSwap(model: OpenModel, options: MeasuringOptions): Promise<MeasuringSwap> {
  const text = await readText(options.text, options);
  const score = async (opened: OpenModel, label: string, job: Job | undefined): Promise<ScoredModel> => ({
    model: opened,
    scored: await scoreOpenModel(opened, text, { ...options, job: labelledProgress(job, label) }),
  });
  const before = await score(model, "before", options.job);
  return {
    async finish(directory, job = options.job) {
      const swapped = await openModel(directory, model.tensorOptions);
      try {
        const after = await score(swapped, "after", job);
        const { byToken = false } = options;
        return {
          text: describeText(options.text, text),
          before: before.scored.score,
          after: after.scored.score,
          ...(byToken && {
            byToken: dearestLosses(await swapLosses(text.documents, before, after), REPORTED_LOSSES),
          }),
        };
      } finally {
        await swapped.close();
      }
    },
  };
}

/** A report with 50 of each is some 40 kB larger. */
const REPORTED_LOSSES = 50;

/** What a report says of a text. */
export function describeText(
  path: string,
  { documents, bytes, boundary, notes }: TextDocuments,
): MeasuredText {
  const hash = createHash("sha256");
  for (const document of documents) hash.update(document).update("\0");
  return {
    name: basename(path),
    documents: documents.length,
    bytes,
    boundary,
    sha256: hash.digest("hex"),
    notes,
  };
}
