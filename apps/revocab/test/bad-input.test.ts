import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { contentOf, scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL } from "@revocab/test-support/sample";
import { describe, expect, it } from "vitest";
import { inProcess } from "./in-process.ts";
import { expectOneFailure, FIXTURE_MODELS, revocab } from "./revocab.ts";
import { editHeader } from "./safetensors.ts";
import { type Workplace, workplace } from "./workplace.ts";

const scratch = scratchFolders();
const TABLE = "model.embed_tokens.weight";

/** Breaks the inputs, swaps, and expects one message, exit code 1, untouched inputs and nothing written. */
async function expectRefused(
  breakIt: (at: Workplace) => void,
  message: RegExp,
  more: readonly string[] = [],
): Promise<void> {
  const at = workplace(scratch());
  breakIt(at);
  const before = contentOf(at.inputs);
  const finished = await inProcess([
    ...["swap", at.model, "--tokenizer", at.tokenizer, "--out", at.out, "--quiet"],
    ...more,
  ]);
  expect(finished).toMatchObject({ code: 1, stdout: "" });
  expectOneFailure(finished, message);
  expect(contentOf(at.inputs)).toEqual(before);
  expect(readdirSync(at.place)).toEqual([]);
}

const weights = ({ model }: Workplace) => join(model, "model.safetensors");
const config = ({ model }: Workplace) => join(model, "config.json");
const target = ({ tokenizer }: Workplace) => join(tokenizer, "tokenizer.json");

function editConfig(at: Workplace, values: Readonly<Record<string, unknown>>): void {
  const json = JSON.parse(readFileSync(config(at), "utf8")) as object;
  writeFileSync(config(at), JSON.stringify({ ...json, ...values }));
}

/** Turns the model into one shard and an index. */
function shard(at: Workplace, nameOf: (tensor: string) => string): void {
  const name = "model-00001-of-00001.safetensors";
  const map: Record<string, string> = {};
  editHeader(weights(at), (header) => {
    for (const tensor of Object.keys(header)) if (tensor !== "__metadata__") map[tensor] = nameOf(tensor);
  });
  renameSync(weights(at), join(at.model, name));
  writeFileSync(join(at.model, "model.safetensors.index.json"), JSON.stringify({ weight_map: map }));
}

