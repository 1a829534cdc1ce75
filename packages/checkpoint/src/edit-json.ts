import { RevocabError, showText } from "@revocab/core";
import { applyEdits, type Edit, printParseErrorCode, visit } from "jsonc-parser";
import type { JsonValue } from "./json.ts";

/** One value to set in a JSON text; the keys lead to it from the outside in. */
export interface JsonEdit {
  readonly keys: readonly string[];
  readonly to: JsonValue;
}

/**
 * Sets values in the text of a JSON object and leaves every other byte as it is: order, spacing, and above all the way
 * numbers are written. `JSON.stringify` turns `0.0` into `0`, and transformers 5 refuses an integer where its config
 * declares a float. A key that is missing is added at the end of its object.
 *
 * `modify` of jsonc-parser is not used: it formats the whole line of an edit, and of a key that is there twice it sets the
 * first, where all readers of JSON take the last.
 * @throws RevocabError `bad_config` when the text is no JSON or nested deeper than 200 levels, or an edit leads through no
 *   object.
 */
export function editJson(text: string, edits: readonly JsonEdit[]): string {
  return edits.reduce((edited, edit) => applyEdits(edited, [textEdit(edited, edit)]), text);
}

function textEdit(text: string, { keys, to }: JsonEdit): Edit {
  const values = valuesAlong(text, keys);
  for (let depth = 0; depth < keys.length; depth++) {
    const outer = values[depth];
    const path = showText(keys.slice(0, depth).join("."), 200);
    if (outer === undefined) throw new RevocabError("bad_config", `the config has no key ${path}`);
    if (!outer.isObject) throw new RevocabError("bad_config", `the config has no object at ${path}`);
  }
  const value = values[keys.length];
  if (value !== undefined) {
    const content = format(to, indentAt(text, value.keyStart));
    return { offset: value.start, length: value.end - value.start, content };
  }
  const object = values[keys.length - 1];
  if (object === undefined) throw new RevocabError("bad_config", "an edit without a key");
  return addition(text, object, JSON.stringify(keys.at(-1)), to);
}

/** Adds a property behind the last one of an object. */
function addition(text: string, object: FoundValue, name: string, to: JsonValue): Edit {
  if (object.lastKeyStart === undefined) {
    const outer = indentAt(text, object.start);
    const indent = `${outer}  `;
    const content = `{\n${indent}${name}: ${format(to, indent)}\n${outer}}`;
    return { offset: object.start, length: object.end - object.start, content };
  }
  const lastEnd = text.slice(0, object.end - 1).trimEnd().length;
  const indent = indentAt(text, object.lastKeyStart);
  return { offset: lastEnd, length: 0, content: `,\n${indent}${name}: ${format(to, indent)}` };
}

/** Where a value stands in the text. */
interface FoundValue {
  readonly start: number;
  end: number;
  /** Where its own key begins; 0 for the text's one value. */
  readonly keyStart: number;
  readonly isObject: boolean;
  /** Where the last key of an object begins. */
  lastKeyStart?: number;
}

/** No config is nested so deep; each level takes some of the parser's stack. */
const MAX_DEPTH = 200;

/** The values at `[]`, `[keys[0]]`, `[keys[0], keys[1]]`, … as far as there are such; of equal keys the last counts. */
function valuesAlong(text: string, keys: readonly string[]): readonly FoundValue[] {
  const found: FoundValue[] = [];
  /** The objects and lists that are open; undefined for those that the keys do not lead through. */
  const open: (FoundValue | undefined)[] = [];
  let key: string | undefined;
  let keyStart = 0;

  /** The value that begins here, if the keys lead to it. */
  const begin = (start: number, length: number, isObject: boolean): FoundValue | undefined => {
    const depth = open.length;
    const leadsHere = depth === 0 || (open[depth - 1]?.isObject && key === keys[depth - 1]);
    if (!leadsHere) return undefined;
    const value: FoundValue = { start, end: start + length, keyStart, isObject };
    found.splice(depth, found.length, value); // what an equal key before led to counts no more
    return value;
  };
  const enter = (start: number, length: number, isObject: boolean): void => {
    if (open.length > MAX_DEPTH) {
      throw new RevocabError("bad_config", `the config is nested deeper than ${MAX_DEPTH} levels`);
    }
    open.push(begin(start, length, isObject));
  };
  const leave = (offset: number, length: number): void => {
    const value = open.pop();
    if (value !== undefined) value.end = offset + length;
  };

  visit(
    text,
    {
      onObjectProperty(name, offset) {
        [key, keyStart] = [name, offset];
        const object = open.at(-1);
        if (object !== undefined) object.lastKeyStart = offset;
      },
      onObjectBegin: (offset, length) => enter(offset, length, true),
      onArrayBegin: (offset, length) => enter(offset, length, false),
      onObjectEnd: leave,
      onArrayEnd: leave,
      onLiteralValue: (_, offset, length) => void begin(offset, length, false),
      onError(error, offset) {
        const what = printParseErrorCode(error);
        throw new RevocabError("bad_config", `the config is no JSON: ${what} at character ${offset}`);
      },
    },
    { disallowComments: true },
  );
  return found;
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
