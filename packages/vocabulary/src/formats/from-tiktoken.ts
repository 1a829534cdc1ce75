import { createHash } from "node:crypto";
import { quote, RevocabError } from "@revocab/core";
import { inByteAlphabet } from "../bytes/byte-alphabet.ts";
import { chooseClassOfFiles } from "../reference/choose-class.ts";
import { badTokenizer, isObject, type JsonObject, MAX_TOKENS } from "../tokenizer-json/json-file.ts";
import { type FolderSettings, type FoundFormat, SAVE_AGAIN } from "./folder-settings.ts";
import { KNOWN_TIKTOKEN, type KnownTiktoken, LLAMA3_PATTERN } from "./known-tiktoken.ts";
import {
  edgeTemplate,
  plainSpecial,
  rankedDocument,
  type SpecialTokens,
  specialTokens,
} from "./ranked-document.ts";

/**
 * Reads a tiktoken file, whatever its name: `*.tiktoken`, or the tokenizer.model of Llama 3. It holds tokens and ranks only.
 * For published files, which are recognized by their hash or by a unique name, the pattern that splits a text and the special
 * tokens are known. Other files are read as the reference library does, if the folder's settings select that.
 * @throws RevocabError `bad_tokenizer`; `unsupported_tokenizer` for a file that is neither
 */
export function fromTiktoken(
  files: ReadonlyMap<string, Uint8Array>,
  settings: FolderSettings,
  placeOf: (name: string) => string,
): FoundFormat | undefined {
  const name = [...files.keys()].find((each) => mayBeTiktoken(each) && isTiktoken(files.get(each)!));
  if (name === undefined) return undefined;
  const place = placeOf(name);
  const ranks = readTiktoken(files.get(name)!, place);
  const known = knownFile(name, files.get(name)!, { size: ranks.size, place });
  if (known === undefined && !isReadByLibrary(settings, name)) refuse(settings, place);

  const configPlace = placeOf("tokenizer_config.json");
  const isListed = known === undefined || settings.config.added_tokens_decoder !== undefined;
  const tokens = isListed
    ? specialTokens({
        settings,
        vocab: ranks,
        first: placeholders(settings.config, ranks.size, configPlace),
        place: configPlace,
      })
    : publishedTokens(known, settings, { ranks, configPlace });
  const idOf = new Map(tokens.added.map(({ content, id }) => [content, id]));
  const postProcessor = edgeTemplate(settings.config, { tokenOf: tokens.tokenOf, idOf, place: configPlace });
  return {
    tokenizerJson: rankedDocument({
      ranks,
      ids: Object.fromEntries(ranks),
      pattern: known?.pattern ?? LLAMA3_PATTERN,
      added: tokens.added,
      ...(known?.normalizer === undefined ? {} : { normalizer: known.normalizer }),
      ...(postProcessor === undefined ? {} : { postProcessor }),
    }),
    tokenizerConfig: { ...known?.roles, ...Object.fromEntries(tokens.tokenOf), ...settings.config },
    differences: [
      known === undefined
        ? `read from ${name} with the pattern that the reference library takes for such files; they do not say theirs`
        : `read from ${name}, which is ${known.name}'s`,
      ...(isListed || known?.note === undefined ? [] : [known.note]),
      ...tokens.notes,
    ],
    reads: [name, "added_tokens.json"],
  };
}

function mayBeTiktoken(name: string): boolean {
  return name.endsWith(".tiktoken") || name.endsWith(".model");
}

/** @throws RevocabError `bad_tokenizer` for a file with the name of a published one and another content */
function knownFile(
  name: string,
  bytes: Uint8Array,
  { size, place }: { readonly size: number; readonly place: string },
): KnownTiktoken | undefined {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const byHash = KNOWN_TIKTOKEN.find((known) => known.sha256 === sha256);
  if (byHash !== undefined) return byHash;
  const byName = KNOWN_TIKTOKEN.find(({ fileName }) => fileName === name);
  if (byName === undefined) return undefined;
  const isOther = byName.sha256 === undefined ? byName.size !== size : true;
  if (isOther) {
    throw badTokenizer(
      place,
      byName.sha256 === undefined
        ? `found ${size} tokens, expected the ${byName.size} of ${byName.name}'s ${name}`
        : `found a file with sha256 ${sha256.slice(0, 12)}…, expected ${byName.name}'s ${byName.sha256.slice(0, 12)}…`,
      { hint: "was the file downloaded completely? One of your own making needs another name" },
    );
  }
  return byName;
}

/**
 * Whether the reference library uses its generic class, which reads every tiktoken file with one of two names, always with the
 * same pattern.
 */
function isReadByLibrary(settings: FolderSettings, name: string): boolean {
  if (settings.config.auto_map !== undefined || !LIBRARY_NAMES.includes(name)) return false;
  return chooseClassOfFiles(settings.modelConfig, settings.config) === undefined;
}

