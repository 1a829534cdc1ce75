import type { FileHandle } from "node:fs/promises";
import { readSafetensorsHeader, type SafetensorsFile, type TensorEntry } from "@revocab/checkpoint";
import { readExactly } from "@revocab/checkpoint/internal";
import { type Matrix, RevocabError, type RowSource, showMessage, type TablePlan } from "@revocab/core";
import { openFile, parseJson } from "@revocab/files";
import { namingFile } from "@revocab/files/internal";
import { checkMixture } from "@revocab/matrix";
import { tokenizerFromFiles } from "@revocab/vocabulary";
import { hashContents } from "./model/hash-files.ts";
import { PLAN_FORMAT, PLAN_VERSION, type PlanWords, planWords } from "./plan-format.ts";
import type { PlannedSwap, SourceLabels, SwapPlan } from "./swap-plan.ts";
import { planTarget } from "./target/plan-target.ts";

/** The largest tensor that is read at once, the sources of a mixture; dense rows are read block by block. */
const MAX_TENSOR_BYTES = 2 ** 32;

/**
 * Opens a plan file and checks everything but the rows that are no sum. These are read later: the file stays open until
 * `rowSource` is closed.
 *
 * @throws RevocabError `bad_plan` for a file that is no plan, of another version, or inconsistent
 */
export function openPlan(path: string): Promise<PlannedSwap> {
  return namingFile(path, "bad_plan", () => readPlan(path));
}

