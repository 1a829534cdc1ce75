import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { SourceTables, SurfaceForms } from "@revocab/hypernetwork";
import { storeMatrix } from "@revocab/matrix";
import { added, bpeModel, byteLevel, numbered, tokenizerJson } from "@revocab/test-support/tokenizer-json";

export const FIXTURES = fileURLToPath(new URL("./fixtures", import.meta.url));
/** Of the reference implementation (zett 0167758): random weights, and the rows it predicts with them. */
export const GOLDEN = readdirSync(FIXTURES).filter(
  (name) => name.startsWith("hypernet_") && name.endsWith(".json"),
);
/** Made by tools/oracle/hypernetwork-fixtures.py: what the golden cases leave out. */
export const NETWORKS = readdirSync(join(FIXTURES, "networks"));

export interface ExpectedRows {
  readonly source_embeddings: readonly (readonly number[])[];
  readonly surface_forms: readonly (readonly number[])[];
  readonly lang_index: number | null;
  readonly pred_in: readonly (readonly number[])[];
  readonly pred_out: readonly (readonly number[])[] | null;
  readonly pred_bias: readonly number[] | null;
}

export interface Fixture extends ExpectedRows {
  readonly config: Record<string, unknown>;
}

/** Writes a hypernetwork's folder, with a tokenizer, and gives what it must predict. */
export function writeNetwork(folder: string, name: string, changes: Record<string, unknown> = {}): Fixture {
  const own = join(FIXTURES, "networks", name);
  const read = (path: string) => JSON.parse(readFileSync(path, "utf8"));
  let fixture: Fixture;
  if (existsSync(own)) {
    for (const file of readdirSync(own)) {
      if (file.includes("safetensors")) copyFileSync(join(own, file), join(folder, file));
    }
    fixture = { config: read(join(own, "config.json")), ...read(join(own, "expected.json")) };
  } else {
    fixture = read(join(FIXTURES, name));
    copyFileSync(join(FIXTURES, name.replace(".json", ".safetensors")), join(folder, "model.safetensors"));
  }
  writeFileSync(join(folder, "config.json"), JSON.stringify({ ...fixture.config, ...changes }));
  const ids = (fixture.config.original_vocab_size as number) + (fixture.config.hn_n_extra_tokens as number);
  const known = PIECES.slice(0, ids);
  const merges = MERGES.filter((merge) => known.includes(merge.replace(" ", "")));
  writeFileSync(join(folder, "tokenizer.json"), byteLevelTokenizer(numbered(known), merges));
  return fixture;
}

/** The fixture's source rows as the tables of a model: input row, then head row where the network reads both. */
export function sourceTables({ source_embeddings, config }: Fixture): SourceTables {
  const width = config.n_embd as number;
  const part = (from: number) =>
    storeMatrix({
      rows: source_embeddings.length,
      columns: width,
      data: Float32Array.from(source_embeddings.flatMap((row) => row.slice(from, from + width))),
    });
  return { input: part(0), ...(config.separate_out_embeddings === true && { output: part(width) }) };
}

/** The fixture's surface forms, but for those that are all padding. */
export function surfaceForms({ surface_forms, config }: Fixture): SurfaceForms {
  const padId = config.pad_token_id as number;
  const rows = surface_forms.filter((row) => row.some((id) => id !== padId));
  return {
    ids: Int32Array.from(rows.flat()),
    lengths: Uint16Array.from(rows, (row) => row.filter((id) => id !== padId).length),
    formLength: config.hn_surface_maxlen as number,
    padId,
    truncated: [],
    unspelled: [],
  };
}

/** A byte-level BPE of 23 ids: specials, then letters and what they merge to. */
const PIECES = ["<unk>", "<s>", "</s>", ..."abcdefghijĠÃ©Ċ", "ab", "Ġc", "abc", "de", "fg", "hi"];
const MERGES = ["a b", "Ġ c", "ab c", "d e", "f g", "h i"];

/** The tokenizer.json of a byte-level BPE whose first three pieces are special. */
export function byteLevelTokenizer(
  vocab: Readonly<Record<string, number>>,
  merges: readonly string[],
): string {
  return tokenizerJson({
    added: PIECES.slice(0, 3).map((content, id) => added(id, content)),
    preTokenizer: byteLevel(false),
    decoder: byteLevel(false),
    model: bpeModel(vocab, merges),
  });
}
