import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { contentOf, scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TEXT } from "@revocab/test-support/sample";
import { describe, expect, it } from "vitest";
import { inProcess } from "./in-process.ts";
import { expectOneFailure, FIXTURE_MODELS, revocab } from "./revocab.ts";
import { editHeader } from "./safetensors.ts";
import { type Workplace, workplace } from "./workplace.ts";

const scratch = scratchFolders();

async function expectRefused(
  args: readonly string[],
  message: RegExp,
  run: typeof revocab = inProcess,
): Promise<void> {
  const finished = await run([...args, "--quiet"]);
  expect(finished).toMatchObject({ code: 1, stdout: "" });
  expectOneFailure(finished, message);
}

const weights = ({ model }: Workplace) => join(model, "model.safetensors");

function editConfig(model: string, values: Readonly<Record<string, unknown>>): void {
  const path = join(model, "config.json");
  writeFileSync(path, JSON.stringify({ ...(JSON.parse(readFileSync(path, "utf8")) as object), ...values }));
}

describe("a text that is refused, with what to do", () => {
  const TEXT = "Once upon a time there was a café.\n";
  it.each<[string, Uint8Array | string, RegExp]>([
    ["an empty one", "", /text: found no text.*\n {2}→ give a UTF-8 text file/],
    ["one of white space", " \n\t\r\n \u00a0", /text: found no text, only white space or nothing\n/],
    [
      "one in Latin-1, with the byte and where it is",
      Buffer.from(TEXT, "latin1"),
      /found the byte 0xE9 at offset 32, .*Latin-1.*\n {2}→ convert it: iconv -f latin1 -t utf-8 /,
    ],
    [
      "one in UTF-16 with a byte-order mark",
      Buffer.from(`\ufeff${TEXT}`, "utf16le"),
      /found the byte 0xFF at offset 0, .*UTF-16.*\n {2}→ convert it: iconv -f utf-16 -t utf-8 /,
    ],
  ])("%s", async (_, content, message) => {
    const text = join(scratch(), "text");
    writeFileSync(text, content);
    await expectRefused(["eval", SAMPLE_MODEL, "--text", text], message);
  });

  it("a folder, and one that is not there", async () => {
    await expectRefused(
      ["eval", SAMPLE_MODEL, "--text", SAMPLE_MODEL],
      /found a folder, expected a text file or a pipe\n {2}→ /,
    );
    await expectRefused(
      ["eval", SAMPLE_MODEL, "--text", "/does/not/exist"],
      /\/does\/not\/exist: there is no such file, expected a text file or a pipe\n {2}→ /,
    );
  });
});

describe("a model that is not scored", () => {
  it("with a context longer than its own", () =>
    expectRefused(
      ["eval", SAMPLE_MODEL, "--text", SAMPLE_TEXT, "--context", "257"],
      /the context is 257 tokens, .* the model's 256\n {2}→ .*shorter/,
    ));

  it.each<[string, (at: Workplace) => void, RegExp]>([
    [
      "for a tensor that is missing",
      (at) =>
        editHeader(weights(at), (header) => {
          const { "model.layers.2.mlp.up_proj.weight": entry, ...rest } = header;
          for (const name of Object.keys(header)) delete header[name];
          Object.assign(header, rest, { "model.layers.2.mlp.another.weight": entry });
        }),
      /model\.safetensors holds no tensor model\.layers\.2\.mlp\.up_proj\.weight; .* of shape \[344,128\]\n/,
    ],
    [
      "for a tensor of another shape, with both",
      (at) =>
        editHeader(weights(at), (header) => {
          header["model.layers.0.mlp.up_proj.weight"]?.shape.reverse();
        }),
      /up_proj\.weight with the shape \[128,344\]; .* it is \[344,128\]\n {2}→ config\.json and the weights/,
    ],
    [
      "for a NaN among its weights",
      (at) => {
        let [start, end] = [0, 0];
        editHeader(weights(at), (header) => {
          [start, end] = header["model.layers.1.mlp.down_proj.weight"]?.data_offsets ?? [0, 0];
        });
        const bytes = readFileSync(weights(at));
        bytes.writeUInt16LE(0x7fc0, 8 + Number(bytes.readBigUInt64LE(0)) + (start + end) / 2);
        writeFileSync(weights(at), bytes);
      },
      /gave NaN \(not a number\) for a prediction.*\n {2}→ the weights hold NaN or infinity/,
    ],
    [
      "of an architecture that cannot be run, with those that can",
      (at) => editConfig(at.model, { model_type: "mamba", architectures: ["MambaForCausalLM"] }),
      /models of type "mamba" cannot be run; those that can are albert, .*llama, .*xlm-roberta-xl\n/,
    ],
    [
      "without a head",
      (at) => {
        editConfig(at.model, { tie_word_embeddings: false, architectures: ["LlamaModel"] });
        editHeader(weights(at), (header) => {
          for (const [name, entry] of Object.entries(header)) {
            if (!name.startsWith("model.")) continue;
            delete header[name];
            header[name.slice("model.".length)] = entry;
          }
        });
      },
      /has no language-model head, so it predicts no tokens\n/,
    ],
  ])("%s", async (_, breakIt, message) => {
    const at = workplace(scratch());
    breakIt(at);
    const before = contentOf(at.inputs);
    await expectRefused(["eval", at.model, "--text", SAMPLE_TEXT], message);
    expect(contentOf(at.inputs)).toEqual(before);
  });

  it("but swapped all the same, for a swap runs no model", async () => {
    const at = workplace(scratch());
    editConfig(at.model, { model_type: "mamba" });
    const swap = ["swap", at.model, "--tokenizer", at.tokenizer, "--out", at.out];
    await expectRefused([...swap, "--eval", SAMPLE_TEXT], /models of type "mamba" cannot be run/);
    expect(readdirSync(at.place)).toEqual([]);
    expect(await inProcess([...swap, "--quiet"])).toMatchObject({ code: 0, stderr: "" });
  });
});

