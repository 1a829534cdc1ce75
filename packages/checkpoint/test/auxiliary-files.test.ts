import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { copyAuxiliaryFiles, hashFile, listAuxiliaryFiles } from "@revocab/checkpoint";
import { InputFolder } from "@revocab/files";
import { afterAll, describe, expect, it } from "vitest";
import { floats, safetensorsOf, temporaryFolder } from "./model-folder.ts";

const folder = temporaryFolder();
const out = temporaryFolder();
afterAll(() => {
  rmSync(folder, { recursive: true });
  rmSync(out, { recursive: true });
});

const KEPT = [
  "1_Pooling/README.md",
  "1_Pooling/config.json",
  "LICENSE",
  "assets/figure.png",
  "linked.md",
  "modeling_custom.py",
  "modules.json",
  "preprocessor_config.json",
];
const LEFT = {
  ".git/config": "hidden",
  ".gitattributes": "hidden",
  "README.md": "written anew",
  "config.json": "written anew",
  "generation_config.json": "written anew",
  "model.safetensors": "written anew",
  "model.safetensors.index.json": "weights with the old vocabulary",
  "consolidated.safetensors": "weights with the old vocabulary",
  "model.fp16.safetensors": "weights with the old vocabulary",
  "onnx/decoder.json": "describes or holds the old model",
  "original/params.json": "describes or holds the old model",
  "trainer_state.json": "describes or holds the old model",
  "pytorch_model.bin": "weights with the old vocabulary",
  "pytorch_model.bin.index.json": "weights with the old vocabulary",
  "tf_model.h5": "weights with the old vocabulary",
  "model.Q4.gguf": "weights with the old vocabulary",
  "optimizer.pt": "weights with the old vocabulary",
  "tokenizer.json": "written anew",
  "vocab.json": "belongs to the old tokenizer",
  "tokenizer.model.v7m1": "belongs to the old tokenizer",
  "qwen.tiktoken": "belongs to the old tokenizer",
  "vocab.bpe": "belongs to the old tokenizer",
  "encoder.json": "belongs to the old tokenizer",
  "unigram.json": "belongs to the old tokenizer",
  "additional_chat_templates/tools.jinja": "belongs to the old tokenizer",
  "pieces.txt":
    "not of a kind that is known to stay true with another vocabulary; `carry: pieces.txt` carries it",
} as const;

for (const name of [...KEPT, ...Object.keys(LEFT)]) {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  if (name === "linked.md") symlinkSync(join(folder, "LICENSE"), join(folder, name));
  else writeFileSync(join(folder, name), name === "modules.json" ? "[]" : name);
}

const options = {
  rewritten: ["model.safetensors", "tokenizer.json"],
  tokenizerFiles: ["tokenizer.json", "vocab.json"],
  vocabularySizes: [10],
};

it("only files of kinds that stay true are carried; all others are named with the reason", async () => {
  const { carried, left } = await listAuxiliaryFiles(new InputFolder(folder), options);
  expect(carried).toEqual(KEPT);
  const expected = Object.entries(LEFT).map(([path, reason]) => {
    const isInFolder = path.includes("/");
    return { name: isInFolder ? path.slice(0, path.indexOf("/")) : path, reason };
  });
  const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
  expect(left.toSorted(byName)).toEqual(expected.toSorted(byName));
});

it("a file of an unknown kind, or a folder, is carried when it is named", async () => {
  const { carried, left } = await listAuxiliaryFiles(new InputFolder(folder), {
    ...options,
    carry: ["pieces.txt", "./onnx/"],
  });
  expect(carried).toEqual([...KEPT, "onnx/decoder.json", "pieces.txt"].sort());
  expect(left.some(({ name }) => name === "pieces.txt" || name === "onnx")).toBe(false);
});

it.each([
  ["labels.json", "has no file or folder labels.json"],
  ["tokenizer.json", "tokenizer.json is written anew"],
])("carrying %s is refused: %s", async (path, message) => {
  await expect(
    listAuxiliaryFiles(new InputFolder(folder), { ...options, carry: [path] }),
  ).rejects.toMatchObject({
    code: "bad_options",
    message: expect.stringContaining(message),
  });
});

it("copies arrive with the contents of what a link points to", async () => {
  await copyAuxiliaryFiles(
    new InputFolder(folder),
    out,
    await listAuxiliaryFiles(new InputFolder(folder), options),
  );
  expect(await readFile(join(out, "linked.md"), "utf8")).toBe("LICENSE");
  expect(await readFile(join(out, "1_Pooling/config.json"), "utf8")).toBe("1_Pooling/config.json");
});

