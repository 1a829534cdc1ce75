import { basename } from "node:path";
import { hashFile } from "@revocab/checkpoint/internal";
import type { EditRecipe, EditSummary, FileRecord, TextRecord } from "@revocab/report";
import type { EditedTokenizer, VocabularyEdit } from "@revocab/vocabulary-editing";
import type { CorpusFile } from "./read-corpus.ts";

/** An edit of the model's own tokenizer, for the report. */
export interface ReportedEdit {
  /** Its options. */
  readonly recipe: EditRecipe;
  /** Its result in counts. */
  readonly summary: EditSummary;
}

export async function reportEdit(edit: VocabularyEdit, edited: EditedTokenizer): Promise<ReportedEdit> {
  return { recipe: await recipeOf(edit), summary: summaryOf(edited) };
}

async function recipeOf(edit: VocabularyEdit): Promise<EditRecipe> {
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

function summaryOf({ added, promoted, renamed, refused, removed, pruned }: EditedTokenizer): EditSummary {
  const count = (kind: string) => added.filter((entry) => entry.kind === kind).length;
  // a million ids are too many for the arguments of a function
  const ids = Uint32Array.from(added, ({ id }) => id).sort();
  return {
    pieces: count("piece"),
    steps: count("step"),
    addedTokens: count("added"),
    ids: ids.length === 0 ? null : { first: ids[0], last: ids[ids.length - 1] },
    promoted,
    renamed,
    refused,
    removed: removed.length,
    pruned,
  };
}
