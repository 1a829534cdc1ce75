import { createHash } from "node:crypto";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chainRule } from "@revocab/chain-rule";
import { openCheckpoint } from "@revocab/checkpoint";
import { mean, methodCandidates, subtokenMean } from "@revocab/embedding-init";
import { bitsPerByteOf } from "@revocab/evaluation";
import { makePlan, openModel } from "@revocab/plan";
import { scratchFolders } from "@revocab/test-support/folders";
import { realData } from "@revocab/test-support/real-data";
import { SAMPLE_MODEL, SAMPLE_TEXT, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { editVocabulary, planVocabularyEdit, readCorpus, swapTokenizer } from "@revocab/transfer";
import { loadTokenizer } from "@revocab/vocabulary";
import { editTokenizer } from "@revocab/vocabulary-editing";
import { describe, expect, it } from "vitest";
import { checkMovedRows } from "../src/gate/check-tables.ts";
import { otherTensors, readTable, type StoredRows } from "./stored-rows.ts";
import { writeTokenizer } from "./write-tokenizer.ts";

const scratch = scratchFolders();
const stories = readFileSync(SAMPLE_TEXT, "utf8").split("\n").filter(Boolean);
const method = subtokenMean();

async function read(directory: string) {
  const checkpoint = await openCheckpoint(directory);
  try {
    const slots = checkpoint.tables.map(({ slot }) => slot);
    const tables = new Map<string, StoredRows>();
    for (const slot of slots) tables.set(slot, await readTable(checkpoint, slot));
    return { tables, others: otherTensors(checkpoint), input: tables.get("input") as StoredRows };
  } finally {
    await checkpoint.close();
  }
}

const rowOf = ({ bytes, rows }: StoredRows, id: number) =>
  bytes.subarray((bytes.length / rows) * id, (bytes.length / rows) * (id + 1)).toString("hex");

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

describe("editVocabulary", () => {
  it("adds rows behind the old ones, which keep their bytes, and the config follows", async () => {
    const out = join(scratch(), "out");
    const report = await editVocabulary({
      model: SAMPLE_MODEL,
      pieces: [" marmalade"],
      addedTokens: ["<|tool|>"],
      method,
      out,
    });
    const [before, after] = [await read(SAMPLE_MODEL), await read(out)];
    expect(after.others).toEqual(before.others);
    expect(after.input.rows).toBe(1280 + report.added.length);
    expect(sha256(after.input.bytes.subarray(0, before.input.bytes.length))).toBe(sha256(before.input.bytes));
    expect(report.edit).toEqual({
      pieces: 1,
      steps: 3,
      addedTokens: 1,
      ids: { first: 1280, last: 1284 },
      promoted: [],
      renamed: [],
      refused: [],
      removed: 0,
      pruned: null,
    });
    expect(report.added.map(({ id, token }) => [id, token]).at(-1)).toEqual([1284, "<|tool|>"]);
    expect(report.gate.checks.at(-1)).toEqual({
      name: "moved rows",
      detail: `input 1280 of sha256 ${sha256(before.input.bytes).slice(0, 12)}: the bytes that they were`,
    });
    const tokenizer = await loadTokenizer(out);
    expect([...(await tokenizer.encode(" marmalade<|tool|>"))]).toEqual([1280, 1284]);
    const config = JSON.parse(readFileSync(join(out, "config.json"), "utf8"));
    expect(config.vocab_size).toBe(1285);
    const written = JSON.parse(readFileSync(join(out, "revocab.json"), "utf8"));
    expect(written.edit).toEqual(report.edit);
    expect(written.added).toBeUndefined();
  });

  it("gives a learned piece the mean of what it was written with", async () => {
    const out = join(scratch(), "out");
    const { added } = await editVocabulary({
      model: SAMPLE_MODEL,
      learn: { corpus: stories, count: 20 },
      method,
      out,
    });
    expect(added.length).toBe(20);
    const old = await loadTokenizer(SAMPLE_MODEL);
    const [before, after] = [await read(SAMPLE_MODEL), await read(out)];
    const { vocabulary } = await loadTokenizer(out);
    for (const { id } of added) {
      const pieces = old.vocabulary.spell(vocabulary.bytesOf(id)) as Uint32Array;
      for (let column = 0; column < 128; column++) {
        const sum = pieces.reduce((total, piece) => total + before.input.values[piece * 128 + column]!, 0);
        const found = after.input.values[id * 128 + column] as number;
        expect(Math.abs(found - sum / pieces.length)).toBeLessThan(0.004 * Math.abs(found) + 1e-6);
      }
    }
  });

  it("takes padding rows first, and what stands in them is no evidence", async () => {
    const folder = scratch();
    const padded = join(folder, "padded");
    await swapTokenizer({
      model: SAMPLE_MODEL,
      tokenizer: SAMPLE_MODEL,
      method,
      padToMultipleOf: 512,
      out: padded,
    });
    await fillRows(padded, 1280, 0x70);
    const out = join(folder, "out");
    const addedTokens = ["<|a|>", "<|b|>"];
    const report = await editVocabulary({ model: padded, addedTokens, method: mean(), out });
    expect(report.target).toMatchObject({ tokens: 1282, rows: 1536 });
    const [before, after] = [await read(padded), await read(out)];
    expect(after.input.rows).toBe(1536);
    for (const id of [0, 1279, 1282, 1535]) expect(rowOf(after.input, id)).toBe(rowOf(before.input, id));
    const plain = join(folder, "plain");
    await editVocabulary({ model: SAMPLE_MODEL, addedTokens, method: mean(), out: plain });
    const { input } = await read(plain);
    for (const id of [1280, 1281]) expect(rowOf(after.input, id)).toBe(rowOf(input, id));
  });

  it("extends and prunes in one pass: each kept row moves as bytes", async () => {
    const out = join(scratch(), "out");
    const edit = { pieces: [" marmalade"], prune: { keepFor: stories } };
    const report = await editVocabulary({ model: SAMPLE_MODEL, ...edit, method, out });
    const old = await loadTokenizer(SAMPLE_MODEL);
    const planned = await planVocabularyEdit({ model: SAMPLE_MODEL, ...edit, method });
    for (const same of ["recipe", "tables", "edit", "added", "parameters"] as const) {
      expect(planned[same]).toEqual(report[same]);
    }
    expect(planned.tableBytes).toEqual({ before: 1280 * 256, after: report.target.rows * 256 });
    expect(planned.removed).toHaveLength(planned.edit.removed);
    expect(planned.edit.removed).toBe(1280 - (report.target.rows - report.added.length));
    expect(planned.removed.every(({ id, token }) => old.vocabulary.tokenOf(id) === token)).toBe(true);
    const { tokenizer, sourceOf, pruned } = await editTokenizer(old, edit);
    expect(report.edit).toMatchObject({ pieces: 1, pruned });
    expect(report.target.rows).toBe(pruned?.kept);
    expect(report.target.rows).toBeLessThan(1280);
    const [before, after] = [await read(SAMPLE_MODEL), await read(out)];
    let moved = 0;
    sourceOf.forEach((source, id) => {
      if (source < 0) return;
      expect(rowOf(after.input, id)).toBe(rowOf(before.input, source));
      moved++;
    });
    expect(moved).toBe(report.target.rows - report.added.length);
    const [first] = report.added;
    expect([...(await tokenizer.encode(" marmalade"))]).toEqual([first?.id]);
    for (const line of stories) {
      const expected = (await old.encode(line)).length;
      expect((await tokenizer.encode(line)).length).toBe(expected);
    }
  });

  it("keeps the pad id of a model that counts positions from it, though no text needs the tokens before it", async () => {
    const model = join(scratch(), "model");
    cpSync(fileURLToPath(new URL("../../checkpoint/test/fixtures/models/roberta", import.meta.url)), model, {
      recursive: true,
    });
    const specials = { "<pad>": 1, "</s>": 2, "<unk>": 3, "<s>": 4 };
    const roles = { bos: "<s>", cls: "<s>", pad: "<pad>", eos: "</s>", sep: "</s>", unk: "<unk>" };
    writeTokenizer(model, {
      size: 61,
      specials,
      roles,
      merges: [
        ["t", "h"],
        ["o", "n"],
      ],
    });
    const out = join(scratch(), "out");
    await editVocabulary({ model, prune: { keepFor: ["eat"] }, method, out, tokenIds: { bos_token_id: 4 } });
    const { vocabulary } = await loadTokenizer(out);
    expect([0, 1].map((id) => vocabulary.tokenOf(id))).toEqual(["th", "<pad>"]);
    expect(vocabulary.size).toBeLessThan(61);
    expect(JSON.parse(readFileSync(join(out, "config.json"), "utf8")).pad_token_id).toBe(1);
  });

  it("does not pass the gate where a moved row is not what it was", async () => {
    const out = join(scratch(), "out");
    await editVocabulary({ model: SAMPLE_MODEL, addedTokens: ["<|tool|>"], method, out });
    const model = await openModel(SAMPLE_MODEL);
    try {
      const { tokenizer } = await editTokenizer(model.tokenizer, { addedTokens: ["<|tool|>"] });
      const { plan } = await makePlan({ model, tokenizer, method });
      await checkMovedRows({ directory: out, plan, model });
      await fillRows(out, 1279, 0x11);
      await expect(checkMovedRows({ directory: out, plan, model })).rejects.toThrow(
        /1280 rows of input were to move as bytes, but their sha256 is [0-9a-f]{12} and was [0-9a-f]{12}$/,
      );
    } finally {
      await model.close();
    }
  });

  it("keeps old rows under a method that changes shared tokens too", async () => {
    const out = join(scratch(), "out");
    const chain = chainRule({ text: SAMPLE_TEXT });
    await editVocabulary({ model: SAMPLE_MODEL, pieces: [" marmalade"], method: chain, role: "output", out });
    const [before, after] = [await read(SAMPLE_MODEL), await read(out)];
    expect(sha256(after.input.bytes.subarray(0, before.input.bytes.length))).toBe(sha256(before.input.bytes));
  });

  it("changes rows of kept tokens where that is asked for and the method has others for them", async () => {
    const out = join(scratch(), "out");
    const edit = { model: SAMPLE_MODEL, pieces: [" marmalade"], copyShared: false, untie: true, out };
    const chain = chainRule({ text: SAMPLE_TEXT, correction: "none" });
    const report = await editVocabulary({ ...edit, method: chain });
    const [before, after] = [await read(SAMPLE_MODEL), await read(out)];
    const [old, head] = [await loadTokenizer(SAMPLE_MODEL), after.tables.get("output") as StoredRows];
    expect(sha256(after.input.bytes.subarray(0, before.input.bytes.length))).toBe(sha256(before.input.bytes));
    const [longer] = old.vocabulary.spell(Buffer.from(" marmalade")) as Uint32Array;
    expect(rowOf(head, longer!)).not.toBe(rowOf(before.input, longer!));
    expect(rowOf(head, 0)).toBe(rowOf(before.input, 0));
    const names = report.recipe.methods.map(({ name }) => name);
    expect(names).toEqual(["chain-rule", "copy-overlap", "mean"]);
    const card = readFileSync(join(out, "README.md"), "utf8");
    expect(card).toContain("byte for byte, except where `chain-rule` has initialized them anew");
    await expect(editVocabulary({ ...edit, method, force: true })).rejects.toMatchObject({
      code: "bad_options",
      message: "the rows of kept tokens were to change, but subtoken-mean has no others for them",
    });
  });

  it("takes the best of several methods on a text that has some of the new tokens", async () => {
    const scoring = { text: SAMPLE_TEXT };
    const choice = methodCandidates(["zero", "subtoken-mean"]);
    const contest = { kind: "contest" as const, choice, scoring };
    const planned = await planVocabularyEdit({
      model: SAMPLE_MODEL,
      learn: { corpus: readCorpus(SAMPLE_TEXT), count: 5 },
      method: contest,
    });
    const { comparison, recipe } = planned;
    const scores = comparison!.methods.map(({ evaluation }) => bitsPerByteOf(evaluation));
    expect(scores).toHaveLength(2);
    expect(comparison!.best).toBe(scores[0]! <= scores[1]! ? 0 : 1);
    expect(recipe.methods[1]!.name).toBe(["zero", "subtoken-mean"][comparison!.best]);
    const unread = planVocabularyEdit({ model: SAMPLE_MODEL, addedTokens: ["<|tool|>"], method: contest });
    await expect(unread).rejects.toMatchObject({
      code: "bad_options",
      message:
        "none of the 1 new tokens is in the text that is to decide which method initializes their rows",
    });
  });

  it("refuses to do nothing, and says before any work that the output exists", async () => {
    const model = SAMPLE_MODEL;
    const out = join(scratch(), "out");
    await expect(editVocabulary({ model, method, out })).rejects.toThrow(
      expect.objectContaining({
        code: "bad_options",
        message: "found nothing to learn, to add, to rename or to take out",
      }),
    );
    await expect(
      editVocabulary({ model, method, pieces: [" marmalade"], out: SAMPLE_TOKENIZER }),
    ).rejects.toThrow(expect.objectContaining({ code: "output_exists" }));
    await expect(editVocabulary({ model, method, pieces: [" the"], out })).rejects.toThrow(
      /" the": the tokenizer has it already/,
    );
  });
});

describe("readCorpus", () => {
  it("gives lines without the marks between documents", async () => {
    const path = join(scratch(), "corpus.txt");
    writeFileSync(path, "one\r\n<|endoftext|>\n\ntwo<|endoftext|>three\n");
    const lines: string[] = [];
    for await (const line of readCorpus(path)) lines.push(line);
    expect(lines).toEqual(["one", "two", "three"]);
  });
});

/** Fills the last rows of the input embeddings with a byte. */
async function fillRows(directory: string, from: number, byte: number): Promise<void> {
  const checkpoint = await openCheckpoint(directory);
  const [table] = checkpoint.tables;
  const name = table?.tensors[0]?.entry.name;
  const file = checkpoint.files.find(({ tensors }) => tensors.some((tensor) => tensor.name === name));
  const tensor = file?.tensors.find((candidate) => candidate.name === name);
  await checkpoint.close();
  if (table === undefined || file === undefined || tensor === undefined) throw new Error("no input table");
  const content = readFileSync(file.path);
  const rowBytes = (tensor.end - tensor.start) / table.matrix.rows;
  content.fill(byte, tensor.start + from * rowBytes, tensor.end);
  writeFileSync(file.path, content);
}

describe.skipIf(realData === undefined)("editVocabulary on a trained model", () => {
  const lines = () => readFileSync(`${realData}/text/tinystories.txt`, "utf8").split("\n").filter(Boolean);

  it("keeps its bits per byte where nothing is dropped that the text uses", async () => {
    const text = `${realData}/text/tinystories.txt`;
    const { evaluation, target } = await editVocabulary({
      model: `${realData}/models/stories260k`,
      prune: { keepFor: lines() },
      method,
      evaluate: { text, maxBytes: 20_000 },
      out: join(scratch(), "out"),
    });
    expect(target.rows).toBe(488);
    const [before, after] = [evaluation?.before, evaluation?.after].map((score) =>
      score?.kind === "bits-per-byte" ? score.bitsPerByte : Number.NaN,
    );
    expect(before).toBeGreaterThan(0.8);
    // The softmax has fewer rows to give probability to.
    expect(after).toBeLessThanOrEqual(before as number);
    expect(after).toBeCloseTo(before as number, 4);
  });
});
