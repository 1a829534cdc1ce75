import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FinalStates, Job, ProgressEvent } from "@revocab/core";
import { encodeInto } from "@revocab/matrix";
import { availableDevices, loadOnnxRuntime, type OnnxSession, type OnnxTensor } from "@revocab/onnx";
import { scratchFolders } from "@revocab/test-support/folders";
import { generate, languageModel, type OpenTransformer, tablesOf } from "@revocab/transformer-runtime";
import { afterEach, describe, expect, it, vi } from "vitest";
import { FileReader } from "../dist/run/file-reader.js";
import { decodeF16, decodeF32, roundToF16 } from "../src/weight-tensor.ts";
import { fixtureFolder, withTransformer } from "./fixture.ts";

const scratch = scratchFolders();
afterEach(() => vi.restoreAllMocks());

const sequences = [40, 7, 30].map((length, i) =>
  Uint32Array.from({ length }, (_, at) => (at * 7 + 3 * i) % 50),
);
const queries = sequences.map((tokens) => ({ tokens, positions: Uint32Array.from(tokens.keys()) }));

type Given = Readonly<Record<string, OnnxTensor>>;

/**
 * A device called `test`: the CPU, whose results are changed on the way.
 * @returns how often its sessions ran
 */
async function fakeDevice(change: (given: Given) => void = () => {}): Promise<() => number> {
  const runtime = await loadOnnxRuntime();
  const create = runtime.InferenceSession.create.bind(runtime.InferenceSession);
  let runs = 0;
  vi.spyOn(runtime, "listSupportedBackends").mockReturnValue([
    { name: "cpu", bundled: true },
    { name: "test", bundled: true },
  ]);
  vi.spyOn(runtime.InferenceSession, "create").mockImplementation(async (model, options) => {
    const isFake = String(options.executionProviders) === "test";
    const { disable_cpu_ep_fallback: _, ...session } = (options.extra as { session: object }).session as {
      disable_cpu_ep_fallback?: string;
    };
    const opened = await create(model, { ...options, executionProviders: ["cpu"], extra: { session } });
    if (!isFake) return opened;
    const run: OnnxSession["run"] = async (...asked) => {
      runs++;
      const given = await opened.run(...asked);
      change(given);
      return given;
    };
    return {
      inputNames: opened.inputNames,
      outputNames: opened.outputNames,
      run,
      release: () => opened.release(),
    };
  });
  return () => runs;
}

/** Adds to every hidden state and logit. */
function addingTo(amount: number) {
  return (given: Given) => {
    for (const { data } of Object.values(given)) {
      if (!(data instanceof Float32Array)) continue;
      for (let i = 0; i < data.length; i += 7) data[i] += amount;
    }
  };
}

function noting(job: Job): { job: Job; notes: string[] } {
  const notes: string[] = [];
  const onProgress = (event: ProgressEvent) => {
    if (event.type === "note" && event.message.startsWith("the logits")) notes.push(event.message);
  };
  return { job: { ...job, onProgress }, notes };
}

/** Logits of the queries, [positions × V] each. */
async function logitsOf(name: string, job: Job, layerByLayer = false): Promise<Float32Array[]> {
  return withTransformer(
    fixtureFolder(name),
    async (transformer) => {
      const model = languageModel(transformer);
      const logits = await model.logits(queries);
      expect(await model.logits(queries)).toEqual(logits);
      await model.close();
      return logits;
    },
    { job, layerByLayer },
  );
}

describe("a device that computes as the CPU does", () => {
  it.each([false, true])(
    "gives the same logits, and is compared once; layer by layer: %s",
    async (layerByLayer) => {
      const runs = await fakeDevice();
      const { job, notes } = noting({ device: "test" });
      const logits = await logitsOf("llama-untied", job, layerByLayer);
      expect(notes).toEqual([
        "the logits in f32 on test differ from those in f32 on cpu by up to 0, 0 % of their range",
      ]);
      expect(runs()).toBeGreaterThan(0);
      expect(logits).toEqual(await logitsOf("llama-untied", {}, layerByLayer));
    },
  );

  it.each([
    ["f32", false],
    ["f32", true],
    ["f16", false],
    ["f16", true],
  ] as const)(
    "is compared in %s without a second reading of any weight; layer by layer: %s",
    async (dtype, layerByLayer) => {
      await fakeDevice();
      const read = vi.spyOn(FileReader.prototype, "read");
      const readings = async (job: Job) => {
        read.mockClear();
        await withTransformer(
          fixtureFolder("llama-bf16"),
          async (transformer) => {
            const model = languageModel(transformer);
            await model.logits(queries);
            await model.close();
          },
          { job, layerByLayer },
        );
        return read.mock.calls.length;
      };
      const own = await readings({});
      expect(own).toBeGreaterThan(0);
      expect(await readings({ device: "test", dtype })).toBe(own);
    },
  );

  it("writes the same text", async () => {
    const runs = await fakeDevice();
    const { job, notes } = noting({ device: "test" });
    const write = (written: Job) =>
      withTransformer(
        fixtureFolder("llama-tied"),
        async (transformer) => {
          const model = languageModel(transformer);
          const { tokens } = await generate({ model, tokens: sequences[1], maxTokens: 5 });
          await model.close();
          return tokens;
        },
        { job: written },
      );
    expect(await write(job)).toEqual(await write({}));
    expect(notes).toHaveLength(1);
    expect(runs()).toBeGreaterThan(0);
  });
});

