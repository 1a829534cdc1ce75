import { basename } from "node:path";
import { type Job, quiet, showNotes, stages, throwIfAborted } from "@revocab/core";
import {
  type CalibratedMerges,
  cachedRows,
  calibrateMerges,
  type DynamicMerges,
  dynamicTables,
  dynamicTokenizer,
  firstMerges,
  hypernetworkRows,
  methodRows,
  type RowProvider,
  segmentText,
} from "@revocab/dynamic-tokenization";
import type { TextDocuments } from "@revocab/files";
import type { OpenModel } from "@revocab/plan";
import { sourceModel } from "@revocab/plan/internal";
import { type OpenTransformer, tablesOf } from "@revocab/transformer-runtime";
import type { DynamicEvaluation, DynamicScoringOptions, ReducedEvaluation } from "./evaluate-dynamic.ts";
import { labelledProgress, prepareTables, type TablesToScore } from "./evaluate-model.ts";
import type { ScoreQueue } from "./score-queue.ts";

/** A model, what scores it, and the texts. */
interface OpenedForMerging {
  readonly model: OpenModel;
  readonly transformer: OpenTransformer;
  readonly queue: ScoreQueue;
  readonly text: TextDocuments;
  readonly mergesText: TextDocuments;
}

async function evaluate(opened: OpenedForMergingForMerging, options: DynamicScoringOptions): Promise<DynamicEvaluation> {
  const { model, transformer, queue, text, mergesText } = opened;
  const { boundaries = "pretoken", job } = options;
  const parts = stagesOf(transformer, options);
  const rows = await openRows(model, transformer, options);
  try {
    job?.onProgress?.({ type: "step", step: "merge tokens" });
    const { batch, counts } = await mergedText(model, mergesText, options);
    const ownScoring = await prepareTables(transformer, undefined, model.readable, text, { ...options, job: quiet(job) });
    await queue.add({ scorings: [ownScoring] }, labelledProgress(parts.own, "own tokens"));
    const reduced: Omit<ReducedEvaluation, "evaluation" | "reduction">[] = [];
    for (const [i, count] of counts.entries()) {
      throwIfAborted(job?.abortSignal);
      const label = `${count} merges`;
      const merges = firstMerges(batch, count);
      const started = performance.now();
      const scoring = await mergedScoring(opened, merges, rows, {
        ...options,
        job: labelledProgress(parts[`rows ${i}`], label),
      });
      const rowSeconds = (performance.now() - started) / 1000;
      await queue.add({ scorings: [scoring] }, labelledProgress(parts[`score ${i}`], label));
      reduced.push({
        degree: options.degrees[i],
        merges: count,
        newTokens: merges.tokens.length,
        mergeBitsPerByte: options.mergesText === undefined ? bitsOf(merges) / text.bytes : 0,
        rowSeconds,
      });
    }
    const [[own], ...evaluations] = await queue.finish(labelledProgress(parts.all, "all merges"));
    return {
      text: { bytes: text.bytes, documents: text.documents.length },
      mergesText: options.mergesText === undefined ? null : basename(options.mergesText),
      boundaries,
      own,
      reduced: reduced.map((figures, i) => {
        const [evaluation] = evaluations[i];
        return { ...figures, reduction: 1 - evaluation.tokens / own.tokens, evaluation };
      }),
      notes: showNotes([...new Set([...text.notes, ...mergesText.notes, ...own.notes])]),
    };
  } finally {
    await rows.close();
  }
}

/** Layer by layer, all are scored in the end. */
function stagesOf(
  { schedule }: OpenTransformer,
  { degrees, job }: DynamicScoringOptions,
): Readonly<Record<string, Job | undefined>> {
  const score = schedule.kind === "whole" ? 3 : 0;
  return stages<string>(job, {
    own: score,
    ...Object.fromEntries(
      degrees.flatMap((_, i) => [
        [`rows ${i}`, 1],
        [`score ${i}`, score],
      ]),
    ),
    all: score === 0 ? 3 * (degrees.length + 1) : 0,
  });
}

/** As many merges as the furthest degree needs. */
async function mergedText(
  { readable, checkpoint }: OpenModel,
  { documents }: TextDocuments,
  { boundaries = "pretoken", degrees }: DynamicScoringOptions,
): Promise<CalibratedMerges> {
  const texts = await Promise.all(documents.map((document) => segmentText(readable, document, boundaries)));
  return calibrateMerges(texts, degrees, { vocabulary: readable.vocabulary, firstId: checkpoint.rows });
}

/** The text in merged tokens, with the tables that have rows for them. */
async function mergedScoring(
  { model, transformer, text }: OpenedForMergingForMerging,
  merges: DynamicMerges,
  rows: RowProvider,
  options: DynamicScoringOptions,
): Promise<TablesToScore> {
  const { boundaries = "pretoken", ownRows, job } = options;
  const tokenizer = dynamicTokenizer(model.readable, merges, boundaries);
  const tables = await dynamicTables({ tables: tablesOf(model.checkpoint), tokenizer, merges, rows, ownRows, job });
  return prepareTables(transformer, tables, tokenizer, text, { ...options, job: quiet(job) });
}

/** Each merge is one of the pairs of all tokens that there are before it. */
function bitsOf({ firstId, merges }: DynamicMerges): number {
  return merges.reduce((sum, _, i) => sum + 2 * Math.log2(firstId + i), 0);
}

async function openRows(
  model: OpenModel,
  transformer: OpenTransformer,
  { rows, seed, job }: DynamicScoringOptions,
): Promise<RowProvider> {
  const { checkpoint, readable } = model;
  if ("hypernetwork" in rows) {
    const opened = { vocabulary: readable.vocabulary, tables: tablesOf(checkpoint) };
    const { hypernetwork: directory, language } = rows;
    return cachedRows(await hypernetworkRows({ directory, language, model: opened, job }));
  }
  const { vocabulary, encode, family } = readable;
  return methodRows({
    method: rows.method,
    source: {
      vocabulary,
      encode,
      family,
      tables: checkpoint.tables,
      model: sourceModel(model, { open: async () => transformer }),
      rotary: checkpoint.rotary,
    },
    seed,
    initializerRange: checkpoint.initializerRange,
  });
}
