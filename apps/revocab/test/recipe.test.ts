import { appendFileSync, cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { contentOf, scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { describe, expect, it } from "vitest";
import { inProcess } from "./in-process.ts";
import { expectOneFailure } from "./revocab.ts";

const scratch = scratchFolders();

/** A folder with copies of the sample's model and tokenizer. */
function inputs() {
  const folder = scratch();
  cpSync(SAMPLE_MODEL, join(folder, "model"), { recursive: true });
  cpSync(SAMPLE_TOKENIZER, join(folder, "tokenizer"), { recursive: true });
  return { folder, model: join(folder, "model"), tokenizer: join(folder, "tokenizer") };
}

async function written(at: ReturnType<typeof inputs>, ...how: string[]) {
  const out = join(at.folder, "out");
  const args =
    how.length > 0 ? how : ["swap", at.model, at.tokenizer, "--method", "subtoken-mean", "--seed", "3"];
  expect(await inProcess([...args, "--out", out, "--quiet"])).toMatchObject({ code: 0, stderr: "" });
  return { out, record: join(out, "revocab.json"), again: join(at.folder, "again") };
}

describe("the record of a run", () => {
  it("repeats it, byte for byte, by the inputs that lie beside the output", async () => {
    const at = inputs();
    const options = ["--pad-to-multiple-of", "64", "--special", "<|a b|>", "<|c|>", "--no-copy", "--untie"];
    const method = [
      "--method",
      "subtoken-mean:weighting=front-loaded",
      "--fallback",
      "random:standard-deviation=0.1",
    ];
    const { out, record, again } = await written(at, "swap", at.model, at.tokenizer, ...options, ...method);
    const finished = await inProcess(["swap", "--recipe", record, "--out", again, "--quiet"]);
    expect(finished).toMatchObject({ code: 0, stderr: "" });
    expect(contentOf(again)).toEqual(contentOf(out));
  });

  it("of an edit repeats that", async () => {
    const at = inputs();
    writeFileSync(join(at.folder, "terms.txt"), "marmalade\n");
    const edit = [
      "extend",
      at.model,
      "--tokens",
      join(at.folder, "terms.txt"),
      "--rename",
      "<unused0>=<|x|>",
    ];
    const { out, record, again } = await written(at, ...edit.slice(0, 4));
    expect((await inProcess(["extend", "--recipe", record, "--out", again, "--quiet"])).code).toBe(0);
    expect(contentOf(again)).toEqual(contentOf(out));
    const other = await inProcess(["swap", "--recipe", record, "--out", join(at.folder, "no"), "--quiet"]);
    expectOneFailure(other, /was written by revocab extend, not swap\n {2}→ run revocab extend --recipe/);
  });

  it.each([
    [
      "the model's weights",
      "model/model.safetensors",
      /model.safetensors of the model has the sha256 [0-9a-f]{64}, recorded is /,
    ],
    ["a config", "model/config.json", /config.json of the model has the sha256/],
    ["the tokenizer", "tokenizer/tokenizer.json", /tokenizer.json of the tokenizer has the sha256/],
  ])("is not repeated on other inputs, which are named by hash: %s", async (_, name, message) => {
    const at = inputs();
    const { record, again } = await written(at);
    const path = join(at.folder, name);
    if (name.endsWith(".json")) appendFileSync(path, "\n");
    else {
      const bytes = readFileSync(path);
      bytes[bytes.length - 2]! ^= 1;
      writeFileSync(path, bytes);
    }
    const finished = await inProcess(["swap", "--recipe", record, "--out", again, "--quiet"]);
    expect(finished.code).toBe(1);
    expectOneFailure(finished, message);
    expect(Object.keys(contentOf(at.folder)).some((path) => path.startsWith("again"))).toBe(false);
  });

  it("names the method's files by hash, too", async () => {
    const at = inputs();
    const types = join(at.folder, "types.tsv");
    writeFileSync(types, "dog\tanimal\ncat\tanimal\n");
    const method = ["--method", "domain-types", "--with", `types=${types}`];
    const { record, again } = await written(at, "swap", at.model, at.tokenizer, ...method);
    writeFileSync(types, "dog\tanimal\ncat\ttoy\n");
    const finished = await inProcess(["swap", "--recipe", record, "--out", again, "--quiet"]);
    expectOneFailure(finished, /types types.tsv has the sha256/);
  });

  it("names the texts of an edit by hash, too, and not only the tokenizer that comes of them", async () => {
    const at = inputs();
    const terms = join(at.folder, "terms.txt");
    writeFileSync(terms, "marmalade\n");
    const { record, again } = await written(at, "extend", at.model, "--tokens", terms);
    writeFileSync(terms, "marmot\n");
    const finished = await inProcess(["extend", "--recipe", record, "--out", again, "--quiet"]);
    expectOneFailure(
      finished,
      /: the text terms\.txt of new tokens has the sha256 [0-9a-f]{64}, recorded is /,
    );
  });

  it("says which input it cannot find, and takes it from the command line", async () => {
    const at = inputs();
    const { out, record, again } = await written(at);
    const moved = join(scratch(), "revocab.json");
    cpSync(record, moved);
    const args = ["swap", "--recipe", moved, "--out", again, "--quiet"];
    expectOneFailure(
      await inProcess(args),
      /names model, which is in none of .*\n {2}→ say where it is: MODEL/,
    );
    expectOneFailure(
      await inProcess([...args, "--model", at.model]),
      /names tokenizer, .*\n {2}→ .*: --tokenizer/,
    );
    expect((await inProcess([...args, "--model", at.model, "--tokenizer", at.tokenizer])).code).toBe(0);
    expect(contentOf(again)).toEqual(contentOf(out));
  });

  it("that was changed is refused where it is wrong", async () => {
    const at = inputs();
    const { record, again } = await written(at);
    writeFileSync(record, readFileSync(record, "utf8").replace(/"seed": 3/, '"seed": "3"'));
    const finished = await inProcess(["swap", "--recipe", record, "--out", again, "--quiet"]);
    expectOneFailure(finished, /revocab.json is wrong at recipe.seed: /);
  });
});

describe("options from a file", () => {
  const swapBy = (name: string, content: string, ...more: string[]) => {
    const path = join(scratch(), name);
    writeFileSync(path, content);
    return inProcess(["swap", "--config", path, "--dry-run", "--json", "--quiet", ...more]);
  };
  const place = `model: ${SAMPLE_MODEL}\ntokenizer: ${SAMPLE_TOKENIZER}\n`;
  const recipeOf = ({ stdout }: { stdout: string }) =>
    (JSON.parse(stdout) as { recipe: { seed: number; methods: readonly unknown[] } }).recipe;

  it("as YAML or JSON are those of the command line, in any spelling", async () => {
    const flags = ["--with", "weighting=front-loaded", "--with", "decay=0.3", "--untie", "--no-copy"];
    const line = [
      "swap",
      SAMPLE_MODEL,
      SAMPLE_TOKENIZER,
      "--method",
      "subtoken-mean",
      ...flags,
      "--pad-to-multiple-of",
      "64",
    ];
    const { stdout } = await inProcess([
      ...line,
      "--special",
      "<|a|>",
      "<|b|>",
      "--dry-run",
      "--json",
      "--quiet",
    ]);
    const yaml =
      "method: subtoken-mean\nwith:\n  weighting: front-loaded\n  decay: 0.3\nuntie: true\ncopy: false\n" +
      'pad_to_multiple_of: 64\nspecial: ["<|a|>", "<|b|>"]\n';
    expect((await swapBy("a.yaml", place + yaml)).stdout).toBe(stdout);
    const json = {
      ...{
        model: SAMPLE_MODEL,
        tokenizer: SAMPLE_TOKENIZER,
        method: "subtoken-mean:weighting=front-loaded:decay=0.3",
      },
      ...{ untie: true, "no-copy": true, padToMultipleOf: "64", special: ["<|a|>", "<|b|>"] },
    };
    expect((await swapBy("a.json", JSON.stringify(json))).stdout).toBe(stdout);
  });

  it("whose value may be left out are true and false, too", async () => {
    expectOneFailure(await swapBy("a.yaml", `${place}remote: true\npublish: me/model\n`), /but --remote/);
    expect((await swapBy("b.yaml", `${place}remote: false\n`)).code).toBe(0);
    expectOneFailure(await swapBy("c.yaml", `${place}remote: often\n`), /remote is "often", expected only/);
  });

  it("give way to the command line, with the options of a method that it does not take", async () => {
    const config = `${place}seed: 5\nmethod: subtoken-mean\nwith: {decay: 0.3}\n`;
    const found = await swapBy("a.yml", config, "--seed", "7", "--method", "mean");
    const { seed, methods } = recipeOf(found);
    expect(seed).toBe(7);
    expect(methods[1]).toMatchObject({ name: "mean", options: {} });
  });

  it.each([
    ["an unknown option", "a.yaml", "pad: 3", /has no option pad; it has model, tokenizer, .*\n/],
    [
      "a word of mergekit",
      "a.yaml",
      "merge_method: slerp",
      /has no option merge_method; .*\n {2}→ did you mean method\?/,
    ],
    ["no boolean", "a.yaml", "untie: 3", /untie is 3, expected true or false/],
    ["no number", "a.yaml", "seed: x", /seed is "x", expected a whole number of at least 0/],
    ["none of the choices", "a.yaml", "role: head", /role is "head", expected input, output/],
    ["two values of one", "a.yaml", "text: [a, b]", /text is \["a","b"\], expected one value/],
    ["no value", "a.yaml", "text: ''", /text is "", expected a value/],
    ["a deep value", "a.yaml", "with: {a: {b: c}}", /with is .* expected a text, a number or a list/],
    ["no YAML", "a.yaml", "a: [", /a.yaml is no YAML: /],
    ["no JSON", "a.json", "{", /a.json/],
    ["a list", "a.yaml", "- a", /a.yaml is no recipe: expected names of options/],
    [
      "hostile YAML",
      "a.yaml",
      `a: &a [x,x]\nb: &b [${"*a,".repeat(50)}]\nc: [${"*b,".repeat(50)}]`,
      /is no YAML: Excessive alias/,
    ],
  ])("are refused with what is wrong: %s", async (_, name, content, message) => {
    const path = join(scratch(), name);
    writeFileSync(path, content);
    expectOneFailure(await inProcess(["swap", "--config", path, "--dry-run", "--quiet"]), message);
  });

  it("that are no file are an error of one line, as JSON where that is asked for", async () => {
    const finished = await inProcess(["swap", "--recipe", "/no/such/file", "--json"]);
    expect(finished.code).toBe(1);
    expect(JSON.parse(finished.stdout)).toMatchObject({ error: { code: "missing_file" } });
  });
});
