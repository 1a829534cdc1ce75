/** The longest piece of foreign text that a message quotes, in characters. */
const LONGEST_QUOTE = 200;

/**
 * Foreign text as a message of ours holds it: as {@link showLine} shows it, and with backticks escaped (`\x60`), as only the
 * options and functions that a message names stand in backticks.
 */
export function showText(text: string, most?: number): string {
  return showLine(text, most).replaceAll("`", "\\x60");
}

/** What another program or library said, as a message of ours holds it: as {@link showText}, but with ' for each backtick. */
export function showMessage(text: string, most?: number): string {
  return showLine(text, most).replaceAll("`", "'");
}

/**
 * A text as one line that is safe to show anywhere: on a terminal, in a note, on a card. Control and format characters,
 * separators other than the space, bidirectional marks, private characters and lone surrogates are escaped (`\n`, `\x1b`,
 * `\u{202e}`); beyond `most` characters it ends in `…`. For whole messages, and for text that stands in none.
 */
export function showLine(text: string, most = Number.POSITIVE_INFINITY): string {
  // a character is at most two units long, so what lies beyond can be cut first
  const characters = text.length > most ? [...text.slice(0, 2 * most)] : undefined;
  const kept = characters === undefined ? text : characters.slice(0, most).join("");
  const isCut = kept.length < text.length;
  return `${kept.replace(UNSAFE, escapeCharacter)}${isCut ? "…" : ""}`;
}

/**
 * A foreign value as a message quotes it: as JSON on one line, safe to show, at most 200 characters of it. Lists and
 * objects nested deeper than 8 are shown as `…`.
 */
export function quote(value: unknown): string {
  let left = LONGEST_QUOTE;
  const bounded = (part: unknown, depth: number): unknown => {
    left--;
    if (typeof part === "string") return part.slice(0, LONGEST_QUOTE);
    if (typeof part === "bigint") return String(part);
    if (typeof part !== "object" || part === null) return part;
    if (depth === 0 || left <= 0) return "…";
    if (Array.isArray(part)) return part.slice(0, left).map((item) => bounded(item, depth - 1));
    const shown: Record<string, unknown> = Object.create(null);
    for (const key in part) {
      if (left <= 0) break;
      shown[key.slice(0, LONGEST_QUOTE)] = bounded((part as Record<string, unknown>)[key], depth - 1);
    }
    return shown;
  };
  return showText(JSON.stringify(bounded(value, DEEPEST_QUOTE)) ?? String(value), LONGEST_QUOTE);
}

/** Notes as reports, cards and the terminal show them: each on one line that is safe to show, at most 2,000 characters of it. */
export function showNotes(notes: readonly string[]): readonly string[] {
  return notes.map((note) => showLine(note, LONGEST_NOTE));
}

const LONGEST_NOTE = 2000;

/**
 * A value as JSON on lines, two spaces a level, that is safe to show: what moves a cursor, turns text around or is half a
 * character is escaped as JSON does it (`\\u202e`), so that it parses to the same value.
 */
export function showJson(value: unknown): string {
  return JSON.stringify(value, undefined, 2).replace(UNSAFE_IN_JSON, (character) =>
    character
      .split("")
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
      .join(""),
  );
}

function escapeCharacter(character: string): string {
  const named = NAMED[character];
  if (named !== undefined) return named;
  const code = character.codePointAt(0)!;
  return code < 0x80 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
}

const DEEPEST_QUOTE = 8;
const NAMED: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
/** Control and format characters, lone surrogates, unassigned and private ones, line and paragraph separators. */
const UNSAFE = /[\p{C}\p{Zl}\p{Zp}]/gu;
/**
 * The same without line ends, and without unassigned and private characters: these differ between versions of Unicode, and a
 * report must have the same bytes under all of them.
 */
const UNSAFE_IN_JSON = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