describe("weights beside the model", () => {
  const dense = (rows: number) => safetensorsOf([floats("linear.weight", [rows, 4])]);
  const withParts = (files: Readonly<Record<string, string | Uint8Array>>) => {
    const directory = temporaryFolder();
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, name)), { recursive: true });
      writeFileSync(join(directory, name), content);
    }
    return directory;
  };
  const MODULES = JSON.stringify([
    { idx: 0, name: "0", path: "", type: "sentence_transformers.models.Transformer" },
    { idx: 1, name: "1", path: "2_Dense", type: "sentence_transformers.models.Dense" },
  ]);

  it("without a dimension of the vocabulary's size they are carried, with all that lies in their folder", async () => {
    const directory = withParts({
      "modules.json": MODULES,
      "2_Dense/config.json": "{}",
      "2_Dense/model.safetensors": dense(6),
      "tower/config.json": "{}",
      "tower/layout.json": "{}",
      "tower/tower.safetensors": dense(6),
      "projector.safetensors": dense(6),
    });
    const auxiliary = await listAuxiliaryFiles(new InputFolder(directory), options);
    expect(auxiliary.carried).toEqual([
      "2_Dense/config.json",
      "2_Dense/model.safetensors",
      "modules.json",
      "projector.safetensors",
      "tower/config.json",
      "tower/layout.json",
      "tower/tower.safetensors",
    ]);
    const copy = temporaryFolder();
    await copyAuxiliaryFiles(new InputFolder(directory), copy, auxiliary, { link: true });
    expect(statSync(join(copy, "2_Dense/model.safetensors")).ino).toBe(
      statSync(join(directory, "2_Dense/model.safetensors")).ino,
    );
    expect(await readFile(join(copy, "projector.safetensors"))).toEqual(Buffer.from(dense(6)));
  });

  it("with one, the folder is left whole, its config too", async () => {
    const directory = withParts({ "draft/config.json": "{}", "draft/head.safetensors": dense(10) });
    const { carried, left } = await listAuxiliaryFiles(new InputFolder(directory), options);
    expect({ carried, left }).toEqual({
      carried: [],
      left: [
        {
          name: "draft",
          reason:
            "head.safetensors holds linear.weight [10, 4], which has an entry per token of the old vocabulary",
        },
      ],
    });
  });

  it.each([
    ["has a row per token", { "2_Dense/model.safetensors": dense(10) }, "linear.weight [10, 4]"],
    ["is pickled", { "2_Dense/pytorch_model.bin": "pickle" }, "format that is not read"],
    ["is damaged", { "2_Dense/model.safetensors": "short" }, "cannot be read"],
  ])(
    "a module of sentence-transformers that %s is refused, but carried when it is named",
    async (_, files, what) => {
      const directory = withParts({ "modules.json": MODULES, "2_Dense/config.json": "{}", ...files });
      await expect(listAuxiliaryFiles(new InputFolder(directory), options)).rejects.toMatchObject({
        code: "unsupported_checkpoint",
        message: expect.stringContaining(what),
      });
      const { carried } = await listAuxiliaryFiles(new InputFolder(directory), {
        ...options,
        carry: ["2_Dense"],
      });
      expect(carried).toEqual(["2_Dense/config.json", ...Object.keys(files), "modules.json"]);
    },
  );

  it("a file that is named brings nothing else of its folder that has a row per token", async () => {
    const directory = withParts({ "draft/notes.json": "{}", "draft/head.safetensors": dense(10) });
    const { carried, left } = await listAuxiliaryFiles(new InputFolder(directory), {
      ...options,
      carry: ["draft/notes.json"],
    });
    expect(carried).toEqual(["draft/notes.json"]);
    expect(left).toEqual([
      { name: "draft/head.safetensors", reason: expect.stringContaining("linear.weight [10, 4]") },
    ]);
  });

  it("a module that has no weights at all is refused: a download may have left pickled ones behind", async () => {
    const directory = withParts({ "modules.json": MODULES, "2_Dense/config.json": "{}" });
    await expect(listAuxiliaryFiles(new InputFolder(directory), options)).rejects.toThrow(
      /2_Dense .*has no weights in a format/,
    );
  });

  it("weights of words are refused: they are by token, though no tensor says so", async () => {
    const directory = withParts({
      "modules.json": JSON.stringify([{ path: "1_Words", type: "sentence_transformers.models.WordWeights" }]),
      "1_Words/config.json": "{}",
    });
    await expect(listAuxiliaryFiles(new InputFolder(directory), options)).rejects.toThrow("1_Words");
  });
});

