import type { TokenizerDocument } from "../byte-level/tokenizer-document.ts";
import type { Notation } from "../notation.ts";
import { readNotation } from "../read-notation.ts";
import type { Tokenizer } from "../tokenizer.ts";
import { parseJson } from "../tokenizer-json/parse-json.ts";
import { parseTokenizerJson } from "../tokenizer-json/parse-tokenizer-json.ts";
import type { TokenizerJson } from "../tokenizer-json/tokenizer-json.ts";
import { requireEditable } from "./edited-tokenizer.ts";

/** A tokenizer to edit: as it is known, as its file has it, and how that writes bytes. */
export interface EditSubject {
  readonly tokenizer: Tokenizer;
  readonly json: TokenizerJson;
  readonly document: TokenizerDocument;
  readonly notation: Notation;
}

export function editSubject(tokenizer: Tokenizer): EditSubject {
  requireEditable(tokenizer);
  const bytes = tokenizer.files.get("tokenizer.json")!;
  const json = parseTokenizerJson(bytes, tokenizer.origin);
  const document = parseJson(bytes, tokenizer.origin) as TokenizerDocument;
  return { tokenizer, json, document, notation: readNotation(json).notation };
}
