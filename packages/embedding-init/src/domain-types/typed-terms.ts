import { quote, RevocabError, showText } from "@revocab/core";
import { parseJson, readLines } from "@revocab/files";
import { z } from "zod";

/** A term of a domain and what kinds of thing it is. */
export interface TypedTerm {
  readonly term: string;
  /** At least one, each once. */
  readonly types: readonly string[];
}

/**
 * Reads terms with their types from a UTF-8 file: `.json` is an object of `{term: [types]}` or a list of `{term, types}`; any
 * other name has lines of `term<TAB>type`. With one tab the types after it are separated by commas; with more, each column is
 * one type, commas and all. A term on several lines has the types of all of them; blank lines are passed over.
 * @throws RevocabError missing_file; bad_text naming the line or the entry that is something else; aborted
 */
export async function readTypedTerms(path: string, abortSignal?: AbortSignal): Promise<readonly TypedTerm[]> {
  const lines = await readLines(path, abortSignal);
  const isJson = path.toLowerCase().endsWith(".json");
  const terms = isJson ? termsOfJson(lines.join("\n"), path) : termsOfLines(lines, path);
  if (terms.length > 0) return united(terms);
  throw new RevocabError("bad_text", `${showText(path)} holds no term`, {
    hint: isJson ? JSON_HINT : LINE_HINT,
  });
}

const LINE_HINT =
  "a term file has a term and its types on each line, with a tab between them: aspirin<TAB>drug,painkiller";
const JSON_HINT = 'write {"aspirin": ["drug"]} or [{"term": "aspirin", "types": ["drug"]}]';

function termsOfLines(lines: readonly string[], path: string): TypedTerm[] {
  return lines.flatMap((line, i) => {
    if (line.trim() === "") return [];
    const [term, ...columns] = line.split("\t").map((cell) => cell.trim());
    const types = (columns.length === 1 ? columns[0].split(",") : columns).map((type) => type.trim());
    const found =
      (columns.length === 0 && "has no tab") ||
      (term === "" && "has no term before its tab") ||
      (types.some((type) => type === "") && `has a term without a type`);
    if (!found) return [{ term, types }];
    const shown = quote(line);
    throw new RevocabError("bad_text", `${showText(path)}, line ${i + 1} ${found}: ${shown}`, {
      hint: LINE_HINT,
    });
  });
}

/** Each term once, in the order of the file. */
function united(terms: readonly TypedTerm[]): TypedTerm[] {
  const typesOf = new Map<string, Set<string>>();
  for (const { term, types } of terms) {
    const known = typesOf.get(term) ?? new Set<string>();
    for (const type of types) known.add(type);
    typesOf.set(term, known);
  }
  return Array.from(typesOf, ([term, types]) => ({ term, types: [...types] }));
}

const word = z.string().trim().min(1);
const types = z.array(word).min(1);
const termList = z.array(z.object({ term: word, types }));
const termObject = z.record(word, types);

/**
 * The terms of `{term: [types]}` or `[{term, types}]`.
 * @throws RevocabError bad_text naming the first entry that is something else
 */
function termsOfJson(text: string, path: string): TypedTerm[] {
  const content = parseJson(text, { origin: path, code: "bad_text", hint: HINT });
  if (Array.isArray(content)) {
    const list = termList.safeParse(content);
    if (list.success) return list.data;
    throw wrongShape(path, content, list.error);
  }
  const object = termObject.safeParse(content);
  if (object.success)
    return Object.entries(object.data).map(([term, types]) => ({ term: term.trim(), types }));
  throw wrongShape(path, content, object.error);
}

function wrongShape(path: string, content: unknown, { issues }: z.ZodError): RevocabError {
  const [first] = issues;
  const place = first.path.map(String).join(".");
  const at = place === "" ? "it" : `its entry ${place}`;
  const found = first.path.reduce<unknown>(
    (value, key) => (value as Record<PropertyKey, unknown>)?.[key],
    content,
  );
  const shown = found === undefined ? "missing" : quote(found);
  return new RevocabError("bad_text", `${showText(path)} is no list of terms with types: ${at} is ${shown}`, {
    hint: HINT,
  });
}

const HINT = 'write {"aspirin": ["drug"]} or [{"term": "aspirin", "types": ["drug"]}]';
