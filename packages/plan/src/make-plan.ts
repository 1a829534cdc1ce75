import {
  type Alignment,
  type FallbackChain,
  RevocabError,
  type RowSource,
  type TablePlan,
  type Vocabulary,
} from "@revocab/core";
import { closeMethod, initContext, METHODS, type PlannedTable, planTable } from "@revocab/embedding-init";
import { fingerprint, type Tokenizer } from "@revocab/vocabulary";
import { quoteToken } from "@revocab/vocabulary/internal";
import { donorOf } from "./model/donor.ts";
import { hashContents } from "./model/hash-files.ts";
import { nameOf, type OpenModel, tokensWithoutRow } from "./model/open-model.ts";
import { layersOnDemand, sourceModel } from "./model/source-model.ts";
import { splitsOfNumbers } from "./note-on-digits.ts";
import type { PlanOptions } from "./plan-options.ts";
import { keepSpecialsApart, planTables } from "./plan-tables.ts";
import { type AlignmentSummary, type PlannedSwap, type Recipe, sourceLabels } from "./swap-plan.ts";
import { planTarget } from "./target/plan-target.ts";

/**
 * Computes the rows of every vocabulary table for the target tokenizer; no model is rewritten. The plan is data and needs no
 * open model. Rows that are no sum are computed when they are read from `rowSource`; they keep the model's files open until
 * it is closed.
 *
 * @example
 * const { plan, rowSource } = await makePlan({ model, tokenizer, method: subtokenMean() });
 * await model.close();
 * console.log(summarizePlan(plan));
 * await rowSource.close();
 * @throws RevocabError `needs_untie` when the model is tied and the method's input and output rows differ;
 *   `no_evidence` when some token got no row; `bad_options`; `aborted`
 */
export function makePlan(options: PlanOptions): Promise<PlannedSwap> {
  return planSwap(options, closeMethod);
}

/**
 * {@link makePlan} for methods that several plans share: closing the row source leaves them open, and so does an error. The
 * caller closes them by `closeMethod`.
 */
export function makePlanOfSharedMethods(options: PlanOptions): Promise<PlannedSwap> {
  return planSwap(options, async () => {});
}

async function planSwap(
  options: PlanOptions,
  close: (chain: FallbackChain) => Promise<void>,
): Promise<PlannedSwap> {
  const { model, tokenizer, sourceOf, extendsSource, seed = 0, fitting, job } = options;
  const { newTokens = fitting?.newTokens ?? [] } = options;
  const { chain: methods, rows, tables } = planTables(options);
  job?.onProgress?.({ type: "step", step: "align" });
  const donor = donorOf(options.donor, tokenizer, methods, job);
  const layers = layersOnDemand(model, options);
  const notes = new Set<string>([...noteOnTokensWithoutRow(model), ...(fitting?.notes ?? [])]);
  let refusedCharacters = 0;
  const context = initContext({
    source: {
      ...readerOf(model.readable),
      tables,
      model: sourceModel(model, layers),
      rotary: model.checkpoint.rotary,
    },
    target: readerOf(tokenizer),
    sourceOf,
    extendsSource,
    ...(donor !== undefined && { donor: async () => donor }),
    seed,
    initializerRange: model.checkpoint.initializerRange,
    onRefused(characters) {
      refusedCharacters += characters;
    },
    job: {
      ...job,
      onProgress(event) {
        if (event.type === "note" && event.isDetail !== true) notes.add(event.message);
        job?.onProgress?.(event);
      },
    },
  });
  const { alignment } = context;
  const digits = await splitsOfNumbers(options, alignment);
  for (const note of digits.notes) notes.add(note);
  const { chain, note } = keepSpecialsApart(methods, {
    alignment,
    target: tokenizer.vocabulary,
    ids: newTokens,
  });
  if (note !== undefined) notes.add(note);
  const planned: PlannedTable[] = [];
  try {
    for (const table of tables) {
      job?.onProgress?.({ type: "step", step: `plan ${table.slot}` });
      const plannedTable = await planTable({ context, method: chain, table, rows });
      requireRows(plannedTable, tokenizer.vocabulary);
      planned.push(plannedTable);
    }
  } catch (error) {
    await close(chain).catch(() => {}); // the error that ended the plan is the one to report
    throw error;
  } finally {
    await layers.close();
  }
  if (refusedCharacters > 0) notes.add(noteOnRefused(refusedCharacters));
  return {
    plan: {
      recipe: recipeOf(options, chain),
      source: sourceOfPlan(model),
      target: planTarget(tokenizer, {
        name: nameOf(tokenizer.origin).name,
        inputs: fitting?.inputs ?? hashContents(tokenizer.files),
        rows,
      }),
      tables: planned.map(({ denseRows: _, ...table }) => table),
      alignment: summarize(alignment),
      digits: digits.comparison,
      notes: [...notes],
    },
    rowSource: computedRows(planned, [model, ...(options.donor ? [options.donor] : [])], () => close(chain)),
  };
}

