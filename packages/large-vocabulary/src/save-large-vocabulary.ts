import { createHash } from "node:crypto";
import { join } from "node:path";
import { type Job, type StoredMatrix, stages } from "@revocab/core";
import { replaceFile } from "@revocab/files";
import { encodeInto, matrixInFile, readMatrix } from "@revocab/matrix";
import { buildProductIndex } from "@revocab/neighbors";
import type { ModelTables } from "@revocab/transformer-runtime";
import type { Tokenizer } from "@revocab/vocabulary";
import { saveIndex } from "./save-index.ts";
import { openTensors, type WrittenTensor, writeTensors } from "./tensor-file.ts";
import { FILES, VOCABULARY_FORMAT, VOCABULARY_VERSION, type VocabularyFacts } from "./vocabulary-format.ts";

export interface SaveLargeVocabularyOptions extends Pick<VocabularyFacts, "source" | "added" | "methods"> {
  /** With the old tokens at their ids. */
  readonly tokenizer: Tokenizer;
  /** [V × d] rows of all tokens; they are rounded to bf16. */
  readonly tables: Pick<ModelTables, "input" | "output" | "bias">;
  /** As in `buildProductIndex`. */
  readonly clusters?: number;
  readonly seed?: number;
  readonly job?: Job;
}

/**
 * Writes a large vocabulary into an empty folder: the files of its tokenizer, the rows, an index over those of the head, and the facts.
 * @throws RevocabError `bad_options`; `not_finite`; `no_space`, `write_failed`; `aborted`
 */
export async function saveLargeVocabulary(
  folder: string,
  { tokenizer, tables, source, added, methods, clusters, seed, job }: SaveLargeVocabularyOptions,
): Promise<VocabularyFacts> {
  const { rows: write, index: build } = stages(job, { rows: 1, index: 3 });
  const rowsPath = join(folder, FILES.rows);
  const hashes = await writeRows(rowsPath, tables, write);
  const head = tables.output === tables.input ? "input" : "output";
  const file = await openTensors(rowsPath);
  let count: number;
  try {
    const { rows, columns } = tables.output;
    const { start } = file.placeOf(head, "BF16", [rows, columns]);
    const rounded = matrixInFile({ rows, columns, dtype: "BF16" }, file, start);
    const index = await buildProductIndex({ rows: rounded, clusters, seed, job: build });
    count = index.clusters?.centers.rows ?? 0;
    await saveIndex(join(folder, FILES.index), index, hashes.get(head)!, build);
  } finally {
    await file.close();
  }
  for (const [name, bytes] of tokenizer.files) await writeWhole(join(folder, name), bytes);
  const facts: VocabularyFacts = {
    format: VOCABULARY_FORMAT,
    version: VOCABULARY_VERSION,
    source,
    tokenizer: { files: [...tokenizer.files.keys()], className: tokenizer.reference.className },
    rows: tables.output.rows,
    added,
    methods,
    index: { clusters: count, share: 1 },
  };
  await saveFacts(folder, facts);
  return facts;
}

/** @throws RevocabError `no_space`, `write_failed` */
export async function saveFacts(folder: string, facts: VocabularyFacts): Promise<void> {
  await writeWhole(
    join(folder, FILES.facts),
    new TextEncoder().encode(`${JSON.stringify(facts, null, 2)}\n`),
  );
}

function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  return replaceFile(path, (write) => write(bytes));
}

/** Writes the tables rounded to bf16, and gives the sha256 of each one's bytes by its name. */
async function writeRows(
  path: string,
  { input, output, bias }: SaveLargeVocabularyOptions["tables"],
  job: Job | undefined,
): Promise<Map<string, string>> {
  const hashes = new Map<string, string>();
  const rounded = (name: string, matrix: StoredMatrix): WrittenTensor => ({
    name,
    dtype: "BF16",
    shape: [matrix.rows, matrix.columns],
    async *blocks() {
      const hash = createHash("sha256");
      for (let start = 0; start < matrix.rows; start += ROWS_AT_A_TIME) {
        const count = Math.min(ROWS_AT_A_TIME, matrix.rows - start);
        const { data } = await readMatrix(matrix, start, count);
        const bytes = new Uint8Array(data.length * 2);
        encodeInto("BF16", data, bytes);
        hash.update(bytes);
        yield bytes;
        job?.onProgress?.({
          type: "progress",
          step: `write ${name} rows`,
          done: start + count,
          total: matrix.rows,
          unit: "rows",
        });
      }
      hashes.set(name, hash.digest("hex"));
    },
  });
  const tensors = [rounded("input", input)];
  if (output !== input) tensors.push(rounded("output", output));
  if (bias !== undefined) {
    const { data } = await readMatrix(bias, 0, bias.rows);
    tensors.push({ name: "output.bias", dtype: "F32", shape: [bias.rows], blocks: () => [data] });
  }
  await writeTensors(path, tensors, { format: VOCABULARY_FORMAT }, job);
  return hashes;
}

const ROWS_AT_A_TIME = 4096;
