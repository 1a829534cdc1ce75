import type { JsonObject } from "../tokenizer-json/json-file.ts";
import { type AddedVocabulary, isSame, tokenFlags } from "./added-vocabulary.ts";
import type { ExtraRule, Rebuild, TokenFlags } from "./class-table.ts";
import type { ExtractedModel } from "./extract-sentencepiece.ts";

type Token = string | TokenFlags;

/** The JSON files beside a tokenizer.json, and the tokens and padding of that file itself. */
export interface DeclaringFiles {
  readonly config: JsonObject | undefined;
  readonly specialTokensMap: JsonObject | undefined;
  /** added_tokens.json: content → id. */
  readonly addedTokens: JsonObject | undefined;
  /** `added_tokens` of tokenizer.json; undefined without such a file. */
  readonly fileTokens: readonly (TokenFlags & { readonly id: number })[] | undefined;
  /** What a SentencePiece model declares, if there is no tokenizer.json. */
  readonly extracted?: Partial<Omit<ExtractedModel, "tokenizerJson">> | undefined;
  /** `padding.pad_token` of tokenizer.json. */
  readonly paddingToken: string | undefined;
}

/** The arguments that the constructor of a class gets from the files of a folder. */
export interface DeclaredTokens {
  /** `bos_token`, … and names of the model's own, in the order in which they are added. */
  readonly named: ReadonlyMap<string, Token>;
  readonly extra: readonly Token[];
  /** Tokens to which a file gives ids, in the order of these ids. The library does not keep the ids. */
  readonly numbered: readonly TokenFlags[];
  /** All other settings. */
  readonly settings: JsonObject;
}

/**
 * Reads the special and added tokens of a folder as `from_pretrained` does. If tokenizer_config.json has an
 * `added_tokens_decoder`, it is used alone. Otherwise special_tokens_map.json overrides the config, and added_tokens.json and
 * tokenizer.json give the added tokens. `add_bos_token` and `add_eos_token` count only without a tokenizer.json.
 */
export function declaredTokens(files: DeclaringFiles, rebuild: Rebuild | undefined): DeclaredTokens {
  const { tokenizer_class: _class, init_inputs: _inputs, ...settings } = { ...files.config } as Mutable;
  if (files.fileTokens !== undefined) {
    delete settings.add_bos_token;
    delete settings.add_eos_token;
  }
  if ("additional_special_tokens" in settings && !isFilled(settings.extra_special_tokens)) {
    settings.extra_special_tokens = settings.additional_special_tokens;
    delete settings.additional_special_tokens;
  }
  const ownNames: Mutable = {};
  for (const [name, value] of Object.entries(settings)) {
    if (!isOwnName(name) || typeof value !== "string") continue;
    ownNames[name] = value;
    delete settings[name];
  }
  takeExtraNames(settings, ownNames);
  const numbered = new Map<number, TokenFlags>();
  if ("added_tokens_decoder" in settings) {
    for (const [id, token] of Object.entries(asObject(settings.added_tokens_decoder))) {
      const flags = asToken(token);
      if (flags !== undefined)
        numbered.set(Number(id), typeof flags === "string" ? tokenFlags(flags) : flags);
    }
  } else {
    applySpecialTokensMap(settings, files.specialTokensMap ?? {});
    takeExtraNames(settings, ownNames);
    numberLegacyTokens(settings, files, numbered);
  }
  const byContent = new Map([...numbered.values()].map((token) => [token.content, token]));
  for (const role of ROLE_NAMES) {
    const token = asToken(settings[role]);
    if (token === undefined) continue;
    settings[role] = byContent.get(typeof token === "string" ? token : token.content) ?? token;
  }
  const { tokens, names = {}, unknown } = files.extracted ?? {};
  if (tokens !== undefined) settings.additional_special_tokens = tokens;
  if (unknown !== undefined) settings.unk_id = unknown;
  if (rebuild === undefined) {
    for (const [name, token] of Object.entries(names)) if (!(name in settings)) settings[name] = token;
  }
  return {
    named: namedTokens(settings, ownNames, rebuild, files.paddingToken),
    extra: extraTokens(settings, rebuild),
    numbered: [...numbered].sort(([a], [b]) => a - b).map(([, token]) => token),
    settings,
  };
}

