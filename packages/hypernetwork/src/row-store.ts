import { setImmediate } from "node:timers/promises";
import { BYTES_PER_VALUE, type Job, type StoredDtype, type TokenId, throwIfAborted } from "@revocab/core";
import { decodeInto, encodeInto } from "@revocab/matrix";
import type { SourceTables } from "./network-feeds.ts";
import type { Hypernetwork, PredictedRows } from "./open-hypernetwork.ts";
import { type FormBlocks, formBlocks, type SurfaceForms } from "./surface-forms.ts";

export type PredictedPart = keyof PredictedRows;

export interface RowStoreOptions {
  readonly network: Hypernetwork;
  /** Of every target id. */
  readonly forms: SurfaceForms;
  readonly source: SourceTables;
  readonly language?: number;
  /** Tokens that are usually copied: their rows are predicted in blocks of their own, and often not at all. */
  readonly isShared: (token: TokenId) => boolean;
  readonly rowsOf: (length: number) => number;
  /** The number format of each table the rows are for. */
  readonly dtypes: Readonly<Partial<Record<PredictedPart, StoredDtype>>>;
  readonly job?: Job;
}

/** Predicted rows, each computed once for all tables. */
export interface RowStore {
  /** Predicts the rows of these tokens that are not there yet. */
  compute(tokens: Uint32Array): Promise<void>;
  /** A row that was computed, as f32. */
  read(part: PredictedPart, token: TokenId, into: Float32Array): void;
}

/**
 * Keeps predicted rows in the number format of the table they are written to: the rows of an untied head come with those
 * of the input, and are needed when the input's table is done.
 *
 * Forms run in blocks that depend on the vocabulary alone, so that a row is the same whatever rows are computed with it.
 */
export function rowStore({
  network,
  forms,
  source,
  language,
  isShared,
  rowsOf,
  dtypes,
  job,
}: RowStoreOptions): RowStore {
  const withForm = Uint32Array.from(forms.lengths.keys()).filter((token) => forms.lengths[token] > 0);
  const groups = [true, false].map((shared) => {
    const blocks = formBlocks(
      forms,
      rowsOf,
      withForm.filter((token) => isShared(token) === shared),
    );
    return { blocks, kept: new Array<Kept | undefined>(blocks.blocks.length).fill(undefined) };
  });
  const groupOf = (token: TokenId) => groups[isShared(token) ? 0 : 1];
  return {
    async compute(tokens) {
      for (const { blocks, kept } of groups) await computeGroup(tokens, blocks, kept);
    },
    read(part, token, into) {
      const { blocks, kept } = groupOf(token);
      const encoded = kept[blocks.blockOf[token]]?.[part];
      const dtype = dtypes[part];
      if (encoded === undefined || dtype === undefined)
        throw new RangeError(`no ${part} row of token ${token}`);
      const bytes = into.length * BYTES_PER_VALUE[dtype];
      const start = blocks.rowOf[token] * bytes;
      decodeInto(dtype, encoded.subarray(start, start + bytes), into);
    },
  };

  async function computeGroup(
    tokens: Uint32Array,
    { blocks, blockOf }: FormBlocks,
    kept: (Kept | undefined)[],
  ): Promise<void> {
    const wanted = new Set<number>();
    for (const token of tokens) {
      const block = blockOf[token];
      if (block >= 0 && kept[block] === undefined) wanted.add(block);
    }
    const total = [...wanted].reduce((sum, block) => sum + blocks[block].length, 0);
    let done = 0;
    for (const block of [...wanted].sort((a, b) => a - b)) {
      throwIfAborted(job?.abortSignal);
      kept[block] = encode(await network.run(forms, blocks[block], source, language));
      done += blocks[block].length;
      job?.onProgress?.({ type: "progress", step: "predict rows", done, total, unit: "rows" });
      await setImmediate();
    }
  }

  function encode(rows: PredictedRows): Kept {
    const kept: { -readonly [Part in PredictedPart]?: Uint8Array } = {};
    for (const part of ["input", "output", "bias"] as const) {
      const [matrix, dtype] = [rows[part], dtypes[part]];
      if (matrix === undefined || dtype === undefined) continue;
      const bytes = new Uint8Array(matrix.data.length * BYTES_PER_VALUE[dtype]);
      encodeInto(dtype, matrix.data, bytes);
      kept[part] = bytes;
    }
    return kept;
  }
}

type Kept = Readonly<Partial<Record<PredictedPart, Uint8Array>>>;
