import {
  BYTES_PER_VALUE,
  type Job,
  type StoredDtype,
  type StoredMatrix,
  type TokenId,
  throwIfAborted,
} from "@revocab/core";

interface RowScan {
  /** [rows] NaN or infinite where the row has such a value, 0 exactly where every value is zero. */
  readonly squaredNorms: Float64Array;
  /** [rows] two 32-bit hashes of the row's bytes. */
  readonly hashes: readonly [Uint32Array, Uint32Array];
}

interface ScanRowsOptions {
  readonly job?: Job;
  readonly onBytes?: (count: number) => void;
}

const BLOCK_BYTES = 8 << 20;

/** Reads a table once, 8 MB at a time (the next block is read meanwhile), and keeps norm and hash of each row. */
export async function scanRows(
  stored: StoredMatrix,
  { job, onBytes }: ScanRowsOptions = {},
): Promise<RowScan> {
  const { rows, columns, dtype } = stored;
  const rowBytes = columns * BYTES_PER_VALUE[dtype];
  const scan: RowScan = {
    squaredNorms: new Float64Array(rows),
    hashes: [new Uint32Array(rows), new Uint32Array(rows)],
  };
  const blockRows = Math.max(1, Math.min(rows, Math.floor(BLOCK_BYTES / rowBytes)));
  const buffers = [new Uint8Array(blockRows * rowBytes), new Uint8Array(blockRows * rowBytes)];
  const squares = squaresOf(dtype);
  const read = async (start: number, i: number) => {
    const bytes = buffers[i % 2]!.subarray(0, Math.min(blockRows, rows - start) * rowBytes);
    if (bytes.length > 0) await stored.readRows(start, bytes.length / rowBytes, bytes);
    return bytes;
  };
  let next = read(0, 0);
  for (let start = 0, i = 0; start < rows; start += blockRows, i++) {
    const bytes = await next;
    throwIfAborted(job?.abortSignal);
    next = read(Math.min(rows, start + blockRows), i + 1);
    next.catch(() => undefined);
    if (squares === undefined) scanFloats(bytes, start, columns, scan);
    else scanHalves(bytes, start, columns, squares, scan);
    onBytes?.(bytes.length);
  }
  return scan;
}

/** 16-bit values: their squares come from a table, so that NaN and infinity show in the sum without a test per value. */
function scanHalves(
  bytes: Uint8Array,
  start: number,
  columns: number,
  squares: Float64Array,
  scan: RowScan,
): void {
  const values = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
  const [first, second] = scan.hashes;
  for (let row = 0, i = 0; i < values.length; row++) {
    let sum = 0;
    let a = 0x811c9dc5;
    let b = 0x9e3779b9;
    for (const end = i + columns; i < end; i++) {
      const bits = values[i]!;
      sum += squares[bits & 0x7fff]!;
      a = Math.imul(a ^ bits, 0x01000193);
      b = Math.imul(b + bits, 0x85ebca6b) ^ (b >>> 15);
    }
    scan.squaredNorms[start + row] = sum;
    first[start + row] = a;
    second[start + row] = b;
  }
}

function scanFloats(bytes: Uint8Array, start: number, columns: number, scan: RowScan): void {
  const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const [first, second] = scan.hashes;
  for (let row = 0, i = 0; i < values.length; row++) {
    let sum = 0;
    let a = 0x811c9dc5;
    let b = 0x9e3779b9;
    for (const end = i + columns; i < end; i++) {
      const value = values[i]!;
      const bits = words[i]!;
      sum += value * value;
      a = Math.imul(a ^ bits, 0x01000193) ^ (a >>> 13);
      b = Math.imul(b + bits, 0x85ebca6b) ^ (b >>> 15);
    }
    scan.squaredNorms[start + row] = sum;
    first[start + row] = a;
    second[start + row] = b;
  }
}

/** [32768] the square of the value with these 15 bits; in f64, where no square of a finite value over- or underflows. */
function squaresOf(dtype: StoredDtype): Float64Array | undefined {
  if (dtype === "F32") return undefined;
  const squares = new Float64Array(1 << 15);
  const exponentBits = dtype === "BF16" ? 8 : 5;
  const fractionBits = 15 - exponentBits;
  const bias = 2 ** (exponentBits - 1) - 1;
  const topExponent = 2 ** exponentBits - 1;
  for (let bits = 0; bits < squares.length; bits++) {
    const exponent = bits >> fractionBits;
    const fraction = (bits & ((1 << fractionBits) - 1)) / (1 << fractionBits);
    const value =
      exponent === topExponent
        ? fraction === 0
          ? Number.POSITIVE_INFINITY
          : Number.NaN
        : exponent === 0
          ? fraction * 2 ** (1 - bias)
          : (1 + fraction) * 2 ** (exponent - bias);
    squares[bits] = value * value;
  }
  return squares;
}

export interface IdenticalRows {
  /** Rows that are byte for byte like an earlier one (by a 64-bit hash), rows of zeros not among them. */
  readonly count: number;
  /** The largest groups of rows that are alike, lowest id first; at most 100. */
  readonly groups: readonly (readonly TokenId[])[];
}

const MAX_GROUPS = 100;

/** Groups the rows for which `counts` holds by their bytes. */
export function findIdenticalRows(
  { squaredNorms, hashes }: RowScan,
  counts: (row: TokenId) => boolean,
): IdenticalRows {
  const [first, second] = hashes;
  const seen = new Map<bigint, TokenId>();
  const groups = new Map<TokenId, TokenId[]>();
  let count = 0;
  for (let row = 0; row < squaredNorms.length; row++) {
    if (squaredNorms[row] === 0 || !counts(row)) continue;
    const key = (BigInt(first[row]!) << 32n) | BigInt(second[row]!);
    const earlier = seen.get(key);
    if (earlier === undefined) {
      seen.set(key, row);
      continue;
    }
    count++;
    const group = groups.get(earlier);
    if (group === undefined) groups.set(earlier, [earlier, row]);
    else group.push(row);
  }
  const largest = [...groups.values()].sort((a, b) => b.length - a.length || a[0]! - b[0]!);
  return { count, groups: largest.slice(0, MAX_GROUPS) };
}
