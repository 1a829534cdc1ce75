import type { EmbeddingTable, InitContext, MixtureMethod, RevocabErrorCode, RowMethod } from "@revocab/core";
import {
  copyOverlap,
  mean,
  type PlannedTable,
  planTable,
  subtokenMean,
  withFallback,
} from "@revocab/embedding-init";
import { MixtureBuilder, mixtureRow, storeMatrix } from "@revocab/matrix";
import {
  makeContext,
  makeTables,
  SOURCE_VOCABULARY,
  TARGET_VOCABULARY,
} from "@revocab/test-support/contract-models";
import { handMadeVocabulary, text, UNUSED } from "@revocab/test-support/hand-made-vocabulary";
import { alignVocabularies } from "@revocab/vocab-alignment";
import { describe, expect, it } from "vitest";

/** Has evidence for every third token: half of the source row of its number, half of a basis row of its own. */
const everyThird: MixtureMethod = {
  kind: "mixture",
  name: "every-third",
  weights: "convex",
  differsByRole: false,
  options: {},
  async prepare() {
    return {
      mixture(tokens, { matrix }) {
        const builder = new MixtureBuilder();
        for (const token of tokens) {
          if (token % 3 !== 0) builder.addEmpty();
          else builder.addRow([token, matrix.rows + 1], [0.5, 0.5]);
        }
        return builder.build();
      },
      basis: ({ matrix: { columns } }) => ({
        rows: 2,
        columns,
        data: Float32Array.from({ length: 2 * columns }, (_, i) => i),
      }),
    };
  },
};

/** Has evidence for even tokens: their number in every column. */
const evenOnes: RowMethod = {
  kind: "rows",
  name: "even-ones",
  differsByRole: false,
  options: {},
  async prepare() {
    return {
      covers: (token) => token % 2 === 0,
      rows: (tokens, { matrix: { columns } }) => ({
        rows: tokens.length,
        columns,
        data: Float32Array.from(
          { length: tokens.length * columns },
          (_, i) => tokens[Math.floor(i / columns)],
        ),
      }),
    };
  },
};

describe("planTable", () => {
  const chains: Record<string, readonly (MixtureMethod | RowMethod)[]> = {
    "no method has evidence for some rows": [everyThird, evenOnes],
    "basis rows of two methods": [everyThird, evenOnes, mean()],
    "dense before sums": [evenOnes, copyOverlap(), subtokenMean()],
    "two methods with dense rows": [evenOnes, { ...evenOnes, name: "odd-ones", prepare: oddOnes }],
  };

  for (const [name, methods] of Object.entries(chains)) {
    it(`equals its naive twin in blocks of any size: ${name}`, async () => {
      for (const rows of [TARGET_VOCABULARY.size, TARGET_VOCABULARY.size + 5]) {
        for (const blockRows of [1, rows - 1, rows, rows + 1]) {
          const context = makeContext();
          const table = context.source.tables[0];
          const plan = await planTable({ context, table, rows, blockRows, method: withFallback(...methods) });
          expect(await spelledOut(plan, table)).toEqual(await naivePlan(context, methods, table, rows));
        }
      }
    });
  }

  it("an empty vocabulary gives an empty plan", async () => {
    const context = makeContext(handMadeVocabulary([]));
    const plan = await planTable({ context, method: mean(), table: context.source.tables[0] });
    expect(plan.mixture.offsets).toEqual(Uint32Array.of(0));
    expect(plan.origin.length).toBe(0);
  });

  it("holes and padding get the mean of the used rows, not the mean of all", async () => {
    const source = handMadeVocabulary([text("a"), UNUSED, text("b")]);
    const data = Float32Array.of(1, 100, 3, 100);
    const matrix = storeMatrix({ rows: 4, columns: 1, data });
    const table: EmbeddingTable = { slot: "input", role: "input", isBias: false, matrix };
    const target = handMadeVocabulary([text("b"), UNUSED]);
    const context: InitContext = {
      ...makeContext(target, [table]),
      source: { vocabulary: source, tables: [table] },
      alignment: alignVocabularies({ source, target }),
    };
    const plan = await planTable({ context, method: copyOverlap(), table, rows: 3 });
    expect(Array.from(plan.mixture.sources)).toEqual([2, 4, 4]);
    expect(Array.from(plan.basis.data)).toEqual([2]);
    expect(Array.from(plan.origin, (code) => plan.origins[code])).toEqual([
      "copy-overlap",
      "unused",
      "unused",
    ]);
  });

  it("does not read the mean when every row has a token", async () => {
    const context = makeContext(handMadeVocabulary([text("a")]));
    const plan = await planTable({ context, method: copyOverlap(), table: context.source.tables[0] });
    expect(plan.basis.rows).toBe(0);
  });

  it("a bias follows the weights of the head", async () => {
    const context = makeContext();
    const method = subtokenMean({ weighting: "front-loaded" });
    const [input, output, bias] = await Promise.all(
      context.source.tables.map((table) => planTable({ context, method, table })),
    );
    expect(bias.mixture).toEqual(output.mixture);
    expect(bias.mixture).not.toEqual(input.mixture);
    expect(bias.basis.columns).toBe(1);
  });

  it("prepares a method once for all tables of a context", async () => {
    let prepared = 0;
    const method: MixtureMethod = {
      ...everyThird,
      prepare(context) {
        prepared++;
        return everyThird.prepare(context);
      },
    };
    const context = makeContext();
    for (const table of context.source.tables) await planTable({ context, method, table });
    expect(prepared).toBe(1);
  });

  it("prepares again after a preparation that failed", async () => {
    let prepared = 0;
    const method: MixtureMethod = {
      ...everyThird,
      async prepare(context) {
        if (++prepared === 1) throw new Error("the disk is gone");
        return everyThird.prepare(context);
      },
    };
    const context = makeContext();
    const table = context.source.tables[0];
    await expect(planTable({ context, method, table })).rejects.toThrow("the disk is gone");
    expect((await planTable({ context, method, table })).origins[0]).toBe("every-third");
  });
});

