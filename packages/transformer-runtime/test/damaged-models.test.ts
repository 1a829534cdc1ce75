import { cpSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FinalStates } from "@revocab/core";
import { scratchFolders } from "@revocab/test-support/folders";
import { languageModel, tablesOf } from "@revocab/transformer-runtime";
import { describe, expect, it } from "vitest";
import { fixtureFolder, withTransformer } from "./fixture.ts";

const scratch = scratchFolders();
const tokens = Uint32Array.of(5, 9, 33);
const last = { tokens, positions: Uint32Array.of(2) };

interface Header {
  [name: string]: { dtype: string; shape: number[]; data_offsets: [number, number] };
}

/** A copy of a fixture whose config, tensor headers and bytes a test may change. */
function changed(
  name: string,
  change: (parts: { config: Record<string, unknown>; header: Header; data: Buffer }) => void,
): string {
  const folder = join(scratch(), "model");
  cpSync(fixtureFolder(name), folder, { recursive: true });
  const config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));
  const file = readFileSync(join(folder, "model.safetensors"));
  const length = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.subarray(8, 8 + length).toString()) as Header;
  const data = Buffer.from(file.subarray(8 + length));
  change({ config, header, data });
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  const text = Buffer.from(JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(join(folder, "model.safetensors"), Buffer.concat([size, text, data]));
  return folder;
}

const run = (folder: string) =>
  withTransformer(folder, async (transformer) => {
    const model = languageModel(transformer);
    try {
      return await model.logits([last]);
    } finally {
      await model.close();
    }
  });

describe("a model that cannot be run", () => {
  it("for a tensor that is not there is told its name and shape", async () => {
    const name = "model.layers.1.mlp.down_proj.weight";
    const folder = changed("llama-untied", ({ header }) => {
      header["model.layers.1.mlp.other.weight"] = header[name];
      delete header[name];
    });
    await expect(run(folder)).rejects.toMatchObject({
      code: "unsupported_checkpoint",
      message: expect.stringContaining(name),
    });
  });

  it("for a tensor of another shape is told both shapes", async () => {
    const folder = changed("llama-untied", ({ header }) => {
      header["model.layers.0.self_attn.q_proj.weight"].shape.reverse();
      const { shape } = header["model.layers.0.mlp.up_proj.weight"];
      shape.reverse();
    });
    await expect(run(folder)).rejects.toMatchObject({
      code: "shape_mismatch",
      message: expect.stringMatching(
        /has the shape|with the shape \[\d+,\d+\]; by the model's config it is \[\d+,\d+\]/,
      ),
    });
  });

  it("for weights that are no numbers is told so, whatever it is asked", async () => {
    const folder = changed("llama-untied", ({ header, data }) => {
      const [start] = header["model.norm.weight"].data_offsets;
      data.writeFloatLE(Number.NaN, start);
    });
    await expect(run(folder)).rejects.toMatchObject({ code: "not_finite" });
    await withTransformer(folder, async (transformer) => {
      const model = languageModel(transformer);
      const query = { ...last, targets: Uint32Array.of(1) };
      await expect(model.score([query])).rejects.toMatchObject({ code: "not_finite" });
      await expect(model.distributions([last], async () => {})).rejects.toMatchObject({ code: "not_finite" });
      const { input } = tablesOf(transformer.checkpoint);
      const onStates = async (states: FinalStates) => {
        for await (const _ of states.blocks());
      };
      await expect(transformer.read([{ input, queries: [last], onStates }])).rejects.toMatchObject({
        code: "not_finite",
      });
      await expect(model.continue(tokens)).rejects.toMatchObject({ code: "not_finite" });
      await model.close();
    });
  });

  it("for an adapter in its folder is told so: others would put it on the model", async () => {
    const folder = changed("llama-untied", () => {});
    writeFileSync(join(folder, "adapter_config.json"), "{}");
    await expect(run(folder)).rejects.toMatchObject({
      code: "unsupported_checkpoint",
      message: expect.stringContaining("adapter_config.json"),
    });
  });

  it("for a type that is not known is told those that are", async () => {
    const folder = changed("llama-untied", ({ config }) => {
      config.model_type = "xglm";
    });
    await expect(run(folder)).rejects.toMatchObject({
      code: "unsupported_architecture",
      message: expect.stringMatching(/"xglm".*gpt2.*llama.*modernbert/),
    });
  });
});

describe("weights that are links", () => {
  it("as the hub's cache holds them, are read where they are", async () => {
    const folder = scratch();
    const blobs = join(folder, "blobs");
    const snapshot = join(folder, "snapshots", "main");
    cpSync(fixtureFolder("llama-untied"), blobs, { recursive: true });
    cpSync(join(blobs, "config.json"), join(snapshot, "config.json"));
    symlinkSync("../../blobs/model.safetensors", join(snapshot, "model.safetensors"));
    expect(await run(snapshot)).toEqual(await run(fixtureFolder("llama-untied")));
  });
});
