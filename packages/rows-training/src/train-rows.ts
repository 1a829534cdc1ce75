import { quiet, RevocabError } from "@revocab/core";
import { openHeadGradient } from "@revocab/transformer-runtime";
import { learningTokens, tokensOf } from "./learning-tokens.ts";
import { openLikelihoodMatching } from "./likelihood-matching.ts";
import { objectiveOf } from "./objective.ts";
import { openVocabularyRows } from "./open-vocabulary-rows.ts";
import { requireTrainable } from "./require-trainable.ts";
import type { Teacher } from "./teacher.ts";
import type { TrainedRows, TrainRowsOptions } from "./train-rows-options.ts";
import { Training } from "./training.ts";
import { trainingRecipe } from "./training-recipe.ts";
import { DEFAULT_HELD_OUT, prepareText } from "./training-text.ts";

/**
 * Trains rows of a vocabulary on a text by the loss of the next token, with the layers frozen. What is given back are the rows that
 * scored best on a part of the text that was not trained on. Rows of seldom tokens keep less of their movement: n / (n + 10) of it
 * where the text that is trained on has the token n times; those that learn though it does not have their token keep all.
 * @throws RevocabError `bad_text` for a text too short to keep a part of it, `unsupported_architecture` for a model that is not
 *   causal, `bad_options` for options out of range, for no row that would learn and for a state of another training, `not_finite` where not
 *   even the first loss is a number, `aborted`; `bad_safetensors`, `no_space`, `write_failed` for the file of a state; as
 *   `OpenTransformer.readWithGradients`
 */
export async function trainRows(options: TrainRowsOptions): Promise<TrainedRows> {
  const { transformer, tables, tokenizer, seed = 0, rate = defaultRate(transformer.width), job } = options;
  const { batchTokens = DEFAULT_BATCH } = options;
  checkOptions(options);
  const objective = objectiveOf(options);
  const text = await prepareText({
    model: {
      kind: transformer.kind,
      contextLength: transformer.contextLength,
      vocabularySize: tables.output.rows,
    },
    tokenizer,
    documents: options.documents,
    context: options.context,
    heldOut: options.heldOut ?? DEFAULT_HELD_OUT,
    seed,
    teacher: options.teacher,
    job: quiet(job),
  });
  const read = tokensOf([...text.queries, ...text.heldOut.queries]);
  const learn = learningTokens(options, text);
  const rows = await openVocabularyRows(tables, learn, read);
  const head = openHeadGradient(transformer, { fixed: rows.output.fixed, bias: rows.bias });
  const matching =
    objective === "alm" ? openLikelihoodMatching(transformer, options.teacher as Teacher) : undefined;
  try {
    const settled = { ...options, seed, rate, batchTokens, objective };
    const recipe = options.state && (await trainingRecipe(settled, text));
    return await new Training({ ...settled, text, rows, head, matching, recipe }).run();
  } finally {
    await Promise.all([head.close(), matching?.close()]);
  }
}

/** With 64 columns a tenth: more columns that all move move a logit more. */
function defaultRate(columns: number): number {
  return Number(Math.min(0.1, 0.8 / Math.sqrt(columns)).toPrecision(2));
}

const DEFAULT_BATCH = 4096;

function checkOptions({ transformer, budget, rate, batchTokens }: TrainRowsOptions): void {
  requireTrainable(transformer);
  const amount =
    budget.kind === "time" ? budget.seconds : budget.kind === "tokens" ? budget.tokens : budget.steps;
  for (const [name, value] of [
    ["budget", amount] as const,
    ["rate", rate] as const,
    ["batchTokens", batchTokens] as const,
  ]) {
    if (value === undefined || (Number.isFinite(value) && value > 0)) continue;
    throw new RevocabError("bad_options", `\`${name}\` is ${value}, expected a number above 0`);
  }
}