describe("a prompt that is refused, and not printed", () => {
  it("one longer than the model's context", () =>
    expectRefused(
      ["generate", SAMPLE_MODEL, "story ".repeat(300)],
      /the prompt has \d{3} tokens, but the model was made for 256\n {2}→ give a shorter prompt/,
    ));

  it("one for a masked model", async () => {
    // any tokenizer will do whose ids the model has rows for
    const folder = scratch();
    cpSync(join(FIXTURE_MODELS, "bert"), folder, { recursive: true });
    const words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "once"];
    const vocab = Object.fromEntries(words.map((word, id) => [word, id]));
    const model = { type: "WordLevel", vocab, unk_token: "[UNK]" };
    const special = { special: true, single_word: false, lstrip: false, rstrip: false, normalized: false };
    const added_tokens = words.slice(0, 5).map((content, id) => ({ id, content, ...special }));
    writeFileSync(
      join(folder, "tokenizer.json"),
      JSON.stringify({ version: "1.0", added_tokens, pre_tokenizer: { type: "Whitespace" }, model }),
    );
    await expectUsage(["generate", folder, "once"], /this is a masked model/);
  });
});

async function expectUsage(args: readonly string[], message: RegExp): Promise<void> {
  const finished = await inProcess([...args, "--quiet"]);
  expect(finished).toMatchObject({ code: 2, stdout: "" });
  expectOneFailure(finished, message);
}

describe("a swap that cannot be measured", () => {
  it("before it begins writes nothing, whether or not there is an output to replace", async () => {
    const at = workplace(scratch());
    const before = contentOf(at.inputs);
    const swap = ["swap", at.model, "--tokenizer", at.tokenizer, "--out", at.out];
    await expectRefused([...swap, "--eval", "/does/not/exist"], /there is no such file/);
    await expectRefused([...swap, "--method", "auto", "--text", "/does/not/exist"], /there is no such file/);
    await expectRefused([...swap, "--eval", SAMPLE_TEXT, "--context", "257"], /the model's 256/);
    expect(readdirSync(at.place)).toEqual([]);
    expect(contentOf(at.inputs)).toEqual(before);
  });

  it("after it was written leaves nothing of it, and the old output as it was", async () => {
    const at = workplace(scratch());
    // rows that a gate lets pass, for they are finite, and that overflow in the model
    const swap = ["swap", at.model, "--tokenizer", at.tokenizer, "--out", at.out];
    expect((await inProcess([...swap, "--quiet"])).code).toBe(0);
    const old = contentOf(at.out);
    const before = contentOf(at.inputs);
    const failing = [...swap, "--force", "--eval", SAMPLE_TEXT, "--method", "random"];
    await expectRefused([...failing, "--with", "standardDeviation=1e37"], /NaN|finite/);
    expect(readdirSync(at.place)).toEqual(["out"]);
    expect(contentOf(at.out)).toEqual(old);
    expect(contentOf(at.inputs)).toEqual(before);
  });
});

const NOWHERE = ["swap", "org/none", "--tokenizer", "org/none", "--out", "out"];

describe("without onnxruntime-node", () => {
  const missing = (args: readonly string[]) => revocab(args, { preload: "no-onnxruntime.mjs" });

  it.each([
    ["eval", ["eval", SAMPLE_MODEL, "--text", SAMPLE_TEXT]],
    ["generate", ["generate", SAMPLE_MODEL, "Once"]],
    // before anything is looked for: these models are nowhere
    ["compare", ["compare", "org/none", "--tokenizer", "org/none", "--text", SAMPLE_TEXT]],
    ["heal", ["heal", "org/none", "--text", SAMPLE_TEXT, "--out", "out"]],
    ["swap --method chain-rule", [...NOWHERE, "--method", "chain-rule", "--untie"]],
    ["swap --method hypernetwork", [...NOWHERE, "--method", "hypernetwork", "--with", "hypernetwork=none"]],
    ["swap --method auto", [...NOWHERE, "--method", "auto", "--text", SAMPLE_TEXT]],
  ])("%s says how to install it", (_, args) =>
    expectRefused(
      args,
      /needs onnxruntime-node, which could not be loaded on \S+: Cannot find .*\n {2}→ install it with ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node@/,
      missing,
    ),
  );

  it("a swap works, and with --eval writes nothing", async () => {
    const at = workplace(scratch());
    const swap = ["swap", at.model, "--tokenizer", at.tokenizer, "--out", at.out];
    await expectRefused([...swap, "--eval", SAMPLE_TEXT], /needs onnxruntime-node/, missing);
    expect(readdirSync(at.place)).toEqual([]);
    expect(await missing([...swap, "--quiet"])).toMatchObject({ code: 0, stderr: "" });
    rmSync(at.out, { recursive: true });
  });
});