function readerOf({ vocabulary, encode, family }: Tokenizer) {
  return { vocabulary, encode, family };
}

function noteOnTokensWithoutRow({ tokenizer, checkpoint: { rows } }: OpenModel): readonly string[] {
  const ids = tokensWithoutRow(tokenizer, rows);
  if (ids.length === 0) return [];
  const examples = ids.slice(0, 3).map((id) => `${id} ${quoteToken(tokenizer.vocabulary, id)}`);
  return [
    `${ids.length} of the source's tokens have no row in it and are left out as sources: ${examples.join(", ")}`,
  ];
}

/** A row that no method filled would be zeros, and a head row of zeros can win the arg-max. */
function requireRows({ origin, origins }: TablePlan, vocabulary: Vocabulary): void {
  const none = origins.indexOf("none");
  const empty = Array.from(origin.keys()).filter((row) => origin[row] === none);
  if (empty.length === 0) return;
  const examples = empty.slice(0, 5).map((id) => `${id} ${quoteToken(vocabulary, id)}`);
  const fallbacks = Object.values(METHODS).filter(({ coversAll }) => coversAll);
  throw new RevocabError(
    "no_evidence",
    `no method gave a row for ${empty.length} tokens, such as ${examples.join(", ")}`,
    { hint: `choose a fallback that always has a row: ${fallbacks.map(({ name }) => name).join(", ")}` },
  );
}

function noteOnRefused(characters: number): string {
  return `${characters} characters of the texts that the methods read are left out: the target tokenizer has no tokens for them, nor an unknown one`;
}

function recipeOf(
  { seed = 0, untie = false, role, padToMultipleOf, rows, sourceOf, fitting, eos, donor }: PlanOptions,
  { methods }: FallbackChain,
): Recipe {
  return {
    methods: methods.map(({ name, options, paper }) => ({
      name,
      options,
      ...(paper !== undefined && { paper }),
    })),
    seed,
    untie,
    role: role ?? null,
    padToMultipleOf: padToMultipleOf ?? null,
    ...(fitting && fitting.specials.length > 0 && { specials: fitting.specials }),
    ...(eos !== undefined && { eos }),
    ...(donor !== undefined && { donor: donorWord(donor) }),
    specialTokens: fitting?.specialTokens ?? (sourceOf === undefined ? "target" : "model"),
    rows: rows ?? null,
  };
}

/** `NAME`, or `NAME@REVISION` of a repository. */
function donorWord({ name, revision }: OpenModel): string {
  return revision === null ? name : `${name}@${revision}`;
}

function sourceOfPlan({ name, checkpoint, tokenizer, readable }: OpenModel): PlannedSwap["plan"]["source"] {
  const { modelType, rows, tied } = checkpoint;
  return {
    name,
    modelType,
    fingerprint: fingerprint(tokenizer.vocabulary),
    rows,
    tied,
    labels: sourceLabels(readable.vocabulary, rows),
  };
}

/** The keys in the order of the plan file, so that a new plan and an opened one give the same report. */
function summarize({ counts }: Alignment): AlignmentSummary {
  const { shared, specialByRole, specialByString, spelled, byteOnly, withoutEvidence, unused, duplicates } =
    counts;
  return {
    shared,
    specialByRole,
    specialByString,
    spelled,
    byteOnly,
    withoutEvidence: withoutEvidence.length,
    unused,
    duplicates,
    withoutEvidenceExamples: withoutEvidence.slice(0, 20),
  };
}

/** Rows that methods compute when they are read. The models' files stay open for as long as a plan has such rows. */
function computedRows(
  tables: readonly PlannedTable[],
  models: readonly OpenModel[],
  closeMethods: () => Promise<void>,
): RowSource {
  const hasRows = tables.some(({ dense }) => dense.ids.length > 0);
  const releases = hasRows ? models.map((model) => model.retain()) : [];
  return {
    async read(slot, start, count) {
      const table = tables.find((candidate) => candidate.slot === slot);
      if (table) return table.denseRows(start, count);
      throw new RevocabError(
        "shape_mismatch",
        `the plan has rows for ${tables.map((candidate) => candidate.slot).join(", ")}, expected ${slot}`,
      );
    },
    async close() {
      try {
        await closeMethods();
      } finally {
        await Promise.all(releases.map((release) => release()));
      }
    },
  };
}
