import { RevocabError } from "@revocab/core";
import { goesBeforeSentencePiece } from "../formats/tokenizer-json-from.ts";
import { classNamed } from "../reference/class-table.ts";
import { type ExtractedModel, extractSentencePiece } from "../reference/extract-sentencepiece.ts";
import { arrangePieces, type ModelReader } from "../sentencepiece/arrange-pieces.ts";
import { checkModel } from "../sentencepiece/check-model.ts";
import type { ModelProto } from "../sentencepiece/model-proto.ts";
import { readModelProto } from "../sentencepiece/read-model-proto.ts";
import type { ReadingOptions } from "../tokenizer-from-files.ts";
import { classInForce } from "./class-in-force.ts";
import { type FoundTokenizerJson, SENTENCEPIECE_FILES } from "./find-tokenizer-json.ts";
import { inTermsOf, jsonObject, placeOf } from "./tokenizer-place.ts";

/**
 * A folder that names a class, with a SentencePiece model and no tokenizer.json, as the class in force takes the model apart. A
 * file that is no such model is left to others.
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
  const config = jsonObject(files, "tokenizer_config.json", origin);
  const className = classInForce(config, jsonObject(files, "config.json", origin), options);
  const described = classNamed(className);
  if (described?.plainIds === true) return undefined;
  const pieces = arranged(proto, { className, config: config ?? {} }, placeOf(origin, name));
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

/** The message must say which file it is about. */
function arranged(proto: ModelProto, reader: ModelReader, place: string): ModelProto["pieces"] {
  try {
    return arrangePieces(proto.pieces, reader);
  } catch (cause) {
    throw inTermsOf(place, cause);
  }
}
