import {
  lstatSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type Checkpoint,
  openCheckpoint,
  type ProduceTable,
  readSafetensorsHeader,
  rewriteCheckpoint,
} from "@revocab/checkpoint";
import { startRewrite } from "@revocab/checkpoint/internal";
import type { ProgressEvent } from "@revocab/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  FIXTURES,
  floats,
  folderBytes,
  LLAMA_CONFIG,
  LLAMA_TENSORS,
  modelFolder,
  produceFrom,
  shardedFolder,
  temporaryFolder,
} from "./model-folder.ts";

const MODELS = readdirSync(FIXTURES);
let out: string;
const opened: Checkpoint[] = [];
beforeEach(() => {
  out = temporaryFolder();
});
afterEach(async () => {
  rmSync(out, { recursive: true, force: true });
  for (const checkpoint of opened.splice(0)) await checkpoint.close();
});

async function open(folder: string): Promise<Checkpoint> {
  const checkpoint = await openCheckpoint(folder);
  opened.push(checkpoint);
  return checkpoint;
}

/** The bytes of each tensor of the weights in a folder. */
async function tensorBytes(folder: string): Promise<Map<string, Buffer>> {
  const tensors = new Map<string, Buffer>();
  for (const name of (await readdir(folder)).filter((file) => file.endsWith(".safetensors"))) {
    const bytes = await readFile(join(folder, name));
    const header = await readSafetensorsHeader(join(folder, name));
    for (const { name: tensor, start, end } of header.tensors)
      tensors.set(tensor, bytes.subarray(start, end));
  }
  return tensors;
}

const reversed = (checkpoint: Checkpoint) => (row: number) => checkpoint.rows - 1 - (row % checkpoint.rows);

describe("rows that stay the same give the same file, byte for byte", () => {
  it.each(MODELS.filter((name) => name !== "gemma3n-text"))("%s", async (name) => {
    const checkpoint = await open(join(FIXTURES, name));
    const { rows } = checkpoint;
    const before = await folderBytes(checkpoint.directory);
    const written = await rewriteCheckpoint({
      checkpoint,
      out,
      rows,
      produce: produceFrom(checkpoint, rows, (row) => row),
    });
    const after = await folderBytes(out);
    expect(Object.keys(after)).toEqual(written.files.map((file) => file.name).sort());
    for (const [file, bytes] of Object.entries(after)) expect(bytes, file).toBe(before[file]);
    expect(await folderBytes(checkpoint.directory)).toEqual(before);
  });
});

