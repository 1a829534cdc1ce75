import { cpSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openCheckpoint } from "@revocab/checkpoint";
import { mean, subtokenMean } from "@revocab/embedding-init";
import { inspectPath, openModel } from "@revocab/plan";
import { scratchFolders } from "@revocab/test-support/folders";
import { editVocabulary, swapTokenizer } from "@revocab/transfer";
import { describe, expect, it } from "vitest";
import { readTable } from "./stored-rows.ts";
import { writeTokenizer } from "./write-tokenizer.ts";

const FIXTURE = fileURLToPath(new URL("../../checkpoint/test/fixtures/models/llama-tied", import.meta.url));
const ROWS = 45;
const scratch = scratchFolders();
const SPECIALS = { "<unk>": 0, "<s>": 1, "</s>": 2 };
const ROLES = { unk: "<unk>", bos: "<s>", eos: "</s>" };

/** A model of 45 rows whose tokenizer has more ids. */
function modelWith(size: number, more: Readonly<Record<string, number>>): string {
  const model = join(scratch(), "model");
  cpSync(FIXTURE, model, { recursive: true });
  return writeTokenizer(model, {
    size,
    specials: { ...SPECIALS, ...more },
    roles: { ...ROLES, ...("<pad>" in more && { pad: "<pad>" }) },
  });
}

/** Rows of the input table, in hex. */
async function rowsOf(directory: string): Promise<readonly string[]> {
  const checkpoint = await openCheckpoint(directory);
  const { bytes, rows } = await readTable(checkpoint, "input");
  await checkpoint.close();
  const width = bytes.length / rows;
  return Array.from({ length: rows }, (_, row) => bytes.toString("hex", row * width, (row + 1) * width));
}

describe("tokens that were added to a tokenizer without resizing the model", () => {
  it("get a row by an edit that adds others, and are listed with them", async () => {
    const model = modelWith(46, { "<pad>": 45 });
    const out = join(scratch(), "out");
    const report = await editVocabulary({ model, addedTokens: ["<|tool|>"], method: mean(), out });
    expect(report.added).toEqual([
      { id: 45, token: "<pad>", kind: "added" },
      { id: 46, token: "<|tool|>", kind: "added" },
    ]);
    expect(report.notes.join()).toContain(
      "1 of the source's tokens have no row in it and are left out as sources",
    );
    const [before, after] = [await rowsOf(model), await rowsOf(out)];
    expect(after.slice(0, ROWS)).toEqual(before);
    expect(after).toHaveLength(47);
    expect(after[45], "two new specials are told apart").not.toBe(after[46]);
  });

  it("get one by a prune, where only their ids move", async () => {
    const model = modelWith(46, { "<pad>": 45 });
    const out = join(scratch(), "out");
    const report = await editVocabulary({ model, prune: { keep: [5, 6, 7] }, method: mean(), out });
    const added = report.added.find(({ token }) => token === "<pad>")!;
    expect(await rowsOf(out)).toHaveLength(added.id + 1);
    expect(report.tables[0]?.origins).toMatchObject({ "specials-apart": 1 });
  });

  it("are no source of a swap, not by their role either", async () => {
    const model = modelWith(46, { "<pad>": 45 });
    const tokenizer = writeTokenizer(join(scratch(), "tokenizer"), {
      size: 40,
      specials: { ...SPECIALS, "<pad>": 3 },
      roles: { ...ROLES, pad: "<pad>" },
    });
    const out = join(scratch(), "out");
    const report = await swapTokenizer({ model, tokenizer, method: subtokenMean(), out });
    expect(report.alignment).toMatchObject({ specialByRole: 3, withoutEvidence: 1 });
    expect(await rowsOf(out)).toHaveLength(40);
  });

  it("are said by inspect, and refused in a text", async () => {
    const directory = modelWith(47, { "<pad>": 45, "<|im_start|>": 46 });
    const { surprises } = await inspectPath(directory);
    expect(surprises.join("\n")).toMatch(
      /2 added tokens have no row, because the model was not resized: 45 <pad>, 46 <\|im_start\|>/,
    );
    const model = await openModel(directory);
    await expect(model.readable.encode("to <|im_start|>")).rejects.toMatchObject({
      code: "bad_text",
      message: expect.stringContaining("with the id 46, but the model has 45 rows"),
    });
    await model.close();
  });

  it("are taken for another model's where they are no added tokens", async () => {
    const model = modelWith(47, { "<pad>": 46 });
    await expect(openModel(model)).rejects.toMatchObject({
      code: "shape_mismatch",
      message: expect.stringMatching(/has ids up to 46, and 45 ".*" is no token that was added to it/),
    });
    expect((await inspectPath(model)).surprises.join("\n")).toContain("they do not belong together");
  });
});
