import { cpSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { type FileSource, localFiles, openCheckpoint } from "@revocab/checkpoint";
import { BYTES_PER_VALUE, RevocabError, type StoredMatrix } from "@revocab/core";
import { scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL } from "@revocab/test-support/sample";
import { describe, expect, it } from "vitest";
import { FilePool } from "../src/file-source.ts";
import { floats, LLAMA_TENSORS, shardedFolder } from "./model-folder.ts";

const scratch = scratchFolders();

/** The sample model without its weights in a folder, and a source that has them in memory and notes what is read. */
function elsewhere(): {
  folder: string;
  weights: FileSource;
  reads: { start: number; end: number }[];
  open: () => number;
} {
  const folder = join(scratch(), "model");
  cpSync(SAMPLE_MODEL, folder, { recursive: true });
  rmSync(join(folder, "model.safetensors"));
  const content = readFileSync(join(SAMPLE_MODEL, "model.safetensors"));
  const reads: { start: number; end: number }[] = [];
  let open = 0;
  const weights: FileSource = {
    list: async (directory) => [...readdirSync(directory), "model.safetensors"],
    async open(path) {
      if (basename(path) !== "model.safetensors") throw new RevocabError("missing_file", `no ${path}`);
      open++;
      return {
        bytes: content.length,
        async read(into, position) {
          reads.push({ start: position, end: position + into.length });
          into.set(content.subarray(position, position + into.length));
        },
        close: async () => void open--,
      };
    },
  };
  return { folder, weights, reads, open: () => open };
}

async function rowsOf({ rows, columns, dtype, readRows }: StoredMatrix): Promise<Uint8Array> {
  const bytes = new Uint8Array(rows * columns * BYTES_PER_VALUE[dtype]);
  await readRows(0, rows, bytes);
  return bytes;
}

describe("weight files that lie elsewhere", () => {
  it("open and give the rows of a folder", async () => {
    const { folder, weights, open } = elsewhere();
    const [there, here] = [await openCheckpoint(folder, { weights }), await openCheckpoint(SAMPLE_MODEL)];
    expect(there.tables.map(({ slot }) => slot)).toEqual(here.tables.map(({ slot }) => slot));
    for (const [i, { matrix }] of there.tables.entries()) {
      expect(await rowsOf(matrix)).toEqual(await rowsOf(here.tables[i]!.matrix));
    }
    await Promise.all([there.close(), here.close()]);
    expect(open()).toBe(0);
  });

  it("are read at the header alone when a model is opened, and at its table alone when rows are read", async () => {
    const { folder, weights, reads } = elsewhere();
    const checkpoint = await openCheckpoint(folder, { weights });
    const { dataStart } = checkpoint.files[0]!;
    expect(reads.every(({ end }) => end <= dataStart)).toBe(true);
    reads.length = 0;
    const { matrix, tensors } = checkpoint.tables[0]!;
    await rowsOf(matrix);
    expect(reads).toEqual([{ start: tensors[0]!.entry.start, end: tensors[0]!.entry.end }]);
    await checkpoint.close();
  });

  it("are missed as on the disk", async () => {
    const { folder, weights } = elsewhere();
    const none: FileSource = { ...weights, list: localFiles.list };
    await expect(openCheckpoint(folder, { weights: none })).rejects.toMatchObject({
      code: "missing_file",
      message: expect.stringContaining("holds neither model.safetensors nor"),
    });
    await expect(localFiles.open(join(folder, "model.safetensors"))).rejects.toMatchObject({
      code: "missing_file",
    });
    await expect(localFiles.list(join(folder, "nothing"))).rejects.toMatchObject({ code: "missing_file" });
  });
});

it("of hundreds of weight files few are open at a time, at opening and while tables are read", async () => {
  const [head, input, ...rest] = LLAMA_TENSORS;
  const many = Array.from({ length: 300 }, (_, i) => floats(`extra.${i}`, [2]));
  const shards = Object.fromEntries(many.map((tensor, i) => [`m-${i}.safetensors`, [tensor]]));
  const folder = shardedFolder({ "a.safetensors": [head!, input!], "b.safetensors": rest, ...shards });
  let [open, most] = [0, 0];
  const counting: FileSource = {
    list: localFiles.list,
    open: async (path) => {
      most = Math.max(most, ++open);
      const file = await localFiles.open(path);
      return { ...file, close: () => file.close().finally(() => open--) };
    },
  };
  const checkpoint = await openCheckpoint(folder, { weights: counting });
  expect(most).toBeLessThanOrEqual(16);
  const pool = new FilePool(counting);
  const read = ({ path }: { path: string }) => pool.read(path, new Uint8Array(8), 0);
  for (const file of checkpoint.files) await read(file);
  await Promise.all(checkpoint.files.slice(0, 20).map(read));
  expect(most).toBeLessThanOrEqual(32);
  await Promise.all([pool.close(), checkpoint.close()]);
  expect(open).toBe(0);
});
