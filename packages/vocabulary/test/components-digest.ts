import { createHash } from "node:crypto";

interface Json {
  readonly [field: string]: unknown;
  readonly model: Record<string, unknown>;
  readonly added_tokens: ({ readonly id: number; readonly content: string } & Record<string, unknown>)[];
}

/** A tokenizer.json without its vocabulary, as tools/oracle/tokenizer-formats.py writes it into fixtures. */
export function componentsDigest(text: string): {
  readonly components: string;
  readonly added: [id: number, content: string, flags: string][];
} {
  const { model, ...json } = JSON.parse(text) as Json;
  const { vocab: _vocab, merges: _merges, ...kept } = model;
  const { normalizer, pre_tokenizer, post_processor, decoder } = json;
  const components = { normalizer, pre_tokenizer, post_processor, decoder, model: kept };
  const flags = { L: "lstrip", R: "rstrip", N: "normalized", W: "single_word", S: "special" };
  return {
    components: createHash("sha256").update(sorted(components)).digest("hex").slice(0, 8),
    added: json.added_tokens.map((token) => [
      token.id,
      token.content,
      Object.entries(flags)
        .filter(([, flag]) => token[flag] === true)
        .map(([letter]) => letter)
        .join(""),
    ]),
  };
}

/** As Python writes JSON with sorted keys. */
function sorted(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sorted).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${sorted(each)}`).join(",")}}`;
}
