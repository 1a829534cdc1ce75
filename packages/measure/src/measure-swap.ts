import { createHash } from "node:crypto";
import { basename } from "node:path";
import type { Job } from "@revocab/core";
import type { Evaluation } from "@revocab/evaluation";
import { type DocumentBoundary, readText, type TextDocuments } from "@revocab/files";
import { type OpenModel, openModel } from "@revocab/plan";
import { evaluateOpenModel, labelledProgress, type ScoringOptions } from "./evaluate-model.ts";

/** The score of a text before and after a swap. */
export interface SwapEvaluation {
  readonly text: MeasuredText;
  /** The source model with its own tokenizer. */
  readonly before: Evaluation;
  /** The written model with the new one. */
  readonly after: Evaluation;
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

/**
 * Scores the source model. A text or a model that cannot be scored fails here, before anything is written.
 * @throws RevocabError as `evaluateModel` does
 */
export async function measureSwap(model: OpenModel, options: ScoringOptions): Promise<MeasuringSwap> {
  const text = await readText(options.text, options);
  const score = async (opened: OpenModel, label: string, job: Job | undefined) =>
    evaluateOpenModel(opened, text, { ...options, job: labelledProgress(job, label) });
  const before = await score(model, "before", options.job);
  return {
    async finish(directory, job = options.job) {
      const swapped = await openModel(directory, model.tensorOptions);
      try {
        return { text: describeText(options.text, text), before, after: await score(swapped, "after", job) };
      } finally {
        await swapped.close();
      }
    },
  };
}

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
