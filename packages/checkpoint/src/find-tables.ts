import { type EmbeddingTable, RevocabError, type Role } from "@revocab/core";
import { isRuledOut, type Layout } from "./architectures.ts";
import { chooseLayout } from "./choose-layout.ts";
import type { ConfigFacts } from "./config-facts.ts";
import type { FilePool } from "./file-pool.ts";
import { firstRowBeyondEnd } from "./first-row-beyond-end.ts";
import type { SafetensorsFile, TensorEntry } from "./safetensors-header.ts";
import { sameBytes } from "./same-bytes.ts";
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

type Placed = { readonly file: SafetensorsFile; readonly entry: TensorEntry };

/**
 * Finds every tensor with a vocabulary dimension: by the names of the architecture, then by shape.
 * @throws RevocabError `unsupported_checkpoint`, `unsupported_dtype`, `bad_config` (config and tensors disagree),
 * `unknown_tensor` (a tensor as large as the vocabulary that no one has placed), `bad_options`.
 */
export async function findTables(options: FindTablesOptions): Promise<FoundTables> {
  const { directory, files, facts, pool, ignoreTensors } = options;
  const placed = new Map<string, Placed>();
  for (const file of files) for (const entry of file.tensors) placed.set(entry.name, { file, entry });
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
  for (const [slot, tensors] of located) await checkSlot(slot, tensors, rows, pool);
  rejectUnknown(placed, slots, rows, ignoreTensors);

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

function findOmittedCopies(
  layout: Layout,
  located: ReadonlyMap<string, unknown>,
  placed: ReadonlyMap<string, Placed>,
): FoundTables["omittedCopies"] {
  // The names of an output table are alternatives, those of other tables are copies.
  return Object.entries(layout)
    .filter(([slot]) => slot !== "output" && located.has(slot))
    .flatMap(([slot, names]) => names.map((name) => ({ slot, name })))
    .filter(({ name }) => !name.includes("*") && !placed.has(name));
}

function nameSlots(options: FindTablesOptions, placed: ReadonlyMap<string, Placed>) {
  const { directory, facts, vocabularyTensors, ignoreTensors } = options;
  for (const name of [...Object.keys(vocabularyTensors), ...ignoreTensors]) {
    if (!placed.has(name)) {
      throw new RevocabError("bad_options", `${directory} holds no tensor named ${name}`, {
        hint: "vocabularyTensors and ignoreTensors take names as `revocab inspect` lists them",
      });
    }
  }
  const ignored = new Set(ignoreTensors);
  const free = [...placed.keys()].filter(
    (name) => !ignored.has(name) && !Object.hasOwn(vocabularyTensors, name),
  );
  const named = chooseLayout(facts.architecture, free);
  const slots = new Map<string, string[]>();
  for (const [slot, names] of named?.namesBySlot ?? []) slots.set(slot, [...names]);
  for (const [name, slot] of Object.entries(vocabularyTensors))
    slots.set(slot, [...(slots.get(slot) ?? []), name]);

  // Some tied models are stored with the head alone; the library ties either way (modeling_utils.tie_weights).
  if (!slots.has("input") && slots.has("output") && facts.saysTied !== false) {
    const head = slots.get("output")!;
    slots.delete("output");
    return {
      slots: new Map([["input", head], ...slots]),
      headName: undefined,
      headIsNamed: true,
      layout: {},
    };
  }
  if (!slots.has("input")) throw noInput(directory, facts, placed);
  const layout = named?.layout ?? {};
  return { slots, headName: layout.output?.[0], headIsNamed: layout.output !== undefined, layout };
}

function noInput(directory: string, facts: ConfigFacts, placed: ReadonlyMap<string, Placed>): RevocabError {
  const candidates = [...placed.values()]
    .filter(({ entry }) => entry.shape.length === 2 && entry.shape[0] === facts.vocabularySize)
    .map(({ entry }) => `${entry.name} [${entry.shape}]`);
  return new RevocabError(
    "unsupported_checkpoint",
    `${directory} (model_type ${facts.modelType}) has no input embeddings under a name that is known; ` +
      (candidates.length === 0
        ? "no tensor has a row per token"
        : `these have a row per token: ${candidates}`),
    { hint: 'name them with vocabularyTensors, for example { "my.embed.weight": "input" }' },
  );
}

function checkAgainstConfig(
  directory: string,
  facts: ConfigFacts,
  { entry, rows, columns }: TensorLocation,
): void {
  const { vocabularySize, widths } = facts;
  if (vocabularySize !== undefined && vocabularySize !== rows) {
    throw new RevocabError(
      "bad_config",
      `${directory}/config.json says vocab_size ${vocabularySize}, but ${entry.name} has ${rows} rows`,
      { hint: "config and weights belong to different versions of the model: download both again" },
    );
  }
  if (widths.length > 0 && !widths.includes(columns)) {
    throw new RevocabError(
      "bad_config",
      `${directory}/config.json says that embeddings are ${widths.join(" or ")} wide, but ${entry.name} has ${columns} columns`,
      { hint: "config and weights belong to different versions of the model: download both again" },
    );
  }
}

async function checkSlot(
  slot: string,
  tensors: readonly TensorLocation[],
  rows: number,
  pool: FilePool,
): Promise<void> {
  const first = tensors[0]!;
  // A per-layer table may leave out the last ids (Gemma3n: no row for image and audio tokens).
  const fits = slot === "input.per_layer" ? first.rows <= rows : first.rows === rows;
  if (!fits) {
    throw new RevocabError(
      "unsupported_checkpoint",
      `${first.entry.name} has ${first.rows} rows, but the input embeddings have ${rows}`,
      { hint: "a model with two vocabularies cannot be given one new vocabulary" },
    );
  }
  for (const other of tensors.slice(1)) {
    if (!(await sameBytes(pool, first, other))) {
      throw new RevocabError(
        "unsupported_checkpoint",
        `${first.entry.name} and ${other.entry.name} should be two copies of one table, but they differ`,
        { hint: "a model with two different tables here is not supported" },
      );
    }
  }
}

function rejectUnknown(
  placed: ReadonlyMap<string, Placed>,
  slots: ReadonlyMap<string, readonly string[]>,
  rows: number,
  ignoreTensors: readonly string[],
): void {
  const known = new Set([...ignoreTensors, ...[...slots.values()].flat()]);
  for (const { file, entry } of placed.values()) {
    if (known.has(entry.name) || isRuledOut(entry.name) || !entry.shape.includes(rows)) continue;
    throw new RevocabError(
      "unknown_tensor",
      `${file.path} holds ${entry.name} [${entry.shape}], which has a dimension as large as the vocabulary (${rows}) ` +
        "and is none of the tables this architecture is known to have",
      {
        hint:
          `if it has a row per token, name its slot: vocabularyTensors { "${entry.name}": "output" }; ` +
          `if the size is a coincidence: ignoreTensors ["${entry.name}"]`,
      },
    );
  }
}

/** Moves a stored copy of a tied head to the input's tensors; says whether the model is tied. */
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
    const hasHead = headIsNamed && facts.expectsHead !== false;
    if (hasHead && facts.saysTied === false && facts.expectsHead === true) {
      throw new RevocabError(
        "bad_config",
        `${directory} has no head, but its config says that the head is not tied`,
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
    `${directory} says that the head is tied to the input embeddings, but ${output[0]!.entry.name} and ` +
      `${input[0]!.entry.name} differ`,
    {
      hint:
        "readers disagree about such a model (old ones ignore the head, new ones use it): set " +
        '"tie_word_embeddings" to false in a copy of config.json to keep the head, or remove the head tensor',
    },
  );
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
