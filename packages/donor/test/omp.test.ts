import type { EmbeddingTable, InitContext, Job, Matrix, Vocabulary } from "@revocab/core";
import { omp, ompEntry } from "@revocab/donor";
import { planTable } from "@revocab/embedding-init";
import { gatherSum, mixtureRow, randomStream, readMatrix } from "@revocab/matrix";
import { describeMethodContract } from "@revocab/test-support/contract";
import {
  makeTables,
  randomMatrix,
  SOURCE_VOCABULARY,
  TARGET_VOCABULARY,
} from "@revocab/test-support/contract-models";
import { describeEntryContract } from "@revocab/test-support/entry-contract";
import { handMadeVocabulary, text } from "@revocab/test-support/hand-made-vocabulary";
import { alignVocabularies } from "@revocab/vocab-alignment";
import { describe, expect, it } from "vitest";
import { contextWith, donorOf, product, sourceTables, tableOf, untiedTables } from "./donor-models.ts";

const contextFor = (target: Vocabulary, tables: readonly EmbeddingTable[]): InitContext =>
  contextWith(donorOf(untiedTables(target), target, target), tables, target);

describeMethodContract("omp", omp, { contextFor, readsEmbeddings: true });
describeMethodContract("omp of three", () => omp({ k: 3, filter: "well-trained" }), { contextFor });
describeEntryContract(ompEntry);

/** Each row of the plan as numbers, [] for an empty one; and the sources of each. */
async function rowsOf(context: InitContext, table: EmbeddingTable, options: Parameters<typeof omp>[0] = {}) {
  const { mixture } = await planTable({ context, method: omp(options), table });
  const source = await readMatrix(table.matrix, 0, table.matrix.rows);
  const { data } = gatherSum(mixture, source, { ...source, rows: 1, data: new Float32Array(source.columns) });
  return Array.from({ length: mixture.offsets.length - 1 }, (_, row) => ({
    sources: Array.from(mixtureRow(mixture, row).sources),
    weights: Array.from(mixtureRow(mixture, row).weights),
    row: Array.from(data.subarray(row * source.columns, (row + 1) * source.columns)),
  }));
}

/** n words that both have, and as many that only the target has. */
function words(n: number) {
  const shared = Array.from({ length: n }, (_, i) => text(`s${i};`));
  const news = Array.from({ length: n }, (_, i) => text(`n${i};`));
  return { source: handMadeVocabulary(shared), target: handMadeVocabulary([...news, ...shared]) };
}

function wordContext(
  source: Vocabulary,
  target: Vocabulary,
  tables: readonly EmbeddingTable[],
  donor: Matrix,
) {
  const context = contextWith(donorOf([tableOf("input", donor)], target, target), tables, target);
  return {
    ...context,
    source: { vocabulary: source, tables },
    alignment: alignVocabularies({ source, target }),
  };
}

/** Rows of a source that are a linear map of the donor's rows of the same words. */
function linearModels(n: number, columns: number, width: number, noise = 0) {
  const { source, target } = words(n);
  const donor = randomMatrix(2 * n, columns, 5);
  const mapped = product(donor, randomMatrix(columns, width, 6));
  const { normal } = randomStream(9, 0);
  const rows = mapped.data.slice(n * width).map((value) => value + noise * normal());
  const table = tableOf("input", { rows: n, columns: width, data: rows });
  return { context: wordContext(source, target, [table], donor), table, mapped, n, width };
}

