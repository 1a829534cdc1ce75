import { createHash } from "node:crypto";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openModel } from "@revocab/plan";
import { sourceOf } from "@revocab/plan/internal";
import { countedFiles } from "@revocab/test-support/counted-files";
import { SAMPLE_MODEL } from "@revocab/test-support/sample";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

it("a model's files stay open until all that retained them have released them, however often each does", async () => {
  const files = countedFiles();
  const model = await openModel(SAMPLE_MODEL, { weights: files });
  const matrix = sourceOf(model, "input");
  await matrix.readRows(0, 1, new Uint8Array(matrix.columns * 2));
  const [first, second] = [model.retain(), model.retain()];
  await first();
  await first();
  await model.close();
  await model.close();
  expect(files.openFiles).toBe(1);
  await second();
  expect(files.openFiles).toBe(0);
});

describe("the hashes of a model", () => {
  const sha256 = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");

  /** The sample as a snapshot of the Hugging Face cache: each file a link to a blob that is named by its hash. */
  function cachedSample(): string {
    const repository = join(place, "models--sample--model");
    const snapshot = join(repository, "snapshots", "0".repeat(40));
    mkdirSync(join(repository, "blobs"), { recursive: true });
    mkdirSync(snapshot, { recursive: true });
    for (const name of readdirSync(SAMPLE_MODEL)) {
      const blob = sha256(join(SAMPLE_MODEL, name));
      copyFileSync(join(SAMPLE_MODEL, name), join(repository, "blobs", blob));
      symlinkSync(join("..", "..", "blobs", blob), join(snapshot, name));
    }
    return snapshot;
  }

  let place: string;
  beforeEach(() => {
    place = mkdtempSync(join(tmpdir(), "revocab-"));
  });
  afterEach(() => rmSync(place, { recursive: true }));

  it("are those of its weights, configs and tokenizer; what is known already is not read again", async () => {
    const model = await openModel(SAMPLE_MODEL);
    const hashes = await model.hashes();
    expect(Object.keys(hashes)).toEqual(Object.keys(hashes).toSorted());
    expect(hashes).toMatchObject({
      "config.json": sha256(join(SAMPLE_MODEL, "config.json")),
      "model.safetensors": sha256(join(SAMPLE_MODEL, "model.safetensors")),
      "tokenizer.json": sha256(join(SAMPLE_MODEL, "tokenizer.json")),
    });
    const known = { "model.safetensors": "of what was copied" };
    expect(await model.hashes({ known })).toEqual({ ...hashes, ...known });
    await model.close();
  });

  it.skipIf(process.platform === "win32")("must be those that a cached file was downloaded by", async () => {
    const model = await openModel(cachedSample());
    await expect(model.hashes()).resolves.toHaveProperty("model.safetensors");
    const known = { "model.safetensors": "0".repeat(64) };
    await expect(model.hashes({ known })).rejects.toMatchObject({
      code: "hub_damaged",
      message: expect.stringContaining("model.safetensors in "),
      hint: expect.stringContaining("remove blobs/"),
    });
    await model.close();
  });
});
