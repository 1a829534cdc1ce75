import { quote, RevocabError } from "@revocab/core";
import { parseJson } from "@revocab/files";
import { z } from "zod";
import type { TypedTerm } from "./typed-term.ts";

const word = z.string().trim().min(1);
const types = z.array(word).min(1);
const termList = z.array(z.object({ term: word, types }));
const termObject = z.record(word, types);

/**
 * The terms of `{term: [types]}` or `[{term, types}]`.
 * @throws RevocabError bad_text naming the first entry that is something else
 */
export function termsOfJson(text: string, path: string): TypedTerm[] {
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
  return new RevocabError("bad_text", `${path} is no list of terms with types: ${at} is ${shown}`, {
    hint: HINT,
  });
}

const HINT = 'write {"aspirin": ["drug"]} or [{"term": "aspirin", "types": ["drug"]}]';
