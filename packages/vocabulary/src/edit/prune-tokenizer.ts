import { RevocabError, type TokenId } from "@revocab/core";
import type { Tokenizer } from "../tokenizer.ts";
import type { Corpus } from "./corpus-batches.ts";
import { editSubject } from "./edit-subject.ts";
import { keptTokens } from "./kept-tokens.ts";
import { tokensByUse } from "./tokens-by-use.ts";
import { writePruned } from "./write-pruned.ts";

export interface PruneOptions {
  /** Texts whose tokens are kept, the most used first. */
  readonly keepFor?: Corpus;
  /** Tokens to keep, the most important first; they come before those of texts. */
  readonly keep?: Iterable<TokenId>;
  /** How many tokens may be left. @default as many as are needed */
  readonly atMost?: number;
  /** Leave ids as they are, with holes between them. A Unigram cannot. @default false: without gaps, in the same order */
  readonly keepIds?: boolean;
  readonly abortSignal?: AbortSignal;
}

export interface PrunedTokenizer {
  readonly tokenizer: Tokenizer;
  /** [old size] the new id of each old one, −1 for those that are no more. */
  readonly newIdOf: Int32Array;
  readonly counts: {
    /** Tokens that are left. */
    readonly kept: number;
    /** Of these, those kept whatever was asked: specials, added tokens, and what writes any text. */
    readonly always: number;
    /** Of these, those that are there only because merges build others from them. */
    readonly steps: number;
  };
}

/**
 * Takes tokens out of a tokenizer. What is kept is still reached, and any text can still be written; text that used only
 * tokens that are kept is written with the same ones. (A WordPiece that had to give up on a word may now find pieces for it.)
 * @throws RevocabError `bad_options`, `unsupported_tokenizer`, `aborted`
 */
export async function pruneTokenizer(
  tokenizer: Tokenizer,
  { keepFor, keep, atMost = Number.POSITIVE_INFINITY, keepIds = false, abortSignal }: PruneOptions,
): Promise<PrunedTokenizer> {
  const { vocabulary, origin } = tokenizer;
  if (keepFor === undefined && keep === undefined) {
    throw new RevocabError(
      "bad_options",
      "found neither keep nor keepFor, expected tokens or texts to keep",
      {
        hint: "give a text of the kind the model is for",
      },
    );
  }
  const named = [...(keep ?? [])];
  const unknown = named.filter((id) => !Number.isInteger(id) || vocabulary.tokenOf(id) === "");
  if (unknown.length > 0) {
    throw new RevocabError(
      "bad_options",
      `${origin} has no token with the ids ${unknown.slice(0, 10).join(", ")}${unknown.length > 10 ? ", …" : ""}; it has ${vocabulary.size} ids`,
      { hint: "give ids of this tokenizer" },
    );
  }
  const subject = editSubject(tokenizer);
  if (keepIds && subject.json.model.type === "Unigram") {
    throw new RevocabError(
      "bad_options",
      `${origin} is a Unigram: its ids are places in a list, which has no holes`,
      {
        hint: "let the ids be renumbered",
      },
    );
  }
  const used = keepFor === undefined ? [] : await tokensByUse(tokenizer, keepFor, abortSignal);
  if (keepFor !== undefined && used.length === 0) {
    throw new RevocabError("bad_options", "found no text to keep tokens for: it is empty", {
      hint: "give a text of the kind the model is for",
    });
  }
  const { ids, always, steps } = keptTokens(subject, [...named, ...used], atMost);
  const newIdOf = new Int32Array(vocabulary.size).fill(-1);
  ids.forEach((id, place) => {
    newIdOf[id] = keepIds ? id : place;
  });
  return {
    tokenizer: writePruned(subject, newIdOf),
    newIdOf,
    counts: { kept: ids.length, always, steps },
  };
}
