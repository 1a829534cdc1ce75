import { randomStream } from "@revocab/matrix";
import { type DenseProducts, openDenseProducts } from "@revocab/onnx";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FitRowsOptions, fitRows } from "../src/fit-rows.ts";

const columns = 4;
const count = 600;
const stream = randomStream(4, 0);
/** Normals, and a one: a bias exists. */
const data = Float32Array.from({ length: count * columns }, (_, at) =>
  at % columns === columns - 1 ? 1 : stream.normal(),
);
const states = { rows: count, columns, data };
const places = new Uint32Array(count).map((_, at) => at);
/** Class 1 follows states with a positive first coordinate, class 0 the others. */
const bySign = places.map((at) => Number(data[at * columns] > 0));

let products: DenseProducts;
beforeAll(async () => {
  products = await openDenseProducts(1);
});
afterAll(() => products.release());

/** Each class a group of its own, and rows of zeros, where nothing else is said. */
function fit(rows: number, options: Partial<FitRowsOptions> = {}) {
  return fitRows({
    states,
    places,
    classes: bySign,
    start: { rows, columns, data: new Float32Array(rows * columns) },
    groupStarts: Uint32Array.from({ length: rows + 1 }, (_, group) => group),
    seed: 0,
    products,
    ...options,
  });
}

const rowOf = (rows: { readonly data: Float32Array }, k: number) =>
  rows.data.subarray(k * columns, (k + 1) * columns);

describe("rows fitted to states", () => {
  it("say which class follows", async () => {
    const { rows, passes, before, after } = await fit(2);
    expect(before).toBeCloseTo(1, 6);
    expect(after).toBeLessThan(0.4);
    expect(passes).toBeGreaterThan(0);
    // only the first coordinate decides
    const difference = rowOf(rows, 1).map((value, j) => value - rowOf(rows, 0)[j]);
    expect(difference[0]).toBeGreaterThan(4 * Math.max(...difference.subarray(1).map(Math.abs)));
  });

  it("are those of the start where these say what follows, and the start stays as it is", async () => {
    const start = { rows: 2, columns, data: Float32Array.of(0, 0, 0, 0, 2, 0, 0, 0) };
    const draws = randomStream(9, 0);
    const classes = places.map((at) => Number(draws.uniform() < 1 / (1 + Math.exp(-2 * data[at * columns]))));
    const { rows } = await fit(2, { start, classes });
    for (const [at, value] of rows.data.entries())
      expect(Math.abs(value - start.data[at])).toBeLessThan(0.25);
    await fit(2, { start });
    expect(Array.from(start.data)).toEqual([0, 0, 0, 0, 2, 0, 0, 0]);
  });

  it("reckon with constants of the classes", async () => {
    const classes = places.map((at) => Number(at % 100 !== 0));
    // the bias says that class 1 comes 99 times in 100: there is next to nothing to learn
    const { before, after } = await fit(2, { classes, bias: Float32Array.of(0, Math.log(99)) });
    expect(before).toBeLessThan(0.2);
    expect(before - after).toBeLessThan(0.05);
    expect((await fit(2, { classes })).before).toBeCloseTo(1, 6);
  });

  it("move together in a group: a class without places as those that have some", async () => {
    // classes 0 and 1 are a group, of which the text has 0 alone; 2 is another
    const groupStarts = Uint32Array.of(0, 2, 3);
    const { rows } = await fit(3, { classes: bySign.map((one) => 2 * one), groupStarts });
    expect(rowOf(rows, 1)[0]).toBeLessThan(-0.2);
    expect(rowOf(rows, 2)[0]).toBeGreaterThan(0.2);
    // its own places move class 0 further
    expect(rowOf(rows, 0)[0]).toBeLessThan(rowOf(rows, 1)[0]);
  });

  it("become less likely where no place has them, though each batch meets but a part of them", async () => {
    const { rows, before, after } = await fit(3002);
    expect(before).toBeCloseTo(Math.log2(3002), 4);
    expect(after).toBeLessThan(before - 4);
    const constants = Array.from({ length: 3002 }, (_, k) => rowOf(rows, k)[columns - 1]);
    const least = Math.min(...constants.slice(0, 2));
    for (const constant of constants.slice(2)) expect(constant).toBeLessThan(least - 0.5);
  });

  it("compete with all classes, however many blocks they are", async () => {
    const classes = 9001;
    const groupStarts = Uint32Array.of(0, 1, 2, 5000, 9001);
    expect((await fit(classes, { groupStarts })).before).toBeCloseTo(Math.log2(classes), 4);
  });

  it("are the same for any number of threads, and others for another seed", async () => {
    const { rows } = await fit(2);
    const onThree = await openDenseProducts(3);
    expect((await fit(2, { products: onThree })).rows.data).toEqual(rows.data);
    await onThree.release();
    expect((await fit(2, { seed: 1 })).rows.data).not.toEqual(rows.data);
  });

  it("are those of the start where the text has too few places to hold some out", async () => {
    const { passes, rows } = await fit(2, { places: places.subarray(0, 9), classes: bySign.subarray(0, 9) });
    expect(passes).toBe(0);
    expect(rows.data.every((value) => value === 0)).toBe(true);
  });

  it("can be stopped, and say how far they are", async () => {
    await expect(fit(2, { job: { abortSignal: AbortSignal.abort() } })).rejects.toMatchObject({
      code: "aborted",
    });
    const steps = new Map<string, number[]>();
    const onProgress: NonNullable<FitRowsOptions["job"]>["onProgress"] = (event) => {
      if (event.type === "progress") steps.set(event.step, [event.done, event.total]);
    };
    await fit(2, { job: { onProgress } });
    expect(steps.get("fit head rows, pass 1")).toEqual([540, 540]);
    expect(steps.get("score held-out places")).toEqual([60, 60]);
  });
});
