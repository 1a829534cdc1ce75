import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import {
  type Job,
  RevocabError,
  type StoredMatrix,
  showMessage,
  showText,
  throwIfAborted,
} from "@revocab/core";
import { InputFolder, parseJson } from "@revocab/files";
import { ifThere, namingFile } from "@revocab/files/internal";
import { matrixInFile, storedView } from "@revocab/matrix";
import type { ProductIndex } from "@revocab/neighbors";
import type { ModelTables } from "@revocab/transformer-runtime";
import { type Tokenizer, tokenizerFromFiles } from "@revocab/vocabulary";
import { openIndex } from "./save-index.ts";
import { badVocabulary, MADE_AGAIN, openTensors, type TensorFile } from "./tensor-file.ts";
import { FILES, type VocabularyFacts, vocabularyFacts } from "./vocabulary-format.ts";

/** A vocabulary beside a model, with an index over the rows of its head. */
export interface LargeVocabulary {
  readonly path: string;
  readonly facts: VocabularyFacts;
  readonly tokenizer: Tokenizer;
  /** Rows in bf16, which stay in their file; the bias in memory. */
  readonly tables: ModelTables;
  readonly index: ProductIndex;
  close(): Promise<void>;
}

/**
 * Opens a folder that `writeLargeVocabulary` wrote, and reads all rows of the head once to see that the index is theirs.
 * @throws RevocabError `missing_file`, `bad_file`, `bad_safetensors`, `bad_tokenizer`; `bad_vocabulary` for a folder that is no large
 *   vocabulary, is damaged, or has an index of other rows; `aborted`
 */
export function openLargeVocabulary(path: string, { job }: { job?: Job } = {}): Promise<LargeVocabulary> {
  return namingFile(path, "bad_vocabulary", () => open(path, job));
}

async function open(path: string, job: Job | undefined): Promise<LargeVocabulary> {
  const folder = new InputFolder(path);
  const facts = await readFacts(folder);
  const opened: { close(): Promise<void> }[] = [];
  const close = async () => {
    await Promise.all(opened.map((file) => file.close()));
  };
  try {
    const rowsFile = await openTensors(join(path, FILES.rows));
    opened.push(rowsFile);
    const tables = await tablesIn(rowsFile, facts.rows);
    const { rows, columns } = tables.output;
    const indexFile = await openIndex(join(path, FILES.index), rows, columns);
    opened.push(indexFile);
    const tokenizer = await readTokenizer(folder, facts);
    const found = await hashOfRows(tables.output, job);
    if (found !== indexFile.rowsHash) {
      throw badVocabulary(
        join(path, FILES.index),
        `is an index over the rows ${indexFile.rowsHash.slice(0, 12)}, but ${FILES.rows} has the head ${found.slice(0, 12)}`,
      );
    }
    return { path, facts, tokenizer, tables, index: indexFile.index, close };
  } catch (error) {
    await close();
    throw error;
  }
}

const MAX_FACTS_BYTES = 1 << 20;
/** As the tokenizer of a million tokens has, and much more. */
const MAX_TOKENIZER_BYTES = 2 ** 31;

async function readFacts(folder: InputFolder): Promise<VocabularyFacts> {
  const { path } = folder;
  const hint = "give a folder that `writeLargeVocabulary` wrote";
  if ((await ifThere(path, stat(path))) === undefined) {
    throw new RevocabError("missing_file", `${showText(path)}: there is no such folder`, { hint });
  }
  if (!(await folder.has(FILES.facts))) {
    throw new RevocabError(
      "bad_vocabulary",
      `${showText(path)} is no large vocabulary: it has no ${FILES.facts}`,
      { hint },
    );
  }
  const bytes = await folder.read(FILES.facts, { most: MAX_FACTS_BYTES, hint: MADE_AGAIN });
  const origin = join(path, FILES.facts);
  const value = parseJson(bytes.toString("utf8"), { origin, code: "bad_vocabulary", hint: MADE_AGAIN });
  const { success, data, error } = vocabularyFacts.safeParse(value);
  if (success) return data;
  const [issue] = error.issues;
  throw badVocabulary(
    origin,
    `is wrong at ${showText(issue?.path.join(".") ?? "", 100)}: ${showMessage(String(issue?.message))}`,
  );
}

async function tablesIn(file: TensorFile, rows: number): Promise<ModelTables> {
  const table = (name: string): StoredMatrix | undefined => {
    const columns = file.shapeOf(name)?.[1];
    if (columns === undefined || columns === 0) return undefined;
    const { start } = file.placeOf(name, "BF16", [rows, columns]);
    return matrixInFile({ rows, columns, dtype: "BF16" }, file, start);
  };
  const input = table("input");
  if (input === undefined || rows === 0) throw badVocabulary(file.path, "lacks rows under the name input");
  const output = table("output") ?? input;
  if (file.shapeOf("output.bias") === undefined) return { input, output };
  const data = new Float32Array(rows);
  await file.read(new Uint8Array(data.buffer), file.placeOf("output.bias", "F32", [rows]).start);
  if (!data.every(Number.isFinite)) throw badVocabulary(file.path, "holds a bias that is not finite");
  return { input, output, bias: storedView({ rows, columns: 1, data }) };
}

async function readTokenizer(folder: InputFolder, facts: VocabularyFacts): Promise<Tokenizer> {
  const files = new Map<string, Uint8Array>();
  for (const name of facts.tokenizer.files) {
    files.set(name, await folder.read(name, { most: MAX_TOKENIZER_BYTES, hint: MADE_AGAIN }));
  }
  const tokenizer = tokenizerFromFiles(files, folder.path, { className: facts.tokenizer.className });
  const { size } = tokenizer.vocabulary;
  if (size <= facts.rows) return tokenizer;
  throw badVocabulary(folder.path, `has a tokenizer of ${size} ids, but ${facts.rows} rows`);
}

/** sha256 of a table's bytes. */
async function hashOfRows(matrix: StoredMatrix, job: Job | undefined): Promise<string> {
  const hash = createHash("sha256");
  const most = Math.max(1, Math.floor(BLOCK_BYTES / (2 * matrix.columns)));
  for (let start = 0; start < matrix.rows; start += most) {
    throwIfAborted(job?.abortSignal);
    const count = Math.min(most, matrix.rows - start);
    const bytes = new Uint8Array(count * matrix.columns * 2);
    await matrix.readRows(start, count, bytes);
    hash.update(bytes);
    job?.onProgress?.({
      type: "progress",
      step: "check rows",
      done: start + count,
      total: matrix.rows,
      unit: "rows",
    });
  }
  return hash.digest("hex");
}

const BLOCK_BYTES = 8 << 20;
