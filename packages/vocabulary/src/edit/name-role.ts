import { quote, RevocabError, type SpecialRole } from "@revocab/core";
import type { Tokenizer } from "../tokenizer.ts";
import { parseJson } from "../tokenizer-json/parse-json.ts";
import { editedTokenizer } from "./edited-tokenizer.ts";

/**
 * The tokenizer with another token for a role: tokenizer_config.json, and special_tokens_map.json where it is there, name
 * it. Its vocabulary, and what it puts around texts, stay.
 * @throws RevocabError `bad_options` for a token that is none of its specials
 */
export function nameRole(tokenizer: Tokenizer, role: SpecialRole, token: string): Tokenizer {
  const { vocabulary, origin, files } = tokenizer;
  if (vocabulary.idOfSpecial(token) === undefined) {
    throw new RevocabError(
      "bad_options",
      `${quote(token)} was named as the ${role} token, but it is no special token of ${origin}`,
      { hint: `add it as one, with --special ${quote(token)}` },
    );
  }
  const named = new Map(files);
  for (const name of ["tokenizer_config.json", "special_tokens_map.json"]) {
    const bytes = files.get(name);
    if (bytes === undefined && name !== "tokenizer_config.json") continue;
    const settings = bytes === undefined ? {} : (parseJson(bytes, name) as object);
    const text = JSON.stringify({ ...settings, [`${role}_token`]: token }, null, 2);
    named.set(name, new TextEncoder().encode(`${text}\n`));
  }
  return editedTokenizer(tokenizer, named, origin);
}
