import { type Job, RevocabError, type StoredDtype, showText, type TokenId } from "@revocab/core";
import { scanRows } from "@revocab/matrix";
import { findIdenticalRows, type IdenticalRows } from "./identical-rows.ts";
import { type Checkpoint, type OpenCheckpointOptions, openCheckpoint } from "./open-checkpoint.ts";

export interface VerifyExpectations extends OpenCheckpointOptions {
  /** The model that was rewritten. */
  readonly source: Checkpoint;
  /** Rows every vocabulary table must have. */
  readonly rows: number;
  /** The head was given rows of its own. @default false */
  readonly untie?: boolean;
  /** Rows that may be alike and without a norm of note: holes, padding. @default none */
  readonly isLeftOut?: (row: TokenId) => boolean;
  readonly job?: Job;
}

export interface VerifiedTable {
  readonly slot: string;
  readonly rows: number;
  readonly columns: number;
  readonly dtype: StoredDtype;
  /** Rows of zeros, the ones left out not among them; none for a bias, where zero is a value like any other. */
  readonly zeroRows: readonly TokenId[];
  readonly identical: IdenticalRows;
  readonly norms: NormOutliers;
}

export interface VerifyReport {
  readonly tables: readonly VerifiedTable[];
}

const STEP = "check weights";

/**
 * The weights' part of the gate: opens the written folder afresh, compares its tensors with the source's, and scans every
 * vocabulary table once. What it lists (zero rows, identical rows, outliers) is for the caller to judge.
 * @throws RevocabError `gate_failed` when a table has the wrong size or a NaN or infinity, when tying is not as wanted, or
 * when another tensor is missing or has another dtype or shape; everything that `openCheckpoint` throws; `aborted`.
 */
export async function verifyCheckpoint(
  directory: string,
  expectations: VerifyExpectations,
): Promise<VerifyReport> {
  const { source, rows, untie = false, isLeftOut = () => false, job } = expectations;
  const { vocabularyTensors, ignoreTensors, weights } = expectations;
  const written = await openCheckpoint(directory, { vocabularyTensors, ignoreTensors, weights });
  try {
    checkTensors(directory, source, written, rows, untie);
    const bytesOf = written.tables.map(({ tensors }) => tensors[0]!.entry.end - tensors[0]!.entry.start);
    const total = bytesOf.reduce((sum, bytes) => sum + bytes, 0);
    const tables: VerifiedTable[] = [];
    let done = 0;
    for (const { slot, matrix, isBias } of written.tables) {
      const onBytes = (count: number) => {
        done += count;
        job?.onProgress?.({ type: "progress", step: STEP, done, total, unit: "bytes" });
      };
      const scan = await scanRows(matrix, { job, onBytes });
      rejectNotFinite(directory, slot, scan.squaredNorms);
      const counts = (row: TokenId) => !isBias && !isLeftOut(row);
      tables.push({
        slot,
        rows: matrix.rows,
        columns: matrix.columns,
        dtype: matrix.dtype,
        zeroRows: rowsWhere(matrix.rows, (row) => counts(row) && scan.squaredNorms[row] === 0),
        identical: findIdenticalRows(scan, counts),
        norms: findNormOutliers(scan.squaredNorms, counts),
      });
    }
    return { tables };
  } finally {
    await written.close();
  }
}

