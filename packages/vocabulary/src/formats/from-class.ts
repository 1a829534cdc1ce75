import { quote, RevocabError } from "@revocab/core";
import { chooseClassOfFiles } from "../reference/choose-class.ts";
import { classNamed, type TokenizerClass } from "../reference/class-table.ts";
import { contentOf, type DeclaredTokens, ROLE_NAMES } from "../reference/declared-tokens.ts";
import { readAsReference } from "../reference/read-as-reference.ts";
import {
  badTokenizer,
  isObject,
  jsonObject,
  MAX_FILE_BYTES,
  MAX_TOKENS,
} from "../tokenizer-json/json-file.ts";
import { openTokenizerJson } from "../tokenizer-json/parse-tokenizer-json.ts";
import {
  checkDeclared,
  type FolderSettings,
  type FoundFormat,
  numberNotes,
  SAVE_AGAIN,
} from "./folder-settings.ts";

/** The files of one vocabulary, and the class to use if the settings name none. */
interface VocabularyFiles {
  readonly vocab: string;
  readonly merges?: string;
  readonly classByName?: string;
}

const VOCABULARY_FILES: readonly VocabularyFiles[] = [
  { vocab: "vocab.json", merges: "merges.txt" },
  // What OpenAI published GPT-2 as; no other tokenizer has files of these names.
  { vocab: "encoder.json", merges: "vocab.bpe", classByName: "GPT2Tokenizer" },
  { vocab: "vocab.txt" },
];

/** Why a class that reads these files cannot be built from them alone. */
const LEFT_OUT: ReadonlyMap<string, string> = new Map([
  ["LukeTokenizer", "reads entity_vocab.json"],
  ["MarkupLMTokenizer", "needs tags_dict"],
  ["RoFormerTokenizer", "cuts with jieba"],
  ["SplinterTokenizer", "puts a question token into pairs"],
]);

/** The vocabulary file from which a class can be built; vocab.json includes merges.txt. */
export function vocabularyFileOf(className: string): "vocab.json" | "vocab.txt" | undefined {
  const { rebuild, files = {} } = classNamed(className) ?? {};
  if (rebuild === undefined || LEFT_OUT.has(className)) return undefined;
  if (files.vocab_file === "vocab.txt") return "vocab.txt";
  return files.vocab_file === "vocab.json" && files.merges_file === "merges.txt" ? "vocab.json" : undefined;
}

/**
 * Reads a vocabulary of vocab.json and merges.txt, or of vocab.txt. These files do not say how a text is split before the
 * model sees it. That is in the code of the tokenizer's class, and here in the table of classes.
 * @throws RevocabError `unsupported_tokenizer` if no class is named, or an unknown one
 */
export function fromClass(
  files: ReadonlyMap<string, Uint8Array>,
  settings: FolderSettings,
  placeOf: (name: string) => string,
): FoundFormat | undefined {
  const found = VOCABULARY_FILES.find(
    ({ vocab, merges }) => files.has(vocab) && (merges === undefined || files.has(merges)),
  );
  if (found === undefined) return refuseHalf(files, placeOf);
  const { className, described } = classToTake(found, settings, placeOf);
  const reads = [found.vocab, ...(found.merges === undefined ? [] : [found.merges])];
  const vocab =
    found.merges === undefined
      ? readVocabTxt(files.get(found.vocab)!, placeOf(found.vocab))
      : readVocabJson(files.get(found.vocab)!, placeOf(found.vocab));
  const merges =
    found.merges === undefined
      ? undefined
      : readMergesTxt(files.get(found.merges)!, vocab, placeOf(found.merges));

  const { tokenizerJson, declared } = asClassReads(
    JSON.stringify(document(Object.fromEntries(vocab), merges)),
    { className, described, settings },
    placeOf("tokenizer_config.json"),
  );
  return {
    tokenizerJson,
    tokenizerConfig: { tokenizer_class: className, ...settings.config, ...newRoles(settings, declared) },
    differences: [
      `read from ${reads.join(" and ")} as ${className} does`,
      ...numberNotes(settings, JSON.parse(tokenizerJson).added_tokens),
    ],
    reads: [...reads, "added_tokens.json"],
  };
}

/** Without the components around the model, which the class builds. */
function document(vocab: Readonly<Record<string, number>>, merges: readonly [string, string][] | undefined) {
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: null,
    model: merges === undefined ? { type: "WordPiece", vocab } : { type: "BPE", vocab, merges },
  };
}

function asClassReads(
  tokenizerJson: string,
  {
    className,
    described,
    settings,
  }: {
    readonly className: string;
    readonly described: TokenizerClass;
    readonly settings: FolderSettings;
  },
  place: string,
): { readonly tokenizerJson: string; readonly declared: DeclaredTokens } {
  checkDeclared(settings, described.rebuild, place);
  const read = readAsReference(openTokenizerJson(new TextEncoder().encode(tokenizerJson), place), {
    className,
    described,
    files: settings,
    isFile: false,
  });
  if (typeof read !== "string") {
    return { tokenizerJson: new TextDecoder().decode(read.bytes), declared: read.declared };
  }
  throw new RevocabError(
    "unsupported_tokenizer",
    `${place}: a ${className} cannot be made of these files: ${read}`,
    {
      hint: SAVE_AGAIN,
    },
  );
}

