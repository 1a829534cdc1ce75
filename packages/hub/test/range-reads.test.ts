import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openCheckpoint } from "@revocab/checkpoint";
import { buildHeader } from "@revocab/checkpoint/internal";
import { BYTES_PER_VALUE, type StoredMatrix } from "@revocab/core";
import { type ResolvedModel, resolveModel } from "@revocab/hub";
import type { FileContent } from "@revocab/loopback-hub";
import { leftByKilledRun } from "@revocab/test-support/left-by-killed-run";
import { SAMPLE_MODEL } from "@revocab/test-support/sample";
import { describe, expect, it } from "vitest";
import { filesOf, type HubPlace, hubPlaces } from "./hub-place.ts";

const place = hubPlaces();
const BLOCK = 1 << 18;
const ROWS = 1280;
const COLUMNS = 512;

/** The sample model with tables of 2.6 MB each in a shard of its own, behind a shard of 8 MB that no plan needs. */
function wideModel(): Record<string, FileContent> {
  const config = JSON.parse(readFileSync(join(SAMPLE_MODEL, "config.json"), "utf8")) as Record<
    string,
    unknown
  >;
  const tables = { "model.embed_tokens.weight": fill(1), "lm_head.weight": fill(2) };
  const layers = { "model.layers.0.mlp.up_proj.weight": Buffer.alloc(2048 * 1024 * 4) };
  const names = Object.keys({ ...layers, ...tables });
  const shardOf = (name: string) => (name in layers ? "model-1.safetensors" : "model-2.safetensors");
  return {
    ...filesOf(SAMPLE_MODEL),
    "config.json": JSON.stringify({ ...config, hidden_size: COLUMNS, tie_word_embeddings: false }),
    "model.safetensors.index.json": JSON.stringify({
      weight_map: Object.fromEntries(names.map((name) => [name, shardOf(name)])),
    }),
    "model-1.safetensors": safetensors(layers, [2048, 1024]),
    "model-2.safetensors": safetensors(tables, [ROWS, COLUMNS]),
  };
}

function fill(seed: number): Buffer {
  const values = Float32Array.from({ length: ROWS * COLUMNS }, (_, i) => Math.sin(i * seed));
  return Buffer.from(values.buffer);
}

function safetensors(tensors: Record<string, Buffer>, shape: readonly number[]): Buffer {
  const entries = Object.entries(tensors).map(([name, { length }]) => ({
    name,
    dtype: "F32",
    shape,
    length,
  }));
  return Buffer.concat([buildHeader(entries, undefined), ...Object.values(tensors)]);
}

const WIDE_MODEL = wideModel();

async function withModel(): Promise<HubPlace & { read: () => Promise<ResolvedModel>; reference: string }> {
  const made = await place();
  const { "model.safetensors": _, ...files } = WIDE_MODEL;
  made.hub.add("org/wide", files);
  const reference = join(made.cache, "reference");
  mkdirSync(reference);
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(reference, name), content as Uint8Array);
  const read = () => resolveModel("org/wide", { ...made.options, want: "tables" });
  return { ...made, read, reference };
}

async function rowsOf(
  { rows, columns, dtype, readRows }: StoredMatrix,
  start = 0,
  count = rows,
): Promise<Buffer> {
  const bytes = Buffer.alloc(count * columns * BYTES_PER_VALUE[dtype]);
  await readRows(start, count, bytes);
  return bytes;
}

const weightBytes = ({ hub }: HubPlace) =>
  hub.requests.filter(({ path }) => path.startsWith("/read/")).reduce((sum, { sent }) => sum + sent, 0);

/** Every table of the remote model equals that of the folder. */
async function expectSameTables(model: ResolvedModel, reference: string): Promise<void> {
  const local = await openCheckpoint(reference);
  const remote = await openCheckpoint(model.directory, { weights: model.weights! });
  expect(remote.tables.map(({ slot }) => slot)).toEqual(["input", "output"]);
  for (const [i, { matrix }] of remote.tables.entries()) {
    expect((await rowsOf(matrix)).equals(await rowsOf(local.tables[i]!.matrix))).toBe(true);
  }
  await Promise.all([local.close(), remote.close()]);
}