describe("a device that computes otherwise", () => {
  /** Fails if the states of a query are given to the caller. */
  const read = (transformer: OpenTransformer) =>
    transformer.read([
      {
        input: tablesOf(transformer.checkpoint).input,
        queries,
        async onStates(_: FinalStates) {
          throw new Error("the states are not to be used");
        },
      },
    ]);

  it.each([
    ["whole", false],
    ["layer by layer", true],
  ])("is refused before its states are used, with the difference: %s", async (_, layerByLayer) => {
    await fakeDevice(addingTo(5));
    await withTransformer(
      fixtureFolder("llama-untied"),
      async (transformer) => {
        for (let attempt = 0; attempt < 2; attempt++) {
          await expect(read(transformer)).rejects.toMatchObject({
            code: "device_failed",
            message: expect.stringMatching(
              /^the logits in f32 on test differ from those in f32 on cpu by up to [\d.]+, [\d.]+ % of their range; at most 1 % was expected$/,
            ),
            hint: "compute on the CPU: leave out `device`",
          });
        }
      },
      { job: { device: "test" }, layerByLayer },
    );
  });

  it("and gives NaN is refused", async () => {
    await fakeDevice(addingTo(Number.NaN));
    await withTransformer(
      fixtureFolder("gpt2"),
      async (transformer) => {
        await expect(read(transformer)).rejects.toMatchObject({
          code: "device_failed",
          message: expect.stringContaining("some logits in f32 on test are no numbers"),
        });
      },
      { job: { device: "test" } },
    );
  });

  it("is refused before it writes text", async () => {
    await fakeDevice(addingTo(5));
    await withTransformer(
      fixtureFolder("llama-tied"),
      async (transformer) => {
        const model = languageModel(transformer);
        await expect(generate({ model, tokens: sequences[1] })).rejects.toMatchObject({
          code: "device_failed",
        });
        await model.close();
      },
      { job: { device: "test" } },
    );
  });

  it("and fails in the middle is named, with what it said", async () => {
    await fakeDevice((given) => {
      if ("product" in given) return; // the product that it is tried with
      throw new Error("/source/buffer.cc:1 Map() status was false. Out of device memory\n");
    });
    await withTransformer(
      fixtureFolder("llama-untied"),
      async (transformer) => {
        await expect(read(transformer)).rejects.toMatchObject({
          code: "device_failed",
          message: "test could not run the model: Out of device memory",
        });
      },
      { job: { device: "test" } },
    );
  });

  it("and does not exist is refused when the model is opened", async () => {
    const opening = withTransformer(fixtureFolder("llama-untied"), async () => {}, {
      job: { device: "quantum" },
    });
    await expect(opening).rejects.toMatchObject({ code: "bad_options" });
  });
});

it("every device of this machine gives the CPU's logits", async () => {
  const expected = await logitsOf("llama-untied", {});
  for (const device of await availableDevices()) {
    const logits = await logitsOf("llama-untied", { device });
    for (const [i, each] of logits.entries()) expect(differenceOf(each, expected[i])).toBeLessThan(2e-4);
  }
}, 60_000);

