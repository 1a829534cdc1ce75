import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SAMPLE_MODEL, SAMPLE_TEXT, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { added, tokenizerJson } from "@revocab/test-support/tokenizer-json";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { reportIn } from "./hub-of-test.ts";
import { inProcess } from "./in-process.ts";
import { HEAD, INPUT, type MadeModel, makeModel, randomTable, TOKENS, zeros } from "./made-model.ts";
import { expectOneFailure } from "./revocab.ts";

const folder = mkdtempSync(join(tmpdir(), "revocab-donor-"));
/** The sample model with the sample tokenizer, which is a donor for swaps to that tokenizer. */
const donor = join(folder, "donor");

beforeAll(async () => {
  const args = ["--method", "subtoken-mean", "--out", donor, "--quiet"];
  expect(await inProcess(["swap", SAMPLE_MODEL, "--tokenizer", SAMPLE_TOKENIZER, ...args])).toMatchObject({
    code: 0,
  });
});

afterAll(() => rmSync(folder, { recursive: true }));

const swap = (...words: readonly string[]) =>
  inProcess(["swap", SAMPLE_MODEL, "--dry-run", "--untie", "--quiet", ...words]);

describe("--method omp", () => {
  it("takes rows by the geometry of --donor, and says how near they come", async () => {
    const words = ["--tokenizer", SAMPLE_TOKENIZER, "--method", "omp", "--donor", donor, "--with", "k=4"];
    const { code, stdout } = await swap(...words);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ +2,128 {2}omp$/m);
    expect(stdout).toMatch(/sums of at most 4 of 799 anchors but for a relative error of 0\.\d+ \(median\)/);
  });

  it("takes the model that the tokenizer is from where no donor is named", async () => {
    const { code, stdout } = await swap("--tokenizer", donor, "--method", "omp", "--with", "k=2");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ +2,128 {2}omp$/m);
  });

  it("is compared with others where a donor is given", async () => {
    const text = ["--text", SAMPLE_TEXT, "--methods", "omp:k=2,subtoken-mean"];
    const args = ["compare", SAMPLE_MODEL, "--tokenizer", SAMPLE_TOKENIZER, "--untie", ...text];
    const { code, stdout } = await inProcess([...args, "--donor", donor, "--quiet"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/omp/);
  });

  it("reads a donor whose layers are quantised and whose tables are not", async () => {
    const layers = "model.layers.0.mlp";
    const quantised = makeModel(join(folder, "quantised-layers"), {
      tensors: [
        randomTable(INPUT, [TOKENS, 6]),
        zeros(`${layers}.down_proj.weight`, "F8_E4M3", [6, 344], 1),
        zeros(`${layers}.down_proj.weight_scale_inv`, "F32", [1, 3], 4),
        zeros(`${layers}.up_proj.weight_packed`, "I32", [344, 2], 4),
        zeros(`${layers}.gate_proj.qweight`, "I32", [2, 344], 4),
      ],
    });
    const words = ["--tokenizer", SAMPLE_TOKENIZER, "--method", "omp", "--donor", quantised];
    expect(await swap(...words, "--with", "k=2")).toMatchObject({ code: 0 });
  });
});