describe("new rows", () => {
  it.each(MODELS)("%s: every table has them, every other tensor stays", async (name) => {
    const checkpoint = await open(join(FIXTURES, name));
    const rows = checkpoint.rows + 7;
    await rewriteCheckpoint({
      checkpoint,
      out,
      rows,
      produce: produceFrom(checkpoint, rows, reversed(checkpoint)),
    });
    const before = await tensorBytes(checkpoint.directory);
    const after = await tensorBytes(out);
    expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
    const tables = new Map(
      checkpoint.tables.flatMap((table) => table.tensors.map((tensor) => [tensor.entry.name, table])),
    );
    for (const [tensor, bytes] of after) {
      const table = tables.get(tensor);
      if (table === undefined) {
        expect(bytes.equals(before.get(tensor)!), tensor).toBe(true);
        continue;
      }
      const rowBytes = bytes.length / rows;
      const row = new Uint8Array(rowBytes);
      for (let i = 0; i < rows; i++) {
        await table.matrix.readRows(reversed(checkpoint)(i), 1, row);
        expect(bytes.subarray(i * rowBytes, (i + 1) * rowBytes).equals(row), `${tensor} row ${i}`).toBe(true);
      }
    }
  });

  it("go to every copy and every table of its own, in whatever layer it stands", async () => {
    const more = [
      { ...floats("", [10, 4]), name: "model.layers.1.embed_tokens.weight" },
      floats("model.layers.1.shared_head.head.weight", [10, 4], 7),
    ];
    const checkpoint = await open(modelFolder([...LLAMA_TENSORS, ...more]));
    await rewriteCheckpoint({
      checkpoint,
      out,
      rows: 12,
      produce: produceFrom(checkpoint, 12, reversed(checkpoint)),
    });
    const [before, after] = [await tensorBytes(checkpoint.directory), await tensorBytes(out)];
    for (const name of ["lm_head.weight", "model.embed_tokens.weight", ...more.map(({ name }) => name)]) {
      const rows = (bytes: Buffer) =>
        Array.from({ length: bytes.length / 16 }, (_, row) => bytes.toString("hex", row * 16, row * 16 + 16));
      const old = rows(before.get(name)!);
      expect(rows(after.get(name)!), name).toEqual(
        Array.from({ length: 12 }, (_, row) => old[reversed(checkpoint)(row)]),
      );
    }
  });

  it("may come in blocks of some columns, in any order", async () => {
    const checkpoint = await open(modelFolder());
    await rewriteCheckpoint({
      checkpoint,
      out,
      rows: 3,
      produce: async ({ slot }, write) => {
        const offset = slot === "output" ? 100 : 0;
        const block = (values: number[]) =>
          new Uint8Array(Float32Array.from(values, (value) => value + offset).buffer);
        await write({
          startRow: 1,
          rows: 2,
          startColumn: 1,
          columns: 3,
          bytes: block([11, 12, 13, 21, 22, 23]),
        });
        await write({ startRow: 0, rows: 1, startColumn: 0, columns: 4, bytes: block([0, 1, 2, 3]) });
        await write({ startRow: 1, rows: 2, startColumn: 0, columns: 1, bytes: block([10, 20]) });
      },
    });
    const values = (await tensorBytes(out)).get("lm_head.weight")!;
    expect([...new Float32Array(new Uint8Array(values).buffer)]).toEqual(
      [0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23].map((value) => value + 100),
    );
  });

  it("go into every copy of a tied head", async () => {
    const head = { ...floats("model.embed_tokens.weight", [10, 4]), name: "lm_head.weight" };
    const tensors = [head, ...LLAMA_TENSORS.slice(1)];
    const checkpoint = await open(modelFolder(tensors, { ...LLAMA_CONFIG, tie_word_embeddings: true }));
    await rewriteCheckpoint({
      checkpoint,
      out,
      rows: 12,
      produce: produceFrom(checkpoint, 12, reversed(checkpoint)),
    });
    const after = await tensorBytes(out);
    expect(after.get("lm_head.weight")).toEqual(after.get("model.embed_tokens.weight"));
    expect(after.get("lm_head.weight")).toHaveLength(12 * 16);
  });

  it("leave quantised dtypes elsewhere in the file as they are", async () => {
    const odd = ["F8_E4M3", "I8", "F4", "F8_E8M0"].map((dtype, i) => {
      const bytes = Uint8Array.from({ length: 3 }, (_, j) => i * 3 + j);
      return { name: `model.layers.0.${dtype}`, dtype, shape: dtype === "F4" ? [6] : [3], bytes };
    });
    const checkpoint = await open(modelFolder([...odd, ...LLAMA_TENSORS]));
    await rewriteCheckpoint({ checkpoint, out, rows: 4, produce: produceFrom(checkpoint, 4, (row) => row) });
    const after = await tensorBytes(out);
    for (const { name, bytes } of odd) expect([...after.get(name)!]).toEqual([...bytes]);
  });
});

