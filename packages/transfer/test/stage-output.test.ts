import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scratchFolders } from "@revocab/test-support/folders";
import { describe, expect, it } from "vitest";
import { stageOutput } from "../src/swap/stage-output.ts";

const scratch = scratchFolders();
/** A process id that no process has: Linux ends at 2^22. */
const DEAD = 2 ** 22 + 1;

describe("stageOutput", () => {
  it("shows nothing at the target until commit, and then all of it", async () => {
    const folder = scratch();
    const out = join(folder, "out");
    const staged = await stageOutput({ out, inputs: [] });
    writeFileSync(join(staged.directory, "a"), "1");
    expect(readdirSync(folder)).not.toContain("out");
    await staged.commit();
    expect(readdirSync(folder)).toEqual(["out"]);
    expect(readFileSync(join(out, "a"), "utf8")).toBe("1");
  });

  it("leaves nothing behind when discarded", async () => {
    const folder = scratch();
    const staged = await stageOutput({ out: join(folder, "out"), inputs: [] });
    writeFileSync(join(staged.directory, "a"), "1");
    await staged.discard();
    expect(readdirSync(folder)).toEqual([]);
  });

  it("refuses a target that exists, also an empty one", async () => {
    const folder = scratch();
    mkdirSync(join(folder, "out"));
    await expect(stageOutput({ out: join(folder, "out"), inputs: [] })).rejects.toMatchObject({
      code: "output_exists",
      hint: expect.stringContaining("--force"),
    });
  });

  it("with force keeps the old target until commit, and replaces all of it", async () => {
    const folder = scratch();
    const out = join(folder, "out");
    mkdirSync(out);
    writeFileSync(join(out, "config.json"), "old");
    const staged = await stageOutput({ out, inputs: [], force: true });
    writeFileSync(join(staged.directory, "new"), "new");
    expect(readdirSync(out)).toEqual(["config.json"]);
    await staged.commit();
    expect(readdirSync(out)).toEqual(["new"]);
    expect(readdirSync(folder)).toEqual(["out"]);
  });

  it("with force refuses to take away a folder that is no model, or a file", async () => {
    const folder = scratch();
    mkdirSync(join(folder, "home"));
    writeFileSync(join(folder, "home", "letters.txt"), "dear");
    for (const out of [join(folder, "home"), join(folder, "home", "letters.txt")]) {
      await expect(stageOutput({ out, inputs: [], force: true })).rejects.toMatchObject({
        code: "output_exists",
        message: expect.stringContaining("is no model"),
      });
    }
    expect(readFileSync(join(folder, "home", "letters.txt"), "utf8")).toBe("dear");
  });

  it("refuses a target that is the input, holds it, or lies in it, through links too", async () => {
    const folder = scratch();
    const input = join(folder, "model");
    mkdirSync(input);
    for (const out of [input, folder, join(input, "out"), join(folder, ".", "model")]) {
      await expect(stageOutput({ out, inputs: [input], force: true })).rejects.toMatchObject({
        code: "output_exists",
      });
    }
    expect(readdirSync(folder)).toEqual(["model"]);
  });

  it("removes what a killed run left, but not what a living one is writing", async () => {
    const folder = scratch();
    mkdirSync(join(folder, `.out.revocab-partial-${DEAD}-00000000`));
    mkdirSync(join(folder, `.out.revocab-partial-${process.pid}-00000000`));
    mkdirSync(join(folder, `.other.revocab-partial-${DEAD}-00000000`));
    const staged = await stageOutput({ out: join(folder, "out"), inputs: [] });
    await staged.discard();
    expect(readdirSync(folder).sort()).toEqual([
      `.other.revocab-partial-${DEAD}-00000000`,
      `.out.revocab-partial-${process.pid}-00000000`,
    ]);
  });

  it("puts the old target back when a run was killed between moving it aside and replacing it", async () => {
    const folder = scratch();
    const aside = join(folder, `.out.revocab-replaced-${DEAD}-00000000`);
    mkdirSync(aside);
    writeFileSync(join(aside, "old"), "old");
    await expect(stageOutput({ out: join(folder, "out"), inputs: [] })).rejects.toMatchObject({
      code: "output_exists",
    });
    expect(readdirSync(join(folder, "out"))).toEqual(["old"]);
  });
});
