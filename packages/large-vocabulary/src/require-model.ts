import { RevocabError, type StoredMatrix, showText, type Vocabulary } from "@revocab/core";
import { encodeInto, readRows } from "@revocab/matrix";
import type { ModelTables } from "@revocab/transformer-runtime";
import { fingerprint } from "@revocab/vocabulary";
import type { LargeVocabulary } from "./open-large-vocabulary.ts";
import { badVocabulary } from "./tensor-file.ts";

/** Rows that are compared. */
const COMPARED = 64;

/**
 * Requires that a vocabulary was made for a model: the model has the tokens that its ids begin with, and of its rows those that are
 * compared, from the first to the last.
 * @throws RevocabError `apply_mismatch` for another model, or a fine-tune whose rows have changed; `bad_vocabulary` for a tokenizer that is not
 *   the one of the folder's rows
 */
export async function requireModel(
  { path, facts, tokenizer, tables }: Pick<LargeVocabulary, "path" | "facts" | "tokenizer" | "tables">,
  model: { readonly name: string; readonly vocabulary: Vocabulary; readonly tables: ModelTables },
): Promise<void> {
  const mismatch = (found: string) =>
    new RevocabError(
      "apply_mismatch",
      `${path} was made for ${showText(facts.source.name, 100)}, but ${model.name} ${found}`,
      {
        hint: "give that model, or make a vocabulary for this one with `writeLargeVocabulary`",
      },
    );
  const own = fingerprint(model.vocabulary);
  if (own !== facts.source.fingerprint || model.tables.input.rows > facts.rows) {
    throw mismatch(`has the vocabulary ${own.slice(0, 12)}, not ${facts.source.fingerprint.slice(0, 12)}`);
  }
  const known = Array.from(
    { length: Math.min(model.vocabulary.size, model.tables.input.rows) },
    (_, id) => id,
  ).filter((id) => model.vocabulary.kindOf(id) !== "unused");
  const other = known.find((id) => !areEqual(tokenizer.vocabulary.bytesOf(id), model.vocabulary.bytesOf(id)));
  if (other !== undefined) {
    throw badVocabulary(
      path,
      `has a tokenizer whose id ${other} is another token than that of ${model.name}`,
    );
  }
  const ids = known.filter((_, i) => i % Math.ceil(known.length / COMPARED) === 0);
  for (const slot of ["input", "output"] as const) {
    const [here, there] = [tables[slot], model.tables[slot]];
    if (here.columns !== there.columns) {
      throw mismatch(`has ${slot} rows of ${there.columns} columns, not ${here.columns}`);
    }
    const [kept, found] = [await roundedRows(here, ids), await roundedRows(there, ids)];
    if (!kept.equals(found)) throw mismatch(`has other ${slot} rows`);
  }
}

function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

async function roundedRows(matrix: StoredMatrix, ids: readonly number[]): Promise<Buffer> {
  const { data } = await readRows(matrix, ids);
  const bytes = Buffer.alloc(data.length * 2);
  encodeInto("BF16", data, bytes);
  return bytes;
}
