import { RevocabError } from "@revocab/core";
import type { Tokenizer } from "../tokenizer.ts";
import { tokenizerFromFiles } from "../tokenizer-from-files.ts";
import { parseTokenizerJson } from "../tokenizer-json/parse-tokenizer-json.ts";

/**
 * The tokenizer that the files of an edit make, opened as the class of the source opens it.
 * @throws RevocabError `unsupported_tokenizer` where the class would make something else of what was written
 */
export function editedTokenizer(
  source: Tokenizer,
  files: ReadonlyMap<string, Uint8Array>,
  origin: string,
): Tokenizer {
  // With the ids of added tokens where the library must find them: it numbers those behind the vocabulary by itself.
  const { bytes } = parseTokenizerJson(files.get("tokenizer.json")!, origin);
  const { className } = source.reference;
  const edited = tokenizerFromFiles(new Map(files).set("tokenizer.json", bytes), origin, { className });
  const { isInForce, differences, reason } = edited.reference;
  if (isInForce && differences.length === 0) return edited;
  throw new RevocabError(
    "unsupported_tokenizer",
    `${source.origin} cannot be edited in this way: the library would not open what was edited as it was written (${[...differences, reason ?? []].flat().join("; ")})`,
    {
      hint: `publish it as a plain tokenizer: set tokenizer_class to PreTrainedTokenizerFast instead of ${className}`,
    },
  );
}

/**
 * An edit keeps the class of a tokenizer, so what the class does must be known.
 * @throws RevocabError `unsupported_tokenizer`
 */
export function requireEditable({ origin, reference }: Tokenizer): void {
  if (reference.isInForce) return;
  throw new RevocabError("unsupported_tokenizer", `${origin} cannot be edited: ${reference.reason}`, {
    hint: "edits keep the class; give the model a tokenizer of its own with revocab swap instead",
  });
}
