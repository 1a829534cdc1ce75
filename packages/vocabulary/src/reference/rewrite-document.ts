import { JsonCursor } from "../tokenizer-json/json-cursor.ts";
import type { SplitDocument } from "../tokenizer-json/split-document.ts";

/**
 * A tokenizer.json with other fields around its vocabulary and merges, which are copied as they are written.
 * @param document with the model's options alone: `vocab` and `merges` come from the file
 * @param vocab another vocabulary, as JSON
 */
export function rewriteDocument(
  bytes: Uint8Array,
  { vocabAt, mergesAt }: Pick<SplitDocument, "vocabAt" | "mergesAt">,
  {
    document,
    vocab,
    keepMerges,
  }: {
    readonly document: Readonly<Record<string, unknown>>;
    readonly vocab?: string;
    readonly keepMerges: boolean;
  },
): Uint8Array {
  const model = document.model as Readonly<Record<string, unknown>>;
  const { model: _, ...rest } = document;
  const encoder = new TextEncoder();
  const parts: Uint8Array[] = [encoder.encode(`${JSON.stringify({ ...rest, model }).slice(0, -2)},"vocab":`)];
  parts.push(vocab === undefined ? valueAt(bytes, vocabAt) : encoder.encode(vocab));
  if (keepMerges)
    parts.push(
      encoder.encode(',"merges":'),
      mergesAt === undefined ? encoder.encode("[]") : valueAt(bytes, mergesAt),
    );
  parts.push(encoder.encode("}}"));
  return Buffer.concat(parts);
}

function valueAt(bytes: Uint8Array, at: number | undefined): Uint8Array {
  const cursor = new JsonCursor(bytes, at ?? 0, "tokenizer.json");
  cursor.skipValue();
  return bytes.subarray(at ?? 0, cursor.at);
}
