import { backtracksLittle } from "./backtracks-little.ts";

/**
 * A pattern of the tokenizers library (Oniguruma) as a sticky JavaScript one, where both mean the same: letters of
 * themselves, `\p{…}` of general categories, `\s`, classes, alternatives, greedy counts, look-ahead, and `(?i:…)` around
 * plain characters. For anything else `undefined`: look-behind, anchors, possessive counts, scripts; and for a pattern that
 * may take for ever, as JavaScript has no bound for a search.
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
      // A class in a class, or where classes meet.
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
/** Not what a second sign makes lazy or possessive. */
const COUNT = /(?:[*+?]|\{\d+(?:,\d*)?\})(?![*+?{])/uy;

function matchAt(expected: RegExp, text: string, at: number): RegExpExecArray | undefined {
  expected.lastIndex = at;
  return expected.exec(text) ?? undefined;
}

/** JavaScript's `\s` has U+FEFF, and no U+0085. */
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

/** Two characters outside ASCII are a capital or small letter of one inside. */
const MORE_CASES: Readonly<Record<string, string>> = { s: "\u017f", k: "\u212a" };

function anyCase(alternatives: string): string | undefined {
  if (/[^\x20-\x7e]/.test(alternatives)) return undefined;
  const written = alternatives.replace(
    /[a-z]/gi,
    (letter) => `[${letter.toLowerCase()}${letter.toUpperCase()}${MORE_CASES[letter.toLowerCase()] ?? ""}]`,
  );
  return `(?:${written})`;
}
