import {
  type EmbeddingTable,
  type InitContext,
  type InitMethod,
  type Matrix,
  RevocabError,
  type TablePlan,
  type Vocabulary,
} from "@revocab/core";
import { copyOverlap, planTable, withFallback } from "@revocab/embedding-init";
import { gatherSum, mixtureRow, readMatrix, storeMatrix } from "@revocab/matrix";
import { describe, expect, it } from "vitest";
import {
  makeContext,
  makeTables,
  randomMatrix,
  SOURCE_VOCABULARY,
  TARGET_VOCABULARY,
} from "./contract-models.ts";
import { denseRows, mixtureBytes, storedBytes } from "./plan-rows.ts";

export interface ContractOptions {
  /** A context of the method's own, for one whose evidence is more than two tokenizers. @default {@link makeContext} */
  readonly contextFor?: (target: Vocabulary, tables: readonly EmbeddingTable[]) => InitContext;
  /** The weights depend on the values of E, so that no affine map of E need commute with the method. @default false */
  readonly readsEmbeddings?: boolean;
}

/**
 * What every initialization method promises; each method of each package runs it, chains too.
 */
export function describeMethodContract(
  name: string,
  create: () => InitMethod,
  { contextFor = makeContext, readsEmbeddings = false }: ContractOptions = {},
): void {
  const methods = methodsOf(create());
  const context = () => contextFor(TARGET_VOCABULARY, makeTables());
  const planAll = async (chosen: Partial<Parameters<typeof planTable>[0]> = {}): Promise<TablePlan[]> => {
    const one = context();
    const plans: TablePlan[] = [];
    for (const table of one.source.tables) {
      plans.push(
        await planTable({
          context: one,
          method: create(),
          table,
          rows: TARGET_VOCABULARY.size + 2,
          ...chosen,
        }),
      );
    }
    return plans;
  };

  describe(`the contract of ${name}`, () => {
    it("describes itself in plain JSON", () => {
      for (const { name: own, options } of methods) {
        expect(own).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
        expect(JSON.parse(JSON.stringify(options))).toEqual(options);
      }
    });

    it("gives the same plan twice", async () => {
      expect(await contentsOf(await planAll())).toEqual(await contentsOf(await planAll()));
    });

    it("gives the same bytes in blocks of any size", async () => {
      const whole = await planAll();
      const size = TARGET_VOCABULARY.size;
      for (const blockRows of [1, 2, 7, size - 1, size, size + 1]) {
        const plans = await planAll({ blockRows });
        expect(await contentsOf(plans, blockRows)).toEqual(await contentsOf(whole));
      }
    });

    it("gives permuted rows for permuted tokens, and none for none", async () => {
      const one = context();
      const tokens = Uint32Array.from({ length: TARGET_VOCABULARY.size }, (_, id) => id);
      const shuffled = tokens.map((id) => (id * 8 + 3) % TARGET_VOCABULARY.size);
      expect(new Set(shuffled).size).toBe(tokens.length);
      for (const table of one.source.tables) {
        const plain = await rowsOf(await planTable({ context: one, method: create(), table, tokens }), table);
        const permuted = await rowsOf(
          await planTable({ context: one, method: create(), table, tokens: shuffled }),
          table,
        );
        expect(permuted).toEqual(Array.from(shuffled, (id) => plain[id]));
        const empty = await planTable({ context: one, method: create(), table, tokens: new Uint32Array() });
        expect(empty.mixture.offsets).toEqual(Uint32Array.of(0));
      }
    });

    it("behind copy-overlap, gives a model its own tokenizer back byte for byte, holes and padding too", async () => {
      const one = contextFor(SOURCE_VOCABULARY, makeTables());
      for (const table of one.source.tables) {
        const method = withFallback(copyOverlap(), create());
        const plan = await planTable({ context: one, method, table, rows: table.matrix.rows });
        expect(plan.dense.ids.length).toBe(0);
        expect(await mixtureBytes(plan, table.matrix)).toEqual(await storedBytes(table.matrix));
      }
    });

    it("stops when aborted before and during, with the code `aborted`", async () => {
      const before = new AbortController();
      before.abort();
      await expectAborted(create(), { ...context(), abortSignal: before.signal });

      const during = new AbortController();
      let events = 0;
      await expectAborted(create(), {
        ...context(),
        abortSignal: during.signal,
        onProgress: () => {
          if (++events === 2) during.abort();
        },
      });
      expect(events).toBeGreaterThanOrEqual(2);
    });

    it("fills rows with finite numbers, and only rows that exist", async () => {
      const one = context();
      for (const [i, plan] of (await planAll()).entries()) {
        for (const row of await rowsOf(plan, one.source.tables[i])) {
          expect(row.every(Number.isFinite)).toBe(true);
        }
        expect(plan.origin.every((origin) => origin < plan.origins.length)).toBe(true);
      }
    });

    for (const method of methods) {
      if (method.kind !== "mixture" || method.weights !== "convex") continue;

      it(`${method.name}: weights are ≥ 0 and sum to 1, or there are none`, async () => {
        for (const { mixture } of await planAll({ method })) {
          for (let row = 0; row + 1 < mixture.offsets.length; row++) {
            const { weights } = mixtureRow(mixture, row);
            if (weights.length === 0) continue;
            expect(weights.every((weight) => weight > 0)).toBe(true);
            expect(Math.abs(weights.reduce((sum, weight) => sum + weight, 0) - 1)).toBeLessThan(1e-6);
          }
        }
      });

      if (readsEmbeddings) continue;

      it(`${method.name}: mapping E → E·A + b maps the new rows likewise`, async () => {
        const columns = 5;
        const rows = SOURCE_VOCABULARY.size + 3;
        const embeddings = randomMatrix(rows, columns, 11);
        const map = affineMap(columns);
        const plain = await productOf(method, embeddings, contextFor);
        const mapped = await productOf(method, map(embeddings), contextFor);
        const expected = map(plain.rows);
        for (let row = 0; row < expected.rows; row++) {
          if (plain.isEmpty(row)) continue;
          for (let j = 0; j < columns; j++) {
            const i = row * columns + j;
            expect(mapped.rows.data[i]).toBeCloseTo(expected.data[i], 4);
          }
        }
      });
    }
  });
}

