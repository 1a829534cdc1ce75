import { basename, join } from "node:path";
import { hashFile } from "@revocab/checkpoint/internal";
import {
  type InitContext,
  type Matrix,
  type StoredMatrix,
  showText,
  type TokenId,
  throwIfAborted,
} from "@revocab/core";
import { readRows } from "@revocab/matrix";
import { quoteToken } from "@revocab/vocabulary/internal";
import type { SourceTables } from "./network-feeds.ts";
import type { Hypernetwork, PredictedRows } from "./open-hypernetwork.ts";
import type { PredictedPart } from "./row-store.ts";
import { formBlocks, type SurfaceForms } from "./surface-forms.ts";

/** Notes which files predicted the rows, which tokens were truncated, and which predictions are not used. */
export async function noteNetwork(
  { source: { tables }, target: { vocabulary }, job }: InitContext,
  { directory, config, files }: Hypernetwork,
  { truncated, unspelled, formLength }: SurfaceForms,
): Promise<void> {
  const note = (message: string) => job?.onProgress?.({ type: "note", step: "hypernetwork", message });
  const examples = (tokens: readonly TokenId[]) =>
    tokens
      .slice(0, 10)
      .map((token) => `${token} ${quoteToken(vocabulary, token)}`)
      .join(", ") + (tokens.length > 10 ? ", …" : "");
  for (const name of files) {
    const hash = await hashFile(join(directory, name), job);
    note(`hypernetwork ${showText(basename(directory))}/${showText(name)}: sha256 ${hash}`);
  }
  if (truncated.length > 0) {
    note(
      `${truncated.length} target ${truncated.length === 1 ? "token is" : "tokens are"} spelled in more than ${formLength} pieces of the hypernetwork; only the first ${formLength} were read: ${examples(truncated)}`,
    );
  }
  if (unspelled.length > 0) {
    note(
      `${unspelled.length} target ${unspelled.length === 1 ? "token has" : "tokens have"} bytes that the hypernetwork cannot spell, so it has no row for ${unspelled.length === 1 ? "it" : "them"}: ${examples(unspelled)}`,
    );
  }
  const hasBiasTable = tables.some(({ slot }) => slot === "output.bias");
  if (config.hasBias && !hasBiasTable) {
    note("the hypernetwork predicts a bias per token, for which this model has no place: it was dropped");
  }
  const left = tables.filter(
    ({ slot }) => !["input", "output"].includes(slot) && !(slot === "output.bias" && config.hasBias),
  );
  for (const { slot } of left) {
    note(`the hypernetwork predicts no rows for the table ${slot}, which are left to the fallback`);
  }
}

const SAMPLE = 128;

/**
 * Notes the norms of predicted rows and of the source's, and for shared tokens the cosine of the predicted row to the source row:
 * a wrong rescaler, or a hypernetwork of another model, shows at once.
 */
export async function noteNorms(
  context: InitContext,
  run: {
    readonly network: Hypernetwork;
    readonly forms: SurfaceForms;
    readonly source: SourceTables;
    readonly language?: number;
    readonly rowsOf: (length: number) => number;
  },
): Promise<void> {
  const { alignment, source, job } = context;
  const { forms } = run;
  const note = (message: string, isDetail = false) =>
    job?.onProgress?.({ type: "note", step: "hypernetwork", message, isDetail });
  const known = Array.from(forms.lengths.keys()).filter((token) => forms.lengths[token] > 0);
  const isShared = (token: TokenId) => alignment.sourceOf[token] >= 0;
  const fresh = spread(known.filter((token) => !isShared(token)));
  const shared = spread(known.filter(isShared));
  if (fresh.length + shared.length === 0) return;
  const rows = await predict([...fresh, ...shared]);
  for (const part of ["input", "output"] as const) {
    const table = run.source[part];
    if (table === undefined) continue;
    const used = Array.from({ length: source.vocabulary.size }, (_, id) => id).filter(
      (id) => source.vocabulary.kindOf(id) === "text",
    );
    const usual = median((await rowsAt(table, spread(used))).map(norm));
    const parts: string[] = [];
    if (fresh.length > 0) {
      const predicted = median(fresh.map((token) => norm(rows(part, token))));
      const ratio = predicted / usual;
      const compared = `the median norm of ${fresh.length} predicted ${part} rows is ${predicted.toPrecision(3)}, and that of the model's ${usual.toPrecision(3)}`;
      parts.push(`${compared} (${ratio.toPrecision(3)} ×)`);
      if (ratio < 0.5 || ratio > 2) {
        note(`${compared}: the hypernetwork may be another model's, or its rescaler off`);
      }
    }
    if (shared.length > 0) {
      const actual = await rowsAt(
        table,
        shared.map((token) => alignment.sourceOf[token]),
      );
      const likeness = median(shared.map((token, i) => cosine(rows(part, token), actual[i])));
      parts.push(
        `the rows it predicts for ${shared.length} tokens that both vocabularies have are like the model's own by a median cosine of ${likeness.toFixed(2)}`,
      );
    }
    note(parts.join("; "), true);
  }

  async function predict(tokens: readonly TokenId[]) {
    const { network, source, language, rowsOf } = run;
    const { blocks, blockOf, rowOf } = formBlocks(forms, rowsOf, Uint32Array.from(tokens));
    const results: PredictedRows[] = [];
    for (const block of blocks) {
      throwIfAborted(job?.abortSignal);
      results.push(await network.run(forms, block, source, language));
    }
    return (part: PredictedPart, token: TokenId) => rowOfMatrix(results[blockOf[token]][part]!, rowOf[token]);
  }
}

/** Up to {@link SAMPLE} items, evenly spread over the list. */
function spread(tokens: readonly TokenId[]): readonly TokenId[] {
  const count = Math.min(SAMPLE, tokens.length);
  return Array.from({ length: count }, (_, i) => tokens[Math.floor((i * tokens.length) / count)]);
}

async function rowsAt(matrix: StoredMatrix, ids: readonly TokenId[]): Promise<Float32Array[]> {
  const rows = await readRows(matrix, ids);
  return ids.map((_, i) => rowOfMatrix(rows, i));
}

function rowOfMatrix({ data, columns }: Matrix, row: number): Float32Array {
  return data.subarray(row * columns, (row + 1) * columns);
}

function norm(row: Float32Array): number {
  return Math.sqrt(dot(row, row));
}

function cosine(a: Float32Array, b: Float32Array): number {
  return dot(a, b) / (norm(a) * norm(b) || 1);
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}

/** NaN for none. */
function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted.length === 0 ? Number.NaN : sorted[sorted.length >> 1];
}
