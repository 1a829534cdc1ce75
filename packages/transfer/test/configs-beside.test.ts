import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { subtokenMean } from "@revocab/embedding-init";
import { scratchFolders } from "@revocab/test-support/folders";
import { swapTokenizer } from "@revocab/transfer";
import { expect, it } from "vitest";
import { CASES, TARGET, TARGET_SIZE } from "./architecture-cases.ts";
import { writeTokenizer } from "./write-tokenizer.ts";

const MODEL = fileURLToPath(new URL("../../checkpoint/test/fixtures/models/llama-untied", import.meta.url));
const scratch = scratchFolders();
const { specials, roles } = CASES["llama-untied"]!.source;

/** A model with an image token, files beside it, and a target that has the tokens of `target` besides the usual. */
function prepare(files: Readonly<Record<string, unknown>>, target: Readonly<Record<string, number>>) {
  const folder = scratch();
  const model = join(folder, "model");
  cpSync(MODEL, model, { recursive: true });
  writeTokenizer(model, { size: 43, specials: { ...specials, "<image>": 40, yes: 41, no: 42 }, roles });
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(model, name)), { recursive: true });
    writeFileSync(join(model, name), JSON.stringify(content, null, 2));
  }
  const tokenizer = join(folder, "tokenizer");
  writeTokenizer(tokenizer, {
    size: TARGET_SIZE,
    specials: { ...TARGET, ...target },
    roles: { bos: "<s>", eos: "</s>", pad: "<pad>", unk: "<unk>" },
  });
  return { model, tokenizer, method: subtokenMean(), out: join(folder, "out") };
}

const PROCESSOR = { image_token: "<image>", image_token_id: 40, image_seq_length: 41, processor_class: "P" };

it("ids in the config of a processor follow, its token strings stay where the target has them", async () => {
  const options = prepare(
    { "processor_config.json": PROCESSOR, "preprocessor_config.json": { size: { height: 40 } } },
    { "<image>": 30 },
  );
  const { config, companions } = await swapTokenizer(options);
  expect(config).toContainEqual(expect.objectContaining({ file: "processor_config.json", from: 40, to: 30 }));
  const written = (name: string) => readFileSync(join(options.out, name), "utf8");
  expect(JSON.parse(written("processor_config.json"))).toEqual({ ...PROCESSOR, image_token_id: 30 });
  expect(companions.carried).toEqual(["preprocessor_config.json"]);
  expect(written("preprocessor_config.json")).toBe(
    readFileSync(join(options.model, "preprocessor_config.json"), "utf8"),
  );
});

it("a token that a processor writes and the target lacks stops the swap, by name", async () => {
  const { image_token_id: _, ...byString } = PROCESSOR;
  const added = {
    ...byString,
    image_token: { __type: "AddedToken", content: "<image>" },
    other_token: "no token",
  };
  await expect(swapTokenizer(prepare({ "processor_config.json": added }, {}))).rejects.toMatchObject({
    code: "token_id_unmapped",
    message: expect.stringMatching(/counterpart of processor_config.json image_token = "<image>"$/),
  });
});

it("ids and sizes in the modules of sentence-transformers follow", async () => {
  const modules = [
    { path: "", type: "sentence_transformers.sparse_encoder.models.MLMTransformer" },
    { path: "1_SpladePooling", type: "sentence_transformers.sparse_encoder.models.SpladePooling" },
    { path: "2_LogitScore", type: "sentence_transformers.cross_encoder.modules.LogitScore" },
    { path: "3_Pooling", type: "sentence_transformers.models.Pooling" },
  ];
  const options = prepare(
    {
      "modules.json": modules,
      "1_SpladePooling/config.json": { pooling_strategy: "max", word_embedding_dimension: 43 },
      "2_LogitScore/config.json": { true_token_id: 41, false_token_id: 42 },
      "3_Pooling/config.json": { word_embedding_dimension: 43 },
    },
    { yes: 31, no: 32 },
  );
  await swapTokenizer(options);
  const written = (name: string) =>
    JSON.parse(readFileSync(join(options.out, name, "config.json"), "utf8")) as unknown;
  expect(written("1_SpladePooling")).toEqual({
    pooling_strategy: "max",
    word_embedding_dimension: TARGET_SIZE,
  });
  expect(written("2_LogitScore")).toEqual({ true_token_id: 31, false_token_id: 32 });
  expect(written("3_Pooling")).toEqual({ word_embedding_dimension: 43 });
});
