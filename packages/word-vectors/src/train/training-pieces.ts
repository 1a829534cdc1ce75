import { type ProgressListener, RevocabError } from "@revocab/core";
import { textFileWords } from "./text-file-words.ts";
import { LINE_END } from "./training-corpus.ts";
import type { TrainWordVectorsOptions } from "./training-options.ts";

/**
 * The words of a text in order, with `</s>` behind each document or at each line feed of a file.
 * @throws RevocabError bad_text for an empty word, which no file of vectors could hold
 */
export function trainingPieces(
  documents: TrainWordVectorsOptions["documents"],
  onProgress: ProgressListener | undefined,
): AsyncIterable<readonly string[]> {
  return typeof documents === "string" ? textFileWords(documents, onProgress) : linesOf(documents);
}

async function* linesOf(
  documents: Exclude<TrainWordVectorsOptions["documents"], string>,
): AsyncIterable<readonly string[]> {
  let number = 0;
  for await (const document of documents) {
    number++;
    const empty = document.indexOf("");
    if (empty !== -1)
      throw new RevocabError("bad_text", `word ${empty + 1} of document ${number} is an empty string`, {
        hint: "leave empty strings out of the documents",
      });
    yield document;
    yield [LINE_END];
  }
}