describe("heads of source and donor", () => {
  const [untied, out] = [join(folder, "untied"), join(folder, "out")];
  const donors = { tied: join(folder, "tied-donor"), untied: join(folder, "untied-donor") };
  const [input, head] = [randomTable(INPUT, [TOKENS, 20]), randomTable(HEAD, [TOKENS, 20])];

  beforeAll(async () => {
    const args = ["--tokenizer", SAMPLE_MODEL, "--untie", "--out", untied, "--quiet"];
    expect(await inProcess(["swap", SAMPLE_MODEL, ...args])).toMatchObject({ code: 0 });
    makeModel(donors.tied, { tensors: [input] });
    makeModel(donors.untied, { tensors: [input, head] });
  });

  const swapBy = (source: string, by: keyof typeof donors, ...words: readonly string[]) => {
    const args = ["--tokenizer", SAMPLE_TOKENIZER, "--method", "omp", "--with", "k=2", "--out", out];
    return inProcess(["swap", source, ...args, "--force", "--quiet", "--donor", donors[by], ...words]);
  };
  const slots = () => reportIn(out).tables.map(({ slot }) => slot);
  /** The anchors of one token, in a plan of the same swap. */
  const explained = async (by: keyof typeof donors, ...words: readonly string[]) => {
    const plan = join(folder, "swap.plan");
    const args = ["--tokenizer", SAMPLE_TOKENIZER, "--method", "omp", "--with", "k=2", "--out", plan];
    const more = ["--force", "--quiet", "--donor", donors[by], ...words];
    expect(await inProcess(["plan", SAMPLE_MODEL, ...args, ...more])).toMatchObject({ code: 0 });
    const { stdout } = await inProcess(["explain", plan, " Once"]);
    return stdout.split("\n").flatMap((line) => line.match(/^ {2}(input|output) +(= .*)$/)?.slice(1) ?? []);
  };

  it.each([
    ["tied and tied: one table for both", SAMPLE_MODEL, "tied", ["input"]],
    ["untied and tied: the donor's one table for both", untied, "tied", ["input", "output"]],
    ["untied and untied: rows of the same role", untied, "untied", ["input", "output"]],
  ] as const)("%s, without a choice", async (_, source, by, tables) => {
    expect(await swapBy(source, by)).toMatchObject({ code: 0, stderr: "" });
    expect(slots()).toEqual(tables);
  });

  it("tied and tied: a choice is asked for where an option makes the roles differ", async () => {
    const refused = await swapBy(SAMPLE_MODEL, "tied", "--with", "prefix=input");
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expectOneFailure(
      refused,
      /omp gives a token different rows at the input and at the output, but this model is tied/,
    );
    expect(await swapBy(SAMPLE_MODEL, "tied", "--with", "prefix=both")).toMatchObject({ code: 0 });
  });

  it("tied and untied: the choice is real, and each goes by the rows that it names", async () => {
    const refused = await swapBy(SAMPLE_MODEL, "untied");
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expectOneFailure(
      refused,
      /omp goes by the donor, which has other rows at the input than at the output, but this model is tied: .*\n.*pass --role input to go by the donor's input rows or --role output to go by those of its head, or --untie to give the head rows of its own \(it adds 384,000 parameters\)/,
    );
    const both = await explained("untied", "--untie");
    expect(both[1]).not.toBe(both[3]);
    expect(await explained("untied", "--role", "input")).toEqual(["input", both[1]]);
    expect(await explained("untied", "--role", "output")).toEqual(["input", both[3]]);
    expect(await explained("tied")).toEqual(["input", both[1]]);
    expect(await swapBy(SAMPLE_MODEL, "untied", "--untie")).toMatchObject({ code: 0 });
    expect(slots()).toEqual(["input", "output"]);
  });
});