describe("a model whose weights stay on the Hub", () => {
  it("opens by its headers alone: the first block of each shard", async () => {
    const made = await withModel();
    const model = await made.read();
    const checkpoint = await openCheckpoint(model.directory, { weights: model.weights! });
    expect(checkpoint.rows).toBe(ROWS);
    expect(checkpoint.files.map(({ name }) => name)).toEqual(["model-1.safetensors", "model-2.safetensors"]);
    await checkpoint.close();
    expect(weightBytes(made)).toBe(2 * BLOCK);
    expect(readdirSync(model.directory).filter((name) => name.endsWith(".safetensors"))).toEqual([]);
    await model.close();
  });

  it("gives the rows of a local one, and moves its tables and no other tensor", async () => {
    const made = await withModel();
    const model = await made.read();
    await expectSameTables(model, made.reference);
    const tables = 2 * ROWS * COLUMNS * 4;
    expect(weightBytes(made)).toBeGreaterThanOrEqual(tables);
    expect(weightBytes(made)).toBeLessThanOrEqual(tables + 2 * BLOCK);
    const { bytes, ofBytes } = model.received();
    expect(bytes).toBeGreaterThan(weightBytes(made));
    expect(ofBytes - bytes).toBeGreaterThan(8_000_000 - BLOCK);
    await model.close();
  });

  it("moves a byte once, whichever way and however often rows are read", async () => {
    const made = await withModel();
    const model = await made.read();
    await expectSameTables(model, made.reference);
    const before = weightBytes(made);
    await expectSameTables(model, made.reference);
    const checkpoint = await openCheckpoint(model.directory, { weights: model.weights! });
    const { matrix } = checkpoint.tables[0]!;
    for (const row of [0, 1279, 640, 641, 3]) {
      const [one, same] = await Promise.all([rowsOf(matrix, row, 1), rowsOf(matrix, row, 1)]);
      expect(one.equals(same)).toBe(true);
    }
    await checkpoint.close();
    expect(weightBytes(made)).toBe(before);
    await model.close();
  });

  it("reads rows one by one in blocks, not by a request each, and at the same time without asking twice", async () => {
    const made = await withModel();
    const model = await made.read();
    const checkpoint = await openCheckpoint(model.directory, { weights: model.weights! });
    const { matrix } = checkpoint.tables[0]!;
    const before = made.hub.requests.length;
    await Promise.all(Array.from({ length: ROWS }, (_, row) => rowsOf(matrix, row, 1)));
    const requests = made.hub.requests.slice(before).filter(({ path }) => path.startsWith("/read/"));
    expect(requests.length).toBeLessThanOrEqual(Math.ceil((ROWS * COLUMNS * 4) / BLOCK) + 1);
    await checkpoint.close();
    await model.close();
  });

  it("asks the Hub once where a file lies, and again when that address has expired", async () => {
    const made = await withModel();
    const model = await made.read();
    const checkpoint = await openCheckpoint(model.directory, { weights: model.weights! });
    const { matrix } = checkpoint.tables[0]!;
    const asked = () => made.hub.requests.filter(({ path }) => path.endsWith("/model-2.safetensors")).length;
    for (let row = 0; row < 512; row += 64) await rowsOf(matrix, row, 1);
    expect(asked()).toBe(1);
    made.hub.misbehave({ path: /^\/read\//, fault: { kind: "status", status: 403 } });
    for (let row = 512; row < ROWS; row += 64) await rowsOf(matrix, row, 1);
    expect(asked()).toBe(2);
    expect(made.hub.complaints).toEqual([]);
    await checkpoint.close();
    await model.close();
  });

  it("takes weights that are in the cache from there", async () => {
    const made = await withModel();
    const whole = await resolveModel("org/wide", { ...made.options, want: "model" });
    const before = weightBytes(made);
    const model = await made.read();
    expect(model.directory).toBe(whole.directory);
    await expectSameTables(model, made.reference);
    expect(weightBytes(made)).toBe(before);
    await model.close();
  });

  it("leaves nothing of the ranges behind", async () => {
    const made = await withModel();
    const model = await made.read();
    const repository = join(made.cache, "models--org--wide");
    const scratch = () => readdirSync(repository).filter((name) => name.startsWith(".ranges"));
    // the folder, and whose it is
    expect(scratch()).toHaveLength(2);
    mkdirSync(leftByKilledRun({ folder: repository, before: ".ranges-" }));
    const ofEarlierVersion = join(repository, ".ranges-999999999-0123abcd");
    mkdirSync(ofEarlierVersion);
    utimesSync(ofEarlierVersion, 0, 0);
    const other = await made.read();
    expect(scratch()).toHaveLength(4);
    await model.close();
    await other.close();
    expect(scratch()).toEqual([]);
    expect(existsSync(join(repository, "snapshots"))).toBe(true);
  });
});

describe("ranges that come broken", () => {
  it.each([
    ["cut", { kind: "cut", after: 100_000 }],
    ["shortened", { kind: "shorten", by: 1000 }],
    ["refused for a moment", { kind: "status", status: 503 }],
  ] as const)("(%s) are completed", async (_, fault) => {
    const made = await withModel();
    const model = await made.read();
    made.hub.misbehave({ path: /^\/read\//, times: 3, fault });
    await expectSameTables(model, made.reference);
    await model.close();
  });

  it("as the whole file are refused before they are read", async () => {
    const made = await withModel();
    const model = await made.read();
    made.hub.misbehave({ path: /^\/read\//, times: 10, fault: { kind: "ignore-range" } });
    await expect(openCheckpoint(model.directory, { weights: model.weights! })).rejects.toMatchObject({
      code: "hub_damaged",
      message: expect.stringMatching(
        /^bytes 0–262143 of \d+ of model-[12]\.safetensors in org\/wide were asked for/,
      ),
      hint: expect.stringContaining("does not serve ranges"),
    });
    await model.close();
  });

  it("of another version of the file are refused", async () => {
    const made = await withModel();
    const model = await made.read();
    const etag = `"${"e".repeat(64)}"`;
    made.hub.misbehave({ path: /\/resolve\/.*model-2/, times: 10, fault: { kind: "etag", etag } });
    await expect(openCheckpoint(model.directory, { weights: model.weights! })).rejects.toMatchObject({
      code: "hub_damaged",
      message: expect.stringMatching(
        /^the server has model-2\.safetensors of org\/wide with the hash e{64}, but/,
      ),
    });
    await model.close();
  });

  it("fail once and can be asked for again", async () => {
    const made = await withModel();
    const model = await made.read();
    const checkpoint = await openCheckpoint(model.directory, { weights: model.weights! });
    made.hub.misbehave({ path: /\/resolve\/|^\/read\//, times: 2, fault: { kind: "status", status: 403 } });
    const { matrix } = checkpoint.tables[0]!;
    await expect(rowsOf(matrix)).rejects.toMatchObject({ code: "hub_denied" });
    expect((await rowsOf(matrix)).length).toBe(ROWS * COLUMNS * 4);
    await checkpoint.close();
    await model.close();
  });

  it("stop when the job is stopped", async () => {
    const made = await withModel();
    const abort = new AbortController();
    const model = await resolveModel("org/wide", {
      ...made.options,
      want: "tables",
      job: { abortSignal: abort.signal },
    });
    const checkpoint = await openCheckpoint(model.directory, { weights: model.weights! });
    made.hub.misbehave({ path: /^\/read\//, fault: { kind: "delay", milliseconds: 5000 } });
    const reading = rowsOf(checkpoint.tables[0]!.matrix);
    setTimeout(() => abort.abort(), 50);
    await expect(reading).rejects.toMatchObject({ code: "aborted" });
    await checkpoint.close();
    await model.close();
  });
});

it("a repository of tokenizer files alone is found to be no model, and one of a model opens by its tables", async () => {
  const made = await withModel();
  made.hub.add("org/tokenizer", { "tokenizer.json": "{}", "README.md": "#" });
  const any = (name: string) => resolveModel(name, { ...made.options, want: "any" });
  expect((await any("org/tokenizer")).weights).toBeUndefined();
  const model = await any("org/wide");
  expect(model.weights).toBeDefined();
  await model.close();
});
