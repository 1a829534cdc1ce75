import { quote } from "@revocab/core";
import { inByteAlphabet } from "../bytes/byte-alphabet.ts";
import {
  badTokenizer,
  isObject,
  type JsonObject,
  jsonObject,
  MAX_TOKENS,
} from "../tokenizer-json/json-file.ts";
import type { FolderSettings, FoundFormat } from "./folder-settings.ts";
import { edgeTemplate, rankedDocument, specialTokens } from "./ranked-document.ts";

/**
 * Reads Mistral's tekken.json: byte-level tokens by rank, the pattern that splits a text, and special tokens, which have the
 * first ids. The config gives the number of tokens to use. Special tokens without a name are called `<SPECIAL_i>`.
 * @throws RevocabError `bad_tokenizer`
 */
export function fromTekken(
  files: ReadonlyMap<string, Uint8Array>,
  settings: FolderSettings,
  placeOf: (name: string) => string,
): FoundFormat | undefined {
  const bytes = files.get(NAME);
  if (bytes === undefined) return undefined;
  const place = placeOf(NAME);
  const file = jsonObject(bytes, place);
  const { config } = file;
  if (!isObject(config) || typeof config.pattern !== "string" || config.pattern === "") {
    throw badTokenizer(place, "found no config.pattern, expected the pattern that cuts a text into words", {
      hint: "is this Mistral's tekken.json?",
    });
  }
  const specials = specialsOf(file, config, place);
  const ranks = ranksOf(file.vocab, usedTokens(config, specials.length, place), place);
  const ids = new Map([...ranks].map(([token, rank]) => [token, rank + specials.length]));
  for (const [id, token] of specials.entries()) ids.set(token, id);

  const configPlace = placeOf("tokenizer_config.json");
  const roles = Object.fromEntries(Object.entries(ROLES).filter(([, token]) => specials.includes(token)));
  const tokens = specialTokens({ settings, vocab: ids, roles, first: specials, place: configPlace });
  const idOf = new Map(tokens.added.map(({ content, id }) => [content, id]));
  const postProcessor = edgeTemplate(settings.config, { tokenOf: tokens.tokenOf, idOf, place: configPlace });
  return {
    tokenizerJson: rankedDocument({
      ranks,
      ids: Object.fromEntries(ids),
      pattern: config.pattern,
      added: tokens.added,
      ...(postProcessor === undefined ? {} : { postProcessor }),
    }),
    tokenizerConfig: { ...Object.fromEntries(tokens.tokenOf), ...settings.config },
    differences: [
      `read from ${NAME}${typeof config.version === "string" ? `, version ${config.version}` : ""}`,
    ],
    reads: [NAME, "added_tokens.json"],
  };
}

const NAME = "tekken.json";
const ROLES = { bos_token: "<s>", eos_token: "</s>", pad_token: "<pad>", unk_token: "<unk>" };

/** The special tokens of files up to version 7, which do not list them, as in mistral-common. */
const UNNAMED_SPECIALS = [
  "<unk>",
  "<s>",
  "</s>",
  "[INST]",
  "[/INST]",
  "[AVAILABLE_TOOLS]",
  "[/AVAILABLE_TOOLS]",
  "[TOOL_RESULTS]",
  "[/TOOL_RESULTS]",
  "[TOOL_CALLS]",
  "[IMG]",
  "<pad>",
  "[IMG_BREAK]",
  "[IMG_END]",
  "[PREFIX]",
  "[MIDDLE]",
  "[SUFFIX]",
  "[SYSTEM_PROMPT]",
  "[/SYSTEM_PROMPT]",
  "[TOOL_CONTENT]",
];

/** The special tokens, by id. */
function specialsOf(file: JsonObject, config: JsonObject, place: string): string[] {
  const named = namedSpecials(file.special_tokens, config.version, place);
  const count = countOf(config, "default_num_special_tokens", place) ?? named.length;
  if (count < named.length) {
    throw badTokenizer(
      place,
      `config.default_num_special_tokens is ${count}, but ${named.length} special tokens are listed`,
    );
  }
  const fillers = Array.from(
    { length: count - named.length },
    (_, index) => `<SPECIAL_${named.length + index}>`,
  );
  const specials = [...named, ...fillers];
  if (new Set(specials).size < specials.length) throw badTokenizer(place, "a special token is listed twice");
  return specials;
}

function namedSpecials(list: unknown, version: unknown, place: string): string[] {
  if (list === undefined || list === null) {
    const number = typeof version === "string" ? Number(/^v(\d+)/.exec(version)?.[1]) : Number.NaN;
    if (number <= 7) return UNNAMED_SPECIALS;
    throw badTokenizer(
      place,
      `found no special_tokens in a file of version ${quote(version)}, expected them after v7`,
    );
  }
  if (!Array.isArray(list))
    throw badTokenizer(place, "special_tokens is no list, expected ranks and token_str");
  const named: string[] = [];
  for (const entry of list) {
    const isSpecial =
      isObject(entry) &&
      Number.isInteger(entry.rank) &&
      typeof entry.token_str === "string" &&
      entry.token_str !== "";
    const rank = isSpecial ? (entry.rank as number) : -1;
    if (rank < 0 || rank >= list.length || named[rank] !== undefined) {
      throw badTokenizer(
        place,
        `special_tokens has ${quote(entry)}, expected a token_str and each rank below ${list.length} once`,
      );
    }
    named[rank] = (entry as { token_str: string }).token_str;
  }
  return named;
}

/** How many tokens of the list are used; undefined for all of them. */
function usedTokens(config: JsonObject, specials: number, place: string): number | undefined {
  const size = countOf(config, "default_vocab_size", place);
  if (size !== undefined && size < specials) {
    throw badTokenizer(
      place,
      `config.default_vocab_size is ${size}, expected at least the ${specials} special tokens`,
    );
  }
  return size === undefined ? undefined : size - specials;
}

function countOf(config: JsonObject, name: string, place: string): number | undefined {
  const value = config[name];
  if (value === undefined || value === null) return undefined;
  if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > MAX_TOKENS) {
    throw badTokenizer(place, `config.${name} is ${quote(value)}, expected a count up to ${MAX_TOKENS}`);
  }
  return value as number;
}

function ranksOf(vocab: unknown, used: number | undefined, place: string): Map<string, number> {
  if (!Array.isArray(vocab) || vocab.length === 0 || vocab.length > MAX_TOKENS) {
    throw badTokenizer(
      place,
      `vocab ${Array.isArray(vocab) ? `has ${vocab.length} entries` : "is no list"}, expected 1 to ${MAX_TOKENS} tokens`,
    );
  }
  const ranks = new Map<string, number>();
  for (const [rank, entry] of vocab.slice(0, used).entries()) {
    const base64: unknown = isObject(entry) ? entry.token_bytes : undefined;
    if (
      !isObject(entry) ||
      (entry.rank ?? rank) !== rank ||
      typeof base64 !== "string" ||
      !BASE64.test(base64)
    ) {
      throw badTokenizer(
        place,
        `vocab[${rank}] is ${quote(entry)}, expected rank ${rank} and token_bytes in base64`,
      );
    }
    const token = inByteAlphabet(Buffer.from(base64, "base64"));
    if (ranks.has(token)) throw badTokenizer(place, `vocab[${rank}]: the token ${base64} comes twice`);
    ranks.set(token, rank);
  }
  return ranks;
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
