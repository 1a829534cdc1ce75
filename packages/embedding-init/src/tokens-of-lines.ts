import { type EncodeText, mapAhead, type Vocabulary } from "@revocab/core";
import { linesOfText } from "@revocab/files";

/**
 * The lines of a UTF-8 file as tokens, written as the tokenizer's file writes them: what vectors of tokens are trained on.
 * Empty lines are left out.
 * @throws RevocabError `missing_file`; `bad_text` when the file is not UTF-8
 */
export async function* tokensOfLines(
  path: string,
  { vocabulary, encode }: { readonly vocabulary: Vocabulary; readonly encode: EncodeText },
): AsyncIterable<readonly string[]> {
  for await (const [line, ids] of mapAhead(linesOfText(path), encode)) {
    if (line.trim() !== "") yield Array.from(ids, (id) => vocabulary.tokenOf(id));
  }
}
