import { setImmediate } from "node:timers/promises";
import { type Job, type Matrix, RevocabError, showText, throwIfAborted } from "@revocab/core";
import type { SourceTables } from "./network-feeds.ts";
import type { Hypernetwork, PredictedRows } from "./open-hypernetwork.ts";
import { formBlocks, type SurfaceForms } from "./surface-forms.ts";

export interface PredictRowsOptions {
  readonly hypernetwork: Hypernetwork;
  readonly source: SourceTables;
  /** From {@link encodeSurfaceForms}. */
  readonly forms: SurfaceForms;
  /** The row of the language, for a network that needs one; see {@link languageIndex}. */
  readonly language?: number;
  /** Forms that run at once. @default as many as a few hundred megabytes hold */
  readonly batch?: number;
  readonly job?: Job;
}

/**
 * Rows for the surface forms in their order, [n × d], with those of an untied head and its bias where the network
 * predicts them: all in one pass. Identical forms are computed once.
 * @throws RevocabError `shape_mismatch` for a form that is all padding, `aborted`
 */
export async function predictRows({
  hypernetwork,
  source,
  forms,
  language,
  batch,
  job,
}: PredictRowsOptions): Promise<PredictedRows> {
  checkTables(hypernetwork, source);
  const n = forms.lengths.length;
  const { blocks, blockOf, rowOf } = formBlocks(forms, (length) => batch ?? hypernetwork.rowsAtOnce(length));
  const { rowWidth, hasHeadRows, hasBias } = hypernetwork.config;
  const empty = (columns: number): Matrix => ({ rows: n, columns, data: new Float32Array(n * columns) });
  const predicted = {
    input: empty(rowWidth),
    ...(hasHeadRows && { output: empty(rowWidth) }),
    ...(hasBias && { bias: empty(1) }),
  };
  const tokensOf = blocks.map((): number[] => []);
  for (const [token, block] of blockOf.entries()) tokensOf[block].push(token);
  let done = 0;
  for (const [i, block] of blocks.entries()) {
    throwIfAborted(job?.abortSignal);
    const rows = await hypernetwork.run(forms, block, source, language);
    for (const part of ["input", "output", "bias"] as const) {
      const [from, into] = [rows[part], predicted[part]];
      if (from === undefined || into === undefined) continue;
      for (const token of tokensOf[i]) copyRow(from, rowOf[token], into, token);
    }
    done += tokensOf[i].length;
    job?.onProgress?.({ type: "progress", step: "predict rows", done, total: n, unit: "rows" });
    // lets the event loop run, so that an abort signal can arrive
    await setImmediate();
  }
  return predicted;
}

/** @throws RevocabError `shape_mismatch` when the source's tables are not those of the model that the network was trained for */
export function checkTables({ config, directory }: Hypernetwork, { input, output }: SourceTables): void {
  const { rowWidth, sourceRows, hasHeadRows } = config;
  for (const [name, table] of Object.entries({ input, output })) {
    if (table === undefined) continue;
    if (table.columns !== rowWidth) {
      throw new RevocabError(
        "shape_mismatch",
        `the model's ${name} rows have ${table.columns} columns; the hypernetwork in ${showText(directory)} was trained for ${rowWidth} (n_embd)`,
        { hint: "a hypernetwork fits one base model and its fine-tunes: use the one for this model" },
      );
    }
    if (table.rows < sourceRows) {
      throw new RevocabError(
        "shape_mismatch",
        `the model has ${table.rows} ${name} rows; the hypernetwork in ${showText(directory)} was trained for ${sourceRows} (original_vocab_size)`,
        { hint: "a hypernetwork fits one base model and its fine-tunes: use the one for this model" },
      );
    }
  }
  if (hasHeadRows !== (output !== undefined)) {
    throw new RevocabError(
      "shape_mismatch",
      hasHeadRows
        ? `the hypernetwork in ${showText(directory)} reads input and head rows (separate_out_embeddings), but the model has no head rows of its own`
        : `the hypernetwork in ${showText(directory)} predicts one row per token, but the model has head rows of its own`,
      { hint: "a hypernetwork fits one base model and its fine-tunes: use the one for this model" },
    );
  }
}

function copyRow(from: Matrix, row: number, into: Matrix, at: number): void {
  const { columns } = into;
  into.data.set(from.data.subarray(row * columns, (row + 1) * columns), at * columns);
}
