import { isChatTemplateFile } from "../chat-templates.ts";
import { findSpecials, type Specials } from "../find-specials.ts";
import { chosenClass, isCodeAlone, namesCode } from "../reference/choose-class.ts";
import { classNamed, FAST_CLASS, type TokenizerClass } from "../reference/class-table.ts";
import { contentOf, type DeclaredTokens, type DeclaringFiles } from "../reference/declared-tokens.ts";
import type { ExtractedModel } from "../reference/extract-sentencepiece.ts";
import {
  type ReadingSubject,
  type ReferenceReading,
  readAsReference,
} from "../reference/read-as-reference.ts";
import { type TokenizerReading, tokenizerReading } from "../reference/tokenizer-reading.ts";
import type { ReadingOptions } from "../tokenizer.ts";
import { TOKENIZER_FILES } from "../tokenizer-files.ts";
import { encodeSettings, type JsonObject } from "../tokenizer-json/json-file.ts";
import {
  finishTokenizerJson,
  type OpenTokenizerJson,
  openTokenizerJson,
  parseTokenizerJson,
} from "../tokenizer-json/parse-tokenizer-json.ts";
import type { TokenizerJson } from "../tokenizer-json/tokenizer-json.ts";
import { FAST_NAME, fastConfig } from "./fast-config.ts";
import { placeOf, settingsOf } from "./tokenizer-place.ts";

/** A tokenizer as read from its files. */
interface ReadTokenizer {
  readonly json: TokenizerJson;
  readonly specials: Specials;
  readonly reference: TokenizerReading;
  readonly config: JsonObject | undefined;
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly notes: readonly string[];
}

/** Reads the files as AutoTokenizer opens the folder. */
export function readFolder(
  source: ReadonlyMap<string, Uint8Array>,
  origin: string,
  {
    isFile,
    extracted,
    ...options
  }: ReadingOptions & { readonly isFile: boolean; readonly extracted: ExtractedModel | undefined },
): ReadTokenizer {
  const { config, place, opened, beside } = open(source, origin);
  const model = settingsOf(source, "config.json", origin);
  const className = chosenClass(config, model, options);
  const described = classNamed(className);
  const subject = { className, described: described ?? FAST, files: { ...beside, extracted }, isFile };
  const refusal =
    described === undefined
      ? "that is code that no table describes"
      : (codeRefusal(described) ?? settingRefusal(config, model, options));
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
    files:
      extracted === undefined
        ? ownFiles(source, json.bytes)
        : withFurtherSpecials(ownFiles(source, json.bytes), config, reading.declared),
    notes: namesCode(config)
      ? [
          "tokenizer_config.json names Python code (auto_map), which is read with trust_remote_code=True only, and not here",
        ]
      : [],
  };
}

/**
 * Reads a tokenizer.json that was converted from the files of a class, with all components of the class. If the class would
 * read the tokenizer.json itself otherwise, the plain class is named instead.
 */
export function readConverted(
  source: ReadonlyMap<string, Uint8Array>,
  origin: string,
  options: ReadingOptions,
): ReadTokenizer {
  const read = readFolder(source, origin, { ...options, isFile: true, extracted: undefined });
  const { isInForce, differences, className } = read.reference;
  if (isInForce && differences.length === 0) return read;
  const { auto_map: _code, ...config } = settingsOf(source, "tokenizer_config.json", origin) ?? {};
  const plain = new Map(source).set(
    "tokenizer_config.json",
    encodeSettings({ ...config, tokenizer_class: FAST_NAME }),
  );
  const fast = readFolder(plain, origin, { className: FAST_CLASS, isFile: true, extracted: undefined });
  const note = `written as ${FAST_NAME}: of its tokenizer.json ${className} would make something else than of its files`;
  return { ...fast, notes: [...fast.notes, note] };
}

/** Reads the files exactly as tokenizer.json says, with a config under which AutoTokenizer does the same. */
export function readFile(source: ReadonlyMap<string, Uint8Array>, origin: string): ReadTokenizer {
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
  const config = settingsOf(source, "tokenizer_config.json", origin);
  const place = placeOf(origin, "tokenizer.json");
  return {
    config,
    place,
    opened: openTokenizerJson(source.get("tokenizer.json")!, place),
    beside: {
      config,
      specialTokensMap: settingsOf(source, "special_tokens_map.json", origin),
      addedTokens: settingsOf(source, "added_tokens.json", origin),
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

/** A class in Python reads other files by its own rules. */
function codeRefusal({ backend, files }: TokenizerClass): string | undefined {
  if (backend === "tokenizers") return undefined;
  const names = Object.values(files);
  const read = names.length === 0 ? "no file" : names.join(", ");
  return `that is ${backend === "python" ? "Python code" : "the SentencePiece program"}, which reads ${read}`;
}

/** Settings of a config that are not supported. */
function settingRefusal(
  config: JsonObject | undefined,
  model: JsonObject | undefined,
  { className }: ReadingOptions,
): string | undefined {
  for (const name of ["split_special_tokens", "fix_mistral_regex"]) {
    if (config?.[name] === true) return `${name} of tokenizer_config.json is not followed here`;
  }
  return className === undefined && isCodeAlone(model, config)
    ? "its tokenizer is Python code of the folder (auto_map), which is not read here"
    : undefined;
}

function declaring({
  config,
  specialTokensMap,
}: Pick<DeclaringFiles, "config" | "specialTokensMap">): JsonObject[] {
  return [config, specialTokensMap].filter((object) => object !== undefined);
}

/** The named and further special tokens of a reading, as a config would declare them. */
function namesIn({ named, extra }: DeclaredTokens): JsonObject {
  return { ...Object.fromEntries(named), extra_special_tokens: [...extra] };
}

/**
 * Lists the control pieces of a SentencePiece model in the config, as the library does when it saves such a folder: once there
 * is a tokenizer.json, they are no longer read from the model.
 */
function withFurtherSpecials(
  files: Map<string, Uint8Array>,
  config: JsonObject | undefined,
  { extra }: DeclaredTokens,
): Map<string, Uint8Array> {
  const isListed =
    config !== undefined && ("extra_special_tokens" in config || "additional_special_tokens" in config);
  if (isListed || extra.length === 0) return files;
  const listed = { ...config, extra_special_tokens: extra.map(contentOf) };
  return files.set("tokenizer_config.json", encodeSettings(listed));
}

/** All tokenizer files of the source, with this tokenizer.json. */
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
