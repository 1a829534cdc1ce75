import { cpSync, existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FinalStates, PositionQuery, ProgressEvent } from "@revocab/core";
import { scratchFolders } from "@revocab/test-support/folders";
import { languageModel, type OpenTransformer, scoreTogether, tablesOf } from "@revocab/transformer-runtime";
import { afterEach, describe, expect, it, vi } from "vitest";
import { FileReader } from "../dist/run/file-reader.js";
import { gigabytes } from "../src/run/schedule.ts";
import { openStateStore } from "../src/run/state-store.ts";
import { fixtureFolder, withTransformer } from "./fixture.ts";

const scratch = scratchFolders();
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

const sequences = [23, 7, 1, 30, 12, 30].map((length, i) =>
  Uint32Array.from({ length }, (_, at) => (at * 7 + 3 * i) % 50),
);
const queries = sequences.map((tokens) => ({ tokens, positions: Uint32Array.from(tokens.keys()) }));
const asked = queries.map((query) => ({ ...query, targets: query.tokens.map((token) => (token * 3) % 50) }));

/** [positions × d] of each query. */
async function statesOf(
  transformer: OpenTransformer,
  some: readonly PositionQuery[],
): Promise<Float32Array[]> {
  const { width } = transformer;
  const all: Float32Array[] = [];
  await transformer.read([
    {
      input: tablesOf(transformer.checkpoint).input,
      queries: some,
      async onStates(states: FinalStates) {
        for await (const block of states.blocks()) {
          let next = 0;
          for (const query of block.queries) {
            const length = some[query].positions.length * width;
            all[query] = block.states.slice(next, next + length);
            next += length;
          }
        }
      },
    },
  ]);
  return all;
}

