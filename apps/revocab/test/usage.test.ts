import { readdirSync } from "node:fs";
import { join } from "node:path";
import { scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TEXT, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { describe, expect, it } from "vitest";
import { inProcess } from "./in-process.ts";
import { expectOneFailure, revocab } from "./revocab.ts";

const scratch = scratchFolders();
const swap = ["swap", SAMPLE_MODEL, "--tokenizer", SAMPLE_TOKENIZER, "--quiet"];
const score = ["eval", SAMPLE_MODEL, "--text", SAMPLE_TEXT, "--quiet"];
const compare = ["compare", SAMPLE_MODEL, "--tokenizer", SAMPLE_TOKENIZER, "--text", SAMPLE_TEXT, "--quiet"];

describe("wrong usage exits 2 with one message and what to do", () => {
  it.each([
    ["an unknown command, with the nearest one", ["swp"], /unknown command 'swp'\n {2}→ did you mean swap\?/],
    ["help of an unknown command", ["help", "swp"], /unknown command 'swp'\n {2}→ did you mean swap\?/],
    ["an unknown command with --help", ["swp", "--help"], /unknown command 'swp'\n {2}→ did you mean swap\?/],
    [
      "an unknown option",
      [...swap, "--dry-rum"],
      /unknown option '--dry-rum'\n {2}→ did you mean --dry-run\?/,
    ],
    ["no model", ["swap"], /missing required argument 'model'\n {2}→ run revocab swap --help/],
    [
      "no tokenizer",
      ["swap", SAMPLE_MODEL],
      /'--tokenizer <path>' not specified\n {2}→ run revocab swap --help/,
    ],
    ["no output and no --dry-run", swap, /'-o, --out <folder>' not specified, nor --dry-run/],
    [
      "no output for apply",
      ["apply", "x.plan", "--model", SAMPLE_MODEL],
      /'-o, --out <folder>' not specified/,
    ],
    ["an empty value", [...swap, "--out", ""], /'-o, --out <folder>' was given an empty value, expected one/],
    ["an empty page", ["quality", SAMPLE_MODEL, "--html", ""], /'--html <file>' was given an empty value/],
    ["one place for two outputs", [...swap, "--out", "new", "--html", "./new"], /--html and --out are both/],
    ["no tokens to explain", ["explain", "x.plan"], /missing required argument 'tokens'/],
    [
      "an unknown method, with the nearest one",
      [...swap, "--dry-run", "--method", "subtoken-men"],
      /no method "subtoken-men"; there are copy-overlap, .*\n {2}→ did you mean subtoken-mean\?/,
    ],
    [
      "an option the method does not have",
      [...swap, "--dry-run", "--with", "wieght=1"],
      /subtoken-mean has no option "wieght"; it has weighting, decay, norms\n/,
    ],
    [
      "an option's value that does not exist",
      [...swap, "--dry-run", "--with", "weighting=heavy"],
      /weighting of subtoken-mean is "heavy".*"front-loaded"/,
    ],
    ["an option without a value", [...swap, "--with", "weighting"], /'weighting' is invalid.* KEY=VALUE\n/],
    [
      "a method that needs two heads on a tied model",
      [...swap, "--dry-run", "--with", "weighting=front-loaded"],
      /this model is tied.*\n {2}→ pass --untie .*384,000 parameters.* or --role input or --role output/,
    ],
    [
      "a negative seed",
      [...swap, "--seed", "-1"],
      /'-1' is invalid\. expected a whole number of at least 0\n/,
    ],
    ["a multiple of 0", [...swap, "--pad-to-multiple-of", "0"], /'0' is invalid.* at least 1\n/],
    [
      "a multiple beyond all hardware",
      [...swap, "--dry-run", "--pad-to-multiple-of", "999999999999"],
      /multiple of 999999999999; a whole number from 1 to 1048576 was expected/,
    ],
    [
      "fewer rows than there are ids",
      [...swap, "--dry-run", "--rows", "2999"],
      /2999 rows were asked for; a whole number from 3000, .*\n {2}→ give --rows 3000 or more/,
    ],
    [
      "rows in two ways",
      [...swap, "--dry-run", "--rows", "4000", "--pad-to-multiple-of", "64"],
      /--rows and --pad-to-multiple-of were both given/,
    ],
    ["a role that does not exist", [...swap, "--role", "head"], /'head' is invalid.*input, output\n/],
    [
      "a role for an untied head",
      [...swap, "--dry-run", "--untie", "--role", "input"],
      /--untie and --role were both given/,
    ],
  ])("%s", async (_, args, message) => {
    const finished = await inProcess(args);
    expect(finished).toMatchObject({ code: 2, stdout: "" });
    expectOneFailure(finished, message);
  });

  it.each([
    [
      "no text to score",
      ["eval", SAMPLE_MODEL],
      /'--text <file>' not specified\n {2}→ run revocab eval --help/,
    ],
    ["no prompt", ["generate", SAMPLE_MODEL], /found no prompt/],
    ["a context of one token", [...score, "--context", "1"], /'1' is invalid.* at least 2\n/],
    [
      "a stride as long as the context",
      [...score, "--context", "64", "--stride", "64"],
      /the stride is 64 tokens, expected between 1 and 63, the context less one/,
    ],
    [
      "a device that the runtime does not know",
      [...score, "--device", "quantum"],
      /no device quantum in onnxruntime-node .*\n {2}→ give a --device that this machine has in f32: cpu/,
    ],
    [
      "a type that nothing is computed in",
      [...score, "--dtype", "bf16"],
      /'--dtype <type>' argument 'bf16' is invalid\. Allowed choices are f32, f16/,
    ],
    [
      "more threads than any machine has",
      [...score, "--threads", "1000"],
      /threads is 1000, .* from 1 to \d+\n/,
    ],
    [
      "a temperature below 0",
      ["generate", SAMPLE_MODEL, "Once", "--temperature", "-1"],
      /'-1' is invalid\. expected a number from 0 to 100\n/,
    ],
    [
      "an unknown method among others, with the nearest one",
      [...compare, "--methods", "mean,subtoken-men"],
      /no method "subtoken-men"; there are .*\n {2}→ did you mean subtoken-mean\?/,
    ],
    [
      "an option one of the methods does not have",
      [...compare, "--methods", "mean,subtoken-mean:wieght=1"],
      /subtoken-mean has no option "wieght"; it has weighting, decay, norms\n/,
    ],
    [
      "only methods that need two heads, of a tied model",
      [...compare, "--methods", "subtoken-mean:weighting=exponential"],
      /none of 1 methods can be tried here: .*this model is tied.*\n {2}→ pass --untie or --role/,
    ],
    [
      "--method auto without a text",
      [...swap, "--dry-run", "--method", "auto"],
      /--method auto was given without a text to decide by\n {2}→ pass --text/,
    ],
    [
      "steps to train for without methods to compare",
      [...swap, "--dry-run", "--method", "mean", "--after", "5"],
      /--after was given, but without --method auto no methods are compared\n {2}→ pass --method auto/,
    ],
    [
      "a text to train on without steps",
      [...compare, "--methods", "mean", "--train-text", SAMPLE_TEXT],
      /--train-text was given, but without --after nothing is trained\n {2}→ give --after/,
    ],
    [
      "a text for a method that reads none",
      [...swap, "--dry-run", "--method", "subtoken-mean", "--text", SAMPLE_TEXT],
      /--text was given, but the method subtoken-mean reads no text\n {2}→ leave --text out/,
    ],
    [
      "an --eval of what --dry-run does not write",
      [...swap, "--dry-run", "--eval", SAMPLE_TEXT],
      /--eval scores the written model, but --dry-run writes none\n {2}→ revocab compare/,
    ],
  ])("of scoring: %s", async (_, args, message) => {
    const finished = await inProcess(args);
    expect(finished).toMatchObject({ code: 2, stdout: "" });
    expectOneFailure(finished, message);
  });

  it.each([
    ["--token-id", "bos=x", /--token-id bos=x: expected a number/],
    [
      "--token-id",
      "bos_token_id=99999",
      /bos_token_id=99999 .* the model gets 3000 rows\n {2}→ name an id from/,
    ],
    ["--token-id", "no_such_token_id=1", /no config of the model has the key no_such_token_id/],
    ["--threads", "1000", /threads is 1000/],
    ["--device", "quantum", /no device quantum/],
    ["--chat-template", "source", /the source has no chat template/],
  ])("%s %s, and nothing is written", async (option, value, message) => {
    const folder = scratch();
    const finished = await inProcess([...swap, "--out", join(folder, "a", "out"), option, value]);
    expect(finished.code).toBe(2);
    expectOneFailure(finished, message);
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    ...["swap", "plan", "apply", "extend", "prune", "eval", "compare", "generate", "align-text"],
    ...["vectors train", "vectors nearest", "vectors align"],
  ])("no threads for %s, which starts some", async (command) => {
    const finished = await inProcess([...command.split(" "), "--threads", "0"]);
    expect(finished).toMatchObject({ code: 2, stdout: "" });
    expectOneFailure(finished, /'--threads <n>' argument '0' is invalid.* at least 1\n/);
  });

  it.each(["swap", "plan", "apply", "extend", "prune", "eval", "compare", "generate"])(
    "%s takes a device and a type for the model that it runs",
    async (command) => {
      const { stdout } = await inProcess([command, "--help"]);
      expect(stdout).toMatch(/--device <name>[\s\S]*--dtype <type>/);
    },
  );

  it("no command at all: the help, on stderr", async () => {
    const { code, stdout, stderr } = await revocab([]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^Usage: revocab /);
  });
});

describe("with --json a failure too is one value on stdout", () => {
  it.each([
    ["of the usage", ["--json", "swap", SAMPLE_MODEL], 2, "bad_options"],
    ["of what was found", ["inspect", "/does/not/exist", "--json"], 1, "missing_file"],
  ])("%s", async (_, args, code, name) => {
    const finished = await revocab(args);
    expect(finished.code).toBe(code);
    const { error } = JSON.parse(finished.stdout) as {
      error: { code: string; message: string; hint: string };
    };
    expect(error.code).toBe(name);
    expect(finished.stderr).toBe(`revocab: ${error.message}\n  → ${error.hint}\n`);
  });
});

it("no command at all fails in JSON, too", async () => {
  const { code, stdout } = await inProcess(["--json"]);
  expect(code).toBe(2);
  expect(JSON.parse(stdout).error).toMatchObject({ code: "bad_options", message: "no command was given" });
});