function methodsOf(method: InitMethod) {
  return method.kind === "chain" ? method.methods : [method];
}

/** Everything a plan holds, with the dense rows read `step` at a time. */
function contentsOf(plans: readonly TablePlan[], step?: number) {
  return Promise.all(
    plans.map(async ({ dense, ...rest }, i) => ({
      ...rest,
      ids: dense.ids,
      rows: await denseRows(plans[i], step),
    })),
  );
}

/** The rows of a plan as numbers; an empty row is `[]`. */
async function rowsOf(plan: TablePlan, table: EmbeddingTable): Promise<number[][]> {
  const { matrix } = table;
  const product = gatherSum(plan.mixture, await readMatrix(matrix, 0, matrix.rows), plan.basis);
  const rows = Array.from(plan.origin, (_, row) =>
    mixtureRow(plan.mixture, row).sources.length === 0
      ? []
      : Array.from(product.data.subarray(row * matrix.columns, (row + 1) * matrix.columns)),
  );
  const dense = await denseRows(plan);
  plan.dense.ids.forEach((row, i) => {
    rows[row] = Array.from(dense.data.subarray(i * matrix.columns, (i + 1) * matrix.columns));
  });
  return rows;
}

async function expectAborted(method: InitMethod, context: InitContext): Promise<void> {
  const table = context.source.tables[0];
  const failure: unknown = await planTable({ context, method, table, blockRows: 1 }).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(RevocabError);
  expect((failure as RevocabError).code).toBe("aborted");
}

async function productOf(
  method: InitMethod,
  embeddings: Matrix,
  contextFor: NonNullable<ContractOptions["contextFor"]>,
) {
  const table: EmbeddingTable = {
    slot: "input",
    role: "input",
    isBias: false,
    matrix: storeMatrix(embeddings),
  };
  const context = contextFor(TARGET_VOCABULARY, [table]);
  const { mixture, basis } = await planTable({ context, method, table });
  return {
    rows: gatherSum(mixture, embeddings, basis),
    isEmpty: (row: number) => mixtureRow(mixture, row).sources.length === 0,
  };
}

/** X → X·A + b for a random A [d × d] and b [d]. */
function affineMap(columns: number): (matrix: Matrix) => Matrix {
  const a = randomMatrix(columns, columns, 21).data;
  const b = randomMatrix(1, columns, 22).data;
  return ({ rows, data }) => ({
    rows,
    columns,
    data: Float32Array.from({ length: rows * columns }, (_, i) => {
      const row = Math.floor(i / columns);
      const column = i % columns;
      let sum = b[column];
      for (let k = 0; k < columns; k++) sum += data[row * columns + k] * a[k * columns + column];
      return sum;
    }),
  });
}