describe("omp", () => {
  it("finds the rows of a source that is a linear map of the donor", async () => {
    const { context, table, mapped, n, width } = linearModels(60, 8, 5);
    const rows = await rowsOf(context, table, { k: 8 });
    for (let token = 0; token < n; token++) {
      const wanted = mapped.data.subarray(token * width, (token + 1) * width);
      for (const [j, value] of rows[token].row.entries()) expect(value).toBeCloseTo(wanted[j], 3);
    }
    // the shared words come after the new ones, and are copies
    expect(rows[n + 3]).toMatchObject({ sources: [3], weights: [1] });
  });

  it("chooses more atoms where the models agree, and few where they have nothing in common", async () => {
    const chosen = async ({ context, table }: ReturnType<typeof linearModels>) => {
      const notes: string[] = [];
      const onProgress: Job["onProgress"] = (event) => {
        if (event.type === "note") notes.push(event.message);
      };
      await rowsOf({ ...context, job: { onProgress } }, table);
      return Number(
        /^input: k is (\d+), chosen by 60 of 60 anchors/.exec(notes.join("\n"))?.[1] ?? notes.join(),
      );
    };
    expect(await chosen(linearModels(60, 33, 20))).toBe(32);
    expect(await chosen(linearModels(60, 33, 20, 100))).toBe(1);
  });

  it("notes the errors by k as a detail, and how well the donor's rows are met, with the worst tokens", async () => {
    const { context, table } = linearModels(60, 8, 5);
    const notes: { message: string; isDetail?: boolean }[] = [];
    const onProgress: Job["onProgress"] = (event) => {
      if (event.type === "note") notes.push(event);
    };
    await rowsOf({ ...context, job: { onProgress } }, table, {});
    expect(notes.map(({ isDetail = false }) => isDetail)).toEqual([false, true, false]);
    expect(notes[1].message).toMatch(
      /^input: relative error of rows left out, by k: 1: 0\.\d{3}, 2: 0\.\d{3}, 4: 0\.\d{3}$/,
    );
    expect(notes[2].message).toMatch(
      /^input: the donor's rows of 60 new tokens are sums of at most 4 of 60 anchors but for a relative error of 0\.\d{3} \(median\), 0\.\d{3} \(95 %\); largest: ("n\d+;" 0\.\d{3}(, )?){10}$/,
    );
  });

  it("clamps k to the number of anchors, and says so", async () => {
    const { context, table } = linearModels(3, 8, 5);
    const notes: string[] = [];
    const onProgress: Job["onProgress"] = (event) => {
      if (event.type === "note") notes.push(event.message);
    };
    const rows = await rowsOf({ ...context, job: { onProgress } }, table, { k: 64 });
    expect(notes[0]).toBe("input: k is 3, for there are no more anchors");
    expect(rows[0].sources.length).toBe(3);
  });

  it("takes input rows by the donor's input and head rows by its head; a bias is weighed as the head", async () => {
    const context = contextFor(TARGET_VOCABULARY, makeTables());
    const [input, output, bias] = await Promise.all(
      context.source.tables.map((table) => rowsOf(context, table, { k: 2 })),
    );
    const sourcesOf = (rows: typeof input) => rows.map(({ sources }) => sources);
    expect(sourcesOf(input)).not.toEqual(sourcesOf(output));
    expect(sourcesOf(bias)).toEqual(sourcesOf(output));
  });

  it("takes both by the one table of a tied donor, and one by the input of an untied donor for a tied source", async () => {
    const [input, output] = untiedTables(TARGET_VOCABULARY);
    const tied = contextWith(donorOf([input]));
    const weightsOf = async (context: InitContext, at = 0) =>
      (await rowsOf(context, context.source.tables[at], { k: 2 })).map(({ weights }) => weights);
    expect(await weightsOf(tied, 1)).toEqual(await weightsOf(tied, 0));
    const source = sourceTables().slice(0, 1);
    expect(await weightsOf(contextWith(donorOf([input, output]), source))).toEqual(
      await weightsOf(contextWith(donorOf([input]), source)),
    );
    // the one row of a tied model, taken as that of its head
    const asHead = source.map((table) => ({ ...table, role: "output" as const }));
    expect(await weightsOf(contextWith(donorOf([input, output]), asHead))).toEqual(
      await weightsOf(contextWith(donorOf([{ ...output, slot: "input", role: "input" }]), asHead)),
    );
  });

  it("matches the rows of a tied donor once, though the source's head is its own", async () => {
    const stepsWith = async (donorTables: readonly EmbeddingTable[]) => {
      const steps = new Set<string>();
      const onProgress: Job["onProgress"] = (event) => {
        if (event.type === "progress") steps.add(event.step);
      };
      const context = { ...contextWith(donorOf(donorTables)), job: { onProgress } };
      await omp({ k: 2 }).prepare(context);
      return [...steps].filter((step) => step.startsWith("match rows"));
    };
    const tables = untiedTables(TARGET_VOCABULARY);
    expect(await stepsWith(tables.slice(0, 1))).toEqual(["match rows of the donor: input"]);
    expect(await stepsWith(tables)).toHaveLength(2);
  });

  it("takes the anchors with the lowest ids of the donor", async () => {
    const { context, table } = linearModels(60, 8, 5);
    const rows = await rowsOf(context, table, { k: 8, anchors: 10 });
    const used = new Set(rows.slice(0, 60).flatMap(({ sources }) => sources));
    expect(Math.max(...used)).toBeLessThan(10);
  });

  it("notes what a limit of anchors costs, by the same rows left out, and nothing where it limits none", async () => {
    const { context, table } = linearModels(60, 20, 12);
    const notesWith = async (anchors: number) => {
      const notes: string[] = [];
      const onProgress: Job["onProgress"] = (event) => {
        if (event.type === "note") notes.push(event.message);
      };
      await rowsOf({ ...context, job: { onProgress } }, table, { anchors });
      return notes.join("\n");
    };
    const found =
      /^input: relative error of rows left out with 10 of 60 anchors (\d\.\d{3}), with all (\d\.\d{3})$/m.exec(
        await notesWith(10),
      );
    expect(Number(found?.[1])).toBeGreaterThan(Number(found?.[2]));
    for (const most of [60, 100]) expect(await notesWith(most)).not.toContain("with all");
  });

  it("with the filter, leaves out shared tokens that look hardly trained in either model", async () => {
    const n = 200;
    const { source, target } = words(n);
    const donor = randomMatrix(2 * n + 1, 6, 5);
    const rows = randomMatrix(n + 1, 6, 6);
    // a row of padding in each, and a shared word in each, are alike: they were never trained
    const makeUntrained = ({ data, columns }: Matrix, row: number) =>
      data.set([9, 9, 9, 9, 9, 9.1], row * columns);
    makeUntrained(donor, 2 * n);
    makeUntrained(rows, n);
    makeUntrained(donor, n + 11);
    makeUntrained(rows, 22);
    const table = tableOf("input", rows);
    const context = wordContext(source, target, [table], donor);
    const usedBy = async (filter: "all" | "well-trained") => {
      const planned = await rowsOf(context, table, { k: 6, filter });
      return new Set(planned.slice(0, n).flatMap(({ sources }) => sources));
    };
    expect(await usedBy("all")).toContain(11);
    expect(await usedBy("all")).toContain(22);
    expect(await usedBy("well-trained")).not.toContain(11);
    expect(await usedBy("well-trained")).not.toContain(22);
  });

  it("leaves rows of zeros out: as anchors on either side, and as new tokens", async () => {
    const { source, target } = words(30);
    const donor = randomMatrix(60, 8, 5);
    const rows = randomMatrix(30, 5, 6);
    donor.data.fill(0, 0, 8); // the new word n0
    donor.data.fill(0, 31 * 8, 32 * 8); // the shared word s1
    rows.data.fill(0, 2 * 5, 3 * 5); // the shared word s2
    const table = tableOf("input", rows);
    const planned = await rowsOf(wordContext(source, target, [table], donor), table, { k: 7 });
    expect(planned[0].sources).toEqual([]);
    const used = new Set(planned.slice(0, 30).flatMap(({ sources }) => sources));
    expect(used.size).toBeGreaterThan(20);
    expect([...used].filter((id) => id === 1 || id === 2)).toEqual([]);
  });
});