function refuseHalf(files: ReadonlyMap<string, Uint8Array>, placeOf: (name: string) => string): undefined {
  for (const { vocab, merges } of VOCABULARY_FILES) {
    if (merges === undefined || files.has(vocab) === files.has(merges)) continue;
    const [there, missing] = files.has(vocab) ? [vocab, merges] : [merges, vocab];
    throw new RevocabError(
      "missing_file",
      `${placeOf(there)}: found ${there} without ${missing}, expected both`,
      {
        hint: `put ${missing} beside it, or give a folder with tokenizer.json`,
      },
    );
  }
  return undefined;
}

/** Roles from the class's defaults or special_tokens_map.json, written out so that other loaders of the folder see them. */
function newRoles({ config }: FolderSettings, { named }: DeclaredTokens): Record<string, string> {
  const contentIn = (value: unknown) => (isObject(value) ? value.content : value);
  return Object.fromEntries(
    ROLE_NAMES.flatMap((role) => {
      const token = named.get(role);
      const content = token === undefined ? undefined : contentOf(token);
      return content === undefined || contentIn(config[role]) === content ? [] : [[role, content]];
    }),
  );
}

function classToTake(
  { vocab, merges, classByName }: VocabularyFiles,
  settings: FolderSettings,
  placeOf: (name: string) => string,
): { readonly className: string; readonly described: TokenizerClass } {
  const className = chooseClassOfFiles(settings.modelConfig, settings.config) ?? classByName;
  const described = className === undefined ? undefined : classNamed(className);
  const file = merges === undefined ? "vocab.txt" : "vocab.json";
  if (className !== undefined && described !== undefined && vocabularyFileOf(className) === file) {
    return { className, described };
  }
  const why = className === undefined ? undefined : LEFT_OUT.get(className);
  throw new RevocabError(
    "unsupported_tokenizer",
    `${placeOf(vocab)}: found ${className === undefined ? "no class of tokenizer" : `the class ${className}${why === undefined ? "" : `, which ${why}`}`}, expected one that is known to read ${file}: the file does not say how a text is cut into words`,
    {
      hint:
        className === undefined
          ? `name the class in tokenizer_config.json beside it, such as {"tokenizer_class": "${file === "vocab.txt" ? "BertTokenizer" : "GPT2Tokenizer"}"}, or give a folder with tokenizer.json`
          : SAVE_AGAIN,
    },
  );
}

/** @throws RevocabError `bad_tokenizer` for anything but pieces with their ids */
function readVocabJson(bytes: Uint8Array, place: string): Map<string, number> {
  const entries = Object.entries(jsonObject(bytes, place));
  if (entries.length === 0) throw badTokenizer(place, "found no pieces, expected pieces with their ids");
  const pieceOf = new Map<number, string>();
  for (const [piece, id] of entries) {
    if (!Number.isInteger(id) || (id as number) < 0 || (id as number) >= MAX_TOKENS) {
      throw badTokenizer(
        place,
        `the piece ${quote(piece)} has ${quote(id)}, expected an id below ${MAX_TOKENS}`,
        { hint: "expected the vocab.json of a BPE tokenizer, which lies beside merges.txt" },
      );
    }
    const other = pieceOf.get(id as number);
    if (other !== undefined) {
      throw badTokenizer(place, `id ${id} belongs to both ${quote(other)} and ${quote(piece)}`);
    }
    pieceOf.set(id as number, piece);
  }
  return new Map(entries as [string, number][]);
}

/**
 * A piece on each line; the id is the index of the line. White space at the end of a line is not part of the piece. A piece
 * that occurs twice has its last id, as in the tokenizers library.
 * @throws RevocabError `bad_tokenizer`
 */
function readVocabTxt(bytes: Uint8Array, place: string): Map<string, number> {
  const lines = linesOf(bytes, place);
  if (lines.length > MAX_TOKENS)
    throw badTokenizer(place, `found ${lines.length} lines, expected at most ${MAX_TOKENS} pieces`);
  const vocab = new Map<string, number>();
  for (const [id, line] of lines.entries()) vocab.set(line.replace(/\p{White_Space}+$/u, ""), id);
  if (vocab.size === 0) throw badTokenizer(place, "the file is empty, expected a piece a line");
  return vocab;
}

/**
 * A merge on each line, best first: two pieces with a space between them.
 * @throws RevocabError `bad_tokenizer` for a line that is no pair, and for a pair whose parts or whole are no pieces
 */
function readMergesTxt(
  bytes: Uint8Array,
  vocab: ReadonlyMap<string, number>,
  place: string,
): [string, string][] {
  const merges: [string, string][] = [];
  for (const [number, line] of linesOf(bytes, place).entries()) {
    if (line.startsWith("#version")) continue;
    const parts = line.split(" ");
    const [left, right] = parts;
    if (parts.length !== 2) {
      throw badTokenizer(
        place,
        `line ${number + 1} is ${quote(line.slice(0, 40))}, expected two pieces with a space between them`,
      );
    }
    const missing = [left!, right!, left! + right!].find((piece) => !vocab.has(piece));
    if (missing !== undefined) {
      throw badTokenizer(
        place,
        `line ${number + 1} merges ${quote(left)} and ${quote(right)}, but the vocabulary has no ${quote(missing)}`,
        { hint: "take both files from one place; they belong together" },
      );
    }
    merges.push([left!, right!]);
  }
  return merges;
}

function linesOf(bytes: Uint8Array, place: string): string[] {
  if (bytes.length > MAX_FILE_BYTES)
    throw badTokenizer(place, `found ${bytes.length} bytes, expected at most ${MAX_FILE_BYTES}`);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw badTokenizer(place, "found bytes that are no UTF-8, expected lines of text", { cause });
  }
  const lines = text.split("\n").map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
  if (lines.at(-1) === "") lines.pop();
  return lines;
}
