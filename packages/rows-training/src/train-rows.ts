import { quiet, RevocabError, type ScoreQuery, type TokenId } from "@revocab/core";
import { type OpenTransformer, openHeadGradient } from "@revocab/transformer-runtime";
import type { Tokenizer } from "@revocab/vocabulary";
import { openLikelihoodMatching } from "./likelihood-matching.ts";
import { openVocabularyRows } from "./open-vocabulary-rows.ts";
import type { Teacher } from "./teacher.ts";
import type { LearningRows, Objective, TrainedRows, TrainRowsOptions } from "./train-rows-options.ts";
import { Training } from "./training.ts";
import { prepareText, type TrainingText } from "./training-text.ts";

/**
 * Trains rows of a vocabulary on a text by the loss of the next token, with the layers frozen. What is given back are the rows that
 * scored best on a part of the text that was not trained on.
 * @throws RevocabError `bad_text` for a text too short to keep a part of it, `unsupported_architecture` for a model that is not
 *   causal, `bad_options`, `not_finite` where not even the first loss is a number, `aborted`; as `OpenTransformer.readWithGradients`
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
  const learn = learningTokens(options.learn ?? "text", text, tokenizer);
  const rows = await openVocabularyRows(tables, learn, read);
  const head = openHeadGradient(transformer, { fixed: rows.output.fixed, bias: rows.bias });
  const matching =
    objective === "alm" ? openLikelihoodMatching(transformer, options.teacher as Teacher) : undefined;
  try {
    const prepared = { seed, rate, batchTokens, text, rows, head, objective, matching };
    return await new Training({ ...options, ...prepared }).run();
  } finally {
    await Promise.all([head.close(), matching?.close()]);
  }
}

/** @throws RevocabError `bad_options`, `unsupported_architecture` for a teacher that cannot teach so */
function objectiveOf({
  teacher,
  objective = teacher === undefined ? "lm" : "distill",
}: TrainRowsOptions): Objective {
  const refuse = (found: string, hint: string) => new RevocabError("bad_options", found, { hint });
  if (objective === "lm" && teacher !== undefined) {
    throw refuse("`objective` is lm, which takes nothing from a `teacher`", "leave out one of them");
  }
  if (objective !== "lm" && teacher === undefined) {
    throw refuse(
      `\`objective\` is ${objective}, and there is no \`teacher\``,
      "give the model that is learned from",
    );
  }
  if (objective === "distill" && teacher?.transformer !== undefined) {
    throw refuse(
      "`objective` is distill, and the `teacher` has layers of its own: their hidden states mean nothing here",
      "use the objective alm",
    );
  }
  if (teacher?.transformer !== undefined) requireTeaching(teacher.transformer);
  return objective;
}

/** With 64 columns a tenth: more columns that all move move a logit more. */
function defaultRate(columns: number): number {
  return Number(Math.min(0.1, 0.8 / Math.sqrt(columns)).toPrecision(2));
}

const DEFAULT_HELD_OUT = 0.05;
const DEFAULT_BATCH = 4096;

/**
 * Says before any work whether the rows of a model can be trained.
 * @throws RevocabError `unsupported_architecture` for a model that is not causal; as `OpenTransformer.requireGradients` does
 */
export function requireTrainable(transformer: OpenTransformer): void {
  const { kind, checkpoint } = transformer;
  if (kind !== "causal") {
    throw new RevocabError(
      "unsupported_architecture",
      `${checkpoint.directory} (${checkpoint.modelType}) predicts masked tokens; rows are trained by the loss of the next token`,
      { hint: "use a causal model" },
    );
  }
  transformer.requireGradients();
}

/**
 * Says before any work whether a model gives likelihoods that rows can learn from.
 * @throws RevocabError `unsupported_architecture` for a model that does not read a text from left to right
 */
export function requireTeaching({ kind, description, checkpoint }: OpenTransformer): void {
  if (kind === "causal" && description.encoder === undefined) return;
  throw new RevocabError(
    "unsupported_architecture",
    `${checkpoint.directory} (${checkpoint.modelType}) gives no likelihoods of a text that is read from left to right`,
    { hint: "give a causal model without an encoder as `teacher`" },
  );
}

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

function tokensOf(queries: readonly ScoreQuery[]): Set<TokenId> {
  const found = new Set<TokenId>();
  for (const { tokens, targets } of queries) {
    for (const token of tokens) found.add(token);
    for (const token of targets) found.add(token);
  }
  return found;
}

/** Of all rows those that have a token. */
function learningTokens(
  learn: LearningRows,
  { queries }: TrainingText,
  { vocabulary }: Tokenizer,
): ReadonlySet<TokenId> {
  if (learn === "all") {
    const ids = Array.from({ length: vocabulary.size }, (_, id) => id);
    return new Set(ids.filter((id) => vocabulary.kindOf(id) !== "unused"));
  }
  return learn === "text" ? tokensOf(queries) : learn;
}