/** The names of special tokens that every class has, in the library's order. */
export const ROLE_NAMES = [
  "bos_token",
  "eos_token",
  "unk_token",
  "sep_token",
  "pad_token",
  "cls_token",
  "mask_token",
] as const;

type Mutable = Record<string, unknown>;

function isOwnName(name: string): boolean {
  return name.endsWith("_token") && !(ROLE_NAMES as readonly string[]).includes(name);
}

/** Extra tokens with names become named tokens of the model's own. */
function takeExtraNames(settings: Mutable, ownNames: Mutable): void {
  const extra = settings.extra_special_tokens;
  if (typeof extra !== "object" || extra === null || Array.isArray(extra)) return;
  Object.assign(ownNames, extra);
  delete settings.extra_special_tokens;
}

function applySpecialTokensMap(settings: Mutable, map: JsonObject): void {
  for (const [key, value] of Object.entries(map)) {
    if (key === "extra_special_tokens" && Array.isArray(value)) {
      const given = Array.isArray(settings[key]) ? settings[key] : [];
      settings[key] = [...given, ...value.filter((token) => !given.includes(token))];
    } else if (isTokenObject(value)) {
      settings[key] = tokenFlags(value.content, { ...value, special: true });
    } else settings[key] = value;
  }
}

function numberLegacyTokens(
  settings: JsonObject,
  { addedTokens = {}, fileTokens = [] }: DeclaringFiles,
  numbered: Map<number, TokenFlags>,
): void {
  const specials = new Set(
    [...ROLE_NAMES.map((role) => settings[role]), ...asList(settings.extra_special_tokens)].map((value) => {
      const token = asToken(value);
      return typeof token === "object" ? token.content : token;
    }),
  );
  for (const [content, id] of Object.entries(addedTokens)) {
    if (typeof id === "number") numbered.set(id, tokenFlags(content, { special: specials.has(content) }));
  }
  for (const { id, ...token } of fileTokens) numbered.set(id, token);
}

function namedTokens(
  settings: JsonObject,
  ownNames: JsonObject,
  rebuild: Rebuild | undefined,
  paddingToken: string | undefined,
): Map<string, Token> {
  const named = new Map<string, Token>();
  const give = (name: string, value: unknown): void => {
    const token = asToken(value);
    if (token === undefined) return;
    const wrap = typeof token === "string" ? rebuild?.wraps[name] : undefined;
    named.set(name, wrap === undefined ? token : { content: contentOf(token), ...wrap });
  };
  for (const name of ROLE_NAMES) {
    const isParameter = rebuild !== undefined && name in rebuild.tokens;
    if (name in settings) give(name, settings[name]);
    else if (isParameter) give(name, rebuild.tokens[name]);
    else if (name === "pad_token") give(name, paddingToken);
  }
  for (const name of rebuild?.names.filter(isOwnName) ?? [])
    give(name, settings[name] ?? rebuild?.tokens[name]);
  for (const [name, value] of Object.entries(settings)) {
    if (isOwnName(name) && isTokenObject(value)) give(name, value);
  }
  for (const [name, value] of Object.entries(ownNames)) give(name, value);
  return named;
}

/** The extra tokens: those that a config lists, combined with those of the class. */
function extraTokens(settings: JsonObject, rebuild: Rebuild | undefined): Token[] {
  const defaults = defaultExtra(settings, rebuild);
  if ("extra_special_tokens" in settings) {
    const given = settings.extra_special_tokens;
    const second = asTokens(settings.additional_special_tokens);
    if (rebuild?.bothGiven !== undefined && second.length > 0) {
      return placed(rebuild.bothGiven, { "⟦x⟧": asTokens(given), "⟦y⟧": second }, settings, rebuild);
    }
    if (given === null) return rebuild?.extraNull === "default" ? defaults : [];
    return combined(rebuild?.extraGiven ?? "instead", asTokens(given), defaults, settings, rebuild);
  }
  if (!("additional_special_tokens" in settings) || settings.additional_special_tokens === null)
    return defaults;
  const given = asTokens(settings.additional_special_tokens);
  const isSentinelList = given.some((token) => contentOf(token).includes("<extra_id_"));
  const rule = rebuild?.extraIds !== undefined && isSentinelList ? "instead" : rebuild?.additionalGiven;
  return combined(rule ?? "instead", given, defaults, settings, rebuild);
}

