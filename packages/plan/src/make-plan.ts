import {
  type Alignment,
  type EmbeddingTable,
  type FallbackChain,
  type InitMethod,
  type ProgressListener,
  RevocabError,
  type Role,
  type TablePlan,
  type TokenId,
  type Vocabulary,
} from "@revocab/core";
import { copyOverlap, initContext, mean, methodsOf, planTable, withFallback } from "@revocab/embedding-init";
import type { Transformer } from "@revocab/transformer-runtime";
import { displayToken, fingerprint, type Tokenizer } from "@revocab/vocabulary";
import { keepSpecialsApart } from "./keep-specials-apart.ts";
import { hashContents } from "./model/hash-files.ts";
import { nameOf, type OpenModel } from "./model/open-model.ts";
import { tokensWithoutRow } from "./model/readable-tokenizer.ts";
import { lazyModel } from "./model/runnable-model.ts";
import { sourceLabeller } from "./source-labels.ts";
import type { AlignmentSummary, Recipe, SwapPlan } from "./swap-plan.ts";
import type { Fitting } from "./target/fit-tokenizer.ts";

export interface PlanOptions {
  readonly model: OpenModel;
  readonly tokenizer: Tokenizer;
  /** Fills the rows of tokens the two vocabularies do not share. */
  readonly method: InitMethod;
  /** Fills the rows `method` has no evidence for. @default mean() */
  readonly fallback?: InitMethod;
  /** Copy the rows of shared tokens before the method is asked. @default true but for a method that `changesShared` */
  readonly copyShared?: boolean;
  /** @default 0 */
  readonly seed?: number;
  /** Give a tied model a head of its own, which adds V · d parameters. @default false */
  readonly untie?: boolean;
  /** For a tied model that stays tied: the role whose rows serve both. */
  readonly role?: Role;
  /** Rows are added until their number is a multiple of this. */
  readonly padToMultipleOf?: number;
  /** Rows that the target has, in place of a multiple: as many as another model it is served with. */
  readonly rows?: number;
  /** Rows that the target has at least. @default as many as it has ids */
  readonly minimumRows?: number;
  /**
   * [V_t] the source id of target tokens of which it is known, −1 for others: it goes before what their bytes say. −2 for a
   * token that is to have a row of its own, whatever its bytes or its role say.
   * @default nothing is known
   */
  readonly sourceOf?: Int32Array;
  /**
   * The target is the source with entries added or called otherwise, so that rows of no token stay as well.
   * @default told from the entries
   */
  readonly extendsSource?: boolean;
  /** Ids that were added to a vocabulary or got other names: specials among them never get one and the same row. @default none */
  readonly newTokens?: readonly TokenId[];
  /** What was done to the tokenizer for this model, for the record: see `fitTokenizer`. @default nothing */
  readonly fitting?: Fitting;
  /** The token that the tokenizer was told to end texts with: configs follow where the plan is applied. @default as they say */
  readonly eos?: string;
  /** Of the runtime, where a method runs the model. @default all cores */
  readonly threads?: number;
  /** The model's layers, where they are loaded already. @default loaded when a method asks for them */
  readonly transformer?: Transformer;
  readonly abortSignal?: AbortSignal;
  readonly onProgress?: ProgressListener;
}

/**
 * Computes the rows of every vocabulary table for the target tokenizer; no model is rewritten.
 *
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
  threads,
  transformer,
  abortSignal,
  onProgress,
}: PlanOptions): Promise<SwapPlan> {
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
    ...(copyShared !== undefined && { copyShared }),
    untie,
    ...(role && { role }),
    ...(padToMultipleOf !== undefined && { padToMultipleOf }),
    ...(askedRows !== undefined && { rows: askedRows }),
    ...(minimumRows !== undefined && { minimumRows }),
  });
  const lazy = lazyModel(model, {
    ...(threads !== undefined && { threads }),
    ...(transformer && { transformer }),
  });

  onProgress?.({ type: "step", step: "align" });
  const source = model.readable.vocabulary;
  const target = tokenizer.vocabulary;
  const notes = new Set<string>([...noteOnSurplus(model), ...(fitting?.notes ?? [])]);
  let refused = 0;
  const context = initContext({
    source: { ...readerOf(model.readable), tables, model: lazy.model },
    target: readerOf(tokenizer),
    ...(sourceOf && { sourceOf }),
    ...(extendsSource !== undefined && { extendsSource }),
    seed,
    initializerRange: checkpoint.initializerRange,
    onRefused(characters) {
      refused += characters;
    },
    ...(abortSignal && { abortSignal }),
    onProgress(event) {
      if (event.type === "note" && event.isDetail !== true) notes.add(event.message);
      onProgress?.(event);
    },
  });
  const { alignment } = context;
  const { chain, note } = keepSpecialsApart(asked, { alignment, target, ids: newTokens });
  if (note !== undefined) notes.add(note);
  const { methods } = chain;
  const plans: TablePlan[] = [];
  try {
    for (const table of tables) {
      onProgress?.({ type: "step", step: `plan ${table.slot}` });
      const planned = await planTable({ context, method: chain, table, rows });
      requireEvidence(planned, target);
      plans.push(planned);
    }
  } finally {
    await lazy.close();
  }
  return {
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
      label: sourceLabeller(source, checkpoint.rows),
    },
    target: {
      name: nameOf(tokenizer.origin).name,
      tokenizer,
      inputs: fitting?.inputs ?? hashContents(tokenizer.files),
      fingerprint: fingerprint(target),
      rows,
    },
    tables: plans,
    alignment: summarize(alignment),
    notes: refused === 0 ? [...notes] : [...notes, noteOnRefused(refused)],
  };
}

function readerOf({ vocabulary, encode, family }: Tokenizer) {
  return { vocabulary, encode, family };
}

function noteOnRefused(characters: number): string {
  return `${characters} characters of the texts that the methods read are left out: the target tokenizer has no tokens for them, nor an unknown one`;
}

/**
 * Who is asked for the rows of which tables, before any row is made.
 * @throws RevocabError `needs_untie`, `bad_options`
 */
