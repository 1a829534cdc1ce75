import type { TokenId } from "@revocab/core";
import {
  type AddedTokenJson,
  type ComponentJson,
  components,
  type TokenizerJson,
} from "./tokenizer-json/tokenizer-json.ts";

/** The normalization and splitting of a text before a byte-level model, for JavaScript. */
export interface TextCuts {
  /** Unicode normalization forms to apply one after the other: usually none, or NFC. */
  readonly forms: readonly UnicodeForm[];
  /** Finds the added tokens in a text, leftmost and longest first (flag `g`); `undefined` without any. */
  readonly added: RegExp | undefined;
  /** The id of an added token by its content. */
  readonly idOfAdded: ReadonlyMap<string, TokenId>;
  /** Matches, from `lastIndex` on, the next piece of what lies between added tokens (flag `y`). */
  readonly piece: RegExp;
}

type UnicodeForm = "NFC" | "NFD" | "NFKC" | "NFKD";

/**
 * Undefined unless a single pattern splits the text, such as GPT-2's, and no space is put before it. JavaScript and the
 * tokenizers library may have different Unicode versions, so a caller that relies on this must test it on the characters.
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

/** The pattern of a ByteLevel that splits, or of a Split before a ByteLevel that does not. */
function patternOf(parts: readonly ComponentJson[]): string | undefined {
  const byteLevel = parts.at(-1);
  // Both settings default to true.
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

/** `lstrip` and `rstrip` of a special do not matter, as the cuts are used for text without specials. */
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

/**
 * Translates a pattern of the tokenizers library (Oniguruma) to a sticky JavaScript one, if both mean the same: literal
 * characters, `\p{…}` of general categories, `\s`, classes, alternatives, greedy quantifiers, look-ahead, and `(?i:…)` around
 * plain characters. Undefined for anything else (look-behind, anchors, possessive quantifiers, scripts) and for a pattern
 * whose search may take for ever, as JavaScript cannot limit it.
 */
export function javaScriptPattern(pattern: string): RegExp | undefined {
  if (!backtracksLittle(pattern)) return undefined;
  let written = "";
  let isInClass = false;
  for (let at = 0; at < pattern.length; ) {
    const part = [ESCAPE, IGNORING_CASE, GROUP, COUNT]
      .map((expected) => matchAt(expected, pattern, at))
      .find((match) => match !== undefined);
    const isEscape = part?.[0].startsWith("\\") === true;
    const character = String.fromCodePoint(pattern.codePointAt(at)!);
    if (part !== undefined && (isEscape || !isInClass)) {
      const translated = isEscape ? escaped(part[0]) : part[1] === undefined ? part[0] : anyCase(part[1]);
      if (translated === undefined) return undefined;
      written += translated;
      at += part[0].length;
      continue;
    }
    if (isInClass) {
      // A nested class, or an intersection of classes.
      if (character === "[" || pattern.startsWith("&&", at)) return undefined;
      if (character === "]") isInClass = false;
    } else if (character === "[") {
      isInClass = true;
      if (pattern[at + 1] === "]" || pattern.startsWith("^]", at + 1)) return undefined;
    } else if (!/[|)]/.test(character) && /[\\^$.*+?()\]{}]/.test(character)) return undefined;
    written += character;
    at += character.length;
  }
  try {
    return new RegExp(written, "uy");
  } catch {
    return undefined;
  }
}

const ESCAPE = /\\(?:[pP]\{[^}]*\}|.)/suy;
const IGNORING_CASE = /\(\?i:([^()[\]\\.*+?{}^$]*)\)/uy;
const GROUP = /\((?:\?[:=!])/uy;
/** A greedy quantifier: a second sign would make it lazy or possessive. */
const COUNT = /(?:[*+?]|\{\d+(?:,\d*)?\})(?![*+?{])/uy;

function matchAt(expected: RegExp, text: string, at: number): RegExpExecArray | undefined {
  expected.lastIndex = at;
  return expected.exec(text) ?? undefined;
}

/** JavaScript's `\s` includes U+FEFF and lacks U+0085, so it is not used. */
const ESCAPES: Readonly<Record<string, string>> = {
  "\\s": "\\p{White_Space}",
  "\\S": "\\P{White_Space}",
  "\\d": "\\p{Nd}",
  "\\r": "\\r",
  "\\n": "\\n",
  "\\t": "\\t",
};

function escaped(found: string): string | undefined {
  if (/^\\[pP]\{(?:L[ultmo]?|N[dlo]?|P[cdseifo]?|S[mcko]?|Z[slp]?|M[nce]?|C[cfosn]?)\}$/.test(found))
    return found;
  if (/^\\[\\^$.*+?()[\]{}|/]$/.test(found)) return found;
  return ESCAPES[found];
}

/** ASCII letters that have another case variant outside ASCII. */
const MORE_CASES: Readonly<Record<string, string>> = { s: "\u017f", k: "\u212a" };

function anyCase(alternatives: string): string | undefined {
  if (/[^\x20-\x7e]/.test(alternatives)) return undefined;
  const written = alternatives.replace(
    /[a-z]/gi,
    (letter) => `[${letter.toLowerCase()}${letter.toUpperCase()}${MORE_CASES[letter.toLowerCase()] ?? ""}]`,
  );
  return `(?:${written})`;
}

/** The parts of a pattern that matter for quantifiers: an escape or a class counts as one character. */
const PARTS =
  /\\(?:[pP]\{[^}]*\}|.)|\[(?:\\.|[^\]\\])*\]|\((?:\?(?:i:|[:=!]))?|\)|\||(?:[*+?]|\{\d+(?:,\d*)?\})|./gsu;

/** Published patterns have some hundreds of characters. */
const LONGEST = 5_000;

/**
 * Whether a search for the pattern fails fast where it does not match, as with those of published tokenizers. No group may
 * have an unbounded quantifier, nor any quantifier if it contains one, and an alternative may have at most two unbounded
 * quantifiers. Other patterns take exponential time, or a high power of the length of a word.
 */
export function backtracksLittle(pattern: string): boolean {
  if (pattern.length > LONGEST) return false;
  const groups: { hasCount: boolean }[] = [];
  let endless = 0;
  let closed: { hasCount: boolean } | undefined;
  for (const [part] of pattern.matchAll(PARTS)) {
    const isCount = /^(?:[*+?]|\{\d)/.test(part);
    if (isCount) {
      const isEndless = /^[*+]|,\}$/.test(part);
      if (closed !== undefined && (isEndless || closed.hasCount)) return false;
      if (isEndless && ++endless > 2) return false;
      for (const group of groups) group.hasCount = true;
    }
    closed = undefined;
    if (part.startsWith("(")) groups.push({ hasCount: false });
    else if (part === ")") closed = groups.pop();
    else if (part === "|" && groups.length === 0) endless = 0;
  }
  return true;
}