describe("a donor is refused", () => {
  const ONE = /MODEL, a model that was trained with the target tokenizer/;
  const width = 6;
  const table = (edit?: (data: Float32Array) => void) => randomTable(INPUT, [TOKENS, width], edit);
  const faults: readonly [string, MadeModel | undefined, RegExp][] = [
    ["without weights", undefined, /bad\/\d+ holds neither model\.safetensors nor .*\n.*folder of a model/],
    [
      "without a tokenizer",
      { tensors: [table()], tokenizer: undefined },
      /bad\/\d+: found no tokenizer, expected .*\n.*put the tokenizer of a model into its folder/,
    ],
    [
      "with a table of 8 bits",
      { tensors: [zeros(INPUT, "F8_E4M3", [TOKENS, width], 1)] },
      /holds model\.embed_tokens\.weight as F8_E4M3 \[3000,6\]; .* must be F32, F16 or BF16\n.*in bf16/,
    ],
    [
      "with a packed table",
      { tensors: [zeros("model.embed_tokens.weight_packed", "I32", [TOKENS, 1], 4)] },
      /holds model\.embed_tokens\.weight_packed as I32 \[3000,1\]; .* must be F32, F16 or BF16\n.*in bf16/,
    ],
    [
      "with fewer rows than tokens",
      { tensors: [randomTable(INPUT, [TOKENS - 10, width])] },
      /have 2990 rows but its tokenizer has ids up to 2999, .*\n.*belongs to another model/,
    ],
    [
      "with another tokenizer",
      { tensors: [randomTable(INPUT, [1280, width])], tokenizer: SAMPLE_MODEL },
      /the donor lacks 2128 of the 2996 tokens of the target tokenizer, such as 305 " Once", .*\n.*trained with/,
    ],
    [
      "with rows of one number",
      { tensors: [randomTable(INPUT, [TOKENS, 1])] },
      /input rows have 1 column, expected at least 2\n.*another donor/,
    ],
    [
      "with a row that is not finite",
      { tensors: [table((data) => data.fill(Number.NaN, 2000 * width, 2000 * width + 1))] },
      /the input row that the donor has for 2000 " word" holds a number that is not finite\n.*as it was published/,
    ],
    [
      "with rows of zeros",
      { tensors: [table((data) => data.fill(0))] },
      /868 tokens that the model and the donor share, of which 0 have input rows to go by, .*at least 2 were expected\n/,
    ],
    [
      "with equal rows",
      { tensors: [table((data) => data.fill(1))] },
      /of which 799 have input rows to go by, with no two different; at least 2 were expected\n.*that were trained/,
    ],
  ];

  it.each(faults.map(([name, made, message], i) => [name, made, message, i] as const))(
    "%s, and nothing is written",
    async (_, made, message, i) => {
      const [bad, place] = [join(folder, "bad", `${i}`), join(folder, `place-${i}`)];
      mkdirSync(bad, { recursive: true });
      mkdirSync(place);
      if (made !== undefined) makeModel(bad, made);
      const words = ["--tokenizer", SAMPLE_TOKENIZER, "--method", "omp", "--donor", bad];
      const finished = await inProcess([
        ...["swap", SAMPLE_MODEL, ...words, "--with", "k=2"],
        ...["--out", join(place, "out"), "--quiet"],
      ]);
      expect(finished).toMatchObject({ code: 1, stdout: "" });
      expectOneFailure(finished, message);
      expect(readdirSync(place)).toEqual([]);
    },
  );

  it("that shares no token with the model", async () => {
    const [tokenizer, place] = [join(folder, "words"), join(folder, "place-words")];
    makeModel(tokenizer, { tensors: [randomTable(INPUT, [50, width])], tokenizer: undefined });
    const vocab = Object.fromEntries(
      Array.from({ length: 50 }, (_, id) => [id === 0 ? "</s>" : `zq${id}`, id]),
    );
    const model = { type: "WordLevel", unk_token: "</s>", vocab };
    writeFileSync(join(tokenizer, "tokenizer.json"), tokenizerJson({ model, added: [added(0, "</s>")] }));
    mkdirSync(place);
    const finished = await inProcess([
      ...["swap", SAMPLE_MODEL, "--tokenizer", tokenizer, "--method", "omp"],
      ...["--out", join(place, "out"), "--quiet"],
    ]);
    expect(finished).toMatchObject({ code: 1, stdout: "" });
    expectOneFailure(
      finished,
      /found 0 tokens that the model and the donor share, .*\n.*must share text tokens/,
    );
    expect(readdirSync(place)).toEqual([]);
  });

  it("that no method reads, and that is missing beside the tokenizer or its file", async () => {
    const to = ["--tokenizer", SAMPLE_TOKENIZER];
    expectOneFailure(
      await swap(...to, "--method", "mean", "--donor", donor),
      /--donor was given, but no method reads the rows of a donor/,
    );
    const beside = await swap(...to, "--method", "omp");
    expectOneFailure(
      beside,
      /own model unless another is given, but .*sample\/tokenizer has a tokenizer and no/,
    );
    expectOneFailure(beside, ONE);
    const file = await swap("--tokenizer", join(SAMPLE_TOKENIZER, "tokenizer.json"), "--method", "omp");
    expectOneFailure(file, /the method omp reads a donor, and none was given/);
    expectOneFailure(file, ONE);
    const none = join(folder, "none");
    expect(existsSync(none)).toBe(false);
    expectOneFailure(await swap(...to, "--method", "omp", "--donor", none), /none/);
  });
});