describe("untying", () => {
  it("adds a head with rows of its own after the input table, in file and index", async () => {
    const checkpoint = await open(join(FIXTURES, "qwen2-vl"));
    const { rows } = checkpoint;
    const slots: string[] = [];
    await rewriteCheckpoint({
      checkpoint,
      out,
      rows,
      untie: true,
      produce: async (table, write) => {
        slots.push(`${table.slot} ${table.role}`);
        const row = table.slot === "output" ? reversed(checkpoint) : (id: number) => id;
        await produceFrom(checkpoint, rows, row)(table, write);
      },
    });
    expect(slots).toEqual(["input input", "output output"]);
    const file = checkpoint.tables[0]!.tensors[0]!.file.name;
    const names = (await readSafetensorsHeader(join(out, file))).tensors.map(({ name }) => name);
    expect(names[names.indexOf("model.embed_tokens.weight") + 1]).toBe("lm_head.weight");
    const index = JSON.parse(await readFile(join(out, "model.safetensors.index.json"), "utf8"));
    expect(index.weight_map["lm_head.weight"]).toBe(file);
    const after = await tensorBytes(out);
    expect(after.get("lm_head.weight")).not.toEqual(after.get("model.embed_tokens.weight"));
  });

  it("adds the other names of a bias and of tables that the library ties along with the head", async () => {
    const added = async (name: string) => {
      const checkpoint = await open(join(FIXTURES, name));
      const target = join(out, name);
      mkdirSync(target);
      const produce = produceFrom(checkpoint, 9, (row) => row);
      await rewriteCheckpoint({ checkpoint, out: target, rows: 9, untie: true, produce });
      const before = await tensorBytes(checkpoint.directory);
      return [...(await tensorBytes(target)).keys()].filter((tensor) => !before.has(tensor)).sort();
    };
    expect(await added("bert")).toEqual(["cls.predictions.decoder.bias", "cls.predictions.decoder.weight"]);
    expect(await added("bart")).toEqual([
      "lm_head.weight",
      "model.decoder.embed_tokens.weight",
      "model.encoder.embed_tokens.weight",
    ]);
  });

  it.each([
    ["llama-untied", "bad_options", /its head is not tied/],
    ["llama-base", "bad_options", /its head is not tied/],
    ["t5", "unsupported_checkpoint", /scales the hidden state/],
  ])("of %s is refused", async (name, code, message) => {
    const checkpoint = await open(join(FIXTURES, name));
    const produce = produceFrom(checkpoint, 9, (row) => row);
    await expect(rewriteCheckpoint({ checkpoint, out, rows: 9, untie: true, produce })).rejects.toMatchObject(
      {
        code,
        message: expect.stringMatching(message),
      },
    );
    expect(await readdir(out)).toEqual([]);
  });
});

describe("a sharded model", () => {
  it("gets an index with its new sizes", async () => {
    const checkpoint = await open(join(FIXTURES, "llama-sharded"));
    await rewriteCheckpoint({
      checkpoint,
      out,
      rows: 50,
      produce: produceFrom(checkpoint, 50, reversed(checkpoint)),
    });
    const name = "model.safetensors.index.json";
    const before = JSON.parse(await readFile(join(checkpoint.directory, name), "utf8"));
    const after = JSON.parse(await readFile(join(out, name), "utf8"));
    expect(after.weight_map).toEqual(before.weight_map);
    // Two tables of f16, 16 columns, 3 more rows each.
    expect(after.metadata).toEqual({
      total_parameters: before.metadata.total_parameters + 2 * 3 * 16,
      total_size: before.metadata.total_size + 2 * 3 * 16 * 2,
    });
  });

  it("with `link` shares the files that stay with the source", async () => {
    const [head, input, ...rest] = LLAMA_TENSORS;
    const folder = shardedFolder({ "a.safetensors": [head!, input!], "b.safetensors": rest });
    const checkpoint = await open(folder);
    const produce = produceFrom(checkpoint, 12, reversed(checkpoint));
    const { files } = await rewriteCheckpoint({ checkpoint, out, rows: 12, link: true, produce });
    expect(files.map(({ name, how }) => [name, how])).toEqual([
      ["a.safetensors", "rewritten"],
      ["b.safetensors", "linked"],
      ["model.safetensors.index.json", "rewritten"],
    ]);
    expect(statSync(join(out, "b.safetensors")).ino).toBe(statSync(join(folder, "b.safetensors")).ino);
    expect(statSync(join(out, "a.safetensors")).ino).not.toBe(statSync(join(folder, "a.safetensors")).ino);
  });

  it("with `link` gets the file itself where the source's is a symbolic link, as in the hub's cache", async () => {
    const [head, input, ...rest] = LLAMA_TENSORS;
    const folder = shardedFolder({ "a.safetensors": [head!, input!], "b.safetensors": rest });
    renameSync(join(folder, "b.safetensors"), join(folder, "blob"));
    symlinkSync("blob", join(folder, "b.safetensors"));
    const checkpoint = await open(folder);
    const produce = produceFrom(checkpoint, 12, reversed(checkpoint));
    await rewriteCheckpoint({ checkpoint, out, rows: 12, link: true, produce });
    expect(lstatSync(join(out, "b.safetensors")).isFile()).toBe(true);
    expect(await readFile(join(out, "b.safetensors"))).toEqual(await readFile(join(folder, "blob")));
  });

  it.skipIf(process.platform === "win32")(
    "may lie behind a link out of the folder, which is noted",
    async () => {
      const [head, input, ...rest] = LLAMA_TENSORS;
      const folder = shardedFolder({ "a.safetensors": [head!, input!], "b.safetensors": rest });
      const elsewhere = realpathSync(temporaryFolder());
      renameSync(join(folder, "b.safetensors"), join(elsewhere, "disk.safetensors"));
      symlinkSync(join(elsewhere, "disk.safetensors"), join(folder, "b.safetensors"));
      const checkpoint = await open(folder);
      const notes: string[] = [];
      await rewriteCheckpoint({
        checkpoint,
        out,
        rows: 12,
        produce: produceFrom(checkpoint, 12, reversed(checkpoint)),
        job: { onProgress: (event) => event.type === "note" && notes.push(event.message) },
      });
      expect(notes).toEqual([
        `${join(folder, "b.safetensors")} leads to ${join(elsewhere, "disk.safetensors")}, which is outside the folder ${folder}; its tensors are written`,
      ]);
      expect(lstatSync(join(out, "b.safetensors")).isFile()).toBe(true);
      expect(await readFile(join(out, "b.safetensors"))).toEqual(
        await readFile(join(folder, "b.safetensors")),
      );
      rmSync(elsewhere, { recursive: true });
    },
  );

  it("without `link` gets files of its own", async () => {
    const [head, input, ...rest] = LLAMA_TENSORS;
    const folder = shardedFolder({ "a.safetensors": [head!, input!], "b.safetensors": rest });
    const checkpoint = await open(folder);
    await rewriteCheckpoint({
      checkpoint,
      out,
      rows: 12,
      produce: produceFrom(checkpoint, 12, reversed(checkpoint)),
    });
    expect(statSync(join(out, "b.safetensors")).ino).not.toBe(statSync(join(folder, "b.safetensors")).ino);
    expect(await readFile(join(out, "b.safetensors"))).toEqual(await readFile(join(folder, "b.safetensors")));
  });
});

