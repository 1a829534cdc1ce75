import { readText } from "@revocab/files";
import { openModel } from "@revocab/plan";
import { SAMPLE_MODEL, SAMPLE_TEXT } from "@revocab/test-support/sample";
import { openTransformer, tablesOf } from "@revocab/transformer-runtime";
import { expect, it } from "vitest";
import { lossGradients } from "../src/loss-gradients.ts";

/** Below this all queries attend at once, from it on some at a time. */
const LONG = 256;
const SHORT = 200;

it("a text has the same loss and gradients beside a longer one, where some queries attend at a time", async () => {
  const model = await openModel(SAMPLE_MODEL);
  const job = { threads: 1 };
  const transformer = await openTransformer(model.checkpoint, { job });
  const { documents } = await readText(SAMPLE_TEXT);
  const tokens = await model.readable.encode(documents.join("\n"));
  const [long, short] = [tokens.slice(0, LONG), tokens.slice(LONG, LONG + SHORT)];
  const tables = tablesOf(model.checkpoint);
  const of = (sequences: readonly Uint32Array[]) => lossGradients({ transformer, tables, sequences, job });
  try {
    const [both, ofLong, ofShort] = [await of([long, short]), await of([long]), await of([short])];
    const weights = [LONG - 1, SHORT - 1].map((count) => count / (LONG + SHORT - 2)) as [number, number];
    const mean = (a: number, b: number) => weights[0] * a + weights[1] * b;
    expect(both.loss).toBeCloseTo(mean(ofLong.loss, ofShort.loss), 5);
    const largest = both.output.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    for (const [i, value] of both.output.data.entries()) {
      const expected = mean(ofLong.output.data[i], ofShort.output.data[i]);
      expect(Math.abs(value - expected)).toBeLessThan(1e-5 * largest);
    }
    const rowOf = ({ ids, rows }: typeof both.input, id: number) => {
      const at = ids.indexOf(id);
      const none = new Float32Array(rows.columns);
      return at < 0 ? none : rows.data.subarray(at * rows.columns, (at + 1) * rows.columns);
    };
    const furthest = both.input.rows.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    for (const id of both.input.ids) {
      const [own, inLong, inShort] = [both, ofLong, ofShort].map(({ input }) => rowOf(input, id));
      for (const [j, value] of own.entries())
        expect(Math.abs(value - mean(inLong[j], inShort[j]))).toBeLessThan(1e-5 * furthest);
    }
  } finally {
    await transformer.close();
    await model.close();
  }
});
