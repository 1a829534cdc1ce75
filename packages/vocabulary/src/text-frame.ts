import type { TokenId } from "@revocab/core";
import { isObject } from "./tokenizer-json/json-file.ts";
import { type ComponentJson, components } from "./tokenizer-json/tokenizer-json.ts";

/** The special tokens that a tokenizer puts around a text, and around a pair of texts. */
export interface TextFrame {
  readonly single: readonly FrameItem[];
  readonly pair: readonly FrameItem[];
}

/** One item of a frame: the first or the second text, or a special token, with its `token_type_ids`. */
export type FrameItem =
  | { readonly kind: "text"; readonly text: "A" | "B"; readonly typeId: number }
  | { readonly kind: "special"; readonly token: string; readonly id: TokenId; readonly typeId: number };

/** A tokenizer that adds nothing. The library gives the second text of a pair the type id 1 by itself. */
export const BARE_FRAME: TextFrame = {
  single: [{ kind: "text", text: "A", typeId: 0 }],
  pair: [
    { kind: "text", text: "A", typeId: 0 },
    { kind: "text", text: "B", typeId: 1 },
  ],
};

/**
 * The frame of a post-processor. Undefined for two frames in a sequence, and for a component of another type than
 * TemplateProcessing, BertProcessing, RobertaProcessing and ByteLevel.
 */
export function textFrame(postProcessor: ComponentJson | undefined): TextFrame | undefined {
  const parts = components(postProcessor).filter(({ type }) => type !== "ByteLevel");
  if (parts.length === 0) return BARE_FRAME;
  const [part] = parts;
  if (parts.length > 1 || part === undefined) return undefined;
  if (part.type === "TemplateProcessing") return templateFrame(part);
  const [cls, sep] = [tokenOf(part.cls), tokenOf(part.sep)];
  if (cls === undefined || sep === undefined) return undefined;
  if (part.type === "BertProcessing") return pairFrame(cls, [sep], sep, 1);
  return part.type === "RobertaProcessing" ? pairFrame(cls, [sep, sep], sep, 0) : undefined;
}

interface SpecialToken {
  readonly token: string;
  readonly id: TokenId;
}

/** `["</s>", 2]`, as BertProcessing and RobertaProcessing write a token. */
function tokenOf(value: unknown): SpecialToken | undefined {
  if (!Array.isArray(value)) return undefined;
  const [token, id] = value;
  return typeof token === "string" && typeof id === "number" ? { token, id } : undefined;
}

function pairFrame(
  cls: SpecialToken,
  between: readonly SpecialToken[],
  sep: SpecialToken,
  secondType: number,
): TextFrame {
  const special = (token: SpecialToken, typeId = 0): FrameItem => ({ kind: "special", ...token, typeId });
  const first: FrameItem = { kind: "text", text: "A", typeId: 0 };
  return {
    single: [special(cls), first, special(sep)],
    pair: [
      special(cls),
      first,
      ...between.map((token) => special(token)),
      { kind: "text", text: "B", typeId: secondType },
      special(sep, secondType),
    ],
  };
}

function templateFrame({ single, pair, special_tokens: specials }: ComponentJson): TextFrame | undefined {
  const read = (template: unknown): FrameItem[] | undefined => {
    if (!Array.isArray(template)) return undefined;
    const items = template.flatMap((item) => readItem(item, specials) ?? [undefined]);
    return items.includes(undefined) ? undefined : (items as FrameItem[]);
  };
  const [one, two] = [read(single), read(pair)];
  return one && two && { single: one, pair: two };
}

/** One item of a template; a special may stand for several tokens. */
function readItem(item: unknown, specials: unknown): FrameItem[] | undefined {
  if (!isObject(item)) return undefined;
  const { Sequence: sequence, SpecialToken: special } = item;
  if (isObject(sequence) && typeof sequence.type_id === "number") {
    const { id: text, type_id: typeId } = sequence;
    return text === "A" || text === "B" ? [{ kind: "text", text, typeId }] : undefined;
  }
  if (!isObject(special) || typeof special.id !== "string" || typeof special.type_id !== "number")
    return undefined;
  const entry = isObject(specials) ? specials[special.id] : undefined;
  if (!isObject(entry) || !Array.isArray(entry.ids) || !Array.isArray(entry.tokens)) return undefined;
  const { type_id: typeId } = special;
  const { ids, tokens } = entry;
  return ids.map((id, place) => ({
    kind: "special" as const,
    token: String(tokens[place]),
    id: Number(id),
    typeId,
  }));
}

/** The special tokens before and after a single text. */
export interface FrameTokens {
  readonly before: readonly TokenId[];
  readonly after: readonly TokenId[];
}

/** The special tokens that a frame puts around a single text. */
export function frameTokens({ single }: TextFrame): FrameTokens {
  const place = single.findIndex(({ kind }) => kind === "text");
  const idsOf = (items: readonly FrameItem[]) =>
    items.flatMap((item) => (item.kind === "special" ? [item.id] : []));
  return { before: idsOf(single.slice(0, place)), after: idsOf(single.slice(place + 1)) };
}
