import { tokenizerFromFiles } from "@revocab/vocabulary";
import { extendTokenizer } from "@revocab/vocabulary-editing";
import { expect, it } from "vitest";
import { ALGORITHMS, CONTROL, NORMAL, sentencePieceModel, UNKNOWN } from "./sentencepiece-model.ts";

const model = sentencePieceModel(ALGORITHMS.bpe, [
  ["<unk>", 0, UNKNOWN],
  ["<s>", 0, CONTROL],
  ["</s>", 0, CONTROL],
  ["<pad>", 0, CONTROL],
  ...["▁", "a", "b", "ab"].map((text, place) => [text, -place, NORMAL] as const),
]);

function folder(config: object) {
  const encoder = new TextEncoder();
  const files = new Map([
    ["tokenizer.model", model],
    ["tokenizer_config.json", encoder.encode(JSON.stringify(config))],
  ]);
  return tokenizerFromFiles(files, "folder");
}

const configOf = (files: ReadonlyMap<string, Uint8Array>) =>
  JSON.parse(new TextDecoder().decode(files.get("tokenizer_config.json")));

it("a model alone obeys the config's BOS and EOS", async () => {
  const llama = {
    tokenizer_class: "LlamaTokenizer",
    bos_token: "<s>",
    eos_token: "</s>",
    unk_token: "<unk>",
  };
  const ids = async (config: object) =>
    [...(await folder({ ...llama, ...config }).encodeWithSpecials("ab")).ids].join(" ");
  expect(await ids({ add_bos_token: true })).toMatch(/^1 /);
  expect(await ids({ add_bos_token: false })).not.toMatch(/^1 /);
  expect(await ids({ add_bos_token: true, add_eos_token: true })).toMatch(/^1 .* 2$/);
});

it("the control pieces of a model alone stay special where it gets a tokenizer.json", async () => {
  const tokenizer = folder({ tokenizer_class: "LlamaTokenizer" });
  expect(configOf(tokenizer.files).extra_special_tokens).toEqual(["<s>", "</s>", "<pad>"]);
  const extended = await extendTokenizer(tokenizer, { addedTokens: ["<|x|>"] });
  expect(configOf(extended.tokenizer.files).extra_special_tokens).toEqual(["<s>", "</s>", "<pad>", "<|x|>"]);
  const listed = folder({ tokenizer_class: "LlamaTokenizer", extra_special_tokens: ["<pad>"] });
  expect(configOf(listed.files).extra_special_tokens).toEqual(["<pad>"]);
});
