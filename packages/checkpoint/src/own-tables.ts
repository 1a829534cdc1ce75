import type { FilePool } from "./file-source.ts";
import { isOfOtherPart, readTableName } from "./table-names.ts";
import {
  type FindTablesOptions,
  isStoredDtype,
  locateTensor,
  type PlacedTensor,
  sameBytes,
  type TensorLocation,
} from "./tensor-location.ts";

/**
 * Follows the tables that an architecture's names leave out, wherever they stand: layers that predict several tokens
 * ahead and draft heads have embeddings and a head of their own (`model.layers.61.shared_head.head.weight`), encoder and
 * decoder may each have a table. A tensor with the bytes of a known table becomes a copy of that one; another that is
 * named as a table becomes one of its own, with a slot after its place in the model: `output.layers.61`. What is neither
 * is left for `rejectUnknown`.
 */
export async function addOwnTables(
  located: Map<string, TensorLocation[]>,
  placed: ReadonlyMap<string, PlacedTensor>,
  { facts, ignoreTensors, pool }: FindTablesOptions,
  headIsNamed: boolean,
): Promise<void> {
  // beside a tied head, a head elsewhere is another one
  const mayBeHead = facts.saysTied === false && !headIsNamed;
  const rows = located.get("input")![0]!.rows;
  await separateUnlike(located, pool);
  const known = new Set([...ignoreTensors, ...[...located.values()].flat().map(({ entry }) => entry.name)]);
  for (const { file, entry } of placed.values()) {
    const { name, shape } = entry;
    if (known.has(name) || shape.length !== 2 || shape[0] !== rows || shape[1]! < 2) continue;
    const named = isOfOtherPart(name) ? undefined : readTableName(name);
    const copied = await copiedTable(located, { file, entry }, named?.role, pool);
    if (copied !== undefined) located.get(copied)!.push(locateTensor(file, entry));
    else if (named !== undefined) {
      const isHead = named.role === "output" && mayBeHead && !located.has("output");
      const slot = isHead ? named.role : named.slot;
      if (!located.has(slot)) located.set(slot, [locateTensor(file, entry)]);
    }
  }
  addBiases(located, placed, ignoreTensors, rows);
}

/**
 * Where two names that are copies by the architecture hold two tables, the library ties neither (tie_weights of
 * modeling_utils.py compares them), so the second is a table of its own. Names that are one by the architecture, but not
 * by what is stored, are joined.
 */
async function separateUnlike(located: Map<string, TensorLocation[]>, pool: FilePool): Promise<void> {
  for (const tensors of [...located.values()]) {
    const first = tensors[0]!;
    for (const other of tensors.slice(1)) {
      const slot = readTableName(other.entry.name)?.slot;
      if (slot === undefined || located.has(slot) || (await sameBytes(pool, first, other))) continue;
      tensors.splice(tensors.indexOf(other), 1);
      located.set(slot, [other]);
    }
  }
  for (const [slot, tensors] of [...located]) {
    const [role, name] = slot.split(".", 2);
    const main = located.get(role!);
    if (name === undefined || slot.endsWith(".bias") || main === undefined || tensors.length === 0) continue;
    if (!(await sameBytes(pool, main[0]!, tensors[0]!))) continue;
    main.push(...tensors);
    located.delete(slot);
  }
}

/** The slot whose table a tensor holds byte for byte, one of its own role first. */
async function copiedTable(
  located: ReadonlyMap<string, readonly TensorLocation[]>,
  { file, entry }: PlacedTensor,
  role: string | undefined,
  pool: FilePool,
): Promise<string | undefined> {
  if (!isStoredDtype(entry.dtype)) return undefined;
  const candidates = [...located].filter(
    ([, [table]]) => table!.entry.dtype === entry.dtype && table!.entry.shape.join() === entry.shape.join(),
  );
  const isOfRole = ([slot]: readonly [string, unknown]) => role !== undefined && slot.startsWith(role);
  for (const [slot, [table]] of [
    ...candidates.filter(isOfRole),
    ...candidates.filter((one) => !isOfRole(one)),
  ]) {
    if (await sameBytes(pool, table!, locateTensor(file, entry))) return slot;
  }
  return undefined;
}

/** A bias beside a head's weight is that head's, whether or not the architecture's names list it. */
function addBiases(
  located: Map<string, TensorLocation[]>,
  placed: ReadonlyMap<string, PlacedTensor>,
  ignoreTensors: readonly string[],
  rows: number,
): void {
  for (const [slot, tensors] of [...located]) {
    if (!slot.startsWith("output") || slot.endsWith(".bias") || located.has(`${slot}.bias`)) continue;
    const found = placed.get(tensors[0]!.entry.name.replace(/\.weight$/, ".bias"));
    if (found === undefined || found.entry.shape.join() !== String(rows)) continue;
    if (!ignoreTensors.includes(found.entry.name)) {
      located.set(`${slot}.bias`, [locateTensor(found.file, found.entry)]);
    }
  }
}
