import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openCheckpoint } from "@revocab/checkpoint";
import { type ProgressEvent, RevocabError } from "@revocab/core";
import {
  copyOverlap,
  multivariateNormal,
  random,
  subtokenMean,
  univariateNormal,
  withFallback,
  zero,
} from "@revocab/embedding-init";
import { savePlan } from "@revocab/plan";
import type { SwapReport } from "@revocab/report";
import { contentOf, scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { applySavedPlan, planTokenizerSwap, swapTokenizer } from "@revocab/transfer";
import { loadTokenizer } from "@revocab/vocabulary";
import { describe, expect, it } from "vitest";

const scratch = scratchFolders();
const inputs = { model: SAMPLE_MODEL, tokenizer: SAMPLE_TOKENIZER, method: subtokenMean() };

/** Rows as hex, so that a comparison is one of strings. */
async function rowsOf(directory: string, slot: string): Promise<string[]> {
  const checkpoint = await openCheckpoint(directory);
  try {
    const table = checkpoint.tables.find((candidate) => candidate.slot === slot);
    if (!table) throw new Error(`${directory} has no table ${slot}`);
    const { rows, columns } = table.matrix;
    const bytes = new Uint8Array(rows * columns * 2);
    await table.matrix.readRows(0, rows, bytes);
    return Array.from({ length: rows }, (_, row) =>
      Buffer.from(bytes.buffer, row * columns * 2, columns * 2).toString("hex"),
    );
  } finally {
    await checkpoint.close();
  }
}

describe("swapTokenizer on the sample", () => {
  it("moves the rows of shared tokens as bytes and makes the others from their pieces", async () => {
    const out = join(scratch(), "out");
    const report = await swapTokenizer({ ...inputs, out });
    expect(report.tables).toEqual([
      { slot: "input", role: "input", origins: { "copy-overlap": 872, "subtoken-mean": 2128 } },
    ]);
    const [before, after] = [await rowsOf(SAMPLE_MODEL, "input"), await rowsOf(out, "input")];
    const source = (await loadTokenizer(SAMPLE_MODEL)).vocabulary;
    const target = (await loadTokenizer(out)).vocabulary;
    let shared = 0;
    for (let id = 0; id < target.size; id++) {
      if (target.kindOf(id) === "special") continue;
      const [twin] = source.idsOf(target.bytesOf(id));
      if (twin === undefined) continue;
      expect(after[id]).toEqual(before[twin]);
      shared++;
    }
    expect(shared).toBe(868);
  });

  it("leaves every other tensor, and the input folder, as they were", async () => {
    const untouched = contentOf(SAMPLE_MODEL);
    const out = join(scratch(), "out");
    await swapTokenizer({ ...inputs, out });
    expect(contentOf(SAMPLE_MODEL)).toEqual(untouched);
    expect(await otherTensors(out)).toEqual(await otherTensors(SAMPLE_MODEL));
  });

  it("gives the same bytes in every file each time, whatever the threads", async () => {
    const folder = scratch();
    await swapTokenizer({
      ...inputs,
      method: random(),
      seed: 7,
      job: { threads: 1 },
      out: join(folder, "a"),
    });
    await swapTokenizer({
      ...inputs,
      method: random(),
      seed: 7,
      job: { threads: 2 },
      out: join(folder, "b"),
    });
    expect(contentOf(join(folder, "a"))).toEqual(contentOf(join(folder, "b")));
    await swapTokenizer({ ...inputs, method: random(), seed: 8, out: join(folder, "c") });
    expect(contentOf(join(folder, "c"))["model.safetensors"]).not.toEqual(
      contentOf(join(folder, "a"))["model.safetensors"],
    );
  });

  it("to its own tokenizer gives the model back byte for byte", async () => {
    const out = join(scratch(), "out");
    await swapTokenizer({ ...inputs, tokenizer: SAMPLE_MODEL, out });
    const [before, after] = [contentOf(SAMPLE_MODEL), contentOf(out)];
    for (const file of ["model.safetensors", "config.json", "tokenizer.json"])
      expect(after[file]).toEqual(before[file]);
  });

  it("by a saved plan writes what a swap at once writes", async () => {
    const folder = scratch();
    const plan = join(folder, "swap.plan");
    for (const method of [subtokenMean(), univariateNormal()]) {
      const made = await planTokenizerSwap({ ...inputs, method });
      await savePlan(made, plan, { force: true });
      await made.rowSource.close();
      await applySavedPlan({ plan, model: SAMPLE_MODEL, out: join(folder, "applied"), force: true });
      await swapTokenizer({ ...inputs, method, out: join(folder, "swapped"), force: true });
      expect(contentOf(join(folder, "applied"))).toEqual(contentOf(join(folder, "swapped")));
    }
  });

  it("writes a report that holds no time, no path and nothing of this machine", async () => {
    const folder = scratch();
    await swapTokenizer({ ...inputs, out: join(folder, "out") });
    const text = readFileSync(join(folder, "out", "revocab.json"), "utf8");
    const report = JSON.parse(text) as SwapReport;
    expect(report.inputs.source.files).toMatchObject({
      "model.safetensors": expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(report.recipe.methods.map(({ name }) => name)).toEqual(["copy-overlap", "subtoken-mean", "mean"]);
    for (const forbidden of [folder, SAMPLE_MODEL, "/tmp", new Date().toISOString().slice(0, 10)])
      expect(text).not.toContain(forbidden);
  });

  it("records the hash of every file it wrote but weights, card and report, also of those it carried from folders", async () => {
    const [model, out] = [join(scratch(), "model"), join(scratch(), "out")];
    cpSync(SAMPLE_MODEL, model, { recursive: true });
    mkdirSync(join(model, "notes"));
    writeFileSync(join(model, "notes", "a.txt"), "carried");
    writeFileSync(join(model, "notes", "model.safetensors"), "safetensors that are none of the model's");
    const { contents, files } = await swapTokenizer({ ...inputs, model, out, carry: ["notes"] });
    const { "model.safetensors": _, "README.md": __, "revocab.json": ___, ...others } = contentOf(out);
    expect(contents).toEqual(others);
    expect(Object.keys(contents)).toEqual(
      expect.arrayContaining(["config.json", "notes/a.txt", "notes/model.safetensors", "tokenizer.json"]),
    );
    const weights = readFileSync(join(out, "model.safetensors"));
    const header = weights.subarray(0, 8 + Number(weights.readBigUInt64LE()));
    const headerSha256 = createHash("sha256").update(header).digest("hex");
    expect(files).toMatchObject([{ name: "model.safetensors", bytes: weights.length, headerSha256 }]);
  });

  it("pads to a multiple with rows that cannot win: the mean of the used rows", async () => {
    const out = join(scratch(), "out");
    const report = await swapTokenizer({ ...inputs, padToMultipleOf: 128, out });
    expect(report.target).toMatchObject({ tokens: 3000, rows: 3072 });
    expect(report.tables[0]?.origins).toMatchObject({ unused: 72 });
    expect(JSON.parse(readFileSync(join(out, "config.json"), "utf8"))).toMatchObject({ vocab_size: 3072 });
    const rows = await rowsOf(out, "input");
    expect(new Set(rows.slice(3000)).size).toBe(1);
  });

  it("has exactly the rows that are asked for, as many as another model it is served with", async () => {
    const out = join(scratch(), "out");
    const report = await swapTokenizer({ ...inputs, rows: 3001, out });
    expect(report.target).toMatchObject({ tokens: 3000, rows: 3001 });
    expect(report.recipe.rows).toBe(3001);
    expect(JSON.parse(readFileSync(join(out, "config.json"), "utf8"))).toMatchObject({ vocab_size: 3001 });
    expect(await rowsOf(out, "input")).toHaveLength(3001);
  });

  it("removes the old tokenizer's files and carries over what does not depend on it", async () => {
    const folder = scratch();
    const model = join(folder, "model");
    cpSync(SAMPLE_MODEL, model, { recursive: true });
    for (const name of [
      "vocab.json",
      "merges.txt",
      "added_tokens.json",
      "special_tokens_map.json",
      "LICENSE.txt",
    ]) {
      writeFileSync(join(model, name), "{}");
    }
    writeFileSync(join(model, "special_tokens_map.json"), "{}");
    await swapTokenizer({ ...inputs, model, out: join(folder, "out") });
    const files = readdirSync(join(folder, "out"));
    expect(files).toContain("LICENSE.txt");
    for (const stale of ["vocab.json", "merges.txt", "added_tokens.json", "special_tokens_map.json"])
      expect(files).not.toContain(stale);
  });
});

describe("a tied model and a method whose rows differ by role", () => {
  const method = subtokenMean({ weighting: "front-loaded" });

  it("need a choice, and the error says what each one means", async () => {
    const out = join(scratch(), "out");
    await expect(swapTokenizer({ ...inputs, method, out })).rejects.toMatchObject({
      code: "needs_untie",
      hint: expect.stringMatching(/`untie`.*384,000 parameters.*`role: input`/),
    });
    expect(existsSync(out)).toBe(false);
  });

  it("with untie get a head of its own, and more parameters", async () => {
    const out = join(scratch(), "out");
    const report = await swapTokenizer({ ...inputs, method, untie: true, out });
    expect(report.parameters.after - report.parameters.before).toBe((3000 - 1280) * 128 + 3000 * 128);
    expect(JSON.parse(readFileSync(join(out, "config.json"), "utf8"))).toMatchObject({
      tie_word_embeddings: false,
    });
    const [input, output] = [await rowsOf(out, "input"), await rowsOf(out, "output")];
    expect(input.filter((row, id) => row !== output[id]).length).toBeGreaterThan(2000);
  });

  it("with a role get the rows of that role for both", async () => {
    const folder = scratch();
    await swapTokenizer({ ...inputs, method, untie: true, out: join(folder, "untied") });
    await swapTokenizer({ ...inputs, method, role: "output", out: join(folder, "tied") });
    const untied = await rowsOf(join(folder, "untied"), "output");
    const tied = await rowsOf(join(folder, "tied"), "input");
    const specials = 4;
    expect(tied.slice(specials)).toEqual(untied.slice(specials));
  });
});

describe("what stops a swap leaves nothing", () => {
  it("rows of zeros, unless they were asked for", async () => {
    const folder = scratch();
    await expect(
      swapTokenizer({ ...inputs, method: zero(), out: join(folder, "out") }),
    ).rejects.toMatchObject({
      code: "gate_failed",
      message: expect.stringMatching(/2128 new rows of zeros/),
    });
    expect(readdirSync(folder)).toEqual([]);
    const report = await swapTokenizer({
      ...inputs,
      method: zero(),
      allowZeroRows: true,
      out: join(folder, "out"),
    });
    expect(report.gate.notes.join()).toContain("new rows are zeros, as was allowed");
  });

  it("a chain without a row for some token", async () => {
    const folder = scratch();
    const swap = swapTokenizer({
      ...inputs,
      method: copyOverlap(),
      fallback: withFallback(copyOverlap()),
      out: join(folder, "out"),
    });
    await expect(swap).rejects.toMatchObject({
      code: "no_evidence",
      message: expect.stringContaining("2128 tokens"),
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  it("a NaN in the model's own rows", async () => {
    const folder = scratch();
    const model = join(folder, "model");
    cpSync(SAMPLE_MODEL, model, { recursive: true });
    const file = join(model, "model.safetensors");
    const bytes = readFileSync(file);
    const length = Number(bytes.readBigUInt64LE(0));
    const header = JSON.parse(bytes.subarray(8, 8 + length).toString()) as Record<
      string,
      { data_offsets: [number, number] }
    >;
    const [start] = header["model.embed_tokens.weight"]?.data_offsets ?? [0];
    bytes.writeUInt16LE(0x7fc0, 8 + length + start + 400 * 256);
    writeFileSync(file, bytes);
    await expect(swapTokenizer({ ...inputs, model, out: join(folder, "out") })).rejects.toMatchObject({
      code: "gate_failed",
    });
    expect(readdirSync(folder)).toEqual(["model"]);
  });

  it("an abort, at every event of the work", async () => {
    const folder = scratch();
    const events: ProgressEvent[] = [];
    await swapTokenizer({
      ...inputs,
      out: join(folder, "whole"),
      job: { onProgress: (event) => events.push(event) },
    });
    rmSync(join(folder, "whole"), { recursive: true });
    expect(events.length).toBeGreaterThan(5);
    for (let stop = 0; stop < events.length - 1; stop++) {
      const abort = new AbortController();
      let seen = 0;
      const swap = swapTokenizer({
        ...inputs,
        out: join(folder, "out"),
        job: {
          abortSignal: abort.signal,
          onProgress: () => {
            if (seen++ === stop) abort.abort();
          },
        },
      });
      const error = await swap.then(
        () => undefined,
        (failure: unknown) => failure,
      );
      expect(error, `stopped at ${JSON.stringify(events[stop])}`).toBeInstanceOf(RevocabError);
      expect(error).toMatchObject({ code: "aborted" });
      expect(readdirSync(folder)).toEqual([]);
    }
  });

  it("an output that is the input, lies in it, or exists", async () => {
    const folder = scratch();
    const model = join(folder, "model");
    cpSync(SAMPLE_MODEL, model, { recursive: true });
    const before = contentOf(folder);
    for (const out of [model, join(model, "out")]) {
      await expect(swapTokenizer({ ...inputs, model, force: true, out })).rejects.toMatchObject({
        code: "output_exists",
      });
    }
    expect(contentOf(folder)).toEqual(before);
  });
});

describe("a plan is refused", () => {
  it("by a model with another vocabulary, and by one with another head", async () => {
    const folder = scratch();
    const plan = join(folder, "swap.plan");
    await savePlan(await planTokenizerSwap(inputs), plan);
    await swapTokenizer({ ...inputs, out: join(folder, "other") });
    await expect(
      applySavedPlan({ plan, model: join(folder, "other"), out: join(folder, "out") }),
    ).rejects.toMatchObject({
      code: "apply_mismatch",
      message: expect.stringMatching(/made for the vocabulary [0-9a-f]{12}, but other has/),
    });
    await swapTokenizer({ ...inputs, tokenizer: SAMPLE_MODEL, untie: true, out: join(folder, "untied") });
    await expect(
      applySavedPlan({ plan, model: join(folder, "untied"), out: join(folder, "out") }),
    ).rejects.toMatchObject({
      code: "apply_mismatch",
      message: expect.stringContaining("a tied head"),
    });
    expect(existsSync(join(folder, "out"))).toBe(false);
  });
});

async function otherTensors(directory: string): Promise<Record<string, string>> {
  const checkpoint = await openCheckpoint(directory);
  await checkpoint.close();
  const tables = new Set(checkpoint.tables.flatMap(({ tensors }) => tensors.map(({ entry }) => entry.name)));
  const found: Record<string, string> = {};
  for (const file of checkpoint.files) {
    const bytes = readFileSync(file.path);
    for (const { name, dtype, shape, start, end } of file.tensors) {
      if (!tables.has(name))
        found[name] = `${dtype} ${shape} ${bytes.subarray(start, end).toString("base64")}`;
    }
  }
  return found;
}

it("a row of zeros that the source has is copied, passes the gate, and is noted", async () => {
  const folder = scratch();
  const model = join(folder, "model");
  cpSync(SAMPLE_MODEL, model, { recursive: true });
  const pad = 3;
  setRow(join(model, "model.safetensors"), pad, 0);
  const report = await swapTokenizer({ ...inputs, model, out: join(folder, "out") });
  expect(report.gate.notes.join()).toContain("1 rows are zeros, as they are in the source");
  expect((await rowsOf(join(folder, "out"), "input"))[3]).toBe("00".repeat(256));
});

it("what a method has to say stands in the plan and in the report", async () => {
  const folder = scratch();
  const method = multivariateNormal();
  const report = await swapTokenizer({ ...inputs, method, out: join(folder, "out") });
  expect(report.notes.join()).toMatch(/bf16|BF16/);
});

/** Fills the row of an embedding table in a model file with one byte. */
function setRow(file: string, row: number, value: number): void {
  const bytes = readFileSync(file);
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, 8 + length).toString()) as Record<
    string,
    { data_offsets: [number, number] }
  >;
  const start = 8 + length + (header["model.embed_tokens.weight"]?.data_offsets[0] ?? 0);
  bytes.fill(value, start + row * 256, start + (row + 1) * 256);
  writeFileSync(file, bytes);
}
