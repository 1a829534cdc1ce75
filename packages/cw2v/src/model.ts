import { type EmbeddingTable, type InitContext, RevocabError } from "@revocab/core";
import { tokenStream } from "@revocab/embedding-init/internal";
import type { AdamMatrix } from "./adam.ts";
import type { Participants } from "./corpus.ts";
import type { LearnedMixture } from "./learned-mixture.ts";
import type { Cw2vHeads } from "./settings.ts";
import { holdSourceRows, type SourceRows } from "./source-rows.ts";

/** What is trained: one mixture for both sides of a pair, or two. */
export interface Cw2vModel {
  readonly participants: Participants;
  /** The one of the input comes first. */
  readonly mixtures: readonly LearnedMixture[];
  /** W: the input table. */
  readonly center: PairSide;
  /** V: the head, which in a tied model is the input table too. */
  readonly context: PairSide;
}

/** Where the rows of one side of a pair come from: new tokens from the mixture, shared tokens from the table itself. */
export interface PairSide {
  readonly mixture: LearnedMixture;
  /** Its place in `mixture.tables`. */
  readonly table: number;
}

/** The tables that skip-gram runs over; in a tied model they are one. */
export interface PairTables {
  readonly input: EmbeddingTable;
  readonly head: EmbeddingTable;
}

/** @throws RevocabError shape_mismatch when a row of the input cannot be multiplied with one of the head */
export function pairTables(tables: readonly EmbeddingTable[]): PairTables {
  const wide = tables.filter(({ isBias }) => !isBias);
  const input = wide.find(({ slot }) => slot === "input") ?? wide[0];
  if (input === undefined) {
    throw new RevocabError("shape_mismatch", "the source model has no table of embeddings");
  }
  const head = wide.find(({ slot }) => slot === "output") ?? input;
  if (head.matrix.columns !== input.matrix.columns) {
    throw new RevocabError(
      "shape_mismatch",
      `input rows have ${input.matrix.columns} numbers and head rows ${head.matrix.columns}; cw2v multiplies them with each other`,
      { hint: "choose a method that does not, such as subtoken-mean" },
    );
  }
  return { input, head };
}

export interface CreateModelOptions {
  readonly context: InitContext;
  readonly tables: PairTables;
  readonly participants: Participants;
  /** Source ids, ascending: the tokens that a row may be a sum of. */
  readonly candidates: Uint32Array;
  readonly rank: number;
  readonly heads: Cw2vHeads;
}

/** The factors drawn from U(0, 1): those of a token depend on the seed, its id and the table alone. */
export async function createModel(options: CreateModelOptions): Promise<Cw2vModel> {
  const { tables, participants, candidates, heads } = options;
  const input = await holdSourceRows(tables.input, candidates);
  const head = tables.head === tables.input ? input : await holdSourceRows(tables.head, candidates);
  if (heads === "both") {
    const own = drawMixture(options, tables.input.slot, [input]);
    const headOwn = drawMixture(options, "output", [head]);
    return {
      participants,
      mixtures: [own, headOwn],
      center: { mixture: own, table: 0 },
      context: { mixture: headOwn, table: 0 },
    };
  }
  const held = head === input ? [input] : [input, head];
  const mixture = drawMixture(options, tables.input.slot, held);
  return {
    participants,
    mixtures: [mixture],
    center: { mixture, table: 0 },
    context: { mixture, table: held.length - 1 },
  };
}

function drawMixture(
  { context, participants, candidates, rank }: CreateModelOptions,
  slot: string,
  tables: readonly SourceRows[],
): LearnedMixture {
  const a1 = zeroMatrix(participants.newTokens.length, rank);
  participants.newTokens.forEach((token, row) => {
    const { uniform } = tokenStream(context.seed, token, "cw2v a1", { slot });
    for (let k = 0; k < rank; k++) a1.data[row * rank + k] = uniform();
  });
  const a2 = zeroMatrix(rank, candidates.length);
  candidates.forEach((source, column) => {
    const { uniform } = tokenStream(context.seed, source, "cw2v a2", { slot });
    for (let k = 0; k < rank; k++) a2.data[k * candidates.length + column] = uniform();
  });
  return { a1, a2, tables };
}

function zeroMatrix(rows: number, columns: number): AdamMatrix {
  const [data, first, second] = [0, 1, 2].map(() => new Float32Array(rows * columns));
  return { rows, columns, data, first, second };
}
