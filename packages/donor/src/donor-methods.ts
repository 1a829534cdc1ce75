import {
  type Donor,
  type EmbeddingTable,
  type InitContext,
  type Matrix,
  type Mixture,
  type MixtureMethod,
  type PreparedMixture,
  type PreparedRows,
  RevocabError,
  type RowMethod,
  type TokenId,
  threadsOf,
  throwIfAborted,
} from "@revocab/core";
import { MixtureBuilder, mixtureRow, readMatrix, readRows } from "@revocab/matrix";
import { type DenseProducts, openDenseProducts } from "@revocab/onnx";
import { quoteToken } from "@revocab/vocabulary/internal";
import {
  type DonorEvidence,
  donorEvidence,
  donorTableFor,
  type GivenAnchorOptions,
  wellTrainedInBoth,
} from "./anchors.ts";
import type { AnchorRows } from "./solvers/anchor-rows.ts";

/** What a method with a donor has to work on: one table with new tokens. */
export interface DonorTask {
  readonly context: InitContext;
  readonly donor: Donor;
  readonly table: EmbeddingTable;
  readonly evidence: DonorEvidence;
  /** The evidence without a limit of anchors; undefined where none were left out by it. */
  evidenceOfAll(): Promise<DonorEvidence | undefined>;
  /** Closed when the task is done. */
  readonly products: DenseProducts;
  /** Notes something of the table. */
  note(message: string, isDetail?: boolean): void;
}

/** A method with a donor: its name and options, and those of the anchors. */
interface DonorMethod {
  readonly name: string;
  readonly paper: string;
  /** Its own, for the recipe. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly anchors: GivenAnchorOptions;
}

/** Rows that are sums of anchors. */
export interface MixtureByDonor extends DonorMethod {
  readonly weights: MixtureMethod["weights"];
  /** Weights [n × A] over the anchors for the new tokens; an empty row for a token that the method has none for. */
  weigh(task: DonorTask): Promise<Mixture>;
}

/**
 * A method whose rows are sums of anchors, with weights for each table. Shared tokens that are anchors are copies; a head bias has the weights
 * of the rows it belongs to, so that logits are weighed as a whole.
 */
export function mixtureByDonor({ weights, weigh, ...method }: MixtureByDonor): MixtureMethod {
  return {
    kind: "mixture",
    weights,
    ...described(method),
    async prepare(context): Promise<PreparedMixture> {
      const rows = await rowsOfTables(context, method, async (task) => {
        const { tokens, anchors, prefixes } = task.evidence;
        const mixture = tokens.length === 0 ? new MixtureBuilder().build() : await weigh(task);
        const builder = new MixtureBuilder();
        const rowOf = new Map<TokenId, number>();
        for (const [row, token] of tokens.entries()) {
          const { sources, weights: ofAnchors } = mixtureRow(mixture, row);
          if (sources.length > 0) rowOf.set(token, row);
          builder.addRow(
            Array.from(sources, (anchor) => anchors.sources[anchor]),
            ofAnchors,
          );
        }
        const copies = [
          ...prefixes,
          ...Array.from(anchors.targets, (token, i) => [token, anchors.sources[i]] as const),
        ];
        for (const [i, [token, source]] of copies.entries()) {
          rowOf.set(token, tokens.length + i);
          builder.addRow([source], [1]);
        }
        return { mixture: builder.build(), rowOf };
      });
      return { mixture: (tokens, table) => selectMixture(tokens, rows(table)) };
    },
  };
}

/** Rows by a function of the anchors' rows in both models. */
export interface RowsByDonor extends DonorMethod {
  /** Finds out, once for each table, how the rows come about. */
  fit(task: DonorTask, anchors: AnchorRows): Promise<FittedRows>;
}

export interface FittedRows {
  /** Tokens with a row, of anchors and new tokens. @default all of them */
  readonly covered?: ReadonlySet<TokenId>;
  /** [tokens × d_s] the rows of anchors and of new tokens. A row does not depend on those beside it. */
  rows(tokens: Uint32Array): Promise<Matrix>;
}

/** A method whose rows are no sums; head biases are left to the fallback, as a map has no direction for them. */
export function rowsByDonor({ fit, ...method }: RowsByDonor): RowMethod {
  return {
    kind: "rows",
    ...described(method),
    async prepare(context): Promise<PreparedRows> {
      const rows = await rowsOfTables(context, method, async (task) => {
        const { tokens, anchors, prefixes, anchorRows } = task.evidence;
        if (tokens.length === 0) return { prefixes, covered: new Set(prefixes.keys()) };
        const source = await readRows(task.table.matrix, Array.from(anchors.sources), context.job);
        const fitted = await fit(task, { donor: anchorRows, source });
        const { covered = new Set([...tokens, ...anchors.targets]) } = fitted;
        return { prefixes, covered: new Set([...covered, ...prefixes.keys()]), fitted };
      });
      return {
        covers: (token, table) => !table.isBias && rows(table).covered.has(token),
        async rows(tokens, table) {
          const { prefixes, fitted } = rows(table);
          const { columns } = table.matrix;
          const data = new Float32Array(tokens.length * columns);
          const computed = Array.from(tokens.keys()).filter((i) => !prefixes.has(tokens[i]));
          const found = await fitted?.rows(Uint32Array.from(computed, (i) => tokens[i]));
          for (const [at, i] of computed.entries()) {
            data.set(found!.data.subarray(at * columns, (at + 1) * columns), i * columns);
          }
          for (const [i, token] of tokens.entries()) {
            const source = prefixes.get(token);
            if (source === undefined) continue;
            data.set((await readMatrix(table.matrix, source, 1)).data, i * columns);
          }
          return { rows: tokens.length, columns, data };
        },
      };
    },
  };
}

function described({ name, paper, options, anchors }: DonorMethod) {
  return {
    name,
    paper,
    differsByRole: isForBothRoles(anchors) ? ("donor" as const) : true,
    needs: ["donor" as const],
    options: { ...options, ...anchors },
  };
}

/** Whether rows depend on a role by the tables alone. */
function isForBothRoles({ prefix }: GivenAnchorOptions): boolean {
  return prefix === "none" || prefix === "both";
}

/**
 * Works on every table: once for tables that share their rows in source and donor. A bias has what belongs to its head.
 * @throws RevocabError bad_options without a donor; what opening it and its evidence throw
 */
async function rowsOfTables<Rows>(
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
      const task = { context, donor, table, evidence, evidenceOfAll, products, note };
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

/** @throws RevocabError bad_options without one; what opening it throws */
async function openDonor({ donor }: InitContext): Promise<Donor> {
  if (donor !== undefined) return donor();
  throw new RevocabError("bad_options", "found no donor, which the method takes its rows by", {
    hint: "pass `donor`: a model that was trained with the target tokenizer",
  });
}

/** The rows of some tokens, in their order; empty for a token without one. */
function selectMixture(
  tokens: Uint32Array,
  { mixture, rowOf }: { readonly mixture: Mixture; readonly rowOf: ReadonlyMap<TokenId, number> },
): Mixture {
  const builder = new MixtureBuilder();
  for (const token of tokens) {
    const row = rowOf.get(token);
    if (row === undefined) builder.addEmpty();
    else {
      const { sources, weights } = mixtureRow(mixture, row);
      builder.addRow(sources, weights);
    }
  }
  return builder.build();
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
