import {
  type Donor,
  type EmbeddingTable,
  type InitContext,
  type Matrix,
  RevocabError,
  threadsOf,
  throwIfAborted,
} from "@revocab/core";
import { type DenseProducts, openDenseProducts } from "@revocab/onnx";
import { quoteToken } from "@revocab/vocabulary/internal";
import type { GivenAnchorOptions } from "./anchor-options.ts";
import { type DonorEvidence, donorEvidence, donorTableFor, wellTrainedInBoth } from "./anchors.ts";

/** What a method with a donor has to work on: one table with new tokens. */
export interface DonorTask {
  readonly context: InitContext;
  readonly donor: Donor;
  readonly table: EmbeddingTable;
  readonly evidence: DonorEvidence;
  /** The evidence without a limit of anchors; undefined where none were left out by it. */
  evidenceOfAll(): Promise<DonorEvidence | undefined>;
  /** Computes what depends on the donor's rows of the evidence and the key alone: once for tables with the same rows. */
  once<Found>(key: string, compute: () => Promise<Found>): Promise<Found>;
  /** Closed when the task is done. */
  readonly products: DenseProducts;
  /** Notes something of the table. */
  note(message: string, isDetail?: boolean): void;
}

/** A method with a donor: its name and options, and those of the anchors. */
export interface DonorMethod {
  readonly name: string;
  readonly paper: string;
  /** Its own, for the recipe. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly anchors: GivenAnchorOptions;
}

/** Whether rows depend on a role by the tables alone. */
export function isForBothRoles({ prefix }: GivenAnchorOptions): boolean {
  return prefix === "none" || prefix === "both";
}

/**
 * Works on every table: once for tables that share their rows in source and donor. A bias has what belongs to its head.
 * @throws RevocabError bad_options without a donor; what opening it and its evidence throw
 */
export async function rowsOfTables<Rows>(
  context: InitContext,
  { name, anchors }: DonorMethod,
  compute: (task: DonorTask) => Promise<Rows>,
): Promise<(table: EmbeddingTable) => Rows> {
  const { source, target, job } = context;
  const donor = await openDonor(context);
  const isAllowed = anchors.filter === "well-trained" ? await wellTrainedInBoth(context, donor) : undefined;
  const known: { readonly table: EmbeddingTable; readonly rows: Rows }[] = [];
  const find = (table: EmbeddingTable) =>
    known.find(
      (one) =>
        one.table.matrix === table.matrix &&
        donorTableFor(donor, one.table) === donorTableFor(donor, table) &&
        (isForBothRoles(anchors) || one.table.role === table.role),
    )?.rows;
  const ofRows = source.tables.filter(({ isBias }) => !isBias);
  const computed: { readonly key: string; readonly evidence: DonorEvidence; readonly found: unknown }[] = [];
  const products = await openDenseProducts(threadsOf(job), true);
  try {
    for (const table of ofRows) {
      if (find(table) !== undefined) continue;
      const note = (message: string, isDetail = false) =>
        job?.onProgress?.({ type: "note", step: name, message: `${table.slot}: ${message}`, isDetail });
      const evidenceWith = (most: number | undefined) =>
        donorEvidence(context, donor, table, { ...anchors, anchors: most }, isAllowed);
      const evidence = await evidenceWith(anchors.anchors);
      const evidenceOfAll = async () => {
        if (evidence.anchorRows.rows !== anchors.anchors) return undefined;
        const all = await evidenceWith(undefined);
        return all.anchorRows.rows > evidence.anchorRows.rows ? all : undefined;
      };
      const { leftOut } = evidence;
      if (leftOut.length > 0) {
        const some = Array.from(leftOut.subarray(0, NAMED), (id) => quoteToken(target.vocabulary, id));
        note(
          `the donor has no rows but zeros for ${leftOut.length} new tokens, which are left to the fallback: ${some.join(", ")}`,
        );
      }
      const once = async <Found>(key: string, find: () => Promise<Found>) => {
        const before = computed.find((one) => one.key === key && hasSameRows(one.evidence, evidence));
        const found = before === undefined ? await find() : (before.found as Found);
        if (before === undefined) computed.push({ key, evidence, found });
        return found;
      };
      const task = { context, donor, table, evidence, evidenceOfAll, once, products, note };
      known.push({ table, rows: await compute(task) });
    }
  } finally {
    await products.release();
  }
  const rowsOfBias = ({ slot, role }: EmbeddingTable) =>
    ofRows.find((table) => slot.startsWith(`${table.slot}.`)) ??
    ofRows.find((table) => table.role === role) ??
    ofRows[0];
  return (table) => find(table.isBias ? rowsOfBias(table) : table)!;
}

/** Whether both are about the same rows of the donor: its head may be tied where the source's is not. */
function hasSameRows(left: DonorEvidence, right: DonorEvidence): boolean {
  return (
    left.donorRows === right.donorRows &&
    isEqual(left.anchors.donors, right.anchors.donors) &&
    isEqual(left.tokens, right.tokens)
  );
}

function isEqual(left: Uint32Array, right: Uint32Array): boolean {
  return left.length === right.length && left.every((id, i) => id === right[i]);
}

/** @throws RevocabError bad_options without one; what opening it throws */
async function openDonor({ donor }: InitContext): Promise<Donor> {
  if (donor !== undefined) return donor();
  throw new RevocabError("bad_options", "found no donor, which the method takes its rows by", {
    hint: "pass `donor`: a model that was trained with the target tokenizer",
  });
}

/** The donor's rows of the new tokens, from `start` on; each block once, in order. @throws RevocabError aborted */
export async function* donorRowBlocks({
  context: { job },
  table: { slot },
  evidence: { tokens, readDonorRows },
}: DonorTask): AsyncGenerator<{ readonly start: number; readonly rows: Matrix }> {
  const total = tokens.length;
  for (let start = 0; start < total; start += BLOCK_ROWS) {
    throwIfAborted(job?.abortSignal);
    const rows = await readDonorRows(tokens.subarray(start, start + BLOCK_ROWS));
    yield { start, rows };
    const done = start + rows.rows;
    job?.onProgress?.({
      type: "progress",
      step: `match rows of the donor: ${slot}`,
      done,
      total,
      unit: "rows",
    });
  }
}

/** At 4,096 columns a block takes 67 MB. */
const BLOCK_ROWS = 4096;

/**
 * Notes how near sums of anchors come to the donor's rows of the new tokens: the median, the 95 % quantile and the worst.
 * @param errors [n] ‖Σ w_i·D_i − x‖ / ‖x‖ of each new token
 * @param sums what was summed, for the note: "at most 8 of 300 anchors"
 */
export function noteReconstruction(
  { context: { target }, evidence: { tokens }, note }: DonorTask,
  errors: Float64Array,
  sums: string,
): void {
  const order = Array.from(tokens.keys()).sort((a, b) => errors[a] - errors[b]);
  const at = (share: number) => errors[order[Math.floor(share * (order.length - 1))]].toFixed(3);
  const worst = order
    .slice(-NAMED)
    .reverse()
    .map((row) => `${quoteToken(target.vocabulary, tokens[row])} ${errors[row].toFixed(3)}`);
  note(
    `the donor's rows of ${tokens.length} new tokens are sums of ${sums} but for a relative error of ${at(0.5)} (median), ${at(0.95)} (95 %); largest: ${worst.join(", ")}`,
  );
}

/** Tokens that a note names, at most. */
const NAMED = 10;
