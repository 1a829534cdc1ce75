import { quote, RevocabError } from "@revocab/core";
import { readLines } from "@revocab/files";
import { termsOfJson } from "./terms-of-json.ts";
import type { TypedTerm } from "./typed-term.ts";

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
  throw new RevocabError("bad_text", `${path} holds no term`, { hint: isJson ? JSON_HINT : LINE_HINT });
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
    throw new RevocabError("bad_text", `${path}, line ${i + 1} ${found}: ${quote(line)}`, {
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
