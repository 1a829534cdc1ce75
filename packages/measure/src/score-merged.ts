import { basename } from "node:path";
import {
  type Job,
  quiet,
  RevocabError,
  type StoredMatrix,
  showNotes,
  stages,
  throwIfAborted,
} from "@revocab/core";
import {
  calibrateMerges,
  type DynamicMerges,
  dynamicTables,
  dynamicTokenizer,
  firstMerges,
  type OwnRows,
  promptTables,
  type RowProvider,
  segmentTexts,
  unreachedText,
} from "@revocab/dynamic-tokenization";
import type { TextDocuments } from "@revocab/files";
import type { OpenModel } from "@revocab/plan";
import { type ModelTables, type OpenTransformer, tablesOf } from "@revocab/transformer-runtime";
import type {
  DynamicEvaluation,
  DynamicScoringOptions,
  PrefillScore,
  ReducedEvaluation,
} from "./dynamic-evaluation.ts";
import { labelledProgress, prepareTables } from "./evaluate-model.ts";
import { openDynamicRows } from "./open-dynamic-rows.ts";
import { type PromptWriting, scorePrefill } from "./score-prefill.ts";
import type { ScoreQueue } from "./score-queue.ts";

/** A model, what scores it, and the texts. */
export interface OpenedForMerging {
  readonly model: OpenModel;
  readonly transformer: OpenTransformer;
  readonly queue: ScoreQueue;
  readonly text: TextDocuments;
  readonly mergesText: TextDocuments;
}

/** {@link evaluateDynamic} of an open model. */
export async function scoreMerged(
  opened: OpenedForMerging,
  options: DynamicScoringOptions,
): Promise<DynamicEvaluation> {
  const { model, transformer, queue, text, mergesText } = opened;
  const { boundaries = "pretoken", degrees, ownRows, prefill = false, job } = options;
  if (prefill) requireDecoder(transformer);
  const parts = stagesOf(transformer, options);
  const rows = await openDynamicRows(model, transformer, options);
  try {
    const segmented = await segmentTexts(model.readable, mergesText.documents, boundaries, job);
    job?.onProgress?.({ type: "step", step: "merge tokens" });
    const { batch, reached, unreached } = calibrateMerges(segmented, degrees, {
      vocabulary: model.readable.vocabulary,
      firstId: model.checkpoint.rows,
    });
    const tables = growingTables(
      model,
      firstMerges(batch, Math.max(...reached.map(({ merges }) => merges))),
      rows,
      options,
    );
    const unheard = { ...options, job: quiet(job) };
    const ownScoring = await prepareTables(transformer, undefined, model.readable, text, unheard);
    await queue.add({ scorings: [ownScoring] }, labelledProgress(parts.own, "own tokens"));
    const reduced: Omit<ReducedEvaluation, "evaluation" | "reduction">[] = [];
    for (const [i, { degree, merges: count }] of reached.entries()) {
      throwIfAborted(job?.abortSignal);
      const label = `${count} merges`;
      const merges = firstMerges(batch, count);
      const started = performance.now();
      const grown = await tables(merges, ownRows, labelledProgress(parts[`rows ${i}`], label));
      const rowSeconds = (performance.now() - started) / 1000;
      const tokenizer = dynamicTokenizer(model.readable, merges, boundaries);
      const scoring = await prepareTables(transformer, grown, tokenizer, text, unheard);
      await queue.add({ scorings: [scoring] }, labelledProgress(parts[`score ${i}`], label));
      reduced.push({
        degree,
        merges: count,
        newTokens: merges.tokens.length,
        mergeBitsPerByte: options.mergesText === undefined ? bitsOf(merges) / text.bytes : 0,
        rowSeconds,
      });
    }
    const [[own], ...evaluations] = await queue.finish(labelledProgress(parts.all, "all merges"));
    const afterPrompts = prefill
      ? await scoreAfterPrompts(
          opened,
          [0, ...reached.map(({ merges }) => merges)].map((count) => firstMerges(batch, count)),
          tables,
          { ...options, job: labelledProgress(parts.prefill, "prefill") },
        )
      : [];
    return {
      text: { bytes: text.bytes, documents: text.documents.length },
      mergesText: options.mergesText === undefined ? null : basename(options.mergesText),
      boundaries,
      own,
      ...(prefill && { prefill: afterPrompts[0] }),
      reduced: reduced.map((figures, i) => {
        const [evaluation] = evaluations[i];
        return {
          ...figures,
          reduction: 1 - evaluation.tokens / own.tokens,
          evaluation,
          ...(prefill && { prefill: afterPrompts[i + 1] }),
        };
      }),
      notes: showNotes([
        ...new Set([...text.notes, ...own.notes]),
        ...(mergesText === text ? [] : mergesText.notes.map((note) => `text to learn merges from: ${note}`)),
        ...(unreached.length === 0 ? [] : [unreachedText(unreached, batch)]),
      ]),
    };
  } finally {
    await rows.close();
  }
}

