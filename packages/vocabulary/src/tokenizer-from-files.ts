import { showNotes } from "@revocab/core";
import { inReading } from "@revocab/files";
import { textCuts } from "./cuts/text-cuts.ts";
import { textFrame } from "./frame/text-frame.ts";
import { extractModel } from "./open/extract-model.ts";
import { findTokenizerJson } from "./open/find-tokenizer-json.ts";
import { readConverted, readFile, readFolder } from "./open/read-tokenizer.ts";
import { placeOf } from "./open/tokenizer-place.ts";
import { chatTemplatesOf } from "./publish/chat-templates-of.ts";
import { readNotation } from "./read-notation.ts";
import { runtimeOf } from "./runtime/runtime-of.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { tokenizerNotes } from "./tokenizer-notes.ts";
import { vocabularyOf } from "./vocabulary-of.ts";

export interface ReadingOptions {
  /**
   * `class`: as AutoTokenizer opens the folder, with what its class rebuilds. `file`: as tokenizer.json says, which is what a
   * swap publishes. Tokens that stand only in other files are there both ways. @default "class"
   */
  readonly reading?: "class" | "file";
  /** A class that was chosen before. @default chosen by the configs, as AutoTokenizer does */
  readonly className?: string;
}

/**
 * A tokenizer from the content of its files, by their names in a model folder. A tokenizer.json is used where there is
 * one, else a SentencePiece model or one of the other formats is converted to one. The model's config.json may be among
 * them: its model type may decide the class.
 * @param origin the path or a label, for messages
 * @throws RevocabError `missing_file`, `bad_tokenizer`, `unsupported_tokenizer`
 */
export function tokenizerFromFiles(
  files: ReadonlyMap<string, Uint8Array>,
  origin: string,
  options: ReadingOptions = {},
): Tokenizer {
  try {
    return readTokenizer(files, origin, options);
  } catch (error) {
    throw inReading(origin, "bad_tokenizer", error);
  }
}

function readTokenizer(
  files: ReadonlyMap<string, Uint8Array>,
  origin: string,
  options: ReadingOptions,
): Tokenizer {
  const extracted = extractModel(files, origin, options);
  if (options.reading === "file" && extracted !== undefined) {
    // Its ids are those that the class in force gives; published is what that makes.
    const { files: own } = tokenizerFromFiles(files, origin, { ...options, reading: "class" });
    return tokenizerFromFiles(own, origin, options);
  }
  const { source, differences, isConverted } = extracted ?? findTokenizerJson(files, origin);
  const read =
    options.reading === "file"
      ? readFile(source, origin)
      : isConverted
        ? readConverted(source, origin, options)
        : readFolder(source, origin, {
            ...options,
            isFile: files.has("tokenizer.json"),
            extracted: extracted?.model,
          });
  const { json, specials, reference, config } = read;
  const { family, notation } = readNotation(json);
  const { vocabulary, vocabularyWithout, bpeNeighbours } = vocabularyOf(json, notation, specials);
  return {
    vocabulary,
    vocabularyWithout,
    bpeNeighbours,
    textCuts: () => textCuts(json),
    family,
    origin,
    files: read.files,
    reference,
    chatTemplates: chatTemplatesOf(source, config),
    specialTokens: [...specials.tokenOf]
      .sort(([a], [b]) => a - b)
      .map(([id, token]) => ({ id, token, roles: vocabulary.rolesOf(id) })),
    frame: textFrame(json.postProcessor),
    notes: showNotes([
      ...new Set([
        ...differences,
        ...json.notes,
        ...reference.differences,
        ...(reference.reason === undefined ? [] : [reference.reason]),
        ...specials.notes,
        ...read.notes,
        ...tokenizerNotes(json, notation, vocabulary),
      ]),
    ]),
    ...runtimeOf(json, placeOf(origin, "tokenizer.json")),
  };
}
