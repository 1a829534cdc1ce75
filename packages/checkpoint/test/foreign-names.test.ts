import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { listAuxiliaryFiles, openCheckpoint } from "@revocab/checkpoint";
import { RevocabError } from "@revocab/core";
import { InputFolder } from "@revocab/files";
import { expect, it } from "vitest";
import { floats, LLAMA_CONFIG, LLAMA_TENSORS, modelFolder, shardedFolder } from "./model-folder.ts";

/** As a hostile file would name a thing: far too long, with an escape sequence and a mark that turns text around. */
const HOSTILE = "\u001b[2J\u202e\n".repeat(2000);

const [head, input, ...rest] = LLAMA_TENSORS;
const many = (shape: readonly number[]) =>
  Array.from({ length: 100 }, (_, i) => floats(`${HOSTILE}${i}`, shape, 7 + i));

const folders: Readonly<Record<string, () => string>> = {
  "a tensor like a table": () => modelFolder([...LLAMA_TENSORS, floats(HOSTILE, [10, 4], 7)]),
  "hundreds of tensors like tables": () => modelFolder([...many([10, 4]), ...LLAMA_TENSORS]),
  "no input table under a known name": () => modelFolder([...many([10, 4]), ...rest]),
  "a tensor of 5,000 dimensions": () =>
    modelFolder([...LLAMA_TENSORS, floats(HOSTILE, [10, ...new Array(5000).fill(1)])]),
  "a model type": () => modelFolder([floats("x", [3])], { ...LLAMA_CONFIG, model_type: HOSTILE }),
  "a size that is text": () => modelFolder(LLAMA_TENSORS, { ...LLAMA_CONFIG, vocab_size: HOSTILE }),
  "a size that is deep": () =>
    modelFolder(LLAMA_TENSORS, { ...LLAMA_CONFIG, vocab_size: new Array(100).fill({ a: HOSTILE }) }),
  "a shard's name": () => shardedFolder({ "a.safetensors": [head!, input!] }, { "lm_head.weight": HOSTILE }),
  "a shard that is missing": () =>
    shardedFolder({ "a.safetensors": [head!] }, { [HOSTILE]: `${HOSTILE}.safetensors`.replaceAll("/", "") }),
  "a tensor that the index does not list": () =>
    shardedFolder({ "a.safetensors": [head!, floats(HOSTILE, [2])] }, { "lm_head.weight": "a.safetensors" }),
  "a tensor that its file does not hold": () =>
    shardedFolder(
      { "a.safetensors": [head!, input!, ...rest] },
      Object.fromEntries(
        [...LLAMA_TENSORS.map(({ name }) => name), HOSTILE].map((name) => [name, "a.safetensors"]),
      ),
    ),
  "a module": () => {
    const folder = modelFolder();
    writeFileSync(
      join(folder, "modules.json"),
      JSON.stringify([{ path: HOSTILE, type: `${HOSTILE}.Dense` }]),
    );
    return folder;
  },
  "a module outside": () => {
    const folder = modelFolder();
    writeFileSync(join(folder, "modules.json"), JSON.stringify([{ path: `../${HOSTILE}`, type: "x.Dense" }]));
    return folder;
  },
};

it.each(Object.entries(folders))("%s is named in a few words that are safe to show", async (_, make) => {
  const folder = make();
  const error = await open(folder).then(
    () => expect.unreachable("it was opened"),
    (error) => error,
  );
  expect(error).toBeInstanceOf(RevocabError);
  for (const text of [error.message, error.hint ?? ""]) {
    expect(text.length).toBeLessThan(3500);
    expect(text).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  }
});

async function open(folder: string): Promise<void> {
  const checkpoint = await openCheckpoint(folder);
  try {
    const options = { rewritten: ["model.safetensors"], tokenizerFiles: [], vocabularySizes: [10] };
    await listAuxiliaryFiles(new InputFolder(folder), options);
  } finally {
    await checkpoint.close();
  }
}