it("progress counts bytes, never falls, and ends at the total", async () => {
  const checkpoint = await open(join(FIXTURES, "llama-sharded"));
  const events: ProgressEvent[] = [];
  const produce = produceFrom(checkpoint, 50, reversed(checkpoint));
  await rewriteCheckpoint({
    checkpoint,
    out,
    rows: 50,
    produce,
    job: { onProgress: (event) => events.push(event) },
  });
  const done = events.flatMap((event) => (event.type === "progress" ? [event.done] : []));
  expect(done).toEqual(done.toSorted((a, b) => a - b));
  expect(events.at(-1)).toMatchObject({ unit: "bytes", done: (events.at(-1) as { total: number }).total });
});

describe("what cannot be written", () => {
  const zeros = (rows: number, columns = 4) => new Uint8Array(rows * columns * 4);
  const rectangle = (startRow: number, rows: number, startColumn = 0, columns = 4) => ({
    startRow,
    rows,
    startColumn,
    columns,
    bytes: zeros(rows, columns),
  });

  it.each([
    ["a row left out", [rectangle(0, 5), rectangle(6, 6)], /row 5 was not written/],
    ["some columns left out", [rectangle(0, 11), rectangle(11, 1, 0, 3)], /row 11 was not written/],
    ["a row twice", [rectangle(0, 5), rectangle(4, 8)], /written twice/],
    ["columns that overlap", [rectangle(0, 12, 0, 3), rectangle(0, 12, 2, 2)], /written twice/],
    ["a row too many", [rectangle(0, 13)], /leave the table \[12 × 4\]/],
    ["a column too many", [rectangle(0, 12, 2, 3)], /leave the table/],
    ["too few bytes", [{ ...rectangle(0, 12), bytes: zeros(11) }], /has 176 bytes, not 192/],
  ])("%s is apply_mismatch", async (_, blocks, message) => {
    const checkpoint = await open(modelFolder());
    const produce = async (__: unknown, write: (block: (typeof blocks)[number]) => Promise<void>) => {
      for (const block of blocks) await write(block);
    };
    await expect(rewriteCheckpoint({ checkpoint, out, rows: 12, produce })).rejects.toMatchObject({
      code: "apply_mismatch",
      message: expect.stringMatching(message),
    });
  });

  it("what produce throws comes through as it is", async () => {
    const checkpoint = await open(modelFolder());
    const error = new Error("no rows today");
    await expect(
      rewriteCheckpoint({ checkpoint, out, rows: 12, produce: () => Promise.reject(error) }),
    ).rejects.toBe(error);
  });

  it("a folder that holds something is output_exists", async () => {
    writeFileSync(join(out, "x"), "");
    const checkpoint = await open(modelFolder());
    await expect(
      rewriteCheckpoint({ checkpoint, out, rows: 12, produce: produceFrom(checkpoint, 12, (row) => row) }),
    ).rejects.toMatchObject({ code: "output_exists" });
    expect(await readdir(out)).toEqual(["x"]);
  });

  it("more than the disk has free is no_space, before anything is written", async () => {
    const checkpoint = await open(modelFolder());
    const produce = () => Promise.reject(new Error("not to be called"));
    await expect(rewriteCheckpoint({ checkpoint, out, rows: 2 ** 45, produce })).rejects.toMatchObject({
      code: "no_space",
      message: expect.stringMatching(/\d+ bytes free; \d+ bytes are needed/),
      hint: expect.stringMatching(/free \d+ MB/),
    });
    expect(await readdir(out)).toEqual([]);
  });

  it.each([0, -1, 1.5, Number.NaN])("%s rows are bad_options", async (rows) => {
    const checkpoint = await open(modelFolder());
    await expect(rewriteCheckpoint({ checkpoint, out, rows, produce: async () => {} })).rejects.toMatchObject(
      {
        code: "bad_options",
      },
    );
  });
});

