import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { mean } from "@revocab/embedding-init";
import { scratchFolders } from "@revocab/test-support/folders";
import { editVocabulary, swapTokenizer } from "@revocab/transfer";
import { loadTokenizer } from "@revocab/vocabulary";
import { describe, expect, it } from "vitest";
import { writeTokenizer } from "./write-tokenizer.ts";

const FIXTURE = fileURLToPath(new URL("../../checkpoint/test/fixtures/models/llama-tied", import.meta.url));
const ROWS = 45;
const scratch = scratchFolders();
const method = mean();

/** A model of 45 rows that was trained to stop at `</s>`, though its tokenizer's eos is `<|end|>`. */
function prepare({
  config = {},
  generation = {},
  size = ROWS,
}: {
  config?: Record<string, unknown>;
  generation?: Record<string, unknown>;
  size?: number;
} = {}) {
  const folder = scratch();
  const model = join(folder, "model");
  cpSync(FIXTURE, model, { recursive: true });
  for (const [file, more] of [
    ["config.json", config],
    ["generation_config.json", generation],
  ] as const) {
    const path = join(model, file);
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), ...more }));
  }
  writeTokenizer(model, {
    size,
    specials: { "<unk>": 0, "<s>": 1, "</s>": 2, "<|end|>": size - 1 },
    roles: { unk: "<unk>", bos: "<s>", eos: "<|end|>" },
    merges: [
      ["t", "h"],
      ["o", "n"],
    ],
  });
  return { model, method, out: join(folder, "out") };
}

const read = (folder: string, file: string) =>
  JSON.parse(readFileSync(join(folder, file), "utf8")) as Record<string, unknown>;

/** Takes out `th`, which is the first of all: the ids behind it move down. */
const pruned = { prune: { keepFor: ["eat on"] } };

describe("an edit", () => {
  it("that adds a token leaves every id in both configs as it was: eos too, whatever the tokenizer says", async () => {
    const options = prepare({ generation: { forced_eos_token_id: 2, suppress_tokens: [7, 8] } });
    const report = await editVocabulary({ ...options, addedTokens: ["<|tool|>"] });
    expect(report.config.map(({ file, path, to }) => [file, path, to])).toEqual([
      ["config.json", "vocab_size", ROWS + 1],
    ]);
    expect(read(options.out, "generation_config.json")).toEqual(
      read(options.model, "generation_config.json"),
    );
    expect(read(options.out, "config.json")).toEqual({
      ...read(options.model, "config.json"),
      vocab_size: ROWS + 1,
    });
  });

  it("that takes tokens out moves the others' ids, by their strings the same tokens", async () => {
    const options = prepare({
      config: { vocabulary_map: { "<|end|>": 44, "</s>": 2 } },
      generation: { eos_token_id: [2, 44] },
    });
    const report = await editVocabulary({ ...options, ...pruned });
    const { vocabulary } = await loadTokenizer(options.out);
    const config = read(options.out, "config.json");
    const map = config.vocabulary_map as Record<string, number>;
    expect(report.target.rows).toBe(ROWS - 1);
    for (const [token, id] of Object.entries(map)) expect(vocabulary.tokenOf(id)).toBe(token);
    expect(config.eos_token_id).toBe(2);
    expect(read(options.out, "generation_config.json").eos_token_id).toEqual([2, map["<|end|>"]]);
    expect(report.configNotes).toEqual([]);
  });

  it("drops words of tokens that are gone, and says so in the report", async () => {
    const { vocabulary } = await loadTokenizer(prepare().model);
    const idOf = (token: string) =>
      Array.from({ length: ROWS }, (_, id) => id).find((id) => vocabulary.tokenOf(id) === token) as number;
    const [kept, gone] = [idOf("on"), idOf("th")];
    const options = prepare({ generation: { bad_words_ids: [[kept], [gone], [kept, gone]] } });
    const report = await editVocabulary({ ...options, ...pruned });
    const [[id]] = read(options.out, "generation_config.json").bad_words_ids as [[number]];
    expect((await loadTokenizer(options.out)).vocabulary.tokenOf(id)).toBe("on");
    expect(report.configNotes).toEqual([
      `generation_config.json bad_words_ids: the token ${gone} no longer exists; what it said of it was dropped`,
    ]);
    expect(read(options.out, "revocab.json").configNotes).toEqual(report.configNotes);
  });

  it("leaves an id in the padding rows, and refuses to make it a new token's in silence", async () => {
    // 40 tokens in 45 rows: the config pads with a row that no token has
    const last = prepare({ size: 40, config: { pad_token_id: 44 } });
    await editVocabulary({ ...last, addedTokens: ["<|tool|>"] });
    expect(read(last.out, "config.json").pad_token_id).toBe(44);

    const next = prepare({ size: 40, config: { pad_token_id: 40 } });
    const taken = { ...next, addedTokens: ["<|tool|>"] };
    await expect(editVocabulary(taken)).rejects.toMatchObject({
      code: "token_id_unmapped",
      message: expect.stringContaining("config.json pad_token_id = 40"),
    });
    await editVocabulary({ ...taken, tokenIds: { pad_token_id: "keep" } });
    expect(read(next.out, "config.json").pad_token_id).toBe(40);

    const cut = prepare({ size: 40, config: { pad_token_id: 44 } });
    await expect(editVocabulary({ ...cut, ...pruned })).rejects.toThrow(/config.json pad_token_id = 44/);
  });

  it("gives a role to the token that the user names, in both configs", async () => {
    const options = prepare({ generation: { eos_token_id: [2, 44] } });
    await editVocabulary({ ...options, addedTokens: ["<|tool|>"], roles: { eos: ROWS } });
    expect(read(options.out, "config.json").eos_token_id).toBe(ROWS);
    expect(read(options.out, "generation_config.json").eos_token_id).toEqual([ROWS, 2, 44]);
  });
});

