import { RevocabError } from "@revocab/core";
import { isTiktoken } from "../formats/from-tiktoken.ts";
import { goesBeforeSentencePiece, tokenizerJsonFrom } from "../formats/tokenizer-json-from.ts";
import { chosenClass } from "../reference/choose-class.ts";
import { classNamed } from "../reference/class-table.ts";
import { type ExtractedModel, extractSentencePiece } from "../reference/extract-sentencepiece.ts";
import { arrangePieces } from "../sentencepiece/arrange-pieces.ts";
import { convertSentencePiece } from "../sentencepiece/convert-sentencepiece.ts";
import { checkModel, type ModelProto } from "../sentencepiece/model-proto.ts";
import { readModelProto } from "../sentencepiece/read-model-proto.ts";
import type { ReadingOptions } from "../tokenizer.ts";
import { encodeSettings } from "../tokenizer-json/json-file.ts";
import { atPlace, placeOf, settingsOf } from "./tokenizer-place.ts";

/** The files of a tokenizer, with a tokenizer.json that may have been converted from others. */
interface FoundTokenizerJson {
  readonly source: Map<string, Uint8Array>;
  readonly differences: readonly string[];
  /** Whether it was converted from other files than a SentencePiece model, with all components of their class. */
  readonly isConverted: boolean;
}

/** Names of SentencePiece models, in order of precedence. */
const SENTENCEPIECE_FILES = [
  "tokenizer.model",
  "spiece.model",
  "sentencepiece.bpe.model",
  "sentencepiece.model",
  "spm.model",
  "source.spm",
];

/**
 * Finds the tokenizer.json of a folder, or converts its other tokenizer files to one.
 * @throws RevocabError `missing_file` if there is no tokenizer, and whatever a conversion throws
 */
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
  const { tokenizerJson, tokenizerConfig, differences } = atPlace(placeOf(origin, name), () =>
    convertSentencePiece(source.get(name)!),
  );
  const encoder = new TextEncoder();
  source.set("tokenizer.json", encoder.encode(tokenizerJson));
  if (!source.has("tokenizer_config.json")) {
    source.set("tokenizer_config.json", encodeSettings(tokenizerConfig));
  }
  return { source, differences, isConverted: false };
}

function withOtherFormat(source: Map<string, Uint8Array>, origin: string): FoundTokenizerJson {
  const found = tokenizerJsonFrom(source, (name) => placeOf(origin, name));
  if (found === undefined) {
    throw new RevocabError(
      "missing_file",
      `${origin}: found no tokenizer, expected tokenizer.json, a SentencePiece .model, vocab.json with merges.txt, vocab.txt, a .tiktoken file or tekken.json`,
      {
        hint: "give the folder of a tokenizer, or the file itself; put the tokenizer of a model into its folder",
      },
    );
  }
  const encoder = new TextEncoder();
  for (const name of found.reads) source.delete(name);
  source.set("tokenizer.json", encoder.encode(found.tokenizerJson));
  source.set("tokenizer_config.json", encodeSettings(found.tokenizerConfig));
  return { source, differences: found.differences, isConverted: true };
}

/**
 * Reads the SentencePiece model of a folder without tokenizer.json as the class does that the folder names. Undefined for
 * other folders, and for a file that is no such model.
 */
export function extractModel(
  files: ReadonlyMap<string, Uint8Array>,
  origin: string,
  options: ReadingOptions,
): (FoundTokenizerJson & { readonly model: ExtractedModel }) | undefined {
  const name = SENTENCEPIECE_FILES.find((candidate) => files.has(candidate));
  const isNamed = files.has("tokenizer_config.json") || files.has("config.json");
  if (!isNamed || files.has("tokenizer.json") || name === undefined) return undefined;
  if (goesBeforeSentencePiece(files, (each) => placeOf(origin, each))) return undefined;
  let proto: ModelProto;
  try {
    proto = readModelProto(files.get(name)!);
    checkModel(proto);
  } catch {
    return undefined;
  }
  const config = settingsOf(files, "tokenizer_config.json", origin);
  const className = chosenClass(config, settingsOf(files, "config.json", origin), options);
  const described = classNamed(className);
  if (described?.plainIds === true) return undefined;
  const pieces = atPlace(placeOf(origin, name), () =>
    arrangePieces(proto.pieces, { className, config: config ?? {} }),
  );
  if (described?.backend !== "tokenizers") {
    throw new RevocabError(
      "unsupported_tokenizer",
      `${placeOf(origin, name)}: ${className} numbers the pieces of this model by rules of its own, expected a tokenizer.json beside it`,
      { hint: "make one: AutoTokenizer.from_pretrained(folder).save_pretrained(folder) in Python" },
    );
  }
  const model = extractSentencePiece({ ...proto, pieces }, described.rebuild);
  const source = new Map(files).set("tokenizer.json", new TextEncoder().encode(model.tokenizerJson));
  return { source, differences: [], isConverted: false, model };
}