it("a file's hash is its SHA-256, over any number of blocks", async () => {
  for (const size of [0, 1, (4 << 20) - 1, 4 << 20, (4 << 20) + 1, 9_000_000]) {
    const bytes = Buffer.alloc(size, "revocab");
    writeFileSync(join(folder, "hashed"), bytes);
    expect(await hashFile(join(folder, "hashed"))).toBe(createHash("sha256").update(bytes).digest("hex"));
  }
});

describe.skipIf(process.platform === "win32")("an auxiliary file that is no file of the folder", () => {
  const setUp = () => {
    const [place, elsewhere] = [temporaryFolder(), temporaryFolder()];
    writeFileSync(join(elsewhere, "secret"), "secret");
    mkdirSync(join(elsewhere, "pictures"));
    writeFileSync(join(elsewhere, "pictures", "a.png"), "");
    return { place, elsewhere };
  };
  const list = (place: string, carry: readonly string[] = []) =>
    listAuxiliaryFiles(new InputFolder(place), { ...options, carry });

  it("is refused by name when it is a link that leads out, in sub-folders and when it is asked for too", async () => {
    for (const [name, carry] of [
      ["LICENSE", []],
      ["1_Pooling/config.json", []],
      ["NOTES.bin", ["NOTES.bin"]],
    ] as const) {
      const { place, elsewhere } = setUp();
      mkdirSync(join(place, "1_Pooling"));
      symlinkSync(join(elsewhere, "secret"), join(place, name));
      await expect(list(place, carry)).rejects.toMatchObject({
        code: "bad_file",
        message: expect.stringContaining(`${join(place, name)} leads to `),
      });
    }
  });

  it("is left when it is of a kind that is left anyway, or in a folder that is a link", async () => {
    const { place, elsewhere } = setUp();
    symlinkSync(join(elsewhere, "secret"), join(place, "NOTES.bin"));
    symlinkSync(join(elsewhere, "pictures"), join(place, "pictures"));
    expect(await list(place)).toEqual({
      carried: [],
      left: [
        { name: "NOTES.bin", reason: expect.any(String) },
        { name: "pictures", reason: "a link to a folder" },
      ],
    });
    await expect(list(place, ["pictures"])).rejects.toMatchObject({
      code: "bad_options",
      message: expect.stringContaining("to carry: it is a link to a folder"),
    });
  });

  it("is refused when it became a pipe or a link that leads out before it is copied", async () => {
    for (const replace of [
      (path: string, elsewhere: string) => symlinkSync(join(elsewhere, "secret"), path),
      (path: string) => execFileSync("mkfifo", [path]),
    ]) {
      const { place, elsewhere } = setUp();
      writeFileSync(join(place, "LICENSE"), "text");
      const auxiliary = await list(place);
      rmSync(join(place, "LICENSE"));
      replace(join(place, "LICENSE"), elsewhere);
      const copied = temporaryFolder();
      await expect(copyAuxiliaryFiles(new InputFolder(place), copied, auxiliary)).rejects.toMatchObject({
        code: expect.stringMatching(/^(bad|missing)_file$/),
        message: expect.stringContaining("LICENSE"),
      });
      expect(readdirSync(copied)).toEqual([]);
    }
  });

  if (process.getuid?.() !== 0) {
    it("is named when it may not be read", async () => {
      const { place } = setUp();
      writeFileSync(join(place, "LICENSE"), "text", { mode: 0 });
      await expect(list(place)).rejects.toMatchObject({
        code: "bad_file",
        message: expect.stringContaining("LICENSE: it cannot be read (EACCES)"),
      });
    });
  }
});

it("a module whose path leads out of the folder is refused", async () => {
  for (const path of ["../other", "a/../../other", "..", "//etc"]) {
    const place = temporaryFolder();
    writeFileSync(join(place, "modules.json"), JSON.stringify([{ path, type: "x.Pooling" }]));
    await expect(listAuxiliaryFiles(new InputFolder(place), options), path).rejects.toMatchObject({
      code: "bad_config",
      message: expect.stringContaining("expected a path inside the folder"),
    });
  }
});
