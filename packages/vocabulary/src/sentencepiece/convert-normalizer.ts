import type { ModelProto, NormalizerSpec } from "./model-proto.ts";
import { readCharsmap } from "./read-charsmap.ts";

/** Put between characters and removed again: a noncharacter, which no text should contain. */
const BREAK = "\uFDD0";
/** Stand-ins for protected symbols: the last code points of the second private plane. */
const FIRST_STAND_IN = 0x10f000;

/**
 * Rust normalizers for the steps of SentencePiece's: rewrite by the charsmap, remove extra spaces, add the dummy prefix, write
 * spaces as ▁. Only U+0020 counts as a space; Rust's own `Strip` would also remove tabs and line ends.
 */
export function convertNormalizer(proto: ModelProto): { normalizer: object | null; differences: string[] } {
  const { normalizer: spec, trainer } = proto;
  const rules = readCharsmap(spec.charsmap);
  const style = styleOf(rules);
  const rewrite = rewriter(rules, style);
  const symbols = protectedSymbols(proto, rewrite);
  const affix = dummySpace(spec, trainer.whitespaceIsSuffix);
  const steps = [
    ...symbols.map(({ symbol, standIn }) => replaceString(symbol, standIn)),
    // If spaces are kept, the dummy prefix is added even if the charsmap removes the whole text, so it comes first.
    ...(spec.removeExtraWhitespaces ? [] : affix),
    ...charsmapSteps(spec, style),
    ...(spec.removeExtraWhitespaces ? [...trimSteps(spec), ...affix] : []),
    ...(spec.escapeWhitespaces ? [replaceString(" ", "▁")] : []),
    ...symbols.map(({ symbol, standIn }) => replaceString(standIn, symbol)),
  ];
  const normalizer = steps.length === 0 ? null : { type: "Sequence", normalizers: steps };
  const differences = [
    ...lostRules(rules, rewrite),
    ...(style === "composing"
      ? ["marks out of canonical order compose as in NFC, in SentencePiece as written"]
      : []),
    ...(trainer.whitespaceIsSuffix && spec.addDummyPrefix && spec.removeExtraWhitespaces
      ? ["a text of which nothing is left gives no piece, in SentencePiece the space that ends a text"]
      : []),
  ];
  return { normalizer, differences };
}

/** `composing`: letters and marks become one character, as in NFKC and its variants. */
type CharsmapStyle = "composing" | "single characters" | "other";

function styleOf(rules: ReadonlyMap<string, string>): CharsmapStyle {
  if (rules.get("e\u0301") === "é") return "composing";
  const isSingle = (text: string) =>
    text.length <= 2 && text.length === String.fromCodePoint(text.codePointAt(0)!).length;
  return Array.from(rules.keys()).every(isSingle) ? "single characters" : "other";
}

/**
 * Rust's `Precompiled` applies the shortest rule to a whole grapheme of up to 5 bytes and drops the rest of it ("É" in two code
 * points loses its accent when lower-cased). To a longer grapheme it applies no rule of several characters (decomposed Hangul
 * and kana stay decomposed). So it gets one character at a time, and NFC before and after replaces the rules of several
 * characters, which compose. All 224,654 rules of `nfkc` then give the same result.
 */
function charsmapSteps({ charsmap }: NormalizerSpec, style: CharsmapStyle): object[] {
  if (charsmap.length === 0) return [];
  const precompiled = {
    type: "Precompiled",
    precompiled_charsmap: Buffer.from(charsmap.buffer, charsmap.byteOffset, charsmap.length).toString(
      "base64",
    ),
  };
  if (style === "other") return [precompiled];
  const oneByOne = [replaceRegex(CONTINUES_GRAPHEME, BREAK), precompiled, replaceString(BREAK, "")];
  return style === "composing" ? [{ type: "NFC" }, ...oneByOne, { type: "NFC" }] : oneByOne;
}

/**
 * Before every character that Unicode joins to the one before it (Grapheme_Extend, ZWJ, skin tones, tags, CR LF), but
 * not at the start of a text: the Rust library panics later on what was inserted there.
 */
const CONTINUES_GRAPHEME =
  "(?<=[\\s\\S])(?=[\\p{M}\\x{200C}\\x{200D}\\x{FF9E}\\x{FF9F}\\x{1F3FB}-\\x{1F3FF}\\x{E0020}-\\x{E007F}])|(?<=\\r)(?=\\n)";

/** Runs of spaces become one, those at the ends are removed; at the end of a text SentencePiece also removes literal ▁. */
function trimSteps({ escapeWhitespaces }: NormalizerSpec): object[] {
  const end = escapeWhitespaces ? "[ ▁]" : " ";
  return [replaceRegex(" {2,}", " "), replaceRegex("\\A +", ""), replaceRegex(`(?<!${end})${end}+\\z`, "")];
}

/** An empty text stays empty. */
function dummySpace(spec: NormalizerSpec, isSuffix: boolean): object[] {
  if (!spec.addDummyPrefix) return [];
  const space = spec.escapeWhitespaces ? "▁" : " ";
  return isSuffix ? [replaceRegex("(?<=[\\s\\S])\\z", space)] : [{ type: "Prepend", prepend: space }];
}

/** User-defined symbols bypass the charsmap: those that it would change are replaced by a private character meanwhile. */
function protectedSymbols({ pieces }: ModelProto, rewrite: (text: string) => string) {
  return pieces
    .filter(({ text, type }) => type === "userDefined" && rewrite(text) !== text)
    .map(({ text }) => text)
    .sort((left, right) => right.length - left.length)
    .map((symbol, index) => ({ symbol, standIn: String.fromCodePoint(FIRST_STAND_IN + index) }));
}

function rewriter(rules: ReadonlyMap<string, string>, style: CharsmapStyle): (text: string) => string {
  const rewriteEach = (text: string) =>
    Array.from(text, (character) => rules.get(character) ?? character).join("");
  return style === "composing" ? (text) => rewriteEach(text.normalize("NFC")).normalize("NFC") : rewriteEach;
}

function lostRules(rules: ReadonlyMap<string, string>, rewrite: (text: string) => string): string[] {
  let lost = 0;
  for (const [text, replacement] of rules) if (rewrite(text) !== replacement) lost++;
  return lost === 0 ? [] : [`${lost} of ${rules.size} rules of the charsmap come out otherwise`];
}

function replaceString(text: string, content: string): object {
  return { type: "Replace", pattern: { String: text }, content };
}

function replaceRegex(regex: string, content: string): object {
  return { type: "Replace", pattern: { Regex: regex }, content };
}
