import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openCheckpoint } from "@revocab/checkpoint";
import { openTransformer, tablesOf } from "@revocab/transformer-runtime";
import { describe, expect, it } from "vitest";
import { type LossGradients, lossGradients } from "../src/loss-gradients.ts";

/** Tiny random models of every family (`tools/oracle/transformer-fixtures.py`). */
const MODELS = join(import.meta.dirname, "../../transformer-runtime/test/fixtures/models");
/** What the reference library gives for them (`tools/oracle/transformer-gradients.py`). */
const GRADIENTS = join(import.meta.dirname, "fixtures/gradients");

const LOSS_TOLERANCE = 1e-5;
/** Of the largest value of the table's gradient. */
const TOLERANCE = 1e-4;

const NAMES = readdirSync(MODELS);
const hasGradients = (name: string) => existsSync(gradientsFile(name));

it("every model that predicts the next token of a text has reference gradients", () => {
  for (const name of NAMES.filter((each) => !hasGradients(each))) {
    const { architectures } = readJson<{ architectures: string[] }>(join(MODELS, name, "config.json"));
    expect(architectures[0], name).toMatch(
      /MaskedLM$|PreTraining$|^(M?T5|UMT5|M?Bart)ForConditionalGeneration$/i,
    );
  }
});

describe.each(NAMES.filter(hasGradients))("%s", (name) => {
  it("has the reference library's loss and gradients, for two sequences of different lengths", async () => {
    const expected = readJson<ReferenceGradients>(gradientsFile(name));
    const { loss, input, output } = await ownGradients(name);
    expect(Math.abs(loss / expected.loss - 1)).toBeLessThan(LOSS_TOLERANCE);
    const { rows: V, columns } = output;
    expect(difference(output.data, valuesOf(expected.output, V * columns))).toBeLessThan(TOLERANCE);
    const { ids, rows } = expected.input;
    const width = input.rows.columns;
    expect(
      difference(
        scattered(input.ids, input.rows.data, V, width),
        scattered(ids, valuesOf(rows, ids.length * width), V, width),
      ),
    ).toBeLessThan(TOLERANCE);
  });
});

interface ReferenceGradients {
  readonly loss: number;
  /** Of the tokens that something is predicted from. */
  readonly input: { readonly ids: readonly number[]; readonly rows: string };
  /** [V × d], as f32 in base64, as the rows of the input are. */
  readonly output: string;
}

async function ownGradients(name: string): Promise<LossGradients> {
  const { sequences } = readJson<{ sequences: { tokens: number[] }[] }>(join(MODELS, name, "expected.json"));
  const checkpoint = await openCheckpoint(join(MODELS, name));
  const transformer = await openTransformer(checkpoint, { job: { threads: 1 } });
  try {
    return await lossGradients({
      transformer,
      tables: tablesOf(checkpoint),
      sequences: sequences.map(({ tokens }) => Uint32Array.from(tokens)),
      job: { threads: 1 },
    });
  } finally {
    await transformer.close();
    await checkpoint.close();
  }
}

function gradientsFile(name: string): string {
  return join(GRADIENTS, `${name}.json`);
}

function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(file, "utf8")) as T;
}

function valuesOf(base64: string, count: number): Float32Array {
  const bytes = Buffer.from(base64, "base64");
  expect(bytes.length).toBe(4 * count);
  return Float32Array.from({ length: count }, (_, i) => bytes.readFloatLE(4 * i));
}

/** Rows of some tokens in a table [V × columns] that is zero elsewhere: a token that predicts nothing may have a row or none. */
function scattered(ids: Iterable<number>, rows: Float32Array, V: number, columns: number): Float32Array {
  const table = new Float32Array(V * columns);
  for (const [i, id] of [...ids].entries()) {
    table.set(rows.subarray(i * columns, (i + 1) * columns), id * columns);
  }
  return table;
}

/** The largest difference, by the largest expected value; NaN when there is one. */
function difference(found: Float32Array, expected: Float32Array): number {
  expect(found.length).toBe(expected.length);
  const largest = (values: Float32Array) =>
    values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return largest(found.map((value, i) => value - expected[i])) / largest(expected);
}
