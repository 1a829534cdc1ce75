import { type Job, showNotes, stages } from "@revocab/core";
import { readText } from "@revocab/files";
import type { ScoringOptions } from "@revocab/measure";
import {
  describeText,
  labelledProgress,
  lossesOf,
  type ScoredModel,
  scoreOpenModel,
  swapLosses,
} from "@revocab/measure/internal";
import type { OpenModel } from "@revocab/plan";
import type { ReviewedEvaluation } from "./swap-review.ts";

/**
 * Scores a text with the model before a swap, where it is given, and after it.
 * @throws RevocabError as `evaluateModel` does
 */
export async function reviewText(
  source: OpenModel | undefined,
  model: OpenModel,
  options: ScoringOptions,
): Promise<ReviewedEvaluation> {
  const text = await readText(options.text, options);
  const jobs = stages(options.job, { before: source === undefined ? 0 : 1, after: 1 });
  const score = async (opened: OpenModel, label: string, job: Job | undefined): Promise<ScoredModel> => ({
    model: opened,
    scored: await scoreOpenModel(opened, text, { ...options, job: labelledProgress(job, label) }),
  });
  const before = source && (await score(source, "before", jobs.before));
  const after = await score(model, "after", jobs.after);
  const { documents } = text;
  const { name, documents: count, bytes } = describeText(options.text, text);
  return {
    text: { name, documents: count, bytes },
    before: before?.scored.score ?? null,
    after: after.scored.score,
    byToken:
      before === undefined
        ? { before: null, after: await lossesOf(documents, after), compared: null }
        : await swapLosses(documents, before, after),
    notes: showNotes([
      ...text.notes,
      ...(before?.scored.score.notes ?? []).map((note) => `before: ${note}`),
      ...after.scored.score.notes.map((note) => `after: ${note}`),
    ]),
  };
}
