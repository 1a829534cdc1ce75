import { type Job, showText } from "@revocab/core";
import { quantizedWidth } from "@revocab/matrix/internal";
import type { ProductIndex, RowClusters } from "@revocab/neighbors";
import {
  badVocabulary,
  openTensors,
  type TensorFile,
  type WrittenTensor,
  writeTensors,
} from "./tensor-file.ts";

const INDEX_FORMAT = "revocab-product-index";
const INDEX_VERSION = "1";

/**
 * Writes an index as safetensors:
 *
 * | tensor | dtype, shape | |
 * |---|---|---|
 * | `values` | I8 [V × w] | rows as whole numbers, in the order of the clusters; w is d rounded up to a multiple of 16 |
 * | `scales`, `errors` | F32 [V] | what the whole numbers are multiplied with, and the length of what rounding took |
 * | `order` | U32 [V] | clusters alone: the row at each place |
 * | `starts` | U32 [C + 1] | the places of each cluster |
 * | `centers`, `lengths` | F32 [C × d], F32 [C × 3] | the mean of each cluster's rows at length 1; their mean length, mean square and largest |
 *
 * The metadata name the format, its `version`, the `rows` that the index is over by the sha256 of their bytes, `columns`, and the length of
 * the `longest` row.
 * @throws RevocabError `no_space`, `write_failed`, `aborted`
 */
export async function saveIndex(
  path: string,
  index: ProductIndex,
  rowsHash: string,
  job?: Job,
): Promise<void> {
  const { rows, columns, width, values, scales, errors, clusters } = index;
  const whole = (
    name: string,
    dtype: "F32" | "U32",
    shape: readonly number[],
    data: ArrayBufferView,
  ): WrittenTensor => ({ name, dtype, shape, blocks: () => [data] });
  const tensors: WrittenTensor[] = [
    whole("scales", "F32", [rows], scales),
    whole("errors", "F32", [rows], errors),
    {
      name: "values",
      dtype: "I8",
      shape: [rows, width],
      async *blocks() {
        const most = Math.max(1, Math.floor(BLOCK_BYTES / width));
        const block = new Int8Array(Math.min(rows, most) * width);
        for (let start = 0; start < rows; start += most) {
          const count = Math.min(most, rows - start);
          const part = block.subarray(0, count * width);
          await values.readRows(start, count, part);
          yield part;
        }
      },
    },
  ];
  if (clusters !== undefined) {
    const { order, starts, centers, lengths } = clusters;
    tensors.push(
      whole("order", "U32", [rows], order),
      whole("starts", "U32", [centers.rows + 1], starts),
      whole("centers", "F32", [centers.rows, columns], centers.data),
      whole("lengths", "F32", [centers.rows, 3], lengths),
    );
  }
  const metadata = {
    format: INDEX_FORMAT,
    version: INDEX_VERSION,
    rows: rowsHash,
    columns: String(columns),
    longest: String(index.longest),
  };
  await writeTensors(path, tensors, metadata, job);
}

const BLOCK_BYTES = 8 << 20;

/** An index in a file, which stays open for its values. */
export interface OpenIndex {
  readonly index: ProductIndex;
  /** sha256 of the rows that it was built over. */
  readonly rowsHash: string;
  close(): Promise<void>;
}

/**
 * Opens an index over [rows × columns] values and checks it. What it says of the rows cannot be checked without them: a wrong index
 * finds worse rows, but every product that a search gives is computed from the rows themselves.
 * @throws RevocabError `bad_vocabulary` for an index that is inconsistent or of other rows; `bad_safetensors`, `missing_file`
 */
export async function openIndex(path: string, rows: number, columns: number): Promise<OpenIndex> {
  const file = await openTensors(path);
  try {
    return { index: await readIndex(file, rows, columns), rowsHash: file.metadata.rows, close: file.close };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function readIndex(file: TensorFile, rows: number, columns: number): Promise<ProductIndex> {
  const { path, metadata } = file;
  const { format, version } = metadata;
  if (format !== INDEX_FORMAT) throw badVocabulary(path, "is no index");
  if (version !== INDEX_VERSION) {
    const found = showText(String(version), 20);
    throw badVocabulary(path, `is an index of version ${found}; this revocab reads version ${INDEX_VERSION}`);
  }
  const longest = Number(metadata.longest);
  const isOfRows = metadata.columns === String(columns) && /^[0-9a-f]{64}$/.test(metadata.rows);
  if (!isOfRows || !Number.isFinite(longest) || longest < 0) {
    throw badVocabulary(path, `does not say that it is an index over rows of ${columns} columns`);
  }
  const width = quantizedWidth(columns);
  const { start: valuesAt } = file.placeOf("values", "I8", [rows, width]);
  return {
    rows,
    columns,
    width,
    longest,
    scales: await readLengths(file, "scales", [rows]),
    errors: await readLengths(file, "errors", [rows]),
    values: {
      readRows: (start, count, into) =>
        file.read(new Uint8Array(into.buffer, into.byteOffset, count * width), valuesAt + start * width),
    },
    ...(file.shapeOf("order") !== undefined && { clusters: await readClusters(file, rows, columns) }),
  };
}

async function readClusters(file: TensorFile, rows: number, columns: number): Promise<RowClusters> {
  const { path } = file;
  const count = file.shapeOf("lengths")?.[0] ?? 0;
  if (count === 0 || count > rows + 1) throw badVocabulary(path, `has ${count} clusters of ${rows} rows`);
  const order = await readWords(file, "order", rows);
  const isPlaced = new Uint8Array(rows);
  for (const row of order) if (row < rows) isPlaced[row] = 1;
  if (isPlaced.includes(0)) throw badVocabulary(path, "holds an order that does not have every row once");
  const starts = await readWords(file, "starts", count + 1);
  const rises = starts.every((start, i) => i === 0 || start >= starts[i - 1]);
  if (!rises || starts[0] !== 0 || starts[count] !== rows) {
    throw badVocabulary(path, `holds places of clusters that do not rise from 0 to ${rows}`);
  }
  const data = await readFloats(file, "centers", [count, columns]);
  const lengths = await readLengths(file, "lengths", [count, 3]);
  return { order, starts, centers: { rows: count, columns, data }, lengths };
}

async function readWords(file: TensorFile, name: string, count: number): Promise<Uint32Array> {
  const words = new Uint32Array(count);
  await file.read(new Uint8Array(words.buffer), file.placeOf(name, "U32", [count]).start);
  return words;
}

async function readFloats(file: TensorFile, name: string, shape: readonly number[]): Promise<Float32Array> {
  const { start, end } = file.placeOf(name, "F32", shape);
  const values = new Float32Array((end - start) / 4);
  await file.read(new Uint8Array(values.buffer), start);
  if (values.every(Number.isFinite)) return values;
  throw badVocabulary(file.path, `holds ${name} that are not finite`);
}

async function readLengths(file: TensorFile, name: string, shape: readonly number[]): Promise<Float32Array> {
  const values = await readFloats(file, name, shape);
  if (values.every((value) => value >= 0)) return values;
  throw badVocabulary(file.path, `holds ${name} below 0`);
}
