import type { ProgressEvent } from "@revocab/core";
import { languageModel, type OpenTransformer, scoreTogether, tablesOf } from "@revocab/transformer-runtime";
import { afterEach, describe, expect, it, vi } from "vitest";
import { FileReader } from "../dist/run/file-reader.js";
import { planSchedule } from "../src/run/schedule.ts";
import type { PartTensor } from "../src/weights.ts";
import { fixtureFolder, withTransformer } from "./fixture.ts";

afterEach(() => vi.restoreAllMocks());

const tokens = Uint32Array.of(5, 9, 33, 12, 7, 7, 41, 20);
const asked = [{ tokens, positions: Uint32Array.from(tokens.keys()), targets: tokens }];
const [first, second] = [Uint32Array.of(30, 7, 44, 1), Uint32Array.of(9, 1)];

/** The names of the tensors whose bytes are read meanwhile, as often as they are. */
async function readMeanwhile({ checkpoint }: OpenTransformer, work: () => Promise<unknown>) {
  const tensors = checkpoint.files.flatMap((file) => file.tensors);
  const read = vi.spyOn(FileReader.prototype, "read");
  await work();
  const names = read.mock.calls.map(([, , at]) => tensors.find(({ start }) => start === at)?.name ?? "");
  read.mockRestore();
  const ofEncoder = names.filter((name) => name.startsWith("encoder."));
  return { ofEncoder, ofDecoder: names.filter((name) => !ofEncoder.includes(name)) };
}

const beside = (transformer: OpenTransformer, source: Uint32Array) =>
  languageModel(transformer, { ...tablesOf(transformer.checkpoint), source });

describe("the source of an encoder–decoder model", () => {
  it.each([false, true])(
    "goes through the encoder once, and the encoder's weights leave the memory; layer by layer: %s",
    (layerByLayer) =>
      withTransformer(
        fixtureFolder("umt5"),
        async (transformer) => {
          const all = (model: ReturnType<typeof beside>) => () => model.score(asked);
          const [model, other] = [beside(transformer, first), beside(transformer, second)];
          const begun = await readMeanwhile(transformer, all(model));
          const stored = transformer.weights.names.filter((name) => name.startsWith("encoder."));
          expect(begun.ofEncoder.toSorted()).toEqual(stored.toSorted());
          const again = await readMeanwhile(transformer, all(model));
          expect(again.ofEncoder).toEqual([]);
          expect(again.ofDecoder).toEqual(layerByLayer ? begun.ofDecoder : []);
          expect((await readMeanwhile(transformer, all(other))).ofEncoder).toEqual(begun.ofEncoder);
          await model.close();
          await other.close();
        },
        { layerByLayer },
      ),
  );

  it("goes through it beside other sources in one pass, each to what it is alone", () =>
    withTransformer(fixtureFolder("umt5"), async (transformer) => {
      const own = tablesOf(transformer.checkpoint);
      let together: Float32Array[][] = [];
      const requests = [first, second, first].map((source) => ({
        tables: { ...own, source },
        queries: asked,
      }));
      const { ofEncoder } = await readMeanwhile(transformer, async () => {
        together = await scoreTogether(transformer, requests);
      });
      expect(new Set(ofEncoder).size).toBe(ofEncoder.length);
      expect(together[2]).toEqual(together[0]);
      expect(together[1]).not.toEqual(together[0]);
      await withTransformer(fixtureFolder("umt5"), async (fresh) => {
        const alone = beside(fresh, second);
        expect(await alone.score(asked)).toEqual(together[1]);
        await alone.close();
      });
    }));

  it("is refused where it has no tokens, or more than the encoder was made for", () =>
    withTransformer(fixtureFolder("bart"), async (transformer) => {
      const none = beside(transformer, new Uint32Array(0));
      await expect(none.score(asked)).rejects.toMatchObject({ code: "bad_options" });
      const long = beside(transformer, new Uint32Array(41));
      await expect(long.score(asked)).rejects.toMatchObject({ code: "context_too_long" });
      await Promise.all([none.close(), long.close()]);
    }));

  it("is told of before it is read, and the progress of the text stays that of the text", () =>
    withTransformer(fixtureFolder("bart"), async (transformer) => {
      const events: ProgressEvent[] = [];
      const model = languageModel(transformer);
      await model.score(asked, { onProgress: (event) => events.push(event) });
      expect(events).toContainEqual({ type: "step", step: "read the source" });
      const done = events.flatMap((event) => (event.type === "progress" ? [event.done] : []));
      expect(done).toEqual(done.toSorted((a, b) => a - b));
      await model.close();
    }));
});

it("a part of the encoder that is larger than the memory is refused, with what it takes", () =>
  withTransformer(fixtureFolder("bart"), async ({ description }) => {
    const shape = [32_000, 32_000];
    const entry = { name: "fc1", dtype: "F32", shape, start: 0, end: 4 * 1.024e9 };
    const file = { path: "model.safetensors", tensors: [entry] };
    const large = { file, entry, dtype: "F32", shape, as: "f32" } as unknown as PartTensor;
    const plan = (encoderParts: readonly (readonly PartTensor[])[]) => () =>
      planSchedule({
        ...{ description, parts: [[]], encoderParts, dtype: "f32", vocabulary: 61, memory: 4e9 },
        ...{ layerByLayer: false, attentionBytes: 256e6 },
      });
    expect(plan([])()).toMatchObject({ kind: "whole" });
    expect(plan([[large]])).toThrow(
      expect.objectContaining({
        code: "not_enough_memory",
        message: expect.stringMatching(/the memory is 4.0 GB; .* takes at least (8|9)\.\d GB/),
      }),
    );
  }));
