import { createHash } from "node:crypto";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mean, subtokenMean } from "@revocab/embedding-init";
import { InputFolder } from "@revocab/files";
import { scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { editVocabulary, swapTokenizer } from "@revocab/transfer";
import { loadTokenizer, type Tokenizer } from "@revocab/vocabulary";
import { extendTokenizer, pruneTokenizer } from "@revocab/vocabulary-editing";
import { describe, expect, it } from "vitest";
import { checkWrittenIds } from "../src/gate/check-configs.ts";
import { checkSameEncodings } from "../src/gate/check-tokenizer.ts";

const scratch = scratchFolders();

function changed(folder: string, file: string, change: (json: Record<string, unknown>) => void): void {
  const path = join(folder, file);
  const json = JSON.parse(readFileSync(path, "utf8"));
  change(json);
  writeFileSync(path, JSON.stringify(json));
}

describe("an edited tokenizer", () => {
  const identity = ({ vocabulary }: Tokenizer) => Int32Array.from({ length: vocabulary.size }, (_, id) => id);

  it("passes where it writes the samples as before", async () => {
    const source = await loadTokenizer(SAMPLE_MODEL);
    const { tokenizer, added } = await extendTokenizer(source, { addedTokens: ["<|tool|>"] });
    const own = {
      oldIdOf: Int32Array.from([...identity(source), -1]),
      changed: added.map(({ id }) => id),
    };
    const { detail } = await checkSameEncodings({ source, edited: tokenizer, own });
    expect(detail).toBe("20 sample sentences, pairs and conversations are written as before");
  });

  it("passes where what differs has a new token, or one that is gone", async () => {
    const source = await loadTokenizer(SAMPLE_MODEL);
    const { tokenizer, added } = await extendTokenizer(source, { pieces: [" Schmetterling"] });
    const oldIdOf = identity(tokenizer).map((id) => (id < source.vocabulary.size ? id : -1));
    const { detail } = await checkSameEncodings({
      source,
      edited: tokenizer,
      own: { oldIdOf, changed: added.map(({ id }) => id) },
    });
    expect(detail).toContain("16 of 20");
    const pruned = await pruneTokenizer(source, { keep: [] });
    const kept = new Int32Array(pruned.tokenizer.vocabulary.size);
    for (const [id, newId] of pruned.newIdOf.entries()) if (newId >= 0) kept[newId] = id;
    await checkSameEncodings({ source, edited: pruned.tokenizer, own: { oldIdOf: kept, changed: [] } });
  });

  it("fails where it writes otherwise what no edit has touched", async () => {
    const source = await loadTokenizer(SAMPLE_MODEL);
    const swapped = identity(source);
    [swapped[300], swapped[301]] = [301, 300];
    const edited = { ...source, encodeWithSpecials: (text: string) => source.encodeWithSpecials(`${text} `) };
    for (const [one, oldIdOf] of [
      [edited, identity(source)],
      [
        {
          ...source,
          encodeWithSpecials: async (text: string, pair?: string) => {
            const { ids, typeIds } = await source.encodeWithSpecials(text, pair);
            return { ids, typeIds: typeIds.map(() => 1) };
          },
        },
        identity(source),
      ],
    ] as const) {
      await expect(
        checkSameEncodings({ source, edited: one, own: { oldIdOf, changed: [] } }),
      ).rejects.toMatchObject({ code: "gate_failed" });
    }
  });
});

describe("ids in written configs", () => {
  it("have a row each, but for marks that had none before", async () => {
    const [before, after] = [join(scratch(), "before"), join(scratch(), "after")];
    for (const folder of [before, after]) {
      cpSync(SAMPLE_MODEL, folder, { recursive: true });
      changed(folder, "config.json", (json) => Object.assign(json, { image_token_id: 5000 }));
    }
    const check = () =>
      checkWrittenIds({
        directory: after,
        modelType: "llama",
        rows: 1280,
        source: { folder: new InputFolder(before), rows: 1280 },
      });
    await expect(check()).resolves.toMatchObject({ detail: expect.stringContaining("all with a row") });
    changed(after, "generation_config.json", (json) => Object.assign(json, { eos_token_id: [2, 1280] }));
    await expect(check()).rejects.toThrow(
      "generation_config.json names ids beyond the 1280 rows: eos_token_id",
    );
  });
});

describe("the written folder", () => {
  it("has a row for a token that a config alone adds behind all others", async () => {
    const [tokenizer, out] = [join(scratch(), "tokenizer"), join(scratch(), "out")];
    cpSync(SAMPLE_TOKENIZER, tokenizer, { recursive: true });
    // The id is another token's in tokenizer.json: the reference library then adds this one at the end.
    const flags = { lstrip: false, rstrip: false, normalized: false, single_word: false, special: true };
    changed(tokenizer, "tokenizer_config.json", (json) =>
      Object.assign(json, { added_tokens_decoder: { 7: { content: "sop", ...flags } } }),
    );
    await swapTokenizer({ model: SAMPLE_MODEL, tokenizer, method: subtokenMean(), out });
    const written = await loadTokenizer(out);
    expect(written.vocabulary.idOfSpecial("sop")).toBe(3000);
    const { vocab_size } = JSON.parse(readFileSync(join(out, "config.json"), "utf8"));
    expect(vocab_size).toBe(3001);
  });

  it("keeps sides, inputs and length of the model's tokenizer, and its class in an edit", async () => {
    const model = join(scratch(), "model");
    cpSync(SAMPLE_MODEL, model, { recursive: true });
    changed(model, "tokenizer_config.json", (json) =>
      Object.assign(json, { padding_side: "left", model_input_names: ["input_ids"] }),
    );
    const [edited, swapped] = [join(scratch(), "edited"), join(scratch(), "swapped")];
    const report = await editVocabulary({ model, method: mean(), addedTokens: ["<|tool|>"], out: edited });
    expect(report.gate.checks.map(({ name }) => name)).toEqual([
      "weights",
      "tokenizer",
      "roles",
      "encodings",
      "configs",
      "moved rows",
    ]);
    await swapTokenizer({ model, tokenizer: SAMPLE_TOKENIZER, method: mean(), out: swapped });
    const [own, ...others] = await Promise.all(
      [model, edited, swapped].map(async (folder) => {
        const { paddingSide, truncationSide, modelInputNames, modelMaxLength } = (await loadTokenizer(folder))
          .reference;
        return { paddingSide, truncationSide, modelInputNames, modelMaxLength };
      }),
    );
    expect(own).toMatchObject({ paddingSide: "left", modelInputNames: ["input_ids"], modelMaxLength: 256 });
    for (const other of others) expect(other).toEqual(own);
  });
});

it("the report has the hashes of the tokenizer as it was given, and as it was written", async () => {
  const [tokenizer, out] = [join(scratch(), "tokenizer"), join(scratch(), "out")];
  cpSync(SAMPLE_TOKENIZER, tokenizer, { recursive: true });
  changed(tokenizer, "tokenizer.json", (json) =>
    Object.assign(json, { post_processor: { type: "BertProcessing", cls: ["<s>", 1], sep: ["</s>", 2] } }),
  );
  const report = await swapTokenizer({ model: SAMPLE_MODEL, tokenizer, method: mean(), out });
  const hash = (folder: string) =>
    createHash("sha256")
      .update(readFileSync(join(folder, "tokenizer.json")))
      .digest("hex");
  expect(report.notes.join()).toContain("a text is written as <s> A, as the model was trained");
  expect(report.inputs.target.files["tokenizer.json"]).toBe(hash(tokenizer));
  expect(report.tokenizerFiles["tokenizer.json"]).toBe(hash(out));
  expect(hash(out)).not.toBe(hash(tokenizer));
});

it("a prune keeps the tokens that configs name, though its text has none of them", async () => {
  const [model, out] = [join(scratch(), "model"), join(scratch(), "out")];
  cpSync(SAMPLE_MODEL, model, { recursive: true });
  const { vocabulary } = await loadTokenizer(model);
  changed(model, "generation_config.json", (json) => Object.assign(json, { eos_token_id: [1, 700] }));
  await editVocabulary({ model, method: mean(), prune: { keepFor: ["the"] }, out });
  const written = (await loadTokenizer(out)).vocabulary;
  const { eos_token_id: ids } = JSON.parse(readFileSync(join(out, "generation_config.json"), "utf8"));
  expect(ids.map((id: number) => written.tokenOf(id))).toEqual([1, 700].map((id) => vocabulary.tokenOf(id)));
  writeFileSync(join(model, "generation_config.json"), "{");
  await expect(
    editVocabulary({ model, method: mean(), prune: { keepFor: ["the"] }, out: join(scratch(), "no") }),
  ).rejects.toMatchObject({ code: "bad_config" });
});
