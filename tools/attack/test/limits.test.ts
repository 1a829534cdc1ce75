import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { contentOf, scratchFolders } from "@revocab/test-support/folders";
import { describe, expect, it } from "vitest";
import { runCommand } from "../run-command.mjs";
import { expectSafe, IS_POSIX, type Place, placeIn } from "./places.ts";

const scratch = scratchFolders();
const swap = ({ model, tokenizer, out }: Place, options = {}) =>
  runCommand(["swap", model, "--tokenizer", tokenizer, "--out", out, "--quiet"], options);

describe("limits of the system", () => {
  // node itself opens up to 200 files at once to load the modules of the command
  it.skipIf(!IS_POSIX)("256 open files are enough for a model of 400 shards", async () => {
    const place = placeIn(scratch());
    shard(place.model, 400);
    const told = await swap(place, { shell: "ulimit -n 256" });
    expect(told.stderr).toBe("");
    expect(told).toMatchObject({ code: 0, hung: false });
    expect(readdirSync(place.out).filter((name) => name.endsWith(".safetensors"))).toHaveLength(400);
  });

  it("a heap of 64 MB is enough, and gives the same bytes", async () => {
    const [small, large] = [placeIn(scratch()), placeIn(scratch())];
    expect(await swap(small, { before: ["--max-old-space-size=64"] })).toMatchObject({
      code: 0,
      signal: null,
    });
    expect(await swap(large)).toMatchObject({ code: 0 });
    expect(contentOf(small.out)).toEqual(contentOf(large.out));
  });

  it.skipIf(process.platform !== "linux")(
    "a file size that is too small is an error in words, and nothing is left",
    async () => {
      const place = placeIn(scratch());
      const told = await swap(place, { shell: "trap '' XFSZ; ulimit -f 512" });
      expect(told).toMatchObject({ code: 1, signal: null, hung: false });
      expectSafe(told);
      expect(told.stderr).not.toMatch(/fault of revocab/);
      expect(readdirSync(join(place.out, ".."))).toEqual([]);
    },
  );
});

/** The tensors of model.safetensors, and empty ones beside them, each in a file of its own. */
function shard(model: string, files: number): void {
  const path = join(model, "model.safetensors");
  const whole = readFileSync(path);
  const length = Number(whole.readBigUInt64LE(0));
  const header = JSON.parse(whole.toString("utf8", 8, 8 + length));
  const data = whole.subarray(8 + length);
  const weight_map: Record<string, string> = {};
  const entries = Object.entries(header).filter(([name]) => name !== "__metadata__") as [string, Entry][];
  while (entries.length < files)
    entries.push([`extra.${entries.length}`, { dtype: "F32", shape: [0], data_offsets: [0, 0] }]);
  for (const [place, [name, entry]] of entries.entries()) {
    const file = `model-${String(place + 1).padStart(5, "0")}-of-${String(entries.length).padStart(5, "0")}.safetensors`;
    const [start, end] = entry.data_offsets;
    const text = JSON.stringify({
      __metadata__: { format: "pt" },
      [name]: { ...entry, data_offsets: [0, end - start] },
    });
    const prefix = Buffer.alloc(8);
    prefix.writeBigUInt64LE(BigInt(Buffer.byteLength(text)));
    writeFileSync(join(model, file), Buffer.concat([prefix, Buffer.from(text), data.subarray(start, end)]));
    weight_map[name] = file;
  }
  writeFileSync(join(model, "model.safetensors.index.json"), JSON.stringify({ metadata: {}, weight_map }));
  rmSync(path);
}

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}
