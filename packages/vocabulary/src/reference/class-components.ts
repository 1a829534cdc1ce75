import { quote } from "@revocab/core";
import type { JsonObject } from "../tokenizer-json/json-file.ts";
import type { ComponentTable, Rebuild } from "./class-table.ts";
import { contentOf, type DeclaredTokens } from "./declared-tokens.ts";

export interface ClassComponents {
  /** Without `vocab` and `merges`. */
  readonly model: JsonObject;
  readonly normalizer: unknown;
  readonly pre_tokenizer: unknown;
  readonly decoder: unknown;
  readonly post_processor: unknown;
}

interface ComponentContext {
  readonly declared: DeclaredTokens;
  /** The SentencePiece charsmap of tokenizer.json, in base64. */
  readonly charsmap: string | undefined;
  /** The post-processor of tokenizer.json. */
  readonly postProcessor: unknown;
  readonly pieceIdOf: (piece: string) => number | undefined;
  /** The score of a Unigram piece. */
  readonly scoreOf: (id: number) => number | undefined;
  /** The id of a token or an added token. */
  readonly idOf: (token: string) => number | undefined;
}

/**
 * The components that a class builds around a vocabulary.
 * @returns a sentence if the class refuses these files, or if what it does with them is not known
 */
export function classComponents(rebuild: Rebuild, context: ComponentContext): ClassComponents | string {
  const { settings, named } = context.declared;
  const lacking = rebuild.needs?.find((name) => !named.has(name));
  if (lacking !== undefined) return `it needs ${lacking}, and there is none`;
  for (const [name, known] of Object.entries(rebuild.fixed ?? {})) {
    const value = settings[name] ?? known;
    const content = typeof value === "object" && value !== null && "content" in value ? value.content : value;
    if (content !== known) {
      return `what it does with ${name} ${quote(settings[name])} is not known here`;
    }
  }
  const { given, missing = given } = rebuild.postProcessor;
  try {
    return {
      model: resolve(rebuild.modelOptions, rebuild, context) as JsonObject,
      normalizer: resolve(rebuild.normalizer, rebuild, context),
      pre_tokenizer: resolve(rebuild.preTokenizer, rebuild, context),
      decoder: resolve(rebuild.decoder, rebuild, context),
      post_processor: resolve((context.postProcessor ?? null) === null ? missing : given, rebuild, context),
    };
  } catch (cause) {
    if (cause instanceof Refused) return cause.message;
    throw cause;
  }
}

/** The post-processor of a class that keeps the other components of tokenizer.json. */
export function classPostProcessor(
  rebuild: Rebuild,
  context: ComponentContext,
): { readonly is: unknown } | string {
  const components = classComponents(
    { ...rebuild, modelOptions: NOTHING, normalizer: NOTHING, preTokenizer: NOTHING, decoder: NOTHING },
    context,
  );
  return typeof components === "string" ? components : { is: components.post_processor };
}

const NOTHING: ComponentTable = { is: null };

class Refused extends Error {}

function resolve(table: ComponentTable, rebuild: Rebuild, context: ComponentContext): unknown {
  const { settings } = context.declared;
  if ("is" in table) return filled(table.is, rebuild, context);
  const key = table.by
    .map((name) => {
      if (name === "_spm_precompiled_charsmap") return context.charsmap === undefined ? "null" : "charsmap";
      const value = name in settings ? settings[name] : table.defaults[name];
      return typeof value === "string" && LANGUAGES.has(name) ? "given" : JSON.stringify(value);
    })
    .join(",");
  if (!Object.hasOwn(table.cases, key)) throw new Refused(`it refuses ${table.by.join(", ")} = ${key}`);
  return filled(table.components[table.cases[key]!], rebuild, context);
}

const LANGUAGES: ReadonlySet<string> = new Set(["src_lang", "tgt_lang"]);

/** The component with names replaced by tokens, ids and values. */
function filled(value: unknown, rebuild: Rebuild, context: ComponentContext): unknown {
  if (typeof value === "string") return withValues(value, rebuild, context);
  if (Array.isArray(value)) return value.map((item) => filled(item, rebuild, context));
  if (typeof value !== "object" || value === null) return value;
  const object = value as JsonObject;
  if (object.type === "$file") return context.postProcessor;
  if (typeof object.$token === "string") return placeOf(object as unknown as PieceRule, rebuild, context);
  if (typeof object.$parameter === "string")
    return context.declared.settings[object.$parameter] ?? object.default;
  const entries = Object.entries(object).map(([name, inner]): [string, unknown] => {
    if (name === "special_tokens")
      return [name, specialTokens(inner as Readonly<Record<string, string | number>>, rebuild, context)];
    if (name !== "sep" && name !== "cls") return [name, filled(inner, rebuild, context)];
    const [token, fixed] = inner as readonly [string, number?];
    const content = withValues(token, rebuild, context);
    return [name, [content, fixed ?? idOf(content, context)]];
  });
  return Object.fromEntries(entries);
}

/** `special_tokens` of a template, with ids; an id that is a number is fixed by the class. */
function specialTokens(
  names: Readonly<Record<string, string | number>>,
  rebuild: Rebuild,
  context: ComponentContext,
): JsonObject {
  return Object.fromEntries(
    Object.entries(names).map(([name, token]) => {
      const content = withValues(name, rebuild, context);
      const id = typeof token === "number" ? token : idOf(withValues(token, rebuild, context), context);
      return [content, { id: content, ids: [id], tokens: [content] }];
    }),
  );
}

/** How a class finds the index of a named token in the list of pieces, which has no added tokens. */
interface PieceRule {
  readonly $token: string;
  /** The score that the piece must have, and the lowest valid index. */
  readonly score?: number;
  readonly from?: number;
  /** The index if there is no such piece; without it the class refuses. */
  readonly otherwise?: unknown;
}

function placeOf(
  { $token, score, from = 0, otherwise }: PieceRule,
  rebuild: Rebuild,
  context: ComponentContext,
): unknown {
  const token = withValues(`⟦${$token}⟧`, rebuild, context);
  const place = context.pieceIdOf(token);
  const counts = place !== undefined && place >= from;
  if (counts && (score === undefined || context.scoreOf(place) === score)) return place;
  const other = filled(otherwise, rebuild, context);
  if (typeof other === "number" && context.scoreOf(other) !== undefined) return other;
  throw new Refused(
    `it needs the piece ${quote(token)}${score === undefined ? "" : ` with score ${score}`}${from > 0 ? ` behind the place ${from - 1}` : ""}, which is not there`,
  );
}

/** As in the library, a token that is not there has the id of the unknown token. */
function idOf(token: string, { idOf, declared }: ComponentContext): number {
  const unknown = declared.named.get("unk_token");
  const id = idOf(token) ?? (unknown === undefined ? undefined : idOf(contentOf(unknown)));
  if (id === undefined) throw new Refused(`it needs the token ${quote(token)}, which is not there`);
  return id;
}

function withValues(text: string, rebuild: Rebuild, { declared, charsmap }: ComponentContext): string {
  return text.replace(/⟦(\w+)⟧/g, (_, name: string) => {
    if (name === "charsmap") return charsmap ?? "";
    if (LANGUAGES.has(name)) {
      // SeamlessM4T saves `__fra__` and takes it for `fra`.
      return String(declared.settings[name] ?? rebuild.languages?.[name] ?? "").replace(/^__(.*)__$/, "$1");
    }
    const token = declared.named.get(name);
    return token === undefined ? "None" : contentOf(token);
  });
}
