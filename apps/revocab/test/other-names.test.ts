import { readdirSync } from "node:fs";
import { join } from "node:path";
import { scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TEXT, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { describe, expect, it } from "vitest";
import { inProcess } from "./in-process.ts";
import { expectOneFailure } from "./revocab.ts";

const scratch = scratchFolders();
const dryRun = ["--dry-run", "--quiet"];

describe("what people type who know other programs", () => {
  it.each([
    [["-v"], /^\d+\.\d+\.\d+\n$/],
    [["-V"], /^\d+\.\d+\.\d+\n$/],
    [["version"], /^\d+\.\d+\.\d+\n$/],
    [["--json", "version"], /^\{\n {2}"version": "\d+\.\d+\.\d+"\n\}\n$/],
    [["--version", "--json"], /^\{\n {2}"version": "\d+\.\d+\.\d+"\n\}\n$/],
    [["info", SAMPLE_TOKENIZER], /^tokenizer\n/],
    [["help", "methods"], /^Usage: revocab methods /],
    [["methods", "wechsel"], /^wechsel\n {2}Each new token/],
    [["methods", "subtoken-mean:decay=0.3", "omp"], /^subtoken-mean\n[\s\S]+\nomp\n/],
    [["swap", SAMPLE_MODEL, SAMPLE_TOKENIZER, ...dryRun], /^model .* → tokenizer /],
    [["swap", "--model", SAMPLE_MODEL, "--tokenizer", SAMPLE_TOKENIZER, ...dryRun], /^model .* → tokenizer /],
    [["extend", SAMPLE_MODEL, "--special", "<|tool|>", "--output", "x", ...dryRun], /^model /],
  ])("%j works", async (args, output) => {
    const { code, stdout } = await inProcess(args);
    expect(code).toBe(0);
    expect(stdout).toMatch(output);
  });

  it("swap MODEL TOKENIZER OUT writes to OUT, and so does -o", async () => {
    const folder = scratch();
    const swap = ["swap", SAMPLE_MODEL, SAMPLE_TOKENIZER, "--quiet"];
    for (const out of [["a"], ["-o", "b"]]) {
      const path = join(folder, out.pop()!);
      expect((await inProcess([...swap, ...out, path])).code).toBe(0);
    }
    expect(readdirSync(folder)).toEqual(["a", "b"]);
  });

  it.each([
    [["convert", "x"], /unknown command 'convert'\n {2}→ did you mean swap\?/],
    [["evaluate", "x"], /→ did you mean eval\?/],
    [["constructor"], /unknown command 'constructor'\n/],
    [["swap", "a", "b", "--output-dir", "x"], /unknown option '--output-dir'\n {2}→ did you mean --out\?/],
    [["swap", "a", "b", "--trust-remote-code"], /→ did you mean to leave it out\? No code of models is run/],
    [["eval", "a", "--text", "b", "--recipe", "x"], /unknown option '--recipe'\n/],
    [
      ["swap", "a", "b", "c", "--out", "d"],
      /found the output twice: c and --out d\n {2}→ leave out --out, or c/,
    ],
    [["swap", "a", "b", "--tokenizer", "d"], /found the tokenizer twice: b and --tokenizer d/],
    [
      ["eval", "a", "--text", "b", "--device", "mps"],
      /expected a name without a number, such as coreml or webgpu/,
    ],
    [["eval", "a", "--text", "b", "--device", "cuda:0"], /expected a name without a number, such as cuda\n/],
    [
      ["eval", "a", "--text", "b", "--dtype", "bfloat16"],
      /choices are f32, f16: what the model is computed in/,
    ],
    [["methods", "wechsle"], /no method "wechsle".*\n {2}→ did you mean wechsel\?/],
    [["completion", "powershell"], /'powershell' is invalid.* bash, zsh, fish\n/],
  ])("%j gets the right word", async (args, message) => {
    const finished = await inProcess([...args, "--quiet"]);
    expect(finished.code).toBe(2);
    expectOneFailure(finished, message);
  });

  it.each([
    ["model.safetensors", /model.safetensors is a weight file, .*\n {2}→ give its folder, .*model: /],
    ["config.json", /config.json is a config, .*\n {2}→ give its folder, /],
  ])("inspect %s says what to point it at", async (name, message) => {
    expectOneFailure(await inProcess(["inspect", join(SAMPLE_MODEL, name)]), message);
  });

  it.each(["float16", "torch.float16", "fp16", "half"])("--dtype %s is f16", async (dtype) => {
    const finished = await inProcess([
      "eval",
      "no/such/model",
      "--text",
      SAMPLE_TEXT,
      "--dtype",
      dtype,
      "--quiet",
    ]);
    expectOneFailure(finished, /no\/such\/model/);
  });
});

describe("a method with its options in one word", () => {
  const swap = (...more: string[]) => inProcess(["swap", SAMPLE_MODEL, SAMPLE_TOKENIZER, ...dryRun, ...more]);

  it("is what --with says, for the fallback too, in both spellings", async () => {
    const words = ["--method", "copy-overlap", "--fallback", "random:standard-deviation=0.1", "--json"];
    const pairs = ["--method", "copy-overlap", "--fallback", "random", "--fallback-with"];
    const { stdout } = await swap(...words);
    expect((await swap(...pairs, "standardDeviation=0.1", "--json")).stdout).toBe(stdout);
    expect((await swap(...pairs, "standard-deviation=0.1", "--json")).stdout).toBe(stdout);
    expect(stdout).toContain('"standardDeviation": 0.1');
  });

  it("is refused where an option is said twice, or is no option", async () => {
    const twice = await swap("--method", "subtoken-mean:decay=0.3", "--with", "decay=0.4");
    expectOneFailure(twice, /decay of subtoken-mean was given twice/);
    const none = await swap("--method", "random:standardDeviatio=1");
    expectOneFailure(
      none,
      /has no option "standardDeviatio"; it has standard-deviation\n {2}→ did you mean standard-deviation\?/,
    );
  });

  it("is printed by compare, which ends with the command that makes its winner", async () => {
    const folder = scratch();
    const compare = ["compare", SAMPLE_MODEL, SAMPLE_TOKENIZER, "--text", SAMPLE_TEXT, "--max-bytes", "600"];
    const how = ["--methods", "zero,subtoken-mean:weighting=front-loaded:decay=0.3", "--untie", "--quiet"];
    const { stdout } = await inProcess([...compare, ...how, "--special", "<|a|>", "--no-copy"]);
    const [, command = ""] = /To make a model with it\n {2}revocab (.+)\n$/.exec(stdout) ?? [];
    expect(command).toBe(
      `swap ${SAMPLE_MODEL} --tokenizer ${SAMPLE_TOKENIZER} --method subtoken-mean:weighting=front-loaded:decay=0.3 ` +
        "--special '<|a|>' --no-copy --untie --out OUT",
    );
    const words = command.replaceAll("'", "").replace(/OUT$/, join(folder, "out")).split(" ");
    expect((await inProcess([...words, "--quiet"])).code).toBe(0);
  });
});