async function readPlan(path: string): Promise<PlannedSwap> {
  const handle = await openFile(path, { hint: "give a plan that `savePlan` wrote" });
  try {
    const file = await readSafetensorsHeader(path);
    const words = readWords(file);
    const tensor = tensorReader(file, handle);
    const files = new Map<string, Uint8Array>();
    for (const name of words.target.files) files.set(name, await tensor(`target/${name}`, "U8"));
    // messages name the plan file as the tokenizer's place, and no output may overlap it
    const tokenizer = tokenizerFromFiles(
      files,
      path,
      words.target.className === undefined ? {} : { className: words.target.className },
    );
    const target = planTarget(tokenizer, {
      name: words.target.name,
      inputs: words.target.inputs ?? hashContents(files),
      rows: words.target.rows,
    });
    if (target.fingerprint !== words.target.fingerprint) {
      bad(
        path,
        `says its target vocabulary is ${words.target.fingerprint.slice(0, 12)}, but it holds ${target.fingerprint.slice(0, 12)}`,
      );
    }
    const tables: TablePlan[] = [];
    for (const table of words.tables) tables.push(await readTable(path, words, table, tensor, file));
    const labels = await readLabels(path, words.source.rows, tensor);
    const plan: SwapPlan = {
      recipe: words.recipe,
      source: { ...words.source, labels },
      target,
      tables,
      alignment: words.alignment,
      ...(words.digits && { digits: words.digits }),
      notes: words.notes,
      ...(words.training && { training: words.training }),
    };
    return { plan, rowSource: rowsInFile(plan, file, handle) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function readWords({ path, metadata }: SafetensorsFile): PlanWords {
  if (metadata?.format !== PLAN_FORMAT) bad(path, "is no plan");
  if (metadata.version !== PLAN_VERSION) {
    bad(path, `is a plan of version ${String(metadata.version)}; this revocab reads version ${PLAN_VERSION}`);
  }
  const value = parseJson(String(metadata.plan), {
    origin: `the metadata of ${path}`,
    code: "bad_plan",
    hint: HINT,
  });
  const { success, data, error } = planWords.safeParse(value);
  if (!success)
    bad(
      path,
      `has metadata that is wrong at ${error.issues[0]?.path.join(".")}: ${showMessage(String(error.issues[0]?.message))}`,
    );
  return data;
}

type Dtype = "U8" | "U32" | "F32";
type TensorReader = {
  (name: string, dtype: "U8"): Promise<Uint8Array>;
  (name: string, dtype: "U32"): Promise<Uint32Array>;
  (name: string, dtype: "F32"): Promise<Float32Array>;
};

function tensorReader(file: SafetensorsFile, handle: FileHandle): TensorReader {
  const read = async (name: string, dtype: Dtype) => {
    const entry = entryOf(file, name, dtype);
    const size = entry.end - entry.start;
    if (size > MAX_TENSOR_BYTES)
      bad(file.path, `has ${size} bytes under ${name}; at most ${MAX_TENSOR_BYTES} are read`);
    const bytes = new Uint8Array(size);
    await readExactly(handle, bytes, entry.start, file.path);
    if (dtype === "U8") return bytes;
    return dtype === "U32" ? new Uint32Array(bytes.buffer) : new Float32Array(bytes.buffer);
  };
  return read as TensorReader;
}

function entryOf(file: SafetensorsFile, name: string, dtype: Dtype): TensorEntry {
  const entry = file.tensors.find((tensor) => tensor.name === name);
  if (!entry) bad(file.path, `lacks the tensor ${name}`);
  if (entry.dtype !== dtype) bad(file.path, `holds ${name} as ${entry.dtype}; ${dtype} was expected`);
  return entry;
}

async function readTable(
  path: string,
  { source, target }: PlanWords,
  { slot, role, origins }: PlanWords["tables"][number],
  tensor: TensorReader,
  file: SafetensorsFile,
): Promise<TablePlan> {
  const basisShape = entryOf(file, `${slot}/basis`, "F32").shape;
  const [basisRows = 0, basisColumns = 0] = basisShape;
  const basis: Matrix = {
    rows: basisRows,
    columns: basisColumns,
    data: await tensor(`${slot}/basis`, "F32"),
  };
  const mixture = {
    offsets: await tensor(`${slot}/offsets`, "U32"),
    sources: await tensor(`${slot}/sources`, "U32"),
    weights: await tensor(`${slot}/weights`, "F32"),
  };
  if (mixture.offsets.length !== target.rows + 1) {
    bad(path, `has ${mixture.offsets.length - 1} rows for ${slot}; ${target.rows} were expected`);
  }
  try {
    checkMixture(mixture, source.rows, basisRows);
  } catch (error) {
    bad(path, `holds a mixture for ${slot} that is not one: ${(error as Error).message}`);
  }
  const origin = await tensor(`${slot}/origin`, "U8");
  if (origin.length !== target.rows || origin.some((index) => index >= origins.length)) {
    bad(path, `has origins for ${slot} that do not fit its ${target.rows} rows`);
  }
  return {
    slot,
    role,
    mixture,
    basis,
    origin,
    origins,
    dense: await readDense(path, slot, target.rows, tensor, file),
  };
}

async function readDense(
  path: string,
  slot: string,
  rows: number,
  tensor: TensorReader,
  file: SafetensorsFile,
): Promise<TablePlan["dense"]> {
  const ids = await tensor(`${slot}/dense_ids`, "U32");
  const entry = entryOf(file, `${slot}/dense_rows`, "F32");
  const columns = entry.shape[1] ?? 0;
  if (
    entry.shape[0] !== ids.length ||
    ids.some((id, i) => id >= rows || (i > 0 && id <= (ids[i - 1] as number)))
  ) {
    bad(path, `has dense rows for ${slot} whose ids are not ascending ids below ${rows}`);
  }
  return { ids, columns };
}

function rowsInFile({ tables }: SwapPlan, file: SafetensorsFile, handle: FileHandle): RowSource {
  return {
    async read(slot, start, count) {
      const columns = tables.find((table) => table.slot === slot)?.dense.columns ?? 0;
      const entry = entryOf(file, `${slot}/dense_rows`, "F32");
      const bytes = new Uint8Array(count * columns * 4);
      await readExactly(handle, bytes, entry.start + start * columns * 4, file.path);
      return { rows: count, columns, data: new Float32Array(bytes.buffer) };
    },
    close: () => handle.close(),
  };
}

async function readLabels(path: string, rows: number, tensor: TensorReader): Promise<SourceLabels> {
  const offsets = await tensor("source/label_offsets", "U32");
  const bytes = await tensor("source/labels", "U8");
  if (offsets.length !== rows + 1)
    bad(path, `has labels for ${offsets.length - 1} source rows; ${rows} were expected`);
  return { offsets, bytes };
}

function bad(path: string, what: string): never {
  throw new RevocabError("bad_plan", `${path} ${what}`, { hint: HINT });
}

const HINT = "make the plan again with `savePlan`";