describe("layer by layer", () => {
  it.each([
    "llama-tied",
    "llama-untied",
    "gemma2",
    "gpt2",
    "gpt-neox",
    "mistral",
    "bert",
    "modernbert",
    "phi3",
    "mixtral",
    "qwen2-moe-dense",
    "qwen3-moe-stacked",
    "gpt-oss",
    "deepseek-v3",
    "llama4-text",
    "granite-moe-shared",
    "falcon-alibi",
    "opt-projected",
    "electra",
    "deberta-v2",
    "t5-untied",
    "mbart",
  ])("%s gives the very states and scores that it gives whole", async (name) => {
    const run = (layerByLayer: boolean) =>
      withTransformer(
        fixtureFolder(name),
        async (transformer) => {
          expect(transformer.schedule.kind).toBe(layerByLayer ? "layer by layer" : "whole");
          const model = languageModel(transformer);
          const result = { states: await statesOf(transformer, queries), scores: await model.score(asked) };
          await model.close();
          return result;
        },
        { layerByLayer },
      );
    expect(await run(true)).toEqual(await run(false));
  });

  it("gives the same of sequences that attend in pieces", async () => {
    const run = (layerByLayer: boolean) =>
      withTransformer(fixtureFolder("llama-tied"), (transformer) => statesOf(transformer, queries), {
        layerByLayer,
        attentionBytes: 4 * 4 * 23 * 5,
      });
    expect(await run(true)).toEqual(await run(false));
  });

  // Keys and values with a sink, in stretches, from a latent state, with biases of scores and of distances, and with windows.
  it.each(["gpt-oss", "llama4-text", "deepseek-v3", "bloom", "t5", "gemma2"])(
    "%s gives the states of sequences at once that it gives in pieces",
    async (name) => {
      const run = (attentionBytes: number) =>
        withTransformer(fixtureFolder(name), (transformer) => statesOf(transformer, queries), {
          attentionBytes,
        });
      const [pieces, whole] = [await run(4 * 4 * 23 * 5), await run(256e6)];
      const differences = pieces.flatMap((states, i) =>
        Array.from(states, (value, at) => Math.abs(value - whole[i][at])),
      );
      expect(Math.max(...differences)).toBeLessThan(1e-4);
    },
  );

  it("gives the same with the experts of a layer one by one, of which each takes some positions or none", async () => {
    const parts: string[] = [];
    const run = (expertValues: number) =>
      withTransformer(
        fixtureFolder("mixtral"),
        async (transformer) => {
          const model = languageModel(transformer);
          const some = asked.filter(({ tokens }) => tokens.length < 8);
          const onProgress = (event: ProgressEvent) => parts.push("detail" in event ? `${event.detail}` : "");
          const scores = [await model.score(some, { onProgress }), await model.score(asked)];
          await model.close();
          return scores;
        },
        { layerByLayer: true, expertValues },
      );
    expect(await run(1)).toEqual(await run(64e6));
    expect(parts).toEqual(
      expect.arrayContaining(["layer 1 of 1, expert 4", "layer 1 of 1, experts 1 to 4", "head"]),
    );
  });

  it("scores several vocabularies in one pass as each alone, and reads no weight twice", () =>
    withTransformer(
      fixtureFolder("llama-untied"),
      async (transformer) => {
        const own = tablesOf(transformer.checkpoint);
        const turned = { input: own.output, output: own.input };
        const read = vi.spyOn(FileReader.prototype, "read");
        const [first, second] = await scoreTogether(transformer, [
          { tables: own, queries: asked },
          { tables: turned, queries: asked.slice(1) },
        ]);
        const tensors = read.mock.calls.map(([file, , position]) => `${file.name} ${position}`);
        const tables = new Set(transformer.checkpoint.tables.flatMap((table) => table.tensors));
        expect(tensors).toHaveLength(transformer.weights.names.length - tables.size);
        expect(new Set(tensors).size).toBe(tensors.length);
        const alone = [languageModel(transformer), languageModel(transformer, turned)];
        expect(first).toEqual(await alone[0].score(asked));
        expect(second).toEqual(await alone[1].score(asked.slice(1)));
        for (const model of alone) await model.close();
      },
      { layerByLayer: true },
    ));

  it("says before the work how it runs and why, and reports every layer, up to all that is scored", () =>
    withTransformer(
      fixtureFolder("llama-untied"),
      async (transformer) => {
        const events: ProgressEvent[] = [];
        const model = languageModel(transformer);
        await model.score(asked, { onProgress: (event) => events.push(event) });
        await model.close();
        expect(events[0]).toMatchObject({
          type: "note",
          message: expect.stringMatching(/^layer by layer: /),
        });
        const progress = events.filter((event) => event.type === "progress");
        const total = sequences.reduce((sum, { length }) => sum + length, 0);
        expect(new Set(progress.map(({ step }) => step))).toEqual(new Set(["score"]));
        expect(progress.at(-1)).toMatchObject({ done: total, total, unit: "tokens" });
        expect(progress.map(({ done }) => done)).toEqual(
          progress.map(({ done }) => done).toSorted((a, b) => a - b),
        );
        expect(new Set(progress.map(({ detail }) => detail))).toContain("layer 2 of 2");
      },
      { layerByLayer: true },
    ));

  it("stops when told, in the middle of a pass", () =>
    withTransformer(
      fixtureFolder("llama-untied"),
      async (transformer) => {
        const controller = new AbortController();
        const model = languageModel(transformer);
        const job = {
          abortSignal: controller.signal,
          onProgress: (event: ProgressEvent) => event.type === "progress" && controller.abort(),
        };
        await expect(model.score(asked, job)).rejects.toMatchObject({ code: "aborted" });
        await model.close();
      },
      { layerByLayer: true },
    ));

  it("names a weight file that is written to during a pass", async () => {
    const folder = join(scratch(), "model");
    cpSync(fixtureFolder("llama-untied"), folder, { recursive: true });
    const file = join(folder, "model.safetensors");
    await withTransformer(
      folder,
      async (transformer) => {
        const bytes = readFileSync(file);
        const job = {
          onProgress(event: ProgressEvent) {
            if (event.type !== "progress") return;
            writeFileSync(file, bytes);
            utimesSync(file, 1, 1);
          },
        };
        const model = languageModel(transformer);
        await expect(model.score(asked, job)).rejects.toMatchObject({
          code: "file_changed",
          message: expect.stringContaining(file),
        });
        await model.close();
      },
      { layerByLayer: true },
    );
  });

  it("refuses to write text, which needs the whole model, and says how much that is", () =>
    withTransformer(
      fixtureFolder("llama-untied"),
      async (transformer) => {
        const model = languageModel(transformer);
        await expect(model.continue(sequences[0])).rejects.toMatchObject({
          code: "not_enough_memory",
          message: expect.stringMatching(/takes \d+ MB/),
        });
        await model.close();
      },
      { layerByLayer: true },
    ));

  it("refuses a bound below what one layer takes, and says how much that is", async () => {
    const open = withTransformer(fixtureFolder("llama-untied"), async () => {}, { job: { memory: 1e6 } });
    await expect(open).rejects.toMatchObject({
      code: "not_enough_memory",
      message: expect.stringMatching(/the memory is 1 MB.*takes at least \d+ MB/),
    });
  });
});

it.each([
  [1, "1 MB"],
  [312.2e6, "313 MB"],
  [999.5e6, "1.0 GB"],
  [1.51e9, "1.6 GB"],
  [4e9, "4.0 GB"],
])("%d bytes are asked for as %s, which is enough", (bytes, text) => {
  expect(gigabytes(bytes)).toBe(text);
});

describe("states between layers", () => {
  const batches = [Float32Array.of(1, 2, 3), Float32Array.of(4), Float32Array.of(5, 6)];

  it.each([
    ["memory", 1000],
    ["file", 10],
  ] as const)("are kept in %s where there is room for %d bytes", async (place, room) => {
    const folder = scratch();
    vi.stubEnv("TMPDIR", folder);
    const store = await openStateStore(
      batches.map(({ length }) => length),
      room,
    );
    expect(store.place).toBe(place);
    for (const [i, states] of batches.entries()) await store.write(i, 0, states);
    await store.write(0, 1, Float32Array.of(9));
    const into = new Float32Array(3);
    expect(Array.from(await store.read(2, into))).toEqual([5, 6]);
    expect(Array.from(await store.read(0, into))).toEqual([1, 9, 3]);
    // no name is left, so that nothing is even where the process is killed
    expect(readdirSync(folder)).toEqual([]);
    await store.close();
  });

  it("are refused where the disk has no room, before any work", async () => {
    vi.stubEnv("TMPDIR", scratch());
    await expect(openStateStore([2 ** 50], 10)).rejects.toMatchObject({ code: "no_space" });
    expect(existsSync("revocab-states")).toBe(false);
  });
});
