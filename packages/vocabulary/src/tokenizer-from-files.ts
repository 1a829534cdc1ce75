import { dirname, join } from "node:path";
import { RevocabError } from "@revocab/core";
import { textCuts } from "./cuts/text-cuts.ts";
import { isTiktoken } from "./formats/read-tiktoken.ts";
import { goesBeforeSentencePiece, tokenizerJsonFrom } from "./formats/tokenizer-json-from.ts";
import { textFrame } from "./frame/text-frame.ts";
import { chatTemplatesOf, isChatTemplateFile } from "./publish/chat-templates-of.ts";
import { FAST_NAME, fastConfig } from "./publish/fast-config.ts";
import { readNotation } from "./read-notation.ts";
import { chooseClass, namesCode } from "./reference/choose-class.ts";
import { classNamed, FAST_CLASS, knownName, type TokenizerClass } from "./reference/class-table.ts";
import type { DeclaredTokens, DeclaringFiles } from "./reference/declared-tokens.ts";
import { type ExtractedModel, extractSentencePiece } from "./reference/extract-sentencepiece.ts";
import {
  type ReadingSubject,
  type ReferenceReading,
  readAsReference,
} from "./reference/read-as-reference.ts";
import { type TokenizerReading, tokenizerReading } from "./reference/tokenizer-reading.ts";
import { runtimeOf } from "./runtime-of.ts";
import { arrangePieces, type ModelReader } from "./sentencepiece/arrange-pieces.ts";
import { checkModel } from "./sentencepiece/check-model.ts";
import { convertSentencePiece } from "./sentencepiece/convert-sentencepiece.ts";
import type { ModelProto } from "./sentencepiece/model-proto.ts";
import { readModelProto } from "./sentencepiece/read-model-proto.ts";
import { findSpecials, type Specials } from "./special/find-specials.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { TOKENIZER_FILES } from "./tokenizer-files.ts";
import { badTokenizer } from "./tokenizer-json/bad-tokenizer.ts";
import { parseJson } from "./tokenizer-json/parse-json.ts";
import {
  finishTokenizerJson,
  type OpenTokenizerJson,
  openTokenizerJson,
  parseTokenizerJson,
} from "./tokenizer-json/parse-tokenizer-json.ts";
import type { TokenizerJson } from "./tokenizer-json/tokenizer-json.ts";
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
  const extracted = extractModel(files, origin, options);
  if (options.reading === "file" && extracted !== undefined) {
    // Its ids are those that the class in force gives; published is what that makes.
    const { files: own } = tokenizerFromFiles(files, origin, { ...options, reading: "class" });
    return tokenizerFromFiles(own, origin, options);
  }
  const { source, differences, isConverted } = extracted ?? withTokenizerJson(files, origin);
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
    notes: [
      ...new Set([
        ...differences,
        ...json.notes,
        ...reference.differences,
        ...(reference.reason === undefined ? [] : [reference.reason]),
        ...specials.notes,
        ...read.notes,
        ...tokenizerNotes(json, notation, vocabulary),
      ]),
    ],
    ...runtimeOf(json, placeOf(origin, "tokenizer.json")),
  };
}

interface ReadTokenizer {
  readonly json: TokenizerJson;
  readonly specials: Specials;
  readonly reference: TokenizerReading;
  readonly config: JsonObject | undefined;
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly notes: readonly string[];
}

/** As AutoTokenizer opens the folder. */
function readFolder(
  source: ReadonlyMap<string, Uint8Array>,
  origin: string,
  {
    isFile,
    extracted,
    ...options
  }: ReadingOptions & { readonly isFile: boolean; readonly extracted: ExtractedModel | undefined },
): ReadTokenizer {
  const { config, place, opened, beside } = open(source, origin);
  const className = classInForce(config, jsonObject(source, "config.json", origin), options);
  const described = classNamed(className);
  const subject = { className, described: described ?? FAST, files: { ...beside, extracted }, isFile };
  const refusal = described === undefined ? "is code that no table describes" : codeRefusal(described);
  const read = refusal ?? readAsReference(opened, subject);
  const isRefused = typeof read === "string";
  const reading = isRefused ? mustRead(opened, { ...subject, className: FAST_CLASS, described: FAST }) : read;
  const reason = isRefused
    ? `AutoTokenizer opens it as ${className}, but ${read}; what is shown here is tokenizer.json as it stands`
    : undefined;
  const json =
    reading.bytes === opened.bytes
      ? finishTokenizerJson(opened, place)
      : parseTokenizerJson(reading.bytes, place);
  return {
    json,
    specials: findSpecials(json, isRefused ? declaring(beside) : [namesIn(reading.declared)]),
    reference: tokenizerReading(className, reading, { reason, ...endings(opened) }),
    config,
    files: ownFiles(source, json.bytes),
    notes: namesCode(config)
      ? [
          "tokenizer_config.json names Python code (auto_map), which is read with trust_remote_code=True only, and not here",
        ]
      : [],
  };
}

function classInForce(
  config: JsonObject | undefined,
  model: JsonObject | undefined,
  { className }: ReadingOptions,
): string {
  return className === undefined ? chooseClass(model, config) : (knownName(className) ?? FAST_CLASS);
}

/**
 * A tokenizer.json that was made of other files is complete as the class makes it of those. Where the class would make something
 * else of the tokenizer.json, the plain one is named.
 */