const LIBRARY_NAMES = ["tokenizer.model", "tiktoken.model"];

function refuse(settings: FolderSettings, place: string): never {
  const className = chooseClassOfFiles(settings.modelConfig, settings.config);
  throw new RevocabError(
    "unsupported_tokenizer",
    `${place}: found a tiktoken file that is not among the known ones${className === undefined ? "" : `, of the class ${className}`}; it does not say how a text is cut into words, nor its special tokens`,
    {
      hint: `${SAVE_AGAIN}. Or name the file tokenizer.model and lay a tokenizer_config.json with {"tokenizer_class": "PreTrainedTokenizerFast"} and its added_tokens_decoder beside it, to have it read as transformers reads tiktoken files, with Llama 3's pattern`,
    },
  );
}

/** Tokens for all ids from the file's tokens to the last of added_tokens_decoder, with placeholders in gaps; then the others. */
function placeholders(config: JsonObject, size: number, place: string): string[] {
  const decoder = isObject(config.added_tokens_decoder) ? config.added_tokens_decoder : {};
  const contentOf = new Map(
    Object.entries(decoder).map(([id, token]) => [
      Number(id),
      isObject(token) ? String(token.content) : String(token),
    ]),
  );
  const last = [...contentOf.keys()].reduce((most, id) => Math.max(most, id), -1);
  if (last >= MAX_TOKENS)
    throw badTokenizer(place, `found an added token with id ${last}, expected less than ${MAX_TOKENS}`);
  const first = Array.from(
    { length: Math.max(0, last + 1 - size) },
    (_, index) => contentOf.get(size + index) ?? `<|reserved_token_${size + index}|>`,
  );
  const { extra_special_tokens: extra, additional_special_tokens: additional } = config;
  const isGiven = isObject(extra) ? Object.keys(extra).length > 0 : Array.isArray(extra) && extra.length > 0;
  const listed = isGiven ? extra : additional;
  const others = Array.isArray(listed) ? listed.filter((token) => typeof token === "string") : [];
  return [...new Set([...first, ...others])];
}

function publishedTokens(
  { specials, roles }: KnownTiktoken,
  settings: FolderSettings,
  { ranks, configPlace }: { readonly ranks: ReadonlyMap<string, number>; readonly configPlace: string },
): SpecialTokens {
  const ids = new Map([...ranks, ...Object.entries(specials)]);
  const named = specialTokens({ settings, vocab: ids, roles, place: configPlace });
  const isPublished = new Set(Object.keys(specials));
  return {
    tokenOf: named.tokenOf,
    notes: named.notes,
    added: [
      ...Object.entries(specials).map(([content, id]) => ({ id, ...plainSpecial(content) })),
      ...named.added.filter(({ content }) => !isPublished.has(content)),
    ].sort((one, other) => one.id - other.id),
  };
}

/** Whether a file has the format of tiktoken: a token in base64 and its rank on each line. */
export function isTiktoken(bytes: Uint8Array): boolean {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 4096)).toString("latin1");
  return LINE.test(head.split("\n", 1)[0]!);
}

/**
 * The tokens of a tiktoken file in GPT-2's byte alphabet, with their ranks, which are their ids.
 * @throws RevocabError `bad_tokenizer` for a line of another format, and for a token or a rank that occurs twice
 */
export function readTiktoken(bytes: Uint8Array, place: string): Map<string, number> {
  const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1").split("\n");
  if (lines.at(-1) === "") lines.pop();
  const ranks = new Map<string, number>();
  const tokenOf = new Map<number, string>();
  for (const [number, line] of lines.entries()) {
    if (line === "" || line === "\r") continue;
    const [, base64, digits] = LINE.exec(line) ?? [];
    const rank = Number(digits);
    if (base64 === undefined || base64.length % 4 !== 0 || rank >= MAX_TOKENS) {
      const isLast = number === lines.length - 1;
      throw badTokenizer(
        place,
        `line ${number + 1} is ${quote(line.slice(0, 40))}, expected a token in base64 and its rank below ${MAX_TOKENS}`,
        isLast ? { hint: "the last line is cut short: was the file downloaded completely?" } : {},
      );
    }
    const token = inByteAlphabet(Buffer.from(base64, "base64"));
    if (ranks.has(token)) throw badTokenizer(place, `line ${number + 1}: the token ${base64} comes twice`);
    if (tokenOf.has(rank)) {
      throw badTokenizer(
        place,
        `line ${number + 1}: rank ${rank} belongs to another token too, expected one token a rank`,
      );
    }
    ranks.set(token, rank);
    tokenOf.set(rank, token);
  }
  return ranks;
}

const LINE = /^([A-Za-z0-9+/]+={0,2}) (\d{1,10})\r?$/;
