import { readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RevocabError } from "@revocab/core";
import { openHypernetwork, predictRows } from "@revocab/hypernetwork";
import { loadOnnxRuntime } from "@revocab/onnx";
import { scratchFolders } from "@revocab/test-support/folders";
import { describe, expect, it, vi } from "vitest";
import { GOLDEN, sourceTables, surfaceForms, writeNetwork } from "./network-folder.ts";

const scratch = scratchFolders();
const MISTRAL = "hypernet_untied_mistral_like.json";

async function failure(
  change: (folder: string) => void,
  changes: Record<string, unknown> = {},
  name = MISTRAL,
) {
  const folder = scratch();
  writeNetwork(folder, name, changes);
  change(folder);
  return openHypernetwork(folder).then(
    () => {
      throw new Error("nothing was thrown");
    },
    (error: RevocabError) => error,
  );
}
const nothing = () => undefined;

describe("openHypernetwork", () => {
  it("says that another model is no hypernetwork", async () => {
    const config = { model_type: "llama", hidden_size: 8 };
    const one = await failure((folder) => writeFileSync(join(folder, "config.json"), JSON.stringify(config)));
    expect(one).toMatchObject({
      code: "unsupported_architecture",
      message: expect.stringContaining('"llama"'),
    });
    expect(one.message).toContain("hn_hidden_size");
  });

  it("refuses kinds that were never published", async () => {
    for (const [key, value] of [
      ["hn_model_type", "t5"],
      ["hn_embed_using_source_embeddings", false],
      ["hn_add_inter_token_attention", true],
      ["hn_embed_target_priors", true],
    ] as const) {
      expect(await failure(nothing, { [key]: value })).toMatchObject({
        code: "unsupported_architecture",
        message: expect.stringContaining(key),
      });
    }
  });

  it("names the key of a config that cannot be", async () => {
    for (const [key, value] of [
      ["hn_surface_maxlen", 0],
      ["hn_n_layers", "2"],
      ["n_embd", 1e9],
      ["hn_num_attention_heads", 3],
      ["pad_token_id", null],
      ["hn_n_extra_tokens", -1],
      ["pad_token_id", 23],
    ] as const) {
      expect(await failure(nothing, { [key]: value })).toMatchObject({
        code: "bad_config",
        message: expect.stringContaining(key === "hn_num_attention_heads" ? "3 attention heads" : key),
      });
    }
    expect(await failure(nothing, { hn_embed_lang_id: true })).toMatchObject({ code: "bad_config" });
  });

  it.each(GOLDEN)("names a tensor of %s that is missing or has another shape", async (name) => {
    const sizes = writeNetwork(scratch(), name).config as Record<string, number>;
    const [layers, width, inner] = [sizes.hn_n_layers, sizes.hn_hidden_size, sizes.hn_intermediate_size];
    expect(await failure(nothing, { hn_n_layers: layers! + 1 }, name)).toMatchObject({
      code: "unsupported_checkpoint",
      message: expect.stringContaining(`model.encoder.layer.${layers}.attention.self.query.weight`),
    });
    const wider = await failure(nothing, { hn_intermediate_size: inner! + 1 }, name);
    expect(wider).toMatchObject({
      code: "shape_mismatch",
      message: expect.stringContaining("input_projection.1.dense1.weight"),
    });
    expect(wider.message).toContain(`[${inner},${width}]`);
    expect(wider.message).toContain(`[${inner! + 1},${width}]`);
    expect(await failure(nothing, { hn_surface_maxlen: 600 }, name)).toMatchObject({
      code: "shape_mismatch",
      message: expect.stringMatching(/position_embeddings.*514 rows.*at least 600/),
    });
  });

  it("says that a file is cut short", async () => {
    const one = await failure((folder) => {
      const path = join(folder, "model.safetensors");
      truncateSync(path, readFileSync(path).length - 10);
    });
    expect(one).toMatchObject({ code: "bad_safetensors", message: expect.stringContaining("truncated") });
  });

  it("says how to convert weights of other kinds, and reads none of them", async () => {
    for (const [name, how] of [
      ["pytorch_model.bin", "safe_serialization"],
      ["flax_model.msgpack", "convert_to_pt.py"],
    ] as const) {
      const one = await failure((folder) => {
        rmSync(join(folder, "model.safetensors"));
        writeFileSync(join(folder, name), "x");
      });
      expect(one).toMatchObject({ code: "unsupported_checkpoint", hint: expect.stringContaining(how) });
      expect(one.message).toContain(name);
    }
  });

  it("needs the tokenizer the hypernetwork spells with", async () => {
    const one = await failure((folder) => rmSync(join(folder, "tokenizer.json")));
    expect(one).toMatchObject({ code: "missing_file", message: expect.stringContaining("tokenizer") });
  });

  it("has a row for every id of its tokenizer", async () => {
    const one = await failure((folder) => {
      const path = join(folder, "tokenizer.json");
      const json = JSON.parse(readFileSync(path, "utf8"));
      json.model.vocab.z = 40;
      writeFileSync(path, JSON.stringify(json));
    });
    expect(one).toMatchObject({
      code: "shape_mismatch",
      message: expect.stringMatching(/ids up to 40.*rows for 23/),
    });
  });

  it("needs its language when it is run", async () => {
    const folder = scratch();
    const fixture = writeNetwork(folder, "tied-single-head");
    const hypernetwork = await openHypernetwork(folder);
    for (const language of [undefined, 3, -1]) {
      const act = predictRows({
        hypernetwork,
        source: sourceTables(fixture),
        forms: surfaceForms(fixture),
        language,
      });
      await expect(act).rejects.toMatchObject({
        code: "bad_options",
        message: expect.stringContaining("below 3"),
      });
    }
  });

  it("predicts nothing for a form that is all padding", async () => {
    const folder = scratch();
    const fixture = writeNetwork(folder, MISTRAL);
    const hypernetwork = await openHypernetwork(folder);
    const forms = surfaceForms(fixture);
    const lengths = forms.lengths.slice();
    lengths[2] = 0;
    const act = predictRows({ hypernetwork, source: sourceTables(fixture), forms: { ...forms, lengths } });
    await expect(act).rejects.toMatchObject({ message: expect.stringContaining("form 2 is all padding") });
  });

  it("runs with the threads of the job it was opened in", async () => {
    const folder = scratch();
    const fixture = writeNetwork(folder, MISTRAL);
    const created = vi.spyOn((await loadOnnxRuntime()).InferenceSession, "create");
    const hypernetwork = await openHypernetwork(folder, { threads: 1 });
    await predictRows({ hypernetwork, source: sourceTables(fixture), forms: surfaceForms(fixture) });
    expect(created.mock.calls.map(([, { intraOpNumThreads }]) => intraOpNumThreads)).toEqual([1]);
    created.mockRestore();
    await expect(openHypernetwork(folder, { threads: 0 })).rejects.toMatchObject({ code: "bad_options" });
  });

  it("stops between blocks when aborted", async () => {
    const folder = scratch();
    const fixture = writeNetwork(folder, MISTRAL);
    const controller = new AbortController();
    const act = predictRows({
      hypernetwork: await openHypernetwork(folder),
      source: sourceTables(fixture),
      forms: surfaceForms(fixture),
      batch: 1,
      job: { abortSignal: controller.signal, onProgress: () => controller.abort() },
    });
    await expect(act).rejects.toMatchObject({ code: "aborted" });
  });
});