describe("weights that are refused", () => {
  it.each<[string, (at: Workplace) => void, RegExp]>([
    ["none", (at) => rmSync(weights(at)), /holds neither model\.safetensors nor /],
    [
      "in .bin only",
      (at) => renameSync(weights(at), join(at.model, "pytorch_model.bin")),
      /holds its weights as pytorch_model\.bin \(pickled .*\n {2}→ convert it .*save_pretrained/,
    ],
    [
      "cut short",
      (at) => truncateSync(weights(at), 1_000_000),
      /model\.safetensors .*1000000.*\n {2}→ the file is damaged/,
    ],
    [
      "a header length beyond the file",
      (at) => writeLength(at, 1n << 62n),
      /says that its header has 4611686018427387904 bytes, but only \d+ bytes follow\n/,
    ],
    [
      "tensors that overlap",
      (at) =>
        editHeader(weights(at), (header) => {
          const [first, second] = Object.values(header).filter((entry) => entry.data_offsets);
          const [start = 0, end = 0] = first?.data_offsets ?? [];
          if (second) Object.assign(second, { ...first, data_offsets: [start, end] });
        }),
      /model\.safetensors .*overlap/,
    ],
    [
      "a tensor beyond the end of the file",
      (at) =>
        editHeader(weights(at), (header) => {
          const entries = Object.values(header).filter((entry) => entry.data_offsets);
          const last = entries.sort((x, y) => y.data_offsets[1] - x.data_offsets[1])[0];
          if (!last) throw new Error("the sample has no tensors");
          last.data_offsets[1] += 2 ** 40;
          last.shape = [(last.data_offsets[1] - last.data_offsets[0]) / 2];
        }),
      /model\.safetensors has \d+ bytes, but the tensor \S+ ends at byte 1099\d{9}/,
    ],
    [
      "an index that names a file outside the folder",
      (at) => shard(at, () => "../tokenizer/model.safetensors"),
      /names "\.\.\/tokenizer\/model\.safetensors" for .*the name of a file in the same folder was expected/,
    ],
    [
      "an index that names a missing file",
      (at) => shard(at, () => "model-00002-of-00002.safetensors"),
      /names 1 files; 1 are missing: model-00002-of-00002\.safetensors\n/,
    ],
    [
      "a NaN among the rows that are copied",
      (at) => {
        const bytes = readFileSync(weights(at));
        const header = Number(bytes.readBigUInt64LE(0));
        let start = 0;
        editHeader(weights(at), (entries) => {
          start = entries[TABLE]?.data_offsets[0] ?? 0;
        });
        bytes.writeUInt16LE(0x7fc0, 8 + header + start + 400 * 256);
        writeFileSync(weights(at), bytes);
      },
      /did not pass the gate|NaN/,
    ],
  ])("%s", (_, breakIt, message) => expectRefused(breakIt, message));
});

describe("a config that is refused", () => {
  it.each<[string, (at: Workplace) => void, RegExp]>([
    ["none", (at) => rmSync(config(at)), /config\.json: there is no such file\n/],
    [
      "no JSON",
      (at) => writeFileSync(config(at), "{\n  model_type:\n"),
      /config\.json: found JSON that is cut short/,
    ],
    ["a size the tensors do not have", (at) => editConfig(at, { vocab_size: 1000 }), /1280.*1000|1000.*1280/],
    [
      "a head of its own that is not there",
      (at) => editConfig(at, { tie_word_embeddings: false }),
      /has no head, but its config says that the head is not tied\n/,
    ],
  ])("%s", (_, breakIt, message) => expectRefused(breakIt, message));
});

describe("a tokenizer that is refused", () => {
  it.each<[string, (at: Workplace) => void, RegExp]>([
    ["none", (at) => rmSync(at.tokenizer, { recursive: true }), /found nothing at .*expected a tokenizer\n/],
    ["cut short", (at) => truncateSync(target(at), 100_000), /cut short after 100000 bytes/],
    [
      "an HTML page",
      (at) => writeFileSync(target(at), "<!DOCTYPE html>\n<p>Not found</p>\n"),
      /tokenizer\.json/,
    ],
    ["an empty file", (at) => writeFileSync(target(at), ""), /tokenizer\.json: found an empty file/],
    ["a config.json", (at) => cpSync(config(at), target(at)), /tokenizer\.json: is no tokenizer/],
    [
      "the model's own, missing",
      (at) => rmSync(join(at.model, "tokenizer.json")),
      /model: found no tokenizer, expected tokenizer\.json/,
    ],
    [
      "the model's own, of another model",
      (at) => cpSync(at.tokenizer, at.model, { recursive: true }),
      /have 1280 rows but its tokenizer has ids up to 2999, and 1280 .* is no token that was added to it\n/,
    ],
  ])("%s", (_, breakIt, message) => expectRefused(breakIt, message));
});

describe("an output that is refused", () => {
  it("one that exists", async () => {
    const at = workplace(scratch());
    mkdirSync(at.out);
    writeFileSync(join(at.out, "mine"), "mine");
    const finished = await revocab([
      ...["swap", at.model, "--tokenizer", at.tokenizer, "--out", at.out, "--quiet"],
    ]);
    expect(finished.code).toBe(1);
    expectOneFailure(finished, /the output .* exists already\n {2}→ .*--force/);
    expect(readdirSync(at.place)).toEqual(["out"]);
    expect(readdirSync(at.out)).toEqual(["mine"]);
  });

  it("one that exists is replaced with --force, but only after the new one is complete", async () => {
    const at = workplace(scratch());
    mkdirSync(at.out);
    writeFileSync(join(at.out, "config.json"), "mine");
    writeFileSync(join(at.out, "mine"), "mine");
    const args = ["swap", at.model, "--tokenizer", at.tokenizer, "--out", at.out, "--force", "--quiet"];
    const failed = await inProcess([...args, "--method", "zero"]);
    expect(failed.code).toBe(1);
    expectOneFailure(failed, /did not pass the gate: input has 2128 new rows of zeros/);
    expect(readdirSync(at.place)).toEqual(["out"]);
    expect(readdirSync(at.out)).toEqual(["config.json", "mine"]);
    expect(readFileSync(join(at.out, "config.json"), "utf8")).toBe("mine");
    expect((await inProcess(args)).code).toBe(0);
    expect(readdirSync(at.place)).toEqual(["out"]);
    expect(readdirSync(at.out)).toContain("model.safetensors");
    expect(readdirSync(at.out)).not.toContain("mine");
  });

  it.each(["model", "model/out", "."])("the input: %s", async (out) => {
    const at = workplace(scratch());
    const before = contentOf(at.inputs);
    const finished = await inProcess([
      ...["swap", at.model, "--tokenizer", at.tokenizer, "--out", join(at.inputs, out), "--force", "--quiet"],
    ]);
    expect(finished).toMatchObject({ code: 1, stdout: "" });
    expectOneFailure(
      finished,
      /the output .* overlaps the input .*\n {2}→ write to a folder outside the input/,
    );
    expect(contentOf(at.inputs)).toEqual(before);
  });
});

describe("a plan that is refused", () => {
  const planArgs = ({ model, tokenizer }: Workplace, out: string) => [
    ...["plan", model, "--tokenizer", tokenizer, "--out", out, "--quiet"],
  ];
  const planOf = (at: Workplace, out: string, more: readonly string[] = []) =>
    inProcess([...planArgs(at, out), ...more]);

  it("where a file is: as a plan only with --force, and never in place of another file", async () => {
    const at = workplace(scratch());
    const before = contentOf(at.inputs);
    const plan = join(at.place, "swap.plan");
    expect((await planOf(at, plan)).code).toBe(0);
    expectOneFailure(await planOf(at, plan), /the plan file .* exists already\n {2}→ .*--force/);
    expect((await planOf(at, plan, ["--force"])).code).toBe(0);
    for (const out of [weights(at), config(at), at.model]) {
      const finished = await planOf(at, out, ["--force"]);
      expect(finished.code).toBe(1);
      expectOneFailure(finished, /is (a file that is no plan|no file); --force replaces plan files only\n/);
    }
    expect(contentOf(at.inputs)).toEqual(before);
    expect(readdirSync(at.place)).toEqual(["swap.plan"]);
  });

  it("in a folder that does not exist", async () => {
    const at = workplace(scratch());
    const finished = await revocab(planArgs(at, join(at.place, "no", "swap.plan")));
    expect(finished.code).toBe(1);
    expectOneFailure(finished, /cannot write .*no\/swap\.plan: ENOENT/);
    expect(readdirSync(at.place)).toEqual([]);
  });

  it("cut short, no plan, of another model, or as the output", async () => {
    const at = workplace(scratch());
    const plan = join(at.inputs, "swap.plan");
    await planOf(at, plan);
    const whole = readFileSync(plan);
    writeFileSync(join(at.inputs, "short.plan"), whole.subarray(0, whole.length - 1000));
    const before = contentOf(at.inputs);
    const apply = (file: string, model: string, out: string, run: typeof revocab = inProcess) =>
      run(["apply", file, "--model", model, "--out", out, "--force", "--quiet"]);
    const refused = [
      await apply(join(at.inputs, "short.plan"), at.model, at.out, revocab),
      await apply(weights(at), at.model, at.out),
      await apply(join(at.inputs, "none.plan"), at.model, at.out),
      await apply(plan, join(FIXTURE_MODELS, "llama-tied"), at.out),
      await apply(plan, at.model, plan),
    ];
    const messages = [
      /short\.plan /,
      /is no plan\n/,
      /none\.plan/,
      /llama-tied: found no tokenizer/,
      /overlaps the input/,
    ];
    for (const [i, finished] of refused.entries()) {
      expect(finished).toMatchObject({ code: 1, stdout: "" });
      expectOneFailure(finished, messages[i] as RegExp);
    }
    expect(contentOf(at.inputs)).toEqual(before);
    expect(readdirSync(at.place)).toEqual([]);
  });
});

describe("inspect and explain", () => {
  it.each([
    ["inspect", "/does/not/exist", /found nothing at \/does\/not\/exist/],
    [
      "inspect",
      join(SAMPLE_MODEL, "config.json"),
      /config\.json is a config, expected a model folder or a tokenizer/,
    ],
    ["explain", join(SAMPLE_MODEL, "model.safetensors"), /model\.safetensors is no plan/],
  ])("%s %s fails with one message", async (command, path, message) => {
    const finished = await revocab([command, path, ...(command === "explain" ? ["1"] : [])]);
    expect(finished).toMatchObject({ code: 1, stdout: "" });
    expectOneFailure(finished, message);
  });
});

function writeLength(at: Workplace, length: bigint): void {
  const bytes = readFileSync(weights(at));
  bytes.writeBigUInt64LE(length, 0);
  writeFileSync(weights(at), bytes);
}

it("a path that the system refuses to look at is called that, and not taken for a name of the Hub", async () => {
  const { place, tokenizer } = workplace(scratch());
  const circle = join(place, "circle");
  symlinkSync("circle", circle);
  for (const args of [
    ["inspect", circle],
    ["swap", SAMPLE_MODEL, "--tokenizer", tokenizer, "--dry-run", "--chat-template", circle],
    ["corpus", "mix", "--parallel", "a:b", "--dictionary", "c", "--out", join(circle, "mixed.txt")],
  ]) {
    const finished = await inProcess([...args, "--quiet"]);
    expect(finished).toMatchObject({ code: 1, stdout: "" });
    expectOneFailure(finished, /circle\S* cannot be read \(ELOOP\)/);
  }
});
