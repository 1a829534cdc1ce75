import { basename } from "node:path";
import { hashFile } from "@revocab/checkpoint/internal";
import type { EditRecipe, FileRecord, TextRecord } from "@revocab/report";
import type { VocabularyEdit } from "@revocab/vocabulary-editing";
import type { CorpusFile } from "./read-corpus.ts";

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
