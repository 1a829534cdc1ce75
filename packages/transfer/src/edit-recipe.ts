import { basename } from "node:path";
import { hashFile } from "@revocab/checkpoint";
import type { NewAddedToken, NewPiece, TokenRename, VocabularyEdit } from "@revocab/vocabulary-editing";
import type { CorpusFile } from "./read-corpus.ts";

/** An edit of a vocabulary as it was asked for: with the same texts it gives the same tokenizer. */
export interface EditRecipe {
  readonly learn: {
    readonly text: TextRecord;
    readonly count: number;
    /** Null where the default is in force. */
    readonly minimumCount: number | null;
    readonly spare: TextRecord | null;
  } | null;
  /** The file of words or tokens, which go before `pieces` and `addedTokens`. */
  readonly tokens: (FileRecord & { readonly asWritten: boolean }) | null;
  readonly pieces: readonly (string | NewPiece)[];
  readonly addedTokens: readonly (string | NewAddedToken)[];
  /** Only where tokens were renamed, or another end of texts was named. */
  readonly renames?: readonly TokenRename[];
  readonly renamedRows?: "keep" | "make";
  readonly eos?: string;
  readonly skipRefused: boolean;
  readonly prune: {
    readonly keepFor: TextRecord | null;
    /** Ids of the model's own tokens that were named. */
    readonly keep: readonly number[];
    readonly atMost: number | null;
    readonly keepIds: boolean;
  } | null;
}

/** A file without its path. */
export interface FileRecord {
  readonly name: string;
  readonly sha256: string;
}

/** A text that came from no file, but from code, cannot be told apart from others. */
export type TextRecord = FileRecord | { readonly name: null };

export async function editRecipe(edit: VocabularyEdit): Promise<EditRecipe> {
  const { renames = [], renamedRows = "keep", learn, list, pieces = [], addedTokens = [], eos } = edit;
  const { skipRefused = false, prune } = edit;
  return {
    learn:
      learn === undefined
        ? null
        : {
            text: await textRecord(learn.corpus),
            count: learn.count,
            minimumCount: learn.minimumCount ?? null,
            spare: learn.spare === undefined ? null : await textRecord(learn.spare),
          },
    tokens: list === undefined ? null : { ...(await fileRecord(list.path)), asWritten: list.asWritten },
    pieces,
    addedTokens,
    ...(renames.length > 0 && { renames, renamedRows }),
    ...(eos !== undefined && { eos }),
    skipRefused,
    prune:
      prune === undefined
        ? null
        : {
            keepFor: prune.keepFor === undefined ? null : await textRecord(prune.keepFor),
            keep: [...(prune.keep ?? [])],
            atMost: prune.atMost ?? null,
            keepIds: prune.keepIds ?? false,
          },
  };
}

async function textRecord(corpus: Iterable<string> | AsyncIterable<string>): Promise<TextRecord> {
  return isFile(corpus) ? fileRecord(corpus.path) : { name: null };
}

function isFile(corpus: Iterable<string> | AsyncIterable<string>): corpus is CorpusFile {
  return typeof corpus === "object" && "path" in corpus && typeof corpus.path === "string";
}

async function fileRecord(path: string): Promise<FileRecord> {
  return { name: basename(path), sha256: await hashFile(path) };
}
