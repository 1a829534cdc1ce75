import type { TokenId } from "@revocab/core";
import { components } from "../tokenizer-json/components.ts";
import type { AddedTokenJson, ComponentJson, TokenizerJson } from "../tokenizer-json/tokenizer-json.ts";
import { javaScriptPattern } from "./javascript-pattern.ts";

/** What becomes of a text before a byte-level model sees it, to be run in JavaScript. */
export interface TextCuts {
  /** Unicode forms that the text is brought to, one after the other: usually none, or NFC. */
  readonly forms: readonly UnicodeForm[];
  /** Finds the added tokens in a text, leftmost and longest first (flag `g`); `undefined` without any. */
  readonly added: RegExp | undefined;
  /** The id of an added token by its content. */
  readonly idOfAdded: ReadonlyMap<string, TokenId>;
  /** Matches, from `lastIndex` on, the next piece of what lies between added tokens (flag `y`). */
  readonly piece: RegExp;
}

export type UnicodeForm = "NFC" | "NFD" | "NFKC" | "NFKD";

/**
 * Only for a text cut by a single pattern, GPT-2's or one of its kin, with no space put first. The Unicode tables of
 * JavaScript and of the tokenizers library may be of different years: who relies on this must try it on the characters.
 */
export function textCuts({ normalizer, preTokenizer, added }: TokenizerJson): TextCuts | undefined {
  const forms = components(normalizer).map(({ type }) => type);
  const pattern = patternOf(components(preTokenizer));
  const piece = pattern === undefined ? undefined : javaScriptPattern(pattern);
  if (piece === undefined || !forms.every(isForm) || added.some(dependsOnNeighbours)) return undefined;
  return {
    forms,
    added: added.length === 0 ? undefined : anyOf(added),
    idOfAdded: new Map(added.map(({ content, id }) => [content, id])),
    piece,
  };
}

const GPT2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/** The one pattern of a ByteLevel that cuts, or of a Split before one that does not. */
function patternOf(parts: readonly ComponentJson[]): string | undefined {
  const byteLevel = parts.at(-1);
  // Left out, both settings are on.
  if (byteLevel?.type !== "ByteLevel" || byteLevel.add_prefix_space !== false) return undefined;
  const cutsItself = byteLevel.use_regex !== false;
  if (parts.length === 1 && cutsItself) return GPT2;
  const [split] = parts;
  if (parts.length !== 2 || cutsItself || split.type !== "Split") return undefined;
  if (split.behavior !== "Isolated" || split.invert === true) return undefined;
  const { pattern } = split;
  if (typeof pattern !== "object" || pattern === null || !("Regex" in pattern)) return undefined;
  return typeof pattern.Regex === "string" ? pattern.Regex : undefined;
}

/** A special that takes white space along is all the same where it is not wanted. */
function dependsOnNeighbours({ special, single_word, lstrip, rstrip }: AddedTokenJson): boolean {
  return single_word === true || (!special && (lstrip === true || rstrip === true));
}

function isForm(type: string): type is UnicodeForm {
  return type === "NFC" || type === "NFD" || type === "NFKC" || type === "NFKD";
}

function anyOf(added: readonly AddedTokenJson[]): RegExp {
  const contents = added.map(({ content }) => content).sort((a, b) => b.length - a.length);
  return new RegExp(
    contents.map((content) => content.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")).join("|"),
    "gu",
  );
}