describe("a swap", () => {
  const target = () =>
    writeTokenizer(join(scratch(), "target"), {
      size: 48,
      specials: { "<s>": 5, "</s>": 6, "<pad>": 7, "<unk>": 8, "<|end|>": 9 },
      roles: { bos: "<s>", eos: "</s>", pad: "<pad>", unk: "<unk>" },
    });

  it("follows roles, and asks about keys that nobody knows with the answers to give", async () => {
    const options = { ...prepare({ config: { thought_token_id: 44, border_id: 44 } }), tokenizer: target() };
    const error = await swapTokenizer(options).catch((failure: unknown) => failure);
    expect(error).toMatchObject({
      code: "token_id_unmapped",
      message: expect.stringMatching(/no model that revocab knows has config\.json thought_token_id = 44/),
      hint: expect.stringMatching(/`tokenIds: thought_token_id=6` .*`tokenIds: border_id=keep`/),
    });
    await swapTokenizer({ ...options, tokenIds: { thought_token_id: 9, border_id: "keep" } });
    expect(read(options.out, "config.json")).toMatchObject({
      eos_token_id: 6,
      thought_token_id: 9,
      border_id: 44,
    });
  });

  it("takes an answer for one of the files, and refuses one for a key that is nowhere", async () => {
    const options = { ...prepare(), tokenizer: target() };
    await expect(
      swapTokenizer({ ...options, tokenIds: { "generation_config.json:no_such_id": 1 } }),
    ).rejects.toMatchObject({
      code: "bad_options",
      message: expect.stringContaining("generation_config.json:no_such_id"),
    });
    await swapTokenizer({ ...options, tokenIds: { "config.json:eos_token_id": 9 } });
    expect(read(options.out, "config.json").eos_token_id).toBe(9);
    expect(read(options.out, "generation_config.json").eos_token_id).toBe(6);
  });

  it("refuses an answer that has no row, before a model is written", async () => {
    const options = { ...prepare(), tokenizer: target() };
    await expect(swapTokenizer({ ...options, tokenIds: { bos_token_id: 48 } })).rejects.toMatchObject({
      code: "bad_options",
      message: expect.stringMatching(/bos_token_id=48.* the model gets 48 rows/),
      hint: expect.stringContaining("from 0 to 47"),
    });
  });
});
