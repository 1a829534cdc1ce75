import { type Alignment, RevocabError, type TablePlan, type Vocabulary } from "@revocab/core";
import { closeMethod, initContext, mean, type PlannedTable, planTable } from "@revocab/embedding-init";
import { displayToken, fingerprint, type Tokenizer } from "@revocab/vocabulary";
import { hashContents } from "./model/hash-files.ts";
import { nameOf, type OpenModel, tokensWithoutRow } from "./model/open-model.ts";
import { lazyModel } from "./model/runnable-model.ts";
import type { PlanOptions } from "./plan-options.ts";
import { keepSpecialsApart, planTables } from "./plan-tables.ts";
import { computedRows } from "./produce-rows.ts";
import {
  type AlignmentSummary,
  type PlannedSwap,
  type Recipe,
  type SwapPlan,
  sourceLabels,
} from "./swap-plan.ts";

/**
 * Computes the rows of every vocabulary table for the target tokenizer; no model is rewritten. The plan is data: it stays
 * good after the model is closed, and so do the rows that are computed late, until they are closed themselves.
 *
 * @example
 * const { plan, rowSource } = await makePlan({ model, tokenizer, method: subtokenMean() });
 * await model.close();
 * console.log(summarizePlan(plan));
 * await rowSource.close();
 * @throws RevocabError `needs_untie` when the model is tied and the method's input and output rows differ;
 *   `no_evidence` when some token got no row; `bad_options`; `aborted`
 */
export async function makePlan({
  model,
  tokenizer,
  method,
  fallback = mean(),
  copyShared,
  seed = 0,
  untie = false,
  role,
  padToMultipleOf,
  rows: askedRows,
  minimumRows,
  sourceOf,
  extendsSource,
  fitting,
  newTokens = fitting?.newTokens ?? [],
  eos,
  job,
  transformer,
}: PlanOptions): Promise<PlannedSwap> {
  const { checkpoint } = model;
  const {
    chain: asked,
    rows,
    tables,
  } = planTables({
    model,
    tokenizer,
    method,
    fallback,
    copyShared,
    untie,
    role,
    padToMultipleOf,
    rows: askedRows,
    minimumRows,
  });
  const lazy = lazyModel(model, {
    job,
    transformer,
  });

  job?.onProgress?.({ type: "step", step: "align" });
  const source = model.readable.vocabulary;
  const target = tokenizer.vocabulary;
  const notes = new Set<string>([...noteOnSurplus(model), ...(fitting?.notes ?? [])]);
  let refused = 0;
  const context = initContext({
    source: { ...readerOf(model.readable), tables, model: lazy.model },
    target: readerOf(tokenizer),
    sourceOf,
    extendsSource,
    seed,
    initializerRange: checkpoint.initializerRange,
    onRefused(characters) {
      refused += characters;
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
  const { chain, note } = keepSpecialsApart(asked, { alignment, target, ids: newTokens });
  if (note !== undefined) notes.add(note);
  const { methods } = chain;
  const planned: PlannedTable[] = [];
  try {
    for (const table of tables) {
      job?.onProgress?.({ type: "step", step: `plan ${table.slot}` });
      const one = await planTable({ context, method: chain, table, rows });
      requireEvidence(one, target);
      planned.push(one);
    }
  } catch (error) {
    await closeMethod(chain);
    throw error;
  } finally {
    await lazy.close();
  }
  const plan: SwapPlan = {
    recipe: {
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
      specialTokens: fitting?.specialTokens ?? (sourceOf === undefined ? "target" : "model"),
      rows: askedRows ?? null,
    } satisfies Recipe,
    source: {
      name: model.name,
      modelType: checkpoint.modelType,
      fingerprint: fingerprint(model.tokenizer.vocabulary),
      rows: checkpoint.rows,
      tied: checkpoint.tied,
      labels: sourceLabels(source, checkpoint.rows),
    },
    target: {
      name: nameOf(tokenizer.origin).name,
      tokenizer,
      inputs: fitting?.inputs ?? hashContents(tokenizer.files),
      fingerprint: fingerprint(target),
      rows,
    },
    tables: planned.map(({ denseRows: _, ...table }) => table),
    alignment: summarize(alignment),
    notes: refused === 0 ? [...notes] : [...notes, noteOnRefused(refused)],
  };
  return { plan, rowSource: computedRows(planned, model, chain) };
}

function readerOf({ vocabulary, encode, family }: Tokenizer) {
  return { vocabulary, encode, family };
}

function noteOnRefused(characters: number): string {
  return `${characters} characters of the texts that the methods read are left out: the target tokenizer has no tokens for them, nor an unknown one`;
}

/** A row no method filled would be zeros, and a head row of zeros can win the arg-max. */
function requireEvidence({ origin, origins }: TablePlan, vocabulary: Vocabulary): void {
  const none = origins.indexOf("none");
  const empty = Array.from(origin.keys()).filter((row) => origin[row] === none);
  if (empty.length === 0) return;
  const examples = empty.slice(0, 5).map((id) => `${id} "${displayToken(vocabulary, id)}"`);
  throw new RevocabError(
    "no_evidence",
    `no method gave a row for ${empty.length} tokens, such as ${examples.join(", ")}`,
    { hint: "choose a fallback that always has a row: mean, random, univariate-normal, zero" },
  );
}

function noteOnSurplus({ tokenizer, checkpoint: { rows } }: OpenModel): readonly string[] {
  const ids = tokensWithoutRow(tokenizer, rows);
  if (ids.length === 0) return [];
  const examples = ids.slice(0, 3).map((id) => `${id} "${displayToken(tokenizer.vocabulary, id)}"`);
  return [
    `${ids.length} of the source's tokens have no row in it and are no evidence: ${examples.join(", ")}`,
  ];
}

/** The keys in the order of the plan file, so that a report does not tell how its plan came about. */
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
