import { quote, RevocabError, type RevocabErrorCode, showMessage, showText } from "@revocab/core";

export interface JsonOptions {
  /** What the text is, for the error: the path of a file, or `the header of PATH`. */
  readonly origin: string;
  readonly code: RevocabErrorCode;
  /** What to do about a text that is no JSON. */
  readonly hint?: string | undefined;
  /** The most lists and objects that may lie within each other. @default 200: no config is so deep, and recursive code can still walk it */
  readonly deepest?: number;
}

/**
 * The value of a foreign JSON text. One that is nested so deep that whoever walks the value would run out of stack is
 * refused before it is parsed.
 * @throws RevocabError `code` when the text is no JSON, or nested deeper than `deepest`
 */
export function parseJson(text: string, { origin, code, hint, deepest = 200 }: JsonOptions): unknown {
  const refuse = (found: string, cause?: unknown) =>
    new RevocabError(code, `${showText(origin)}: found ${showMessage(found)}`, { hint, cause });
  const place = placeBeyond(text, deepest);
  if (place >= 0) {
    throw refuse(`JSON nested deeper than ${deepest} levels at character ${place}, expected at most as many`);
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw refuse(`${problemOf(text, cause as Error)}, expected a complete JSON file`, cause);
  }
}

/** Where a list or object begins that has `deepest` others around it; −1 where none does. One pass, no recursion. */
function placeBeyond(text: string, deepest: number): number {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) {
      for (at++; at < text.length && text.charCodeAt(at) !== QUOTE; at++) {
        if (text.charCodeAt(at) === BACKSLASH) at++;
      }
    } else if (unit === 0x5b || unit === 0x7b) {
      if (++depth > deepest) return at;
    } else if (unit === 0x5d || unit === 0x7d) depth--;
  }
  return -1;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

function problemOf(text: string, { message }: Error): string {
  const start = text.trimStart();
  if (start === "") return "an empty file";
  if (start[0] !== "{" && start[0] !== "[")
    return `no JSON but text that starts with ${quote(start.slice(0, 20))}`;
  if (!/[}\]]\s*$/.test(text)) return `JSON that is cut short after ${text.length} characters`;
  return `invalid JSON (${message.slice(0, 120)})`;
}