describe("f16", () => {
  it.each([
    "llama-tied",
    "llama-bf16",
    "llama-f16",
    "gpt2",
    "gpt-neox",
    "gemma2",
    "phi3",
    "bert",
    "modernbert",
    "t5-untied",
    "bart",
  ])("of %s gives the logits of f32 to about three digits, and the same layer by layer", async (name) => {
    const { job, notes } = noting({ dtype: "f16" });
    const [exact, halved] = [await logitsOf(name, {}), await logitsOf(name, job)];
    for (const [i, logits] of halved.entries()) expect(differenceOf(logits, exact[i])).toBeLessThan(0.05);
    expect(await logitsOf(name, { dtype: "f16" }, true)).toEqual(halved);
    expect(notes).toEqual([expect.stringMatching(/^the logits in f16 on cpu differ .* by up to [\d.]+/)]);
  });

  it("writes text with the logits of a reading", () =>
    withTransformer(
      fixtureFolder("llama-tied"),
      async (transformer) => {
        const model = languageModel(transformer);
        const { logits } = await model.continue(sequences[2]);
        const last = Uint32Array.of(sequences[2].length - 1);
        const [read] = await model.logits([{ tokens: sequences[2], positions: last }]);
        expect(differenceOf(logits, read)).toBeLessThan(0.05);
        await model.close();
      },
      { job: { dtype: "f16" } },
    ));

  it.each([false, true])(
    "refuses a weight that it has no number for, by name; layer by layer: %s",
    async (layerByLayer) => {
      const folder = join(scratch(), "model");
      cpSync(fixtureFolder("llama-untied"), folder, { recursive: true });
      const name = "model.layers.1.mlp.up_proj.weight";
      writeWeight(join(folder, "model.safetensors"), name, 70_000);
      await withTransformer(
        folder,
        async (transformer) => {
          const model = languageModel(transformer);
          await expect(model.logits(queries)).rejects.toMatchObject({
            code: "unsupported_dtype",
            message: expect.stringMatching(
              new RegExp(`${name} in .*model.safetensors holds 70000; f16 ends at 65,504`),
            ),
            hint: "compute in f32: leave out `dtype`",
          });
          await model.close();
        },
        { job: { dtype: "f16" }, layerByLayer },
      );
    },
  );

  it("of a bf16 weight is that of its f32, for each number of bf16 that f16 does not end before", () => {
    const stored = Uint16Array.from({ length: 65_536 }, (_, bits) => bits).filter((bits) => {
      const magnitude = bits & 0x7fff;
      return magnitude < 0x4780 || magnitude > 0x7f80; // 65,536; infinity
    });
    const bytes = new Uint8Array(stored.buffer);
    const values = new Float32Array(stored.length);
    decodeF32("BF16", bytes, values);
    const [direct, rounded] = [new Uint16Array(stored.length), new Uint16Array(stored.length)];
    decodeF16("BF16", bytes, direct, "weights");
    roundToF16(values, rounded, "weights");
    expect(direct).toEqual(rounded);
  });

  it("of an f64 weight is that of its f32, over the end of a block", () => {
    const stored = Float64Array.from({ length: 65_539 }, (_, i) => Math.sin(i));
    const [direct, rounded] = [new Uint16Array(stored.length), new Uint16Array(stored.length)];
    decodeF16("F64", new Uint8Array(stored.buffer), direct, "weights");
    roundToF16(Float32Array.from(stored), rounded, "weights");
    expect(direct).toEqual(rounded);
  });

  it.each(["BF16", "F32"] as const)("refuses infinity and what is beyond it, stored as %s", (dtype) => {
    for (const value of [70_000, Number.NEGATIVE_INFINITY]) {
      const bytes = new Uint8Array(dtype === "F32" ? 8 : 4);
      encodeInto(dtype, Float32Array.of(1, value), bytes);
      expect(() => decodeF16(dtype, bytes, new Uint16Array(2), "some weights")).toThrow(
        /^some weights holds (70144|70000|-Infinity); f16 ends at 65,504$/,
      );
    }
  });

  it("is one of two names", async () => {
    const job = { dtype: "bf16" } as unknown as Job;
    await expect(withTransformer(fixtureFolder("llama-tied"), async () => {}, { job })).rejects.toMatchObject(
      {
        code: "bad_options",
        message: "dtype is bf16, expected f32 or f16",
      },
    );
  });
});

function differenceOf(left: Float32Array, right: Float32Array): number {
  return left.reduce((most, value, i) => Math.max(most, Math.abs(value - right[i])), 0);
}

/** Replaces the first number of an f32 tensor. */
function writeWeight(file: string, tensor: string, value: number): void {
  const bytes = readFileSync(file);
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, 8 + length).toString()) as Record<
    string,
    { dtype: string; data_offsets: readonly number[] }
  >;
  expect(header[tensor].dtype).toBe("F32");
  bytes.writeFloatLE(value, 8 + length + header[tensor].data_offsets[0]);
  writeFileSync(file, bytes);
}