describe("planTable refuses", () => {
  const context = makeContext();
  const table = context.source.tables[0];
  const plan = (options: Partial<Parameters<typeof planTable>[0]>) =>
    planTable({ context, table, method: mean(), ...options });
  const cases: [string, () => Promise<unknown>, RevocabErrorCode, RegExp][] = [
    [
      "a table with fewer rows than the source has tokens",
      () => {
        const short = { ...table, matrix: { ...table.matrix, rows: SOURCE_VOCABULARY.size - 1 } };
        return plan({ context: makeContext(TARGET_VOCABULARY, [short]), table: short });
      },
      "shape_mismatch",
      /input has 20 rows but the source vocabulary has 21 tokens/,
    ],
    [
      "a table of another model",
      () => plan({ table: makeTables()[0] }),
      "bad_options",
      /expected one of the context.s: input, output, output.bias/,
    ],
    [
      "an alignment of another target",
      () => plan({ context: { ...context, target: { vocabulary: SOURCE_VOCABULARY } } }),
      "shape_mismatch",
      /the alignment is for 19 tokens/,
    ],
    ["fewer rows than tokens", () => plan({ rows: 3 }), "shape_mismatch", /found rows: 3, expected at least/],
    [
      "tokens beyond the target",
      () => plan({ tokens: Uint32Array.of(1, 99) }),
      "bad_options",
      /token 99, expected at most 18/,
    ],
    [
      "tokens and rows at once",
      () => plan({ tokens: Uint32Array.of(1), rows: 40 }),
      "bad_options",
      /both tokens and rows/,
    ],
    ["blocks of no rows", () => plan({ blockRows: 0 }), "bad_options", /blockRows is 0/],
    [
      "a method that gives too few rows",
      () =>
        plan({
          method: {
            ...everyThird,
            prepare: async () => ({ mixture: () => new MixtureBuilder().build() }),
          },
        }),
      "shape_mismatch",
      /every-third gave 0 rows for/,
    ],
    [
      "basis rows of another width",
      () =>
        plan({
          method: {
            ...everyThird,
            prepare: async () => ({
              mixture: () => new MixtureBuilder().build(),
              basis: () => ({ rows: 1, columns: 2, data: new Float32Array(2) }),
            }),
          },
        }),
      "shape_mismatch",
      /every-third gave rows of 2 columns for a table of 6/,
    ],
  ];
  for (const [name, run, code, message] of cases) {
    it(name, async () => {
      await expect(run()).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    });
  }

  it("dense rows of the wrong number, when they are read", async () => {
    const method: RowMethod = {
      ...evenOnes,
      prepare: async () => ({
        rows: (_, { matrix: { columns } }) => ({ rows: 0, columns, data: new Float32Array() }),
      }),
    };
    const { dense, denseRows } = await plan({ method });
    await expect(denseRows(0, 1)).rejects.toMatchObject({ code: "shape_mismatch" });
    await expect(denseRows(0, dense.ids.length + 1)).rejects.toMatchObject({ code: "shape_mismatch" });
  });
});

