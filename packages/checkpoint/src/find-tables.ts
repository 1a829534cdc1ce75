import type { EmbeddingTable, Role } from "@revocab/core";
import type { Layout } from "./architectures.ts";
import { checkAgainstConfig, checkSlot, rejectMaps, rejectUnknown } from "./check-tables.ts";
import type { ConfigFacts } from "./config-facts.ts";
import type { FilePool } from "./file-pool.ts";
import { firstRowBeyondEnd } from "./first-row-beyond-end.ts";
import { nameSlots } from "./name-slots.ts";
import { addOwnTables } from "./own-tables.ts";
import { resolveTying } from "./resolve-tying.ts";
import type { SafetensorsFile, TensorEntry } from "./safetensors-header.ts";
import { locateTensor, storedTensor, type TensorLocation } from "./tensor-location.ts";

/** An embedding table and every tensor that holds it: copies (a tied head that is stored too) are rewritten alike. */
export interface CheckpointTable extends EmbeddingTable {
  readonly tensors: readonly TensorLocation[];
}

export interface FoundTables {
  readonly tables: readonly CheckpointTable[];
  readonly tied: boolean;
  /** The name that a head gets when a tied model is untied; undefined for a model without a head. */
  readonly headName: string | undefined;
  /**
   * Names of copies that a tied model leaves out: `tie_word_embeddings` also ties a bias that has two names (BERT) and
   * the tables of encoder and decoder (BART), so an untied model must hold them all.
   */
  readonly omittedCopies: readonly { readonly slot: string; readonly name: string }[];
  /** Tensors that hold a copy of a tied head. */
  readonly headTensors: readonly string[];
}

export interface FindTablesOptions {
  readonly directory: string;
  readonly files: readonly SafetensorsFile[];
  readonly facts: ConfigFacts;
  readonly pool: FilePool;
  /** Slots of tensors that the architecture data does not know, by tensor name. */
  readonly vocabularyTensors: Readonly<Record<string, string>>;
  /** Tensors that have a dimension of the vocabulary's size by chance. */
  readonly ignoreTensors: readonly string[];
}

/** Where a tensor is. */
export interface PlacedTensor {
  readonly file: SafetensorsFile;
  readonly entry: TensorEntry;
}

/**
 * Finds every tensor with a vocabulary dimension: by the names of the architecture, then by shape.
 * @throws RevocabError `unsupported_checkpoint`, `unsupported_dtype`, `bad_config` (config and tensors disagree),
 * `unknown_tensor` (a tensor as large as the vocabulary that no one has placed), `bad_options`.
 */
export async function findTables(options: FindTablesOptions): Promise<FoundTables> {
  const { directory, files, facts, pool } = options;
  const placed = new Map<string, PlacedTensor>();
  for (const file of files) for (const entry of file.tensors) placed.set(entry.name, { file, entry });
  rejectMaps(placed, options);
  const { slots, headName, headIsNamed, layout } = nameSlots(options, placed);

  const located = new Map<string, TensorLocation[]>();
  for (const [slot, names] of slots) {
    located.set(
      slot,
      names.map((name) => locateTensor(placed.get(name)!.file, placed.get(name)!.entry)),
    );
  }
  const input = located.get("input")!;
  const rows = input[0]!.rows;
  checkAgainstConfig(directory, facts, input[0]!);
  await addOwnTables(located, placed, options, headIsNamed);
  for (const [slot, tensors] of located) await checkSlot(slot, tensors, rows, pool);
  rejectUnknown(placed, located, rows, options);

  const heads = (located.get("output") ?? []).map(({ entry }) => entry.name);
  const tied = await resolveTying(directory, facts, located, headIsNamed, pool);
  const tables = [...located].map(([slot, tensors]) => makeTable(slot, tensors, rows, pool));
  return {
    tables,
    tied,
    headName: tied ? headName : undefined,
    omittedCopies: tied ? findOmittedCopies(layout, located, placed) : [],
    headTensors: tied ? heads : [],
  };
}

function makeTable(
  slot: string,
  tensors: readonly TensorLocation[],
  rows: number,
  pool: FilePool,
): CheckpointTable {
  const role: Role = slot.startsWith("output") ? "output" : "input";
  const matrix = firstRowBeyondEnd(storedTensor(pool, tensors[0]!), rows);
  return { slot, role, isBias: slot.endsWith(".bias"), matrix, tensors };
}

function findOmittedCopies(
  layout: Layout,
  located: ReadonlyMap<string, unknown>,
  placed: ReadonlyMap<string, PlacedTensor>,
): FoundTables["omittedCopies"] {
  // The names of an output table are alternatives, those of other tables are copies.
  return Object.entries(layout)
    .filter(([slot]) => slot !== "output" && located.has(slot))
    .flatMap(([slot, names]) => names.map((name) => ({ slot, name })))
    .filter(({ name }) => !name.includes("*") && !placed.has(name));
}
