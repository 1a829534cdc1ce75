import { RevocabError, showText } from "@revocab/core";

export function noWords(path: string): RevocabError {
  return new RevocabError("bad_vectors", `${showText(path)} has no words`, {
    hint: "copy or download the file again, and give one that has words with their vectors",
  });
}
