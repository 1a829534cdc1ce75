import { type ProgressListener, RevocabError, type TokenId } from "@revocab/core";
import {
  type AddedEntry,
  type ExtendedTokenizer,
  extendTokenizer,
  type LearningOptions,
  learnPieces,
  type PrunedTokenizer,
  type PruneOptions,
  pruneTokenizer,
  type Tokenizer,
  type TokenizerExtension,
} from "@revocab/vocabulary";
import type { TokenList } from "./read-token-list.ts";

/** What to do to a tokenizer, in this order: learn, add, prune. */
export interface VocabularyEdit extends TokenizerExtension {
  /** Pieces and added tokens of a file, which go before the others. */
  readonly list?: TokenList;
  /** Pieces to learn from a text. */
  readonly learn?: Pick<LearningOptions, "corpus" | "count" | "minimumCount" | "spare">;
  /** Tokens to take out again; what was learned and added stays. */
  readonly prune?: Pick<PruneOptions, "keepFor" | "keep" | "atMost" | "keepIds">;
}

export interface EditedTokenizer {
  readonly tokenizer: Tokenizer;
  /** [new size] the old id of each token, −1 for a new one. */
  readonly sourceOf: Int32Array;
  /** With the ids that they have in the end. */
  readonly added: readonly AddedEntry[];
  readonly refused: ExtendedTokenizer["refused"];
  /** Tokens that were taken out, with the ids that they had. */
  readonly removed: readonly RemovedToken[];
  /** Null where nothing was taken out. */
  readonly pruned: PrunedTokenizer["counts"] | null;
}

export interface RemovedToken {
  readonly id: TokenId;
  /** As the file wrote it. */
  readonly token: string;
}

/**
 * Extends a tokenizer, prunes it, or both.
 * @throws RevocabError `bad_options` where nothing is asked for, and whatever the steps throw
 */
export async function editTokenizer(
  tokenizer: Tokenizer,
  { learn, list, skipRefused = false, prune, ...asked }: VocabularyEdit,
  listeners: { readonly abortSignal?: AbortSignal; readonly onProgress?: ProgressListener } = {},
): Promise<EditedTokenizer> {
  const pieces = [...(list?.pieces ?? []), ...(asked.pieces ?? [])];
  const addedTokens = [...(list?.addedTokens ?? []), ...(asked.addedTokens ?? [])];
  const adds = pieces.length + addedTokens.length > 0;
  if (learn === undefined && prune === undefined && !adds) {
    throw new RevocabError("bad_options", "found nothing to learn, to add or to take out", {
      hint: "give pieces, added tokens, a text to learn from, or a text to prune to",
    });
  }
  const learned = learn === undefined ? undefined : await learnPieces({ tokenizer, ...learn, ...listeners });
  const base = learned?.tokenizer ?? tokenizer;
  const extended = adds ? await extendTokenizer(base, { pieces, addedTokens, skipRefused }) : undefined;
  const whole = extended?.tokenizer ?? base;
  const added = [...(learned?.added ?? []), ...(extended?.added ?? [])];
  const refused = extended?.refused ?? [];
  const oldSize = tokenizer.vocabulary.size;
  const sourceOf = Int32Array.from({ length: whole.vocabulary.size }, (_, id) => (id < oldSize ? id : -1));
  if (prune === undefined) return { tokenizer: whole, sourceOf, added, refused, removed: [], pruned: null };
  const pruned = await pruneTokenizer(whole, {
    ...prune,
    keep: [...added.map(({ id }) => id), ...(prune.keep ?? [])],
    ...(listeners.abortSignal && { abortSignal: listeners.abortSignal }),
  });
  const { newIdOf } = pruned;
  const keptOf = new Int32Array(pruned.tokenizer.vocabulary.size).fill(-1);
  newIdOf.forEach((newId, id) => {
    if (newId >= 0) keptOf[newId] = sourceOf[id] as number;
  });
  return {
    tokenizer: pruned.tokenizer,
    sourceOf: keptOf,
    added: added.flatMap((entry) => {
      const id = newIdOf[entry.id] as number;
      return id < 0 ? [] : [{ ...entry, id }];
    }),
    refused,
    removed: removedFrom(tokenizer, newIdOf),
    pruned: pruned.counts,
  };
}

/** Holes in the numbering are no tokens. */
function removedFrom({ vocabulary }: Tokenizer, newIdOf: Int32Array): RemovedToken[] {
  return Array.from({ length: vocabulary.size }, (_, id) => ({ id, token: vocabulary.tokenOf(id) })).filter(
    ({ id, token }) => token !== "" && (newIdOf[id] as number) < 0,
  );
}
