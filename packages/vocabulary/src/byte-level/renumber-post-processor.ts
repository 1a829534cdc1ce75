import type { Tokenizer } from "../tokenizer.ts";
import { parseJson } from "../tokenizer-json/parse-json.ts";
import type { TokenizerDocument } from "./tokenizer-document.ts";

/** The post-processor of the tokenizer whose specials these are, with the ids they have here. */
export function renumberPostProcessor(
  specialsOf: Tokenizer | undefined,
  idOf: ReadonlyMap<string, number>,
): TokenizerDocument["post_processor"] {
  const bytes = specialsOf?.files.get("tokenizer.json");
  if (bytes === undefined) return undefined;
  const { post_processor } = parseJson(bytes, "tokenizer.json") as TokenizerDocument;
  return renumbered(post_processor) as TokenizerDocument["post_processor"];

  function renumbered(value: unknown): unknown {
    if (Array.isArray(value)) {
      // `["</s>", 2]`, as RobertaProcessing writes a token
      const [token, id] = value;
      if (value.length === 2 && typeof token === "string" && typeof id === "number") {
        return [token, idOf.get(token) ?? id];
      }
      return value.map(renumbered);
    }
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).map(([key, inner]) => [key, renumbered(inner)]);
    const copy = Object.fromEntries(entries) as { ids?: unknown; tokens?: unknown };
    if (Array.isArray(copy.ids) && Array.isArray(copy.tokens)) {
      copy.ids = copy.tokens.map((token, i) => idOf.get(String(token)) ?? (copy.ids as unknown[])[i]);
    }
    return copy;
  }
}