async function oddOnes(context: InitContext) {
  return { rows: (await evenOnes.prepare(context)).rows };
}

/** A row as the sum it is (basis rows by value) or as its own numbers. */
type PlainRow = { origin: string; sources: number[]; weights: number[]; basis: number[][]; dense: number[] };

async function spelledOut(plan: PlannedTable, table: EmbeddingTable): Promise<PlainRow[]> {
  const rows: PlainRow[] = [];
  for (let row = 0; row < plan.origin.length; row++) {
    const { sources, weights } = mixtureRow(plan.mixture, row);
    const at = plan.dense.ids.indexOf(row);
    rows.push({
      origin: plan.origins[plan.origin[row]],
      sources: Array.from(sources).filter((source) => source < table.matrix.rows),
      weights: Array.from(weights),
      basis: Array.from(sources)
        .filter((source) => source >= table.matrix.rows)
        .map((source) => rowOf(plan.basis, source - table.matrix.rows)),
      dense: at < 0 ? [] : rowOf(await plan.denseRows(at, 1), 0),
    });
  }
  return rows;
}

/** Token by token, method by method, nothing shared and nothing in blocks. */
async function naivePlan(
  context: InitContext,
  methods: readonly (MixtureMethod | RowMethod)[],
  table: EmbeddingTable,
  rows: number,
): Promise<PlainRow[]> {
  const { vocabulary } = context.target;
  const plain: PlainRow[] = [];
  for (let id = 0; id < rows; id++) {
    if (id >= vocabulary.size || vocabulary.kindOf(id) === "unused") {
      const meanRow = (await mean().prepare(context)).basis!(table);
      plain.push({ origin: "unused", sources: [], weights: [1], basis: [rowOf(meanRow, 0)], dense: [] });
      continue;
    }
    let found: PlainRow = { origin: "none", sources: [], weights: [], basis: [], dense: [] };
    for (const method of methods.toReversed()) {
      const own = await naiveRow(context, method, table, id);
      if (own !== undefined) found = own;
    }
    plain.push(found);
  }
  return plain;
}

async function naiveRow(
  context: InitContext,
  method: MixtureMethod | RowMethod,
  table: EmbeddingTable,
  id: number,
): Promise<PlainRow | undefined> {
  const tokens = Uint32Array.of(id);
  const { name: origin } = method;
  if (method.kind === "rows") {
    const prepared = await method.prepare(context);
    if (prepared.covers?.(id, table) === false) return undefined;
    return {
      origin,
      sources: [],
      weights: [],
      basis: [],
      dense: rowOf(await prepared.rows(tokens, table), 0),
    };
  }
  const prepared = await method.prepare(context);
  const { sources, weights } = prepared.mixture(tokens, table);
  if (sources.length === 0) return undefined;
  const rows = table.matrix.rows;
  const basis = Array.from(sources).filter((source) => source >= rows);
  return {
    origin,
    sources: Array.from(sources).filter((source) => source < rows),
    weights: Array.from(weights),
    basis: basis.map((source) => rowOf(prepared.basis!(table), source - rows)),
    dense: [],
  };
}

function rowOf({ columns, data }: { columns: number; data: Float32Array }, row: number): number[] {
  return Array.from(data.subarray(row * columns, (row + 1) * columns));
}