export function planTables({
  model: { checkpoint },
  tokenizer,
  method,
  fallback = mean(),
  copyShared,
  untie = false,
  role,
  padToMultipleOf,
  rows: askedRows,
  minimumRows = 0,
}: Omit<PlanOptions, "seed" | "abortSignal" | "onProgress">): {
  readonly chain: FallbackChain;
  readonly rows: number;
  readonly tables: readonly EmbeddingTable[];
} {
  const chain = chainOf(method, fallback, copyShared);
  if (untie && !checkpoint.tied) {
    throw new RevocabError("bad_options", "the model's head is its own already: there is nothing to untie", {
      hint: "leave --untie out",
    });
  }
  const { size } = tokenizer.vocabulary;
  const rows =
    askedRows === undefined
      ? padded(Math.max(size, minimumRows), padToMultipleOf)
      : exactly(askedRows, size, padToMultipleOf);
  const { methods } = chain;
  const tables = targetTables(checkpoint.tables, checkpoint.tied, { untie, role, rows, methods });
  return { chain, rows, tables };
}

/**
 * Shared tokens are copied before the method is tried, or after one that has rows of its own for them. A fallback that does
 * not cover all tokens has the mean as its own fallback.
 */
function chainOf(method: InitMethod, named: InitMethod, copyShared: boolean | undefined): FallbackChain {
  const fallback = hasAllRows(named) ? named : withFallback(named, mean());
  if (copyShared === false) return withFallback(method, fallback);
  const isTriedFirst =
    copyShared === undefined && methodsOf(method).some(({ changesShared }) => changesShared);
  return isTriedFirst
    ? withFallback(method, copyOverlap(), fallback)
    : withFallback(copyOverlap(), method, fallback);
}

/** A chain says itself what stands at its end. */
function hasAllRows(method: InitMethod): boolean {
  return method.kind === "chain" || method.coversAll === true;
}

/** The tables the target model will have; untying adds an output table over the same source rows. */
function targetTables(
  tables: readonly EmbeddingTable[],
  tied: boolean,
  {
    untie,
    role,
    rows,
    methods,
  }: {
    untie: boolean;
    role: Role | undefined;
    rows: number;
    methods: readonly { name: string; differsByRole: boolean }[];
  },
): readonly EmbeddingTable[] {
  const input = tables.find((table) => table.slot === "input");
  if (!tied || !input) {
    if (role) {
      throw new RevocabError(
        "bad_options",
        `--role ${role} was given, but the model's head has rows of its own`,
        {
          hint: "leave --role out: input and output each get the rows of their role",
        },
      );
    }
    return tables;
  }
  if (untie) {
    if (role) {
      throw new RevocabError("bad_options", "--untie and --role were both given", {
        hint: "with --untie input and output each get the rows of their role",
      });
    }
    return [...tables, { slot: "output", role: "output", isBias: false, matrix: input.matrix }];
  }
  const differing = methods.find((method) => method.differsByRole);
  if (differing && !role) {
    const added = (rows * input.matrix.columns).toLocaleString("en");
    throw new RevocabError(
      "needs_untie",
      `${differing.name} gives a token different rows at the input and at the output, but this model is tied: one row serves both`,
      {
        hint: `pass --untie to give the head rows of its own (it adds ${added} parameters), or --role input or --role output to use those rows for both`,
      },
    );
  }
  return role ? tables.map((table) => (table.slot === "input" ? { ...table, role } : table)) : tables;
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

/** The largest vocabularies have a quarter of this; beyond it a number is a slip. */
const MAX_MULTIPLE = 2 ** 20;

function padded(size: number, multiple = 1): number {
  if (!Number.isInteger(multiple) || multiple < 1 || multiple > MAX_MULTIPLE) {
    throw new RevocabError(
      "bad_options",
      `rows were asked for as a multiple of ${multiple}; a whole number from 1 to ${MAX_MULTIPLE} was expected`,
      { hint: "64 or 128 suit most hardware; --rows gives a number of rows as it is" },
    );
  }
  return Math.ceil(size / multiple) * multiple;
}

const MAX_ROWS = 2 ** 24;

function exactly(rows: number, size: number, multiple: number | undefined): number {
  if (multiple !== undefined) {
    throw new RevocabError("bad_options", "--rows and --pad-to-multiple-of were both given", {
      hint: "--rows says how many rows there are, --pad-to-multiple-of works it out: leave one of them out",
    });
  }
  if (Number.isInteger(rows) && rows >= size && rows <= MAX_ROWS) return rows;
  throw new RevocabError(
    "bad_options",
    `${rows} rows were asked for; a whole number from ${size}, which the tokenizer has ids for, to ${MAX_ROWS} was expected`,
    { hint: `give --rows ${size} or more, or leave it out` },
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
