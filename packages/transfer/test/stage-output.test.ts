import { mkdirSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { scratchFolders } from "@revocab/test-support/folders";
import { leftByKilledRun } from "@revocab/test-support/left-by-killed-run";
import { describe, expect, it } from "vitest";
import { checkOutputPlace, stageOutput } from "../src/swap/stage-output.ts";

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
      hint: expect.stringContaining("`force`"),
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
    const left = (name: string) => leftByKilledRun({ folder, before: `.${name}.revocab-partial-` });
    mkdirSync(left("out"));
    const other = left("other");
    mkdirSync(other);
    const living = await stageOutput({ out: join(folder, "out"), inputs: [] });
    const staged = await stageOutput({ out: join(folder, "out"), inputs: [] });
    await staged.discard();
    expect(readdirSync(folder).sort()).toEqual(
      [other, living.directory].flatMap((path) => [basename(path), `${basename(path)}.owner`]).sort(),
    );
    await living.discard();
  });

  it("removes what an earlier version left, once it is sure that none writes it", async () => {
    const folder = scratch();
    const names = ["00000000", "00000001"].map((end) => `.out.revocab-partial-${DEAD}-${end}`);
    for (const name of names) mkdirSync(join(folder, name));
    utimesSync(join(folder, names[0]!), 0, 0);
    const staged = await stageOutput({ out: join(folder, "out"), inputs: [] });
    await staged.discard();
    expect(readdirSync(folder)).toEqual([names[1]]);
  });

  it.each([
    ["", (folder: string) => leftByKilledRun({ folder, before: ".out.revocab-replaced-" })],
    [" of an earlier version", (folder: string) => join(folder, `.out.revocab-replaced-${DEAD}-00000000`)],
  ])(
    "puts the old target back when a run%s was killed between moving it aside and replacing it",
    async (_, left) => {
      const folder = scratch();
      const aside = left(folder);
      mkdirSync(aside);
      writeFileSync(join(aside, "old"), "old");
      for (const path of [join(aside, "old"), aside]) utimesSync(path, 0, 0);
      await expect(stageOutput({ out: join(folder, "out"), inputs: [] })).rejects.toMatchObject({
        code: "output_exists",
      });
      expect(readdirSync(join(folder, "out"))).toEqual(["old"]);
      expect(readdirSync(folder)).toEqual(["out"]);
    },
  );

  it("of two that write the same target both end: each with its own folder, the later with the place", async () => {
    const folder = scratch();
    mkdirSync(leftByKilledRun({ folder, before: ".out.revocab-partial-" }));
    const place = { out: join(folder, "out"), inputs: [], force: true };
    const both = await Promise.all([stageOutput(place), stageOutput(place)]);
    for (const [index, { directory, commit }] of both.entries()) {
      writeFileSync(join(directory, "config.json"), `${index}`);
      await commit();
    }
    expect(readFileSync(join(folder, "out", "config.json"), "utf8")).toBe("1");
    expect(readdirSync(folder)).toEqual(["out"]);
  });

  it.skipIf(process.platform === "win32")(
    "says of a target that cannot be looked at that it cannot, not that it is free",
    async () => {
      const folder = scratch();
      symlinkSync("circle", join(folder, "circle"));
      await expect(
        checkOutputPlace({ out: join(folder, "circle", "out"), inputs: [] }),
      ).rejects.toMatchObject({
        code: "bad_file",
        message: expect.stringContaining("cannot be read (ELOOP)"),
      });
    },
  );
});