describe("an abort", () => {
  it("before the start writes nothing", async () => {
    const checkpoint = await open(modelFolder());
    const produce = () => Promise.reject(new Error("not to be called"));
    const options = { checkpoint, out, rows: 12, produce, job: { abortSignal: AbortSignal.abort() } };
    await expect(rewriteCheckpoint(options)).rejects.toMatchObject({ code: "aborted" });
    expect(await readdir(out)).toEqual([]);
  });

  it("between the start and the rows ends the copying", async () => {
    const checkpoint = await open(modelFolder());
    const controller = new AbortController();
    const job = { abortSignal: controller.signal };
    const rewriting = await startRewrite({ checkpoint, out, rows: 12, job });
    controller.abort();
    const finished = rewriting.finish(
      produceFrom(checkpoint, 12, (row) => row % 10),
      job,
    );
    await expect(finished).rejects.toMatchObject({ code: "aborted" });
  });

  it("in the middle ends the writing, and the source is untouched", async () => {
    const checkpoint = await open(modelFolder());
    const before = await folderBytes(checkpoint.directory);
    const controller = new AbortController();
    let blocks = 0;
    const produce = produceFrom(checkpoint, 1000, (row) => row % 10);
    const rewriting = rewriteCheckpoint({
      checkpoint,
      out,
      rows: 1000,
      job: { abortSignal: controller.signal },
      produce: (table, write) =>
        produce(table, async (block) => {
          if (++blocks === 3) controller.abort();
          await write(block);
        }),
    });
    await expect(rewriting).rejects.toMatchObject({ name: "RevocabError", code: "aborted" });
    expect(blocks).toBe(3);
    expect(await folderBytes(checkpoint.directory)).toEqual(before);
  });

  it("is what a failure of the copying side does to the producing side", async () => {
    const folder = modelFolder();
    const checkpoint = await open(folder);
    rmSync(join(folder, "model.safetensors"));
    let wasStopped = false;
    const produce: ProduceTable = async (_, write) => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      await write({ startRow: 0, rows: 12, startColumn: 0, columns: 4, bytes: new Uint8Array(192) }).catch(
        (error) => {
          wasStopped = true;
          throw error;
        },
      );
    };
    await expect(rewriteCheckpoint({ checkpoint, out, rows: 12, produce })).rejects.toMatchObject({
      code: "missing_file",
    });
    expect(wasStopped).toBe(true);
  });
});