function readConverted(
  source: ReadonlyMap<string, Uint8Array>,
  origin: string,
  options: ReadingOptions,
): ReadTokenizer {
  const read = readFolder(source, origin, { ...options, isFile: true, extracted: undefined });
  const { isInForce, differences, className } = read.reference;
  if (isInForce && differences.length === 0) return read;
  const { auto_map: _code, ...config } = jsonObject(source, "tokenizer_config.json", origin) ?? {};
  const settings = JSON.stringify({ ...config, tokenizer_class: FAST_NAME }, null, 2);
  const plain = new Map(source).set("tokenizer_config.json", new TextEncoder().encode(`${settings}\n`));
  const fast = readFolder(plain, origin, { className: FAST_CLASS, isFile: true, extracted: undefined });
  const note = `written as ${FAST_NAME}: of its tokenizer.json ${className} would make something else than of its files`;
  return { ...fast, notes: [...fast.notes, note] };
}

/**
 * A folder that names a class, with a SentencePiece model and no tokenizer.json, as the class in force takes the model apart. A
 * file that is no such model is left to others.
 */
function extractModel(
  files: ReadonlyMap<string, Uint8Array>,
  origin: string,
  options: ReadingOptions,
): (ReturnType<typeof withTokenizerJson> & { readonly model: ExtractedModel }) | undefined {
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

/** As tokenizer.json says, with the files that publish it so. */
function readFile(source: ReadonlyMap<string, Uint8Array>, origin: string): ReadTokenizer {
  const { config, place, opened, beside } = open(source, origin);
  const { bytes: pinnedBytes, notes } = finishTokenizerJson(opened, place);
  const pinned = pinnedBytes === opened.bytes ? opened : openTokenizerJson(pinnedBytes, place);
  const readWith = (settings: JsonObject | undefined) => {
    const files = { ...beside, config: settings };
    const reading = mustRead(pinned, { className: FAST_CLASS, described: FAST, files });
    const json =
      reading.bytes === pinned.bytes
        ? finishTokenizerJson(pinned, place)
        : parseTokenizerJson(reading.bytes, place);
    return { reading, json, specials: findSpecials(json, [namesIn(reading.declared)]) };
  };
  const found = readWith(config);
  const published = fastConfig(config, found.reading.declared, found);
  const { reading, json, specials } = published.config === config ? found : readWith(published.config);
  return {
    json: { ...json, notes: [...notes, ...json.notes] },
    specials,
    reference: tokenizerReading(FAST_CLASS, reading, { reason: undefined, ...endings(opened) }),
    config,
    files: published.files(ownFiles(source, json.bytes)),
    notes: published.notes,
  };
}

const FAST = classNamed(FAST_CLASS)!;

/** The files that every reading begins with. */
function open(source: ReadonlyMap<string, Uint8Array>, origin: string) {
  const config = jsonObject(source, "tokenizer_config.json", origin);
  const place = placeOf(origin, "tokenizer.json");
  return {
    config,
    place,
    opened: openTokenizerJson(source.get("tokenizer.json")!, place),
    beside: {
      config,
      specialTokensMap: jsonObject(source, "special_tokens_map.json", origin),
      addedTokens: jsonObject(source, "added_tokens.json", origin),
    },
  };
}

function endings({ data }: OpenTokenizerJson): { readonly padding: unknown; readonly truncation: unknown } {
  return { padding: data.padding, truncation: data.truncation };
}

/** The plain class refuses nothing. */
function mustRead(opened: OpenTokenizerJson, subject: ReadingSubject): ReferenceReading {
  const reading = readAsReference(opened, subject);
  if (typeof reading === "string") throw new Error(reading);
  return reading;
}

/** A class in Python reads other files, and by rules of its own. */
function codeRefusal({ backend, files }: TokenizerClass): string | undefined {
  if (backend === "tokenizers") return undefined;
  const names = Object.values(files);
  const read = names.length === 0 ? "no file" : names.join(", ");
  return `that is ${backend === "python" ? "Python code" : "the SentencePiece program"}, which reads ${read}`;
}

function declaring({
  config,
  specialTokensMap,
}: Pick<DeclaringFiles, "config" | "specialTokensMap">): JsonObject[] {
  return [config, specialTokensMap].filter((object) => object !== undefined);
}

/** The named and further special tokens in force, as a config would declare them. */
function namesIn({ named, extra }: DeclaredTokens): JsonObject {
  return { ...Object.fromEntries(named), extra_special_tokens: [...extra] };
}

/** All of them, with the tokenizer.json in force. */
function ownFiles(
  source: ReadonlyMap<string, Uint8Array>,
  tokenizerJson: Uint8Array,
): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const name of TOKENIZER_FILES) {
    const content = source.get(name);
    if (content !== undefined) files.set(name, content);
  }
  for (const [name, content] of source) if (isChatTemplateFile(name)) files.set(name, content);
  files.set("tokenizer.json", tokenizerJson);
  return files;
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
): {
  readonly source: Map<string, Uint8Array>;
  readonly differences: readonly string[];
  /** Whether it was made of other files than a SentencePiece model, with all that their class builds. */
  readonly isConverted: boolean;
} {
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

function inTermsOf(place: string, cause: unknown): unknown {
  if (!(cause instanceof RevocabError)) return cause;
  const { code, message, hint } = cause;
  return new RevocabError(code, `${place}: ${message}`, { ...(hint !== undefined && { hint }), cause });
}

type JsonObject = Readonly<Record<string, unknown>>;

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
