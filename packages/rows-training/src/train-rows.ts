import { quiet, RevocabError, type ScoreQuery, type TokenId } from "@revocab/core";
import { type OpenTransformer, openHeadGradient } from "@revocab/transformer-runtime";
import type { Tokenizer } from "@revocab/vocabulary";
import { openVocabularyRows } from "./open-vocabulary-rows.ts";
import type { RowsOfTables, TrainedRows, TrainRowsOptions } from "./train-rows-options.ts";
import { Training } from "./training.ts";
import { trainingRecipe } from "./training-recipe.ts";
import { MOST_HELD_OUT, prepareText, splitText, type TrainingText } from "./training-text.ts";

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
  try {
    const settled = { ...options, seed, rate, batchTokens };
    const recipe = options.state && (await trainingRecipe(settled, text));
    return await new Training({ ...settled, text, rows, head, recipe }).run();
  } finally {
    await head.close();
  }
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
 * Says before any work whether a text is long enough to train rows on, with the part of it that is held out by default.
 * @throws RevocabError `bad_text`
 */
export function requireTrainableText(documents: readonly string[], seed = 0): void {
  splitText(documents, { share: DEFAULT_HELD_OUT, most: MOST_HELD_OUT, seed });
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

/**
 * Of all rows those that have a token.
 * @throws RevocabError `bad_options` for rows that the tables do not have, and where no row of the head is left
 */
function learningTokens(
  { learn = "text", frozen, tables, tokenizer }: TrainRowsOptions,
  { queries }: TrainingText,
): RowsOfTables {
  const all = learn === "all" ? tokensWithRows(tokenizer) : learn === "text" ? tokensOf(queries) : learn;
  const { rows } = tables.output;
  const beyond = [...all].find((id) => !(Number.isInteger(id) && id >= 0 && id < rows));
  if (beyond !== undefined) {
    throw new RevocabError(
      "bad_options",
      `the row ${beyond} is to learn, but the tables have the rows 0 … ${rows - 1}`,
      { hint: "give in `learn` ids of the tokenizer that belongs to the tables" },
    );
  }
  const without = (kept: ReadonlySet<TokenId> | undefined) =>
    kept === undefined ? all : new Set([...all].filter((id) => !kept.has(id)));
  const learning = { input: without(frozen?.input), output: without(frozen?.output) };
  if (learning.output.size > 0) return learning;
  throw new RevocabError(
    "bad_options",
    `found no row of the head that would learn: all of the ${all.size} that were chosen are to stay as they are`,
    { hint: "give a text with new tokens, or let rows of other tokens learn, too" },
  );
}

function tokensWithRows({ vocabulary }: Tokenizer): ReadonlySet<TokenId> {
  const ids = Array.from({ length: vocabulary.size }, (_, id) => id);
  return new Set(ids.filter((id) => vocabulary.kindOf(id) !== "unused"));
}
