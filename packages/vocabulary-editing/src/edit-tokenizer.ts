import { type Job, RevocabError, type TokenId } from "@revocab/core";
import type { Tokenizer } from "@revocab/vocabulary";
import {
  type AddedEntry,
  type ExtendedTokenizer,
  extendTokenizer,
  type TokenizerExtension,
} from "./extend-tokenizer.ts";
import { type LearningOptions, learnPieces } from "./learn-pieces.ts";
import { type PrunedTokenizer, type PruneOptions, pruneTokenizer } from "./prune-tokenizer.ts";
import type { TokenList } from "./read-token-list.ts";
import { nameRole, type RenamedToken, renameTokens, type TokenRename } from "./rename-tokens.ts";

/** Edits of a tokenizer, carried out in this order: rename, learn, add, name the end of texts, prune. */
export interface VocabularyEdit extends TokenizerExtension {
  /** New names for reserved tokens. */
  readonly renames?: readonly TokenRename[];
  /** Whether renamed tokens keep their rows, or get new ones as new tokens do. @default "keep" */
  readonly renamedRows?: "keep" | "make";
  /** The token that ends texts from now on. @default the tokenizer's own */
  readonly eos?: string;
  /** Pieces, added tokens and renames of a file, which come before the others. */
  readonly list?: TokenList;
  /** Pieces to learn from a text. */
  readonly learn?: Pick<LearningOptions, "corpus" | "count" | "minimumCount" | "spare">;
  /** Which tokens to keep of the others; what was learned and added stays. */
  readonly prune?: Pick<PruneOptions, "keepFor" | "keep" | "atMost" | "keepIds">;
}

export interface EditedTokenizer {
  readonly tokenizer: Tokenizer;
  /** [new size] the old id of each token, −1 for a new one. */
  readonly oldIdOf: Int32Array;
  /** [new size] the old id whose row each token gets; −1 for a new token, −2 for a renamed one that gets a new row. */
  readonly sourceOf: Int32Array;
  /** With their final ids. */
  readonly added: readonly AddedEntry[];
  /** Ordinary entries that became added tokens, with their final ids. */
  readonly promoted: ExtendedTokenizer["promoted"];
  /** With their final ids. */
  readonly renamed: readonly RenamedToken[];
  readonly refused: ExtendedTokenizer["refused"];
  /** Removed tokens, with their old ids. */
  readonly removed: readonly RemovedToken[];
  /** Null if nothing was pruned. */
  readonly pruned: PrunedTokenizer["counts"] | null;
}

export interface RemovedToken {
  readonly id: TokenId;
  /** As the file wrote it. */
  readonly token: string;
}

/**
 * Carries out all edits of a {@link VocabularyEdit}, one after the other.
 * @throws RevocabError `bad_options` for an edit without anything to do, and whatever the steps throw
 */
export async function editTokenizer(
  tokenizer: Tokenizer,
  edit: VocabularyEdit,
  job?: Job,
): Promise<EditedTokenizer> {
  const enlarged = await enlarge(tokenizer, edit, job);
  if (edit.prune === undefined) return enlarged;
  return prune(enlarged, tokenizer, { ...edit.prune, job });
}

/** All steps but the pruning. */
async function enlarge(
  tokenizer: Tokenizer,
  { renamedRows = "keep", learn, list, skipRefused = false, eos, prune, ...lists }: VocabularyEdit,
  job?: Job,
): Promise<EditedTokenizer> {
  const pieces = [...(list?.pieces ?? []), ...(lists.pieces ?? [])];
  const addedTokens = [...(list?.addedTokens ?? []), ...(lists.addedTokens ?? [])];
  const renames = [...(list?.renames ?? []), ...(lists.renames ?? [])];
  const adds = pieces.length + addedTokens.length > 0;
  if (learn === undefined && prune === undefined && eos === undefined && renames.length === 0 && !adds) {
    throw new RevocabError("bad_options", "found nothing to learn, to add, to rename or to take out", {
      hint: "give pieces, added tokens, a text to learn from, names for reserved tokens, or a text to prune to",
    });
  }
  const { tokenizer: named, renamed } = await renameTokens(tokenizer, renames);
  const learned = learn && (await learnPieces({ tokenizer: named, ...learn, job }));
  const base = learned?.tokenizer ?? named;
  const extended = adds ? await extendTokenizer(base, { pieces, addedTokens, skipRefused }) : undefined;
  const larger = extended?.tokenizer ?? base;
  const whole = eos === undefined ? larger : nameRole(larger, "eos", eos);
  const oldSize = tokenizer.vocabulary.size;
  const getsNewRow = new Set(renamedRows === "make" ? renamed.map(({ id }) => id) : []);
  const oldIdOf = Int32Array.from({ length: whole.vocabulary.size }, (_, id) => (id < oldSize ? id : -1));
  return {
    tokenizer: whole,
    oldIdOf,
    sourceOf: oldIdOf.map((id) => (getsNewRow.has(id) ? -2 : id)),
    added: [...(learned?.added ?? []), ...(extended?.added ?? [])],
    promoted: extended?.promoted ?? [],
    renamed,
    refused: extended?.refused ?? [],
    removed: [],
    pruned: null,
  };
}

async function prune(
  enlarged: EditedTokenizer,
  old: Tokenizer,
  options: PruneOptions,
): Promise<EditedTokenizer> {
  const keep = [...enlarged.added.map(({ id }) => id), ...(options.keep ?? [])];
  const { tokenizer, newIdOf, counts } = await pruneTokenizer(enlarged.tokenizer, { ...options, keep });
  return {
    tokenizer,
    oldIdOf: inNewOrder(enlarged.oldIdOf),
    sourceOf: inNewOrder(enlarged.sourceOf),
    added: renumbered(enlarged.added),
    promoted: renumbered(enlarged.promoted),
    renamed: renumbered(enlarged.renamed),
    refused: enlarged.refused,
    removed: removedFrom(old, newIdOf),
    pruned: counts,
  };

  /** −1 for the holes of a pruning that keeps ids. */
  function inNewOrder(values: Int32Array): Int32Array {
    const moved = new Int32Array(tokenizer.vocabulary.size).fill(-1);
    newIdOf.forEach((newId, id) => {
      if (newId >= 0) moved[newId] = values[id];
    });
    return moved;
  }

  function renumbered<Entry extends { readonly id: TokenId }>(entries: readonly Entry[]): readonly Entry[] {
    return entries.filter(({ id }) => newIdOf[id] >= 0).map((entry) => ({ ...entry, id: newIdOf[entry.id] }));
  }
}

/** Ids without a token (holes) are not counted. */
function removedFrom({ vocabulary }: Tokenizer, newIdOf: Int32Array): RemovedToken[] {
  return Array.from({ length: vocabulary.size }, (_, id) => ({ id, token: vocabulary.tokenOf(id) })).filter(
    ({ id, token }) => token !== "" && newIdOf[id] < 0,
  );
}
