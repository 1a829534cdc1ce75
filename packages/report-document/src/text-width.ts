/**
 * The columns that a text takes on a terminal: two for the characters of East Asia and for emoji, none for marks that stand
 * on others. After showLine, so there are no control characters.
 */
export function textWidth(text: string): number {
  if (IS_ASCII.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += NARROWER.test(character) ? 0 : WIDER.test(character) ? 2 : 1;
  return width;
}

const IS_ASCII = /^[\x20-\x7e]*$/;
const NARROWER = /^[\p{Mn}\p{Me}]$/u;
const WIDER =
  /^[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Bopomofo}\p{Script=Yi}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]$/u;

/** A text made as wide as a column of a table. */
export function padded(text: string, width: number, align: "left" | "right"): string {
  const room = " ".repeat(Math.max(0, width - textWidth(text)));
  return align === "right" ? room + text : text + room;
}

/**
 * Lines of at most `width` columns, broken between words. A longer word has a line of its own, or with `breaksWords` as many as
 * it needs.
 */
export function wrapped(text: string, width: number, breaksWords = false): readonly string[] {
  if (textWidth(text) <= width) return [text];
  const lines: string[] = [];
  let line: string | undefined;
  for (const word of text.split(" ")) {
    const longer: string = line === undefined ? word : `${line} ${word}`;
    if (line === undefined || textWidth(longer) <= width) {
      line = longer;
    } else {
      lines.push(line);
      line = word;
    }
    while (breaksWords && textWidth(line) > width) {
      const start = startOf(line, width);
      lines.push(start);
      line = line.slice(start.length);
    }
  }
  return line === undefined ? lines : [...lines, line];
}

/** The parts between which a text may be broken: words, and what is joined by signs such as those of paths and options. */
export function breakable(text: string): readonly string[] {
  return text.split(/(?<=[ :,|/=-])/);
}

/** As many parts of a word as `width` columns hold; of a longer part as many whole characters, but one at least. */
function startOf(text: string, width: number): string {
  let parts = "";
  for (const part of breakable(text)) {
    if (textWidth(parts + part) > width) break;
    parts += part;
  }
  if (parts !== "") return parts;
  let start = "";
  for (const character of text) {
    if (start !== "" && textWidth(start + character) > width) break;
    start += character;
  }
  return start;
}