describe("omp with a donor that does not fit", () => {
  const planWith = (donor: ReturnType<typeof donorOf>, tables = sourceTables()) => {
    const context = contextWith(donor, tables);
    return planTable({ context, method: omp({ k: 2 }), table: tables[0] });
  };

  it("says that there is no donor", async () => {
    const context = { ...contextFor(TARGET_VOCABULARY, makeTables()), donor: undefined };
    await expect(
      planTable({ context, method: omp(), table: context.source.tables[0] }),
    ).rejects.toMatchObject({ code: "bad_options", message: expect.stringContaining("no donor") });
  });

  it("counts the tokens of the target that the donor lacks, and names some", async () => {
    const donor = donorOf(untiedTables(SOURCE_VOCABULARY), SOURCE_VOCABULARY);
    await expect(planWith(donor)).rejects.toMatchObject({
      code: "shape_mismatch",
      message: expect.stringMatching(
        /^the donor lacks 11 of the 16 tokens of the target tokenizer, such as 5 "abc", 6 "abab"/,
      ),
    });
  });

  it("says that the donor has fewer rows than tokens", async () => {
    const donor = donorOf([tableOf("input", randomMatrix(TARGET_VOCABULARY.size - 2, 9, 1))]);
    await expect(planWith(donor)).rejects.toMatchObject({
      code: "shape_mismatch",
      message: expect.stringMatching(
        /^the donor's input table has 17 rows, but 1 of its tokens have higher ids, such as 18 "ga"/,
      ),
    });
  });

  it.each([
    [0, "0 columns"],
    [1, "1 column,"],
  ])("refuses rows of %d columns", async (columns, found) => {
    await expect(
      planWith(donorOf([tableOf("input", randomMatrix(TARGET_VOCABULARY.size, columns, 1))])),
    ).rejects.toMatchObject({ code: "shape_mismatch", message: expect.stringContaining(found) });
  });

  it("says that it has no table of rows", async () => {
    await expect(planWith(donorOf([]))).rejects.toMatchObject({
      code: "shape_mismatch",
      message: "the donor has no table of rows, expected one for input",
    });
  });

  it.each([
    ["zeros", 0, "of which 0 have input rows to go by, with none different"],
    ["one row", 1, "with no two different"],
  ])("says that the anchors are all %s", async (_, value, found) => {
    const matrix = randomMatrix(TARGET_VOCABULARY.size, 9, 1);
    matrix.data.fill(value);
    // a new token has another row
    matrix.data.fill(7, 18 * 9, 19 * 9);
    await expect(planWith(donorOf([tableOf("input", matrix)]))).rejects.toMatchObject({
      code: "no_evidence",
      message: expect.stringContaining(found),
    });
  });

  it("says that no token is shared", async () => {
    const { source } = words(5);
    const target = handMadeVocabulary([text("x"), text("y")]);
    const table = tableOf("input", randomMatrix(5, 4, 1));
    const context = wordContext(source, target, [table], randomMatrix(2, 4, 2));
    await expect(planTable({ context, method: omp(), table })).rejects.toMatchObject({
      code: "no_evidence",
      message: expect.stringMatching(/^found 0 tokens that the model and the donor share/),
    });
  });

  it.each([
    ["the donor", 0],
    ["the model", 1],
  ] as const)("names a token whose row in %s is not finite", async (owner, side) => {
    const { source, target } = words(10);
    const donor = randomMatrix(20, 4, 2);
    const rows = randomMatrix(10, 4, 1);
    (side === 0 ? donor : rows).data[side === 0 ? 12 * 4 : 2 * 4 + 1] = Number.POSITIVE_INFINITY;
    const table = tableOf("input", rows);
    const context = wordContext(source, target, [table], donor);
    await expect(planTable({ context, method: omp({ k: 2 }), table })).rejects.toMatchObject({
      code: "not_finite",
      message: `the input row that ${owner} has for ${side === 0 ? 12 : 2} "s2;" holds a number that is not finite`,
    });
  });

  it.each([
    [{ k: 0 }, "k is 0"],
    [{ k: 1.5 }, "k is 1.5"],
    [{ anchors: 1 }, "anchors is 1"],
    [{ filter: "best" as "all" }, 'filter is "best"'],
  ])("refuses %j", (options, found) => {
    expect(() => omp(options)).toThrow(
      expect.objectContaining({ code: "bad_options", message: expect.stringContaining(found) }),
    );
  });
});
