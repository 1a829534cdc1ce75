import { RevocabError, showText } from "@revocab/core";
import type { JsonValue } from "./json.ts";

/** One value to set in a JSON text; the keys lead to it from the outside in. */
export interface JsonEdit {
  readonly keys: readonly string[];
  readonly to: JsonValue;
}

/** A value's place in the text; `entries` for an object. */
interface Span {
  readonly start: number;
  readonly end: number;
  readonly entries?: ReadonlyMap<string, { readonly keyStart: number; readonly value: Span }>;
}

const MAX_DEPTH = 200;

/**
 * Sets values in the text of a JSON object and leaves every other byte as it is: order, spacing, and above all the way
 * numbers are written. `JSON.stringify` turns `0.0` into `0`, and transformers 5 refuses an integer where its config
 * declares a float. A key that is missing is added at the end of its object.
 * @throws RevocabError `bad_config` when the text is nested deeper than 200 levels, or an edit leads through no object.
 */
export function editJson(text: string, edits: readonly JsonEdit[]): string {
  let edited = text;
  for (const edit of edits) edited = applyEdit(edited, edit);
  return edited;
}

function applyEdit(text: string, { keys, to }: JsonEdit): string {
  const { object, keyStart, value } = find(text, keys);
  if (value !== undefined) return splice(text, value.start, value.end, format(to, indentAt(text, keyStart!)));

  const name = JSON.stringify(keys.at(-1));
  const last = [...object.entries!.values()].at(-1);
  if (last === undefined) {
    const indent = `${indentAt(text, object.start)}  `;
    const body = `{\n${indent}${name}: ${format(to, indent)}\n${indent.slice(2)}}`;
    return splice(text, object.start, object.end, body);
  }
  const indent = indentAt(text, last.keyStart);
  return splice(text, last.value.end, last.value.end, `,\n${indent}${name}: ${format(to, indent)}`);
}

function find(text: string, keys: readonly string[]) {
  let object = readSpan(text, skipSpace(text, 0), 0);
  for (const [depth, key] of keys.entries()) {
    if (object.entries === undefined) {
      throw new RevocabError(
        "bad_config",
        `the config has no object at ${showText(keys.slice(0, depth).join("."), 200)}`,
      );
    }
    const entry = object.entries.get(key);
    if (depth === keys.length - 1) return { object, keyStart: entry?.keyStart, value: entry?.value };
    if (entry === undefined) {
      throw new RevocabError(
        "bad_config",
        `the config has no key ${showText(keys.slice(0, depth + 1).join("."), 200)}`,
      );
    }
    object = entry.value;
  }
  throw new RevocabError("bad_config", "an edit without a key");
}

/** The value that starts at `start`; the text is known to be valid JSON. */
function readSpan(text: string, start: number, depth: number): Span {
  if (depth > MAX_DEPTH)
    throw new RevocabError("bad_config", `the config is nested deeper than ${MAX_DEPTH} levels`);
  const first = text[start];
  if (first === '"') return { start, end: stringEnd(text, start) };
  if (first !== "{" && first !== "[") {
    let end = start;
    while (end < text.length && !",]} \t\r\n".includes(text[end]!)) end++;
    return { start, end };
  }
  const entries = new Map<string, { keyStart: number; value: Span }>();
  let position = skipSpace(text, start + 1);
  while (text[position] !== "}" && text[position] !== "]") {
    const keyStart = position;
    if (first === "{") position = skipSpace(text, skipSpace(text, stringEnd(text, keyStart)) + 1);
    const value = readSpan(text, position, depth + 1);
    if (first === "{")
      entries.set(JSON.parse(text.slice(keyStart, stringEnd(text, keyStart))) as string, { keyStart, value });
    position = skipSpace(text, value.end);
    if (text[position] === ",") position = skipSpace(text, position + 1);
  }
  return first === "{" ? { start, end: position + 1, entries } : { start, end: position + 1 };
}

function stringEnd(text: string, start: number): number {
  let end = start + 1;
  while (text[end] !== '"') end += text[end] === "\\" ? 2 : 1;
  return end + 1;
}

function skipSpace(text: string, start: number): number {
  let position = start;
  while (" \t\r\n\uFEFF".includes(text[position]!) && position < text.length) position++;
  return position;
}

/** The white space that the line of `position` begins with. */
function indentAt(text: string, position: number): string {
  const lineStart = text.lastIndexOf("\n", position) + 1;
  return /^[ \t]*/.exec(text.slice(lineStart, position))![0];
}

/** As transformers writes it: two spaces a level, lists with a line per item. */
function format(value: JsonValue, indent: string): string {
  return JSON.stringify(value, undefined, 2).replaceAll("\n", `\n${indent}`);
}

function splice(text: string, start: number, end: number, replacement: string): string {
  return text.slice(0, start) + replacement + text.slice(end);
}