function checkTensors(
  directory: string,
  source: Checkpoint,
  written: Checkpoint,
  rows: number,
  untie: boolean,
): void {
  if (written.rows !== rows) fail(directory, `has ${written.rows} rows; ${rows} were expected`);
  const tied = source.tied && !untie;
  if (written.tied !== tied) {
    fail(directory, `has a head that is ${written.tied ? "tied" : "not tied"}; the opposite was expected`);
  }
  const slots = (checkpoint: Checkpoint) => checkpoint.tables.map((table) => table.slot).sort();
  const expectedSlots = [...slots(source), ...(untie ? ["output"] : [])].sort();
  if (slots(written).join() !== expectedSlots.join()) {
    fail(directory, `has the tables ${slots(written)}; ${expectedSlots} were expected`);
  }
  for (const table of written.tables) {
    const before =
      source.tables.find(({ slot }) => slot === table.slot) ??
      source.tables.find(({ slot }) => slot === "input")!;
    for (const tensor of table.tensors) {
      const expected = `${before.matrix.dtype} [${rows} × ${before.matrix.columns}]`;
      const found = `${tensor.dtype} [${tensor.rows} × ${tensor.columns}]`;
      if (found !== expected)
        fail(directory, `holds ${showText(tensor.entry.name, 200)} as ${found}; ${expected} was expected`);
    }
  }
  const others = otherTensors(written);
  for (const [name, expected] of otherTensors(source)) {
    const found = others.get(name);
    if (found !== expected)
      fail(
        directory,
        `holds ${showText(name, 200)} as ${showText(found ?? "nothing", 200)}; ${showText(expected, 200)} was expected`,
      );
    others.delete(name);
  }
  for (const [name, found] of others)
    fail(directory, `holds ${showText(name, 200)} (${showText(found, 200)}), which the source does not have`);
}

function otherTensors(checkpoint: Checkpoint): Map<string, string> {
  const tables = new Set(checkpoint.tables.flatMap(({ tensors }) => tensors.map(({ entry }) => entry.name)));
  return new Map(
    checkpoint.files
      .flatMap((file) => file.tensors)
      .filter(({ name }) => !tables.has(name))
      .map(({ name, dtype, shape }) => [name, `${dtype} [${shape}]`]),
  );
}

function rejectNotFinite(directory: string, slot: string, squaredNorms: Float64Array): void {
  const bad = rowsWhere(squaredNorms.length, (row) => !Number.isFinite(squaredNorms[row]));
  if (bad.length === 0) return;
  fail(
    directory,
    `has NaN or infinity in ${bad.length} rows of the table ${slot}: ${bad.slice(0, 10).join(", ")}`,
  );
}

function rowsWhere(rows: number, holds: (row: TokenId) => boolean): TokenId[] {
  const found: TokenId[] = [];
  for (let row = 0; row < rows; row++) if (holds(row)) found.push(row);
  return found;
}

function fail(directory: string, what: string): never {
  throw new RevocabError("gate_failed", `the written model ${showText(directory)} ${what}`, {
    hint: "nothing was kept; when the source has them too, repair or download it again",
  });
}

export interface NormOutliers {
  /** Of the rows that count, zeros left out. */
  readonly median: number;
  /** Rows whose norm is far from the median; all of them. */
  readonly count: number;
  /** The farthest, at most 100. `score`: (norm − median) / (1.4826 · MAD), in standard deviations of a normal. */
  readonly outliers: readonly { readonly row: TokenId; readonly norm: number; readonly score: number }[];
}

/**
 * In standard deviations: the trained models these limits were tried on reach −8.9 by themselves (the shortest row of a
 * Llama of 260k parameters) and less in the others.
 */
const FAR = 10;
const MAX_LISTED = 100;

function findNormOutliers(squaredNorms: Float64Array, counts: (row: TokenId) => boolean): NormOutliers {
  const rows: TokenId[] = [];
  for (let row = 0; row < squaredNorms.length; row++)
    if (squaredNorms[row]! > 0 && counts(row)) rows.push(row);
  const norms = Float64Array.from(rows, (row) => Math.sqrt(squaredNorms[row]!));
  const median = medianOf(norms);
  const spread = 1.4826 * medianOf(norms.map((norm) => Math.abs(norm - median)));
  if (!(spread > 0)) return { median, count: 0, outliers: [] };
  const far = rows
    .map((row, i) => ({ row, norm: norms[i]!, score: (norms[i]! - median) / spread }))
    .filter(({ score }) => Math.abs(score) > FAR)
    .sort((a, b) => Math.abs(b.score) - Math.abs(a.score) || a.row - b.row);
  return { median, count: far.length, outliers: far.slice(0, MAX_LISTED) };
}

function medianOf(values: Float64Array): number {
  if (values.length === 0) return 0;
  const sorted = values.slice().sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
