import {
  BYTES_PER_VALUE,
  type EmbeddingTable,
  RevocabError,
  type Role,
  type StoredMatrix,
  showText,
} from "@revocab/core";
import type { Layout } from "./architectures.ts";
import { checkAgainstConfig, checkSlot, rejectMaps, rejectPacked, rejectUnknown } from "./check-tables.ts";
import type { ConfigFacts } from "./config-facts.ts";
import type { FilePool } from "./file-source.ts";
import { nameSlots } from "./name-slots.ts";
import { addOwnTables } from "./own-tables.ts";
import {
  type FindTablesOptions,
  locateTensor,
  type PlacedTensor,
  sameBytes,
  storedTensor,
  type TensorLocation,
} from "./tensor-location.ts";

/** An embedding table and every tensor that holds it: copies (a tied head that is stored too) are rewritten alike. */
export interface CheckpointTable extends EmbeddingTable {
  readonly tensors: readonly TensorLocation[];
}

interface FoundTables {
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

/**
 * Finds every tensor with a vocabulary dimension: by the names of the architecture, then by shape.
 * @throws RevocabError `unsupported_checkpoint`, `unsupported_dtype`, `bad_config` (config and tensors disagree),
 * `unknown_tensor` (a tensor as large as the vocabulary that has no slot), `bad_options`.
 */
export async function findTables(options: FindTablesOptions): Promise<FoundTables> {
  const { directory, files, facts, pool } = options;
  const placed = new Map<string, PlacedTensor>();
  for (const file of files) for (const entry of file.tensors) placed.set(entry.name, { file, entry });
  rejectMaps(placed, options);
  rejectPacked(placed, options);
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

/**
 * Moves a stored copy of a tied head to the input's tensors; says whether the model is tied.
 * @throws RevocabError `bad_config` when the config and what is stored disagree.
 */
async function resolveTying(
  directory: string,
  facts: ConfigFacts,
  located: Map<string, TensorLocation[]>,
  headIsNamed: boolean,
  pool: FilePool,
): Promise<boolean> {
  const input = located.get("input")!;
  const output = located.get("output");
  if (output === undefined) {
    // Weights named as the model without its head names them (the first GPT-2) still have one when the class has.
    if (!headIsNamed) return facts.expectsHead === true && facts.saysTied === true;
    const hasHead = facts.expectsHead !== false;
    if (hasHead && facts.saysTied === false && facts.expectsHead === true) {
      throw new RevocabError(
        "bad_config",
        `${showText(directory)} has no head, but its config says that the head is not tied`,
        {
          hint: 'the weights are incomplete, or "tie_word_embeddings" in config.json should be true',
        },
      );
    }
    return hasHead && facts.saysTied !== false;
  }
  if (facts.saysTied === false) return false;
  if (await sameBytes(pool, input[0]!, output[0]!)) {
    input.push(...output);
    located.delete("output");
    return true;
  }
  if (facts.saysTied === undefined || facts.architecture.tiedByContent) return false;
  throw new RevocabError(
    "bad_config",
    `${showText(directory)} says that the head is tied to the input embeddings, but ${showText(output[0]!.entry.name, 200)} and ` +
      `${showText(input[0]!.entry.name, 200)} differ`,
    {
      hint:
        "readers disagree about such a model (old ones ignore the head, new ones use it): set " +
        '"tie_word_embeddings" to false in a copy of config.json to keep the head, or remove the head tensor',
    },
  );
}

/**
 * A matrix of `rows` rows of which the last, where `stored` ends earlier, are its first row: Gemma3n has per-layer
 * rows for text alone and looks up row 0 for every other id (modeling_gemma3n.py, `per_layer_inputs_tokens`).
 */
function firstRowBeyondEnd(stored: StoredMatrix, rows: number): StoredMatrix {
  if (stored.rows >= rows) return stored;
  const rowBytes = stored.columns * BYTES_PER_VALUE[stored.dtype];
  return {
    ...stored,
    rows,
    readRows: async (start, count, into) => {
      if (start < 0 || count < 0 || start + count > rows || into.length !== count * rowBytes) {
        throw new RangeError(`rows ${start} … ${start + count} of ${rows} into ${into.length} bytes`);
      }
      const present = Math.max(0, Math.min(stored.rows - start, count));
      if (present > 0) await stored.readRows(start, present, into.subarray(0, present * rowBytes));
      if (present === count) return;
      await stored.readRows(0, 1, into.subarray(present * rowBytes, (present + 1) * rowBytes));
      for (let row = present + 1; row < count; row++) {
        into.copyWithin(row * rowBytes, present * rowBytes, (present + 1) * rowBytes);
      }
    },
  };
}