function combined(
  rule: ExtraRule,
  given: readonly Token[],
  defaults: readonly Token[],
  settings: JsonObject,
  rebuild: Rebuild | undefined,
): Token[] {
  if (rule === "instead") return [...given];
  if (rule === "ignored") return [...defaults];
  const own = defaults.filter((token) => !given.some((other) => contentOf(other) === contentOf(token)));
  if (rule === "before") return [...own, ...given];
  if (rule === "after") return [...given, ...own];
  return placed(rule.is, { "⟦x⟧": given }, settings, rebuild);
}

/** The list with its placeholders replaced by lists of tokens and by named tokens. */
function placed(
  list: readonly string[],
  given: Readonly<Record<string, readonly Token[]>>,
  settings: JsonObject,
  rebuild: Rebuild | undefined,
): Token[] {
  return list.flatMap((token) => {
    const tokens = given[token];
    if (tokens !== undefined) return tokens;
    const name = /^⟦(\w+)⟧$/.exec(token)?.[1];
    if (name === undefined) return [token];
    const value = asToken(settings[name] ?? rebuild?.tokens[name]);
    return value === undefined ? [] : [value];
  });
}

function defaultExtra(settings: JsonObject, rebuild: Rebuild | undefined): Token[] {
  const { extraIds, extra = [] } = rebuild ?? {};
  const count = settings.extra_ids ?? extraIds;
  if (extraIds === undefined || count === extraIds || typeof count !== "number") return [...extra];
  return Array.from({ length: Math.min(count, MOST_EXTRA_IDS) }, (_, i) => `<extra_id_${i}>`);
}

const MOST_EXTRA_IDS = 100_000;

function asTokens(value: unknown): Token[] {
  return asList(value)
    .map(asToken)
    .filter((token) => token !== undefined);
}

/** A token as files write it: a string, or an object with `content` and flags. */
function asToken(value: unknown): Token | undefined {
  if (typeof value === "string") return value;
  return isTokenObject(value) ? tokenFlags(value.content, value) : undefined;
}

export function contentOf(token: Token): string {
  return typeof token === "string" ? token : token.content;
}

function isTokenObject(value: unknown): value is { readonly content: string } & JsonObject {
  return (
    typeof value === "object" && value !== null && "content" in value && typeof value.content === "string"
  );
}

function isFilled(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length > 0;
}

function asObject(value: unknown): JsonObject {
  return typeof value === "object" && value !== null ? (value as JsonObject) : {};
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Adds the declared tokens in the order of TokenizersBackend: those with ids by their ids, named ones, the others. */
export function addDeclared(
  added: AddedVocabulary,
  declared: DeclaredTokens,
  rebuild: Rebuild | undefined,
): void {
  const batch: (string | TokenFlags)[] = declared.numbered.filter((token) => !added.holds(token));
  const known = new Set([...added.tokens(), ...declared.numbered].map(({ content }) => content));
  const isListed = (token: string | TokenFlags) =>
    batch.some((other) =>
      typeof token === "string" || typeof other === "string" ? other === token : isSame(other, token),
    );
  const wanted = [...declared.named.values(), ...declared.extra];
  for (const token of wanted) {
    if (!known.has(contentOf(token)) && !isListed(token)) batch.push(token);
  }
  const names = new Set([...declared.named.values()].map(contentOf));
  added.add(
    batch.map((token) => {
      if (typeof token === "string") return tokenFlags(token, { special: true });
      return names.has(token.content) ? { ...token, special: true } : token;
    }),
  );
  if (rebuild?.resets === true)
    added.add(wanted.map((token) => tokenFlags(contentOf(token), { special: true })));
}
