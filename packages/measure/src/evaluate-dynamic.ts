import { readText } from "@revocab/files";
import { openModel } from "@revocab/plan";
import type { DynamicEvaluation, DynamicScoringOptions } from "./dynamic-evaluation.ts";
import { ScoreQueue } from "./score-queue.ts";

/**
 * Scores a model on a text whose tokens were merged by several degrees. At each position the model predicts the next token among its
 * own and the merged ones, so that the figures are probabilities of the same bytes and comparable with each other.
 * @see https://arxiv.org/abs/2411.18553
 * @throws RevocabError `bad_options` for a reduction that cannot be reached, saying how far it came; `bad_text`; `shape_mismatch` for
 *   the hypernetwork of another model; as `evaluateModel` does
 */
export async function evaluateDynamic(options: DynamicScoringOptions): Promise<DynamicEvaluation> {
  const text = await readText(options.text, options);
  const mergesText = options.mergesText === undefined ? text : await readText(options.mergesText, options);
  const { openTransformer } = await import("@revocab/transformer-runtime");
  const model = await openModel(options.model, options);
  try {
    const transformer = await openTransformer(model.checkpoint, { job: options.job });
    const queue = new ScoreQueue(transformer);
    try {
      const { scoreMerged } = await import("./score-merged.ts");
      return await scoreMerged({ model, transformer, queue, text, mergesText }, options);
    } finally {
      await queue.close();
      await transformer.close();
    }
  } finally {
    await model.close();
  }
}
