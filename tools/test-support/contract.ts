import { isDeepStrictEqual } from "node:util";
import {
  type EmbeddingTable,
  type InitContext,
  type InitMethod,
  type Matrix,
  type MixtureMethod,
  type Need,
  RevocabError,
  type RowMethod,
  type Vocabulary,
} from "@revocab/core";
import { copyOverlap, methodsOf, type PlannedTable, planTable, withFallback } from "@revocab/embedding-init";
import { gatherSum, mixtureRow, readMatrix, storeMatrix } from "@revocab/matrix";
import { describe, expect, it } from "vitest";
import {
  makeContext,
  makeTables,
  randomMatrix,
  SOURCE_VOCABULARY,
  TARGET_VOCABULARY,
} from "./contract-models.ts";
import { allDenseRows, mixtureBytes, storedBytes } from "./plan-rows.ts";

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
  const planAll = async (chosen: Partial<Parameters<typeof planTable>[0]> = {}): Promise<PlannedTable[]> => {
    const one = context();
    const plans: PlannedTable[] = [];
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
      await expectAborted(create(), { ...context(), job: { abortSignal: before.signal } });

      const during = new AbortController();
      let events = 0;
      await expectAborted(create(), {
        ...context(),
        job: {
          abortSignal: during.signal,
          onProgress: () => {
            if (++events === 2) during.abort();
          },
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

    for (const method of methods) describeTraits(method, contextFor, planAll);

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

/** Shared code trusts what a method says of itself, so it must be true. */
function describeTraits(
  method: MixtureMethod | RowMethod,
  contextFor: NonNullable<ContractOptions["contextFor"]>,
  planAll: (chosen: { readonly method: InitMethod }) => Promise<PlannedTable[]>,
): void {
  const { name, coversAll = false, isStandIn = false, changesShared = false, needs = [] } = method;

  it(`${name}: ${coversAll ? "every token gets a row" : "some token gets none"}, as coversAll says`, async () => {
    const plans = await planAll({ method });
    const isComplete = plans.every(({ origin, origins }) => !origin.includes(origins.indexOf("none")));
    expect(isComplete).toBe(coversAll);
  });

  it(`${name}: works by vocabularies, tables${needs.map((need) => ` and ${need}`).join("")} alone, as needs says`, async () => {
    const whole = contextFor(TARGET_VOCABULARY, makeTables());
    const planIn = (context: InitContext) => planTable({ context, method, table: context.source.tables[1] });
    await expect(planIn(onlyWith(needs, whole))).resolves.toBeDefined();
    if (!needs.includes("model")) return;
    const without = onlyWith(
      needs.filter((need) => need !== "model"),
      whole,
    );
    await expect(planIn(without)).rejects.toMatchObject({ code: "bad_options" });
  });

  if (isStandIn) {
    it(`${name}: all tokens get one row, as isStandIn says`, async () => {
      for (const { mixture, origin, origins } of await planAll({ method })) {
        const own = Array.from(origin.keys()).filter((row) => origins[origin[row]] === name);
        const rows = own.map((row) => mixtureRow(mixture, row));
        for (const row of rows) expect(row).toEqual(rows[0]);
      }
    });
  }

  if (changesShared) {
    it(`${name}: some shared token gets a row that is no copy, as changesShared says`, async () => {
      const { sourceOf } = contextFor(TARGET_VOCABULARY, makeTables()).alignment;
      const isChanged = ({ mixture, dense }: PlannedTable, token: number) => {
        const { sources, weights } = mixtureRow(mixture, token);
        const isCopy = sources.length === 1 && sources[0] === sourceOf[token] && weights[0] === 1;
        return dense.ids.includes(token) || (sources.length > 0 && !isCopy);
      };
      const shared = textTokens().filter((token) => sourceOf[token] >= 0);
      const plans = await planAll({ method });
      expect(plans.some((plan) => shared.some((token) => isChanged(plan, token)))).toBe(true);
    });
  }

  if (method.kind === "mixture") {
    const { differsByRole } = method;

    it(`${name}: input and head rows ${differsByRole ? "differ" : "are the same"}, as differsByRole says`, async () => {
      const [input] = makeTables();
      const context = contextFor(TARGET_VOCABULARY, [input, { ...input, slot: "output", role: "output" }]);
      const [ofInput, ofHead] = await Promise.all(
        context.source.tables.map((table) => planTable({ context, method, table })),
      );
      const isSame = textTokens().every((token) =>
        isDeepStrictEqual(mixtureRow(ofInput.mixture, token), mixtureRow(ofHead.mixture, token)),
      );
      expect(isSame).toBe(!differsByRole);
    });
  }
}

/** The context with what the method needs, and nothing else that it could use. */
function onlyWith(needs: readonly Need[], { donor, source, target, ...rest }: InitContext): InitContext {
  const readerOf = ({ vocabulary, encode }: InitContext["target"]) => ({
    vocabulary,
    ...(encode && needs.includes("encode") && { encode }),
  });
  return {
    ...rest,
    source: {
      ...readerOf(source),
      tables: source.tables,
      rotary: source.rotary,
      ...(source.model && needs.includes("model") && { model: source.model }),
    },
    target: readerOf(target),
    ...(donor && needs.includes("donor") && { donor }),
  };
}

/** Specials of two roles can have two counterparts, whatever the method. */
function textTokens(): number[] {
  const ids = Array.from({ length: TARGET_VOCABULARY.size }, (_, id) => id);
  return ids.filter((id) => ["text", "byte"].includes(TARGET_VOCABULARY.kindOf(id)));
}

/** Everything a plan holds, with the dense rows read `step` at a time. */
function contentsOf(plans: readonly PlannedTable[], step?: number) {
  return Promise.all(
    plans.map(async (plan) => {
      const { denseRows: _, ...data } = plan;
      return { ...data, rows: await allDenseRows(plan, step) };
    }),
  );
}

/** The rows of a plan as numbers; an empty row is `[]`. */
async function rowsOf(plan: PlannedTable, table: EmbeddingTable): Promise<number[][]> {
  const { matrix } = table;
  const product = gatherSum(plan.mixture, await readMatrix(matrix, 0, matrix.rows), plan.basis);
  const rows = Array.from(plan.origin, (_, row) =>
    mixtureRow(plan.mixture, row).sources.length === 0
      ? []
      : Array.from(product.data.subarray(row * matrix.columns, (row + 1) * matrix.columns)),
  );
  const dense = await allDenseRows(plan);
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
