import { dirname, join } from "node:path";
import { RevocabError } from "@revocab/core";
import { textCuts } from "./cuts/text-cuts.ts";
import { classOfFolder } from "./formats/class-of-folder.ts";
import { folderSettings } from "./formats/folder-settings.ts";
import { isTiktoken } from "./formats/read-tiktoken.ts";
import { PROGRAM_CLASSES, withoutFast } from "./formats/tokenizer-classes.ts";
import { tokenizerJsonFrom } from "./formats/tokenizer-json-from.ts";
import { textFrame } from "./frame/text-frame.ts";
import { chatTemplatesOf } from "./publish/chat-templates-of.ts";
import { publishableFiles } from "./publish/publishable-files.ts";
import { readNotation } from "./read-notation.ts";
import { runtimeOf } from "./runtime-of.ts";
import type { ModelReader } from "./sentencepiece/arrange-pieces.ts";
import { convertSentencePiece } from "./sentencepiece/convert-sentencepiece.ts";
import { findSpecials } from "./special/find-specials.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { badTokenizer } from "./tokenizer-json/bad-tokenizer.ts";
import { parseJson } from "./tokenizer-json/parse-json.ts";
import { parseTokenizerJson } from "./tokenizer-json/parse-tokenizer-json.ts";
import { tokenizerNotes } from "./tokenizer-notes.ts";
import { vocabularyOf } from "./vocabulary-of.ts";

/**
 * A tokenizer from the content of its files, by their names in a model folder. A tokenizer.json is used where there is
 * one, else a SentencePiece model or one of the other formats is converted to one.
 * @param origin the path or a label, for messages
 * @throws RevocabError `missing_file`, `bad_tokenizer`, `unsupported_tokenizer`
 */
export function tokenizerFromFiles(files: ReadonlyMap<string, Uint8Array>, origin: string): Tokenizer {
  const { source, differences } = withTokenizerJson(files, origin);
  const config = jsonObject(source, "tokenizer_config.json", origin);
  const specialTokensMap = jsonObject(source, "special_tokens_map.json", origin);
  const json = parseTokenizerJson(source.get("tokenizer.json")!, placeOf(origin, "tokenizer.json"));
  const { family, notation } = readNotation(json);
  const specials = findSpecials(
    json,
    [config, specialTokensMap].filter((object) => object !== undefined),
  );
  const { vocabulary, vocabularyWithout, bpeNeighbours } = vocabularyOf(json, notation, specials);
  const published = publishableFiles(source, { json, config, specials });
  return {
    vocabulary,
    vocabularyWithout,
    bpeNeighbours,
    textCuts: () => textCuts(json),
    family,
    origin,
    files: published.files,
    chatTemplates: chatTemplatesOf(source, config),
    specialTokens: [...specials.tokenOf]
      .sort(([a], [b]) => a - b)
      .map(([id, token]) => ({ id, token, roles: vocabulary.rolesOf(id) })),
    frame: textFrame(json.postProcessor),
    notes: [
      ...new Set([
        ...differences,
        ...json.notes,
        ...specials.notes,
        ...published.notes,
        ...tokenizerNotes(json, notation, vocabulary),
      ]),
    ],
    ...runtimeOf(json, placeOf(origin, "tokenizer.json")),
  };
}

const SENTENCEPIECE_FILES = [
  "tokenizer.model",
  "spiece.model",
  "sentencepiece.bpe.model",
  "sentencepiece.model",
  "spm.model",
  "source.spm",
];

function withTokenizerJson(
  files: ReadonlyMap<string, Uint8Array>,
  origin: string,
): { readonly source: Map<string, Uint8Array>; readonly differences: readonly string[] } {
  const source = new Map(files);
  if (source.has("tokenizer.json")) return { source, differences: [] };
  if (source.has("tekken.json")) return withOtherFormat(source, origin);
  const name = SENTENCEPIECE_FILES.find((candidate) => {
    // Llama 3's tokenizer.model is a tiktoken file under the same name.
    const bytes = source.get(candidate);
    return bytes !== undefined && !isTiktoken(bytes);
  });
  if (name === undefined) return withOtherFormat(source, origin);
  const { tokenizerJson, tokenizerConfig, differences } = convert(source.get(name)!, {
    place: placeOf(origin, name),
    reader: readerOf(source, (each) => placeOf(origin, each)),
  });
  const encoder = new TextEncoder();
  source.set("tokenizer.json", encoder.encode(tokenizerJson));
  if (!source.has("tokenizer_config.json")) {
    source.set("tokenizer_config.json", encoder.encode(`${JSON.stringify(tokenizerConfig, null, 2)}\n`));
  }
  return { source, differences };
}

function withOtherFormat(
  source: Map<string, Uint8Array>,
  origin: string,
): ReturnType<typeof withTokenizerJson> {
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
  return { source, differences: found.differences };
}

/** A `.model` alone is the program's; in a folder that names a class it is read as that class reads it. */
function readerOf(
  source: ReadonlyMap<string, Uint8Array>,
  placeIn: (name: string) => string,
): ModelReader | undefined {
  const settings = folderSettings(source, placeIn);
  const className = classOfFolder(settings);
  if (className === undefined || PROGRAM_CLASSES.has(className)) return undefined;
  return { className: withoutFast(className), config: settings.config };
}

/** The converter knows bytes only; the message must say which file they are. */
function convert(
  model: Uint8Array,
  { place, reader }: { readonly place: string; readonly reader: ModelReader | undefined },
): ReturnType<typeof convertSentencePiece> {
  try {
    return convertSentencePiece(model, reader === undefined ? {} : { reader });
  } catch (cause) {
    if (!(cause instanceof RevocabError)) throw cause;
    throw new RevocabError(cause.code, `${place}: ${cause.message}`, {
      ...(cause.hint === undefined ? {} : { hint: cause.hint }),
      cause,
    });
  }
}

function jsonObject(
  files: ReadonlyMap<string, Uint8Array>,
  name: string,
  origin: string,
): Record<string, unknown> | undefined {
  const bytes = files.get(name);
  if (bytes === undefined) return undefined;
  const value = parseJson(bytes, placeOf(origin, name));
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw badTokenizer(placeOf(origin, name), "found no JSON object, expected the settings of a tokenizer");
  }
  return value as Record<string, unknown>;
}

/** Where a file is, for messages: an origin that is a file is itself the tokenizer, with settings beside it. */
function placeOf(origin: string, name: string): string {
  if (!/\.(json|model|spm|txt|bpe|tiktoken)$/.test(origin)) return join(origin, name);
  const isTokenizer = name === "tokenizer.json" || name === "tekken.json" || /\.(model|spm)$/.test(name);
  return isTokenizer ? origin : join(dirname(origin), name);
}
