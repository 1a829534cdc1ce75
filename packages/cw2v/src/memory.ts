import { totalmem } from "node:os";
import { RevocabError } from "@revocab/core";
import { tokensAtATime } from "./learned-mixture.ts";
import type { PairTables } from "./model.ts";
import type { Cw2vHeads } from "./settings.ts";
import { sourceRowBytes } from "./source-rows.ts";

export interface MemoryOptions {
  /** New tokens that the text has. */
  readonly tokens: number;
  /** New and shared tokens that the text has. */
  readonly participants: number;
  readonly candidates: number;
  readonly rank: number;
  readonly tables: PairTables;
  readonly heads: Cw2vHeads;
  readonly batchPairs: number;
  readonly negatives: number;
  readonly corpusTokens: number;
  readonly keepsBest: boolean;
  /** Weights kept of each new token at the end. */
  readonly top: number;
  /** Bytes that may be used. @default three quarters of the machine's memory */
  readonly limit?: number | undefined;
}

export interface MemoryPlan {
  /** The bytes that training needs at least, and the bytes of weights to keep from the forward pass for the backward pass. */
  readonly needed: number;
  readonly keepBytes: number;
}

/**
 * Estimates the memory of a training before it starts. Memory below the limit keeps weights from the forward pass for the
 * backward pass; otherwise they are computed twice, with the same result.
 * @throws RevocabError bad_options when it is more than the limit
 */
export function planMemory(options: MemoryOptions): MemoryPlan {
  const {
    tokens,
    participants,
    candidates,
    rank,
    tables,
    heads,
    batchPairs,
    negatives,
    corpusTokens,
    keepsBest,
    top,
  } = options;
  const limit = options.limit ?? 0.75 * machineMemory();
  const mixtures = heads === "both" ? 2 : 1;
  const isTied = tables.head === tables.input;
  const d = tables.input.matrix.columns;

  const factors = 4 * mixtures * (tokens * rank + rank * candidates) * (keepsBest ? 4 : 3);
  const rows =
    sourceRowBytes(tables.input, candidates) + (isTied ? 0 : sourceRowBytes(tables.head, candidates));
  const drawn = batchPairs * (2 + negatives);
  const touched = Math.min(tokens, drawn);
  // the rows of both sides and the mixed rows they come from, each with its gradient
  const batch = 4 * (8 * d * Math.min(participants, drawn) + rank * touched) * mixtures;
  // the gradient of A₂, and the part of one block
  const gradients = 4 * rank * candidates * (mixtures + 1);
  const block = 4 * Math.min(touched, tokensAtATime(candidates)) * (4 * candidates + 2 * rank + 2 * d);
  const chosen = 8 * mixtures * tokens * Math.min(top, candidates);
  const needed = factors + rows + batch + gradients + block + chosen + 12 * corpusTokens;
  if (needed > limit) {
    throw new RevocabError(
      "bad_options",
      `cw2v would take ${inGigabytes(needed)} of memory for ${tokens} new tokens as sums of ${candidates} with rank ${rank}; it may have ${inGigabytes(limit)}`,
      { hint: "lower rank or batch, share one mixture by heads=one, or allow more by memory=GB" },
    );
  }
  const weights = 4 * touched * candidates * mixtures;
  return { needed, keepBytes: Math.min(weights, limit - needed) };
}

export function inGigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(bytes < 1e10 ? 2 : 0)} GB`;
}

/** What a container allows, where it allows less than the machine has. */
function machineMemory(): number {
  const allowed = process.constrainedMemory?.() ?? 0;
  return allowed > 0 ? Math.min(allowed, totalmem()) : totalmem();
}
