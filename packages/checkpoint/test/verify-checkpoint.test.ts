import { rmSync } from "node:fs";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type Checkpoint,
  editJson,
  openCheckpoint,
  rewriteCheckpoint,
  verifyCheckpoint,
} from "@revocab/checkpoint";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  FIXTURES,
  floats,
  LLAMA_CONFIG,
  LLAMA_TENSORS,
  modelFolder,
  produceFrom,
  safetensorsOf,
  temporaryFolder,
} from "./model-folder.ts";

let out: string;
let source: Checkpoint;
beforeEach(async () => {
  out = temporaryFolder();
  source = await openCheckpoint(modelFolder());
});
afterEach(async () => {
  rmSync(out, { recursive: true });
  await source.close();
});

async function writeConfig(checkpoint: Checkpoint, rows: number): Promise<void> {
  await writeFile(
    join(out, "config.json"),
    editJson(checkpoint.configText, [{ keys: ["vocab_size"], to: rows }]),
  );
}

/** Rewrites the Llama of 10 rows to rows of these values (each row 4 times the value). */
async function rewriteWith(values: readonly number[]): Promise<void> {
  const rows = values.length;
  const bytes = new Uint8Array(
    Float32Array.from(values.flatMap((value) => [value, value, value, value])).buffer,
  );
  await rewriteCheckpoint({
    checkpoint: source,
    out,
    rows,
    produce: (_, write) => write({ startRow: 0, rows, startColumn: 0, columns: 4, bytes }),
  });
  await writeConfig(source, rows);
}

const verify = (rows: number, options = {}) => verifyCheckpoint(out, { source, rows, ...options });

describe("a good rewrite", () => {
  it.each(["llama-untied", "llama-tied", "gpt2", "bert", "llama-sharded"])("of %s passes", async (name) => {
    const checkpoint = await openCheckpoint(join(FIXTURES, name));
    const rows = checkpoint.rows + 3;
    await rewriteCheckpoint({
      checkpoint,
      out,
      rows,
      produce: produceFrom(checkpoint, rows, (row) => row % checkpoint.rows),
    });
    await writeConfig(checkpoint, rows);
    const { tables } = await verifyCheckpoint(out, { source: checkpoint, rows });
    expect(tables.map(({ slot }) => slot)).toEqual(checkpoint.tables.map(({ slot }) => slot));
    for (const { slot, identical, zeroRows } of tables) {
      // The 3 rows beyond the old vocabulary repeat its first ones; a bias is not looked at.
      expect(identical.count).toBe(slot.endsWith(".bias") ? 0 : 3);
      expect(zeroRows).toEqual([]);
    }
    await checkpoint.close();
  });

  it("lists zero rows, identical rows and far norms, and leaves out what the caller names", async () => {
    const values = [...Array.from({ length: 30 }, (_, i) => 1 + i / 100), 0, 0, -0, 1, 1.05, 900];
    await rewriteWith(values);
    const [table] = (await verify(36)).tables;
    expect(table!.zeroRows).toEqual([30, 31, 32]);
    expect(table!.identical).toEqual({
      count: 2,
      groups: [
        [0, 33],
        [5, 34],
      ],
    });
    expect(table!.norms.count).toBe(1);
    expect(table!.norms.outliers[0]).toMatchObject({ row: 35, norm: 1800 });

    const [left] = (await verify(36, { isLeftOut: (row: number) => row >= 30 })).tables;
    expect(left).toMatchObject({ zeroRows: [], identical: { count: 0 }, norms: { count: 0 } });
  });
});

describe("a bad rewrite fails the gate", () => {
  const failing = (message: RegExp) => ({
    code: "gate_failed",
    message: expect.stringMatching(message),
    hint: expect.any(String),
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    "with %s in a row",
    async (value) => {
      await rewriteWith([1, 2, value, 4]);
      await expect(verify(4)).rejects.toMatchObject(
        failing(/1 rows of the table output: 2|1 rows of the table input: 2/),
      );
    },
  );

  it.each(["F16", "BF16"])("with a NaN or infinity in %s", async (dtype) => {
    const name = dtype === "F16" ? "gpt-neox" : "mistral";
    const checkpoint = await openCheckpoint(join(FIXTURES, name));
    const { rows } = checkpoint;
    for (const bits of dtype === "F16" ? [0x7c00, 0xfc00, 0x7e00] : [0x7f80, 0xff80, 0xffc0]) {
      rmSync(out, { recursive: true });
      out = temporaryFolder();
      const produce = produceFrom(checkpoint, rows, (row) => row, rows);
      await rewriteCheckpoint({
        checkpoint,
        out,
        rows,
        produce: (table, write) =>
          produce(table, (block) => {
            new DataView(block.bytes.buffer).setUint16(7 * 32 + 30, bits, true);
            return write(block);
          }),
      });
      await writeConfig(checkpoint, rows);
      await expect(verifyCheckpoint(out, { source: checkpoint, rows })).rejects.toMatchObject(
        failing(/NaN or infinity in 1 rows .*: 7/),
      );
    }
    await checkpoint.close();
  });

  it("with another number of rows", async () => {
    await rewriteWith([1, 2, 3]);
    await expect(verify(4)).rejects.toMatchObject(failing(/has 3 rows; 4 were expected/));
  });

  it("with a tensor lost, added or of another shape", async () => {
    const write = async (tensors: typeof LLAMA_TENSORS) => {
      await writeFile(join(out, "model.safetensors"), safetensorsOf(tensors));
      await copyFile(join(source.directory, "config.json"), join(out, "config.json"));
    };
    await write(LLAMA_TENSORS.filter(({ name }) => name !== "model.norm.weight"));
    await expect(verify(10)).rejects.toMatchObject(
      failing(/model.norm.weight as nothing; F32 \[4\] was expected/),
    );
    await write([...LLAMA_TENSORS, floats("more", [2])]);
    await expect(verify(10)).rejects.toMatchObject(
      failing(/holds more \(F32 \[2\]\), which the source does not have/),
    );
    await write(
      LLAMA_TENSORS.map((tensor) =>
        tensor.name === "model.norm.weight" ? floats(tensor.name, [5]) : tensor,
      ),
    );
    await expect(verify(10)).rejects.toMatchObject(
      failing(/model.norm.weight as F32 \[5\]; F32 \[4\] was expected/),
    );
  });

  it("with a head that is tied now", async () => {
    const config = { ...LLAMA_CONFIG, tie_word_embeddings: true };
    const tied = modelFolder(LLAMA_TENSORS.slice(1), config);
    await expect(verifyCheckpoint(tied, { source, rows: 10 })).rejects.toMatchObject(
      failing(/a head that is tied/),
    );
  });

  it("with a truncated file", async () => {
    await rewriteWith([1, 2, 3, 4]);
    const bytes = await readFile(join(out, "model.safetensors"));
    await writeFile(join(out, "model.safetensors"), bytes.subarray(0, -1));
    await expect(verify(4)).rejects.toMatchObject({ code: "bad_safetensors" });
  });
});

it("an abort ends the scan", async () => {
  await rewriteWith([1, 2, 3, 4]);
  await expect(verify(4, { job: { abortSignal: AbortSignal.abort() } })).rejects.toMatchObject({
    code: "aborted",
  });
});
