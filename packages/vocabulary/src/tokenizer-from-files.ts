import { showNotes, type TokenKind, type Vocabulary } from "@revocab/core";
import { asFileError } from "@revocab/files/internal";
import { chatTemplatesOf } from "./chat-templates.ts";
import { type Notation, readNotation } from "./notation.ts";
import { extractModel, findTokenizerJson } from "./open/find-tokenizer-json.ts";
import { readConverted, readFile, readFolder } from "./open/read-tokenizer.ts";
import { placeOf } from "./open/tokenizer-place.ts";
import { runtimeOf } from "./runtime/runtime-of.ts";
import { textCuts } from "./text-cuts.ts";
import { textFrame } from "./text-frame.ts";
import type { ReadingOptions, Tokenizer } from "./tokenizer.ts";
import { type ComponentJson, components, type TokenizerJson } from "./tokenizer-json/tokenizer-json.ts";
import { vocabularyOf } from "./vocabulary-of.ts";

/**
 * A tokenizer from the contents of its files, by their names in a model folder. Without a tokenizer.json, a SentencePiece
 * model or one of the other formats is converted to one. The model's config.json may be among the files: its model type may
 * decide the class.
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
    throw asFileError(origin, "bad_tokenizer", error);
  }
}

function readTokenizer(
  files: ReadonlyMap<string, Uint8Array>,
  origin: string,
  options: ReadingOptions,
): Tokenizer {
  const extracted = extractModel(files, origin, options);
  if (options.reading === "file" && extracted !== undefined) {
    // The class decides the ids of a SentencePiece model, so its tokenizer.json is made first and then read as a file.
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

/** What a user should know about this tokenizer. */
function tokenizerNotes(json: TokenizerJson, notation: Notation, vocabulary: Vocabulary): string[] {
  const counts: Record<TokenKind, number> = { text: 0, byte: 0, special: 0, unused: 0 };
  let holes = 0;
  for (let id = 0; id < vocabulary.size; id++) {
    counts[vocabulary.kindOf(id)]++;
    if (vocabulary.tokenOf(id) === "") holes++;
  }
  const notes = components(json.normalizer).flatMap(normalizerNote);
  if (holes > 0) notes.push(`${holes} ids are holes: no token has them`);
  if (counts.unused > holes) notes.push(`${counts.unused - holes} placeholder entries that no text produces`);
  if (hasDummyPrefix(json)) notes.push("a space is put before each text");
  const missing = notation.isByteLevel ? missingBytes(vocabulary) : 0;
  if (missing > 0) notes.push(`${missing} of the 256 bytes have no token`);
  if (notation.hasByteTokens && counts.byte < 256)
    notes.push(`${counts.byte} of the 256 byte tokens are there`);
  if (!hasCapital(vocabulary))
    notes.push("no token has a capital letter: the normalizer folds case, or capitals are unknown");
  if (json.model.type === "Unigram" && json.model.unkId === undefined)
    notes.push("no unknown piece: the library refuses a text with a character that no piece has");
  if (json.model.type === "WordPiece") notes.push("kinds of white space are not told apart");
  return notes;
}

function normalizerNote({ type, lowercase, strip_accents: stripsAccents }: ComponentJson): string[] {
  if (type === "BertNormalizer") {
    const losesAccents = stripsAccents === true || (stripsAccents === null && lowercase === true);
    return [
      ...(lowercase === true ? ["the normalizer lower-cases"] : []),
      ...(losesAccents ? ["the normalizer strips accents"] : []),
    ];
  }
  const note = NORMALIZER_NOTES[type];
  return note === undefined ? [] : [note];
}

const NORMALIZER_NOTES: Readonly<Record<string, string>> = {
  Lowercase: "the normalizer lower-cases",
  StripAccents: "the normalizer strips accents",
  NFC: "the normalizer composes characters (NFC)",
  NFD: "the normalizer decomposes characters (NFD)",
  NFKC: "the normalizer replaces compatibility characters (NFKC)",
  NFKD: "the normalizer replaces compatibility characters (NFKD)",
  Nmt: "the normalizer drops control characters",
  Precompiled: "the normalizer replaces compatibility characters and white space (SentencePiece)",
  Strip: "the normalizer strips white space at the ends",
};

/** A charsmap does not tell whether it folds case, but the vocabulary does. */
function hasCapital(vocabulary: Vocabulary): boolean {
  for (let id = 0; id < vocabulary.size; id++) {
    if (vocabulary.kindOf(id) !== "text") continue;
    for (const byte of vocabulary.bytesOf(id)) if (byte >= 0x41 && byte <= 0x5a) return true;
  }
  return false;
}

function hasDummyPrefix(json: TokenizerJson): boolean {
  if (components(json.normalizer).some(({ type }) => type === "Prepend")) return true;
  return components(json.preTokenizer).some(({ type, prepend_scheme: scheme, add_prefix_space: adds }) => {
    if (type === "ByteLevel") return adds === true;
    return type === "Metaspace" && (scheme === undefined ? adds !== false : scheme !== "never");
  });
}

function missingBytes(vocabulary: Vocabulary): number {
  let missing = 0;
  for (let byte = 0; byte < 256; byte++) if (vocabulary.idsOf(Uint8Array.of(byte)).length === 0) missing++;
  return missing;
}