/** @throws RevocabError `bad_options` */
function requireDecoder({
  kind,
  description: { encoder },
  checkpoint: { directory },
}: OpenTransformer): void {
  if (kind === "causal" && encoder === undefined) return;
  const reason =
    kind === "causal" ? "reads its source in an encoder" : "fills in masked tokens and continues no prompt";
  throw new RevocabError("bad_options", `\`prefill\` was asked for, but ${directory} ${reason}`, {
    hint: "prompts are for models that are decoders alone: leave `prefill` out",
  });
}

/** Layer by layer, all are scored in the end. */
function stagesOf(
  { schedule }: OpenTransformer,
  { degrees, prefill = false, job }: DynamicScoringOptions,
): Readonly<Record<string, Job | undefined>> {
  const score = schedule.kind === "whole" ? 3 : 0;
  const all = 3 * (degrees.length + 1);
  return stages<string>(job, {
    own: score,
    ...Object.fromEntries(
      degrees.flatMap((_, i) => [
        [`rows ${i}`, 1],
        [`score ${i}`, score],
      ]),
    ),
    all: score === 0 ? all : 0,
    prefill: prefill ? all : 0,
  });
}

type TablesFor = (
  merges: DynamicMerges,
  ownRows: OwnRows | undefined,
  job: Job | undefined,
) => Promise<ModelTables>;

/**
 * The model's tables with rows of merged tokens. Where rows depend on bytes alone, those of few merges are the first of those of
 * many, and are in memory once.
 * @param furthest as many merges as will be asked for
 */
function growingTables(
  { readable, checkpoint }: OpenModel,
  furthest: DynamicMerges,
  rows: RowProvider,
  { boundaries = "pretoken" }: DynamicScoringOptions,
): TablesFor {
  const own = tablesOf(checkpoint);
  const grown = new Map<OwnRows | undefined, Promise<ModelTables>>();
  const grow = (merges: DynamicMerges, ownRows: OwnRows | undefined, job: Job | undefined) =>
    dynamicTables({
      tables: own,
      tokenizer: dynamicTokenizer(readable, merges, boundaries),
      merges,
      rows,
      ownRows,
      job,
    });
  if (rows.dependsOn === "vocabulary") return grow;
  return async (merges, ownRows, job) => {
    const all = grown.get(ownRows) ?? grow(furthest, ownRows, job);
    grown.set(ownRows, all);
    return firstOf(await all, merges.firstId + merges.tokens.length);
  };
}

/** Tables cut to their first rows; a tied head stays tied. */
function firstOf({ input, output, bias, ...rest }: ModelTables, rows: number): ModelTables {
  const cut = ({ columns, dtype, readRows }: StoredMatrix): StoredMatrix => ({
    rows,
    columns,
    dtype,
    readRows,
  });
  const first = cut(input);
  return {
    ...rest,
    input: first,
    output: output === input ? first : cut(output),
    ...(bias && { bias: cut(bias) }),
  };
}

/** What the second halves of documents cost after first halves in the tokens of each list of merges. */
async function scoreAfterPrompts(
  { model, transformer, text }: OpenedForMerging,
  lists: readonly DynamicMerges[],
  tables: TablesFor,
  options: DynamicScoringOptions,
): Promise<readonly PrefillScore[]> {
  const { context, bos, boundaries = "pretoken", job } = options;
  const own = tablesOf(model.checkpoint);
  const writings: PromptWriting[] = [];
  for (const merges of lists) {
    const grown = await tables(merges, "kept", quiet(job));
    writings.push({ merges, tables: promptTables(own, grown) });
  }
  const texts = await segmentTexts(model.readable, text.documents, boundaries, quiet(job));
  return scorePrefill(transformer, { tokenizer: model.readable, texts, writings, context, bos, job });
}

/** Each merge is one of the pairs of all tokens that there are before it. */
function bitsOf({ firstId, merges }: DynamicMerges): number {
  return merges.reduce((sum, _, i) => sum + 2 * Math.log2(firstId + i), 0);
}
