import type { AddedTokenDocument } from "../byte-level/tokenizer-document.ts";
import { badTokenizer } from "../tokenizer-json/bad-tokenizer.ts";
import { type FolderSettings, isObject, type JsonObject } from "./folder-settings.ts";

interface Known {
  readonly tokens: Readonly<Record<string, string>>;
  readonly lstrip: readonly string[];
  readonly resetsFlags: boolean;
}

export interface SpecialTokens {
  /** By key of tokenizer_config.json: what the files name, else what the class knows by default. */
  readonly tokenOf: ReadonlyMap<string, string>;
  readonly added: readonly AddedTokenDocument[];
  /** Tokens that have another id than a file writes beside them, in words for people. */
  readonly notes: readonly string[];
}

/**
 * The special and added tokens of a folder, as the reference library collects them: those of `added_tokens_decoder`
 * (or, in older folders, of special_tokens_map.json and added_tokens.json), then the named ones, then the others. Each
 * has the id that the vocabulary gives it, else the next free one, whatever id a file writes beside it.
 * @param place of tokenizer_config.json, for messages
 * @param first tokens that are added before all these
 */
export function specialTokens(
  settings: FolderSettings,
  known: Known,
  vocab: ReadonlyMap<string, number>,
  place: string,
  first: readonly string[] = [],
): SpecialTokens {
  const config = withSpecialTokensMap(settings);
  const numbered = decoderTokens(config, settings, place);
  const decoder = new Map([...numbered].map(([content, { token }]) => [content, token]));
  const named = namedTokens(config, known, decoder, place);
  const others = listOf(config).map((value) => tokenFrom(value, place));
  const names = new Set([...named.values()].map(({ content }) => content));
  const specials = new Set([...names, ...others.map(({ content }) => content)]);

  const adding = new Map(first.map((content) => [content, plainSpecial(content)]));
  for (const [content, token] of decoder) adding.set(content, token);
  for (const token of [...named.values(), ...others]) {
    if (!adding.has(token.content)) adding.set(token.content, token);
  }
  const added = new Map<string, AddedTokenDocument>();
  let next = vocab.size;
  for (const token of adding.values()) {
    const id = vocab.get(token.content) ?? next;
    next = Math.max(next, id + 1);
    const isReset = known.resetsFlags && specials.has(token.content);
    const special = token.special || names.has(token.content);
    added.set(token.content, { id, ...(isReset ? plainSpecial(token.content) : { ...token, special }) });
  }
  return {
    tokenOf: new Map([...named].map(([key, { content }]) => [key, content])),
    added: [...added.values()].sort((one, other) => one.id - other.id),
    notes: [...numbered].flatMap(([content, { id }]) => {
      const inUse = added.get(content)!.id;
      return inUse === id
        ? []
        : [
            `a file numbers the added token ${JSON.stringify(content)} ${id}; the reference library numbers it ${inUse}`,
          ];
    }),
  };
}

/** In the order in which the library looks at them. */
export const ROLE_KEYS: readonly string[] = [
  "bos_token",
  "eos_token",
  "unk_token",
  "sep_token",
  "pad_token",
  "cls_token",
  "mask_token",
];

interface Token {
  readonly content: string;
  readonly single_word: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  readonly normalized: boolean;
  readonly special: boolean;
}

/** special_tokens_map.json wins, but only where tokenizer_config.json does not list its tokens itself. */
function withSpecialTokensMap({ config, specialTokensMap = {} }: FolderSettings): JsonObject {
  if (config.added_tokens_decoder !== undefined) return config;
  return { ...config, ...specialTokensMap };
}

function decoderTokens(
  config: JsonObject,
  { addedTokens = {} }: FolderSettings,
  place: string,
): Map<string, Numbered> {
  if (config.added_tokens_decoder === undefined) {
    const specials = new Set(
      [...ROLE_KEYS.map((key) => config[key]), ...listOf(config)]
        .filter((value) => value !== undefined && value !== null)
        .map((value) => tokenFrom(value, place).content),
    );
    return inOrder(
      Object.entries(addedTokens).map(([content, id]) => {
        const special = specials.has(content);
        return [Number(id), { ...plainSpecial(content), special, normalized: !special }];
      }),
      place,
    );
  }
  if (!isObject(config.added_tokens_decoder)) {
    throw badTokenizer(place, "added_tokens_decoder is no object, expected ids with their tokens");
  }
  return inOrder(
    Object.entries(config.added_tokens_decoder).map(([id, value]) => [Number(id), tokenFrom(value, place)]),
    place,
  );
}

interface Numbered {
  readonly id: number;
  readonly token: Token;
}

function inOrder(entries: readonly (readonly [number, Token])[], place: string): Map<string, Numbered> {
  const wrong = entries.find(([id]) => !Number.isSafeInteger(id) || id < 0);
  if (wrong !== undefined) {
    throw badTokenizer(
      place,
      `the added token ${JSON.stringify(wrong[1].content)} has no whole number as id`,
    );
  }
  const sorted = [...entries].sort(([one], [other]) => one - other);
  return new Map(sorted.map(([id, token]) => [token.content, { id, token }]));
}

/** Role by role, then tokens that only this model has, such as `image_token`. */
function namedTokens(
  config: JsonObject,
  { tokens, lstrip }: Known,
  decoder: ReadonlyMap<string, Token>,
  place: string,
): Map<string, Token> {
  const named = new Map<string, Token>();
  for (const key of ROLE_KEYS) {
    const value = config[key] === undefined ? tokens[key] : config[key];
    if (value === undefined || value === null) continue;
    const token = tokenFrom(value, place);
    const plain = { ...token, lstrip: token.lstrip || (typeof value === "string" && lstrip.includes(key)) };
    named.set(key, decoder.get(token.content) ?? plain);
  }
  for (const [key, value] of modelTokens(config)) named.set(key, tokenFrom(value, place));
  return named;
}

function modelTokens(config: JsonObject): [string, unknown][] {
  const own = Object.entries(config).filter(
    ([key, value]) =>
      key.endsWith("_token") &&
      !ROLE_KEYS.some((role) => role === key) &&
      (typeof value === "string" || (isObject(value) && typeof value.content === "string")),
  );
  const extra = isObject(config.extra_special_tokens) ? Object.entries(config.extra_special_tokens) : [];
  const isText = ([, value]: [string, unknown]) => typeof value === "string";
  return [...own.filter((entry) => !isText(entry)), ...own.filter(isText), ...extra];
}

function listOf({
  extra_special_tokens: extra,
  additional_special_tokens: additional,
}: JsonObject): unknown[] {
  if (Array.isArray(extra) && extra.length > 0) return extra;
  return Array.isArray(additional) ? additional : [];
}

/** A token as a string, or with its flags as the library writes them; those left out have its defaults. */
function tokenFrom(value: unknown, place: string): Token {
  if (typeof value === "string") return plainSpecial(value);
  if (!isObject(value) || typeof value.content !== "string") {
    throw badTokenizer(
      place,
      `found ${JSON.stringify(value).slice(0, 80)} for a special token, expected a string or an object with content`,
    );
  }
  const special = value.special === true;
  const { normalized } = value;
  return {
    content: value.content,
    single_word: value.single_word === true,
    lstrip: value.lstrip === true,
    rstrip: value.rstrip === true,
    normalized: typeof normalized === "boolean" ? normalized : !special,
    special,
  };
}

export function plainSpecial(content: string): Token {
  return { content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
}
