import { RevocabError } from "@revocab/core";
import { isTiktoken } from "../formats/read-tiktoken.ts";
import { goesBeforeSentencePiece, tokenizerJsonFrom } from "../formats/tokenizer-json-from.ts";
import { convertSentencePiece } from "../sentencepiece/convert-sentencepiece.ts";
import { inTermsOf, placeOf } from "./tokenizer-place.ts";

/** The files of a tokenizer with a tokenizer.json among them, whatever it was made of. */
export interface FoundTokenizerJson {
  readonly source: Map<string, Uint8Array>;
  readonly differences: readonly string[];
  /** Whether it was made of other files than a SentencePiece model, with all that their class builds. */
  readonly isConverted: boolean;
}

/** Names of SentencePiece models, the first that is there before the others. */
export const SENTENCEPIECE_FILES = [
  "tokenizer.model",
  "spiece.model",
  "sentencepiece.bpe.model",
  "sentencepiece.model",
  "spm.model",
  "source.spm",
];

/** @throws RevocabError `missing_file` where there is no tokenizer; what a conversion throws */
export function findTokenizerJson(
  files: ReadonlyMap<string, Uint8Array>,
  origin: string,
): FoundTokenizerJson {
  const source = new Map(files);
  if (source.has("tokenizer.json")) return { source, differences: [], isConverted: false };
  if (goesBeforeSentencePiece(source, (name) => placeOf(origin, name)))
    return withOtherFormat(source, origin);
  const name = SENTENCEPIECE_FILES.find((candidate) => {
    // Llama 3's tokenizer.model is a tiktoken file under the same name.
    const bytes = source.get(candidate);
    return bytes !== undefined && !isTiktoken(bytes);
  });
  if (name === undefined) return withOtherFormat(source, origin);
  const { tokenizerJson, tokenizerConfig, differences } = convert(source.get(name)!, placeOf(origin, name));
  const encoder = new TextEncoder();
  source.set("tokenizer.json", encoder.encode(tokenizerJson));
  if (!source.has("tokenizer_config.json")) {
    source.set("tokenizer_config.json", encoder.encode(`${JSON.stringify(tokenizerConfig, null, 2)}\n`));
  }
  return { source, differences, isConverted: false };
}

function withOtherFormat(source: Map<string, Uint8Array>, origin: string): FoundTokenizerJson {
  const found = tokenizerJsonFrom(source, (name) => placeOf(origin, name));
  if (found === undefined) {
    throw new RevocabError(
      "missing_file",
      `${origin}: found no tokenizer, expected tokenizer.json, a SentencePiece .model, vocab.json with merges.txt, vocab.txt, a .tiktoken file or tekken.json`,
      { hint: "give the folder of a tokenizer, or the file itself" },
    );
  }
  const encoder = new TextEncoder();
  for (const name of found.reads) source.delete(name);
  source.set("tokenizer.json", encoder.encode(found.tokenizerJson));
  source.set("tokenizer_config.json", encoder.encode(`${JSON.stringify(found.tokenizerConfig, null, 2)}\n`));
  return { source, differences: found.differences, isConverted: true };
}

/** The converter knows bytes only; the message must say which file they are. */
function convert(model: Uint8Array, place: string): ReturnType<typeof convertSentencePiece> {
  try {
    return convertSentencePiece(model);
  } catch (cause) {
    throw inTermsOf(place, cause);
  }
}
