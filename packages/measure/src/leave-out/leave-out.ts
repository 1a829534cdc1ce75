import type { EmbeddingTable, InitMethod, Job, RunnableModel } from "@revocab/core";
import { initContext, type TextReader } from "@revocab/embedding-init";
import { alignVocabularies } from "@revocab/vocab-alignment";
import type { Tokenizer } from "@revocab/vocabulary";
import { chooseHidden, type HiddenTokens } from "./choose-hidden.ts";
import { type LeaveOutTable, measureTable } from "./measure-table.ts";

export interface LeaveOutOptions {
  readonly source: {
    readonly tokenizer: Pick<Tokenizer, "vocabulary" | "vocabularyWithout">;
    /** With the roles their rows are planned for; see `makePlan` for tied models. */
    readonly tables: readonly EmbeddingTable[];
    /** Only for methods that run the model. */
    readonly model?: () => Promise<RunnableModel>;
  };
  readonly target: TextReader;
  /**
   * The chain a swap would use, copying of shared tokens included: a hidden token is none. A row that it leaves empty
   * counts as a row of zeros.
   */
  readonly method: InitMethod;
  /** @default 0 */
  readonly seed?: number;
  /** How many of the shared tokens to hide, above 0 and at most 1; at least one token is. @default 0.1 */
  readonly share?: number;
  /** @default 1000 */
  readonly maxTokens?: number;
  /** The model's `initializer_range`, for `random`. @default 0.02 */
  readonly initializerRange?: number;
  readonly job?: Job;
}

export interface LeaveOut {
  readonly seed: number;
  readonly share: number;
  /** Source tokens that could have been hidden; see {@link chooseHidden}. */
  readonly sharedTokens: number;
  readonly hiddenTokens: number;
  /** Why nothing was measured; null when something was. */
  readonly note: string | null;
  /** Without those of one column, and those whose true rows are all zeros. */
  readonly tables: readonly LeaveOutTable[];
}

/**
 * How well a method guesses rows that are known: hides some of the tokens that two vocabularies share, has the method
 * initialize their rows as if the source had never had them, in the number format of the model, and compares them with the
 * rows they have. It needs no text of its own, and runs the model only where the method does.
 *
 * Head biases are left out: one number has no direction.
 * @throws RevocabError bad_options; shape_mismatch; not_finite for a row that is no row; aborted; whatever a method throws
 */
export async function leaveOut({
  source,
  target,
  method,
  seed = 0,
  share = 0.1,
  maxTokens = 1000,
  initializerRange = 0.02,
  job,
}: LeaveOutOptions): Promise<LeaveOut> {
  const { tokenizer } = source;
  const hidden = chooseHidden(
    tokenizer.vocabulary,
    target.vocabulary,
    alignVocabularies({ source: tokenizer.vocabulary, target: target.vocabulary, job }),
    { seed, share, maxTokens },
  );
  const view = tokenizer.vocabularyWithout(hidden.hiddenSources);
  const context = initContext({
    source: { vocabulary: view, tables: source.tables, model: source.model },
    target,
    seed,
    initializerRange,
    job,
  });
  const tables: LeaveOutTable[] = [];
  for (const table of hidden.targets.length === 0 ? [] : source.tables) {
    if (table.isBias || table.matrix.columns < 2) continue;
    const measured = await measureTable({ table, context, method, hidden, vocabulary: tokenizer.vocabulary });
    if (measured !== undefined) tables.push(measured);
  }
  return {
    seed,
    share,
    sharedTokens: hidden.sharedTokens,
    hiddenTokens: hidden.targets.length,
    note: noteOn(hidden, tables),
    tables,
  };
}

function noteOn({ targets }: HiddenTokens, tables: readonly LeaveOutTable[]): string | null {
  if (targets.length === 0) return "the two vocabularies share no text token, so there is none to hide";
  return tables.length === 0
    ? "no table has true rows to compare with: they are zeros or have one column"
    : null;
}
