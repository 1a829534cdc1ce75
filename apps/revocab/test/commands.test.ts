import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { contentOf, scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { describe, expect, it } from "vitest";
import { inProcess } from "./in-process.ts";
import { revocab } from "./revocab.ts";

const scratch = scratchFolders();
const inputs = [SAMPLE_MODEL, "--tokenizer", SAMPLE_TOKENIZER];

describe("revocab swap", () => {
  it("writes a model, says what it did on stdout and how far it is on stderr, in plain lines", async () => {
    const before = contentOf(SAMPLE_MODEL);
    const folder = scratch();
    const out = join(folder, "out");
    const { code, stdout, stderr } = await revocab(["swap", ...inputs, "--out", out]);
    expect(code).toBe(0);
    expect(readdirSync(folder)).toEqual(["out"]);
    expect(readdirSync(out).sort()).toEqual([
      "README.md",
      "config.json",
      "generation_config.json",
      "model.safetensors",
      "revocab.json",
      "tokenizer.json",
      "tokenizer_config.json",
    ]);
    expect(stdout).toContain("model (llama, 1,280 rows, tied) → tokenizer (3,000 tokens, 3,000 rows)\n");
    expect(stdout).toContain("  shared              868  same bytes\n");
    expect(stdout).toContain("  spelled           2,128  in two or more source tokens\n");
    expect(stdout).toContain("  input    872  copy-overlap\n         2,128  subtoken-mean\n");
    expect(stdout).toContain("  955,520 → 1,175,680\n");
    expect(stdout).toMatch(/ config\.json +vocab_size +1280 → 3000\n/);
    expect(stdout).toContain("✓  weights    input 3000 × 128 BF16: no NaN");
    expect(stdout.endsWith(`\nWritten to ${out}\n`)).toBe(true);
    for (const step of ["align …", "plan input …", "write …", "check …"])
      expect(stderr.split("\n")).toContain(step);
    expect(stderr).toContain("compute rows: 3,000 of 3,000 rows\n");
    expect(stderr).not.toMatch(/\r|█/);
    expect(contentOf(SAMPLE_MODEL)).toEqual(before);
  });

  it("with --json prints one value, which is the revocab.json it wrote, and with --quiet nothing else", async () => {
    const out = join(scratch(), "folders", "that are made", "out");
    const { code, stdout, stderr } = await inProcess(["swap", ...inputs, "--out", out, "--json", "--quiet"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(stdout)).toEqual(JSON.parse(readFileSync(join(out, "revocab.json"), "utf8")));
  });

  it("with --dry-run prints the counts a swap would print, and writes nothing", async () => {
    const folder = scratch();
    const args = ["swap", ...inputs, "--dry-run", "--out", join(folder, "out"), "--quiet"];
    const text = await inProcess(args);
    expect(text.code).toBe(0);
    expect(text.stdout).toContain("  input    872  copy-overlap\n         2,128  subtoken-mean\n");
    expect(text.stdout).toMatch(/\nNothing was written \(--dry-run\)\n$/);
    const json = JSON.parse((await inProcess([...args, "--json"])).stdout) as Record<string, unknown>;
    expect(json).toMatchObject({
      alignment: { shared: 868, specialByRole: 4, spelled: 2128, withoutEvidence: 0 },
      tables: [{ slot: "input", origins: { "copy-overlap": 872, "subtoken-mean": 2128 } }],
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  it("with --untie says how many parameters that added", async () => {
    const out = join(scratch(), "out");
    const { code, stdout } = await inProcess([
      ...["swap", ...inputs, "--out", out, "--untie", "--with", "weighting=front-loaded"],
      ...["--pad-to-multiple-of", "64", "--quiet"],
    ]);
    expect(code).toBe(0);
    expect(stdout).toContain("→ tokenizer (3,000 tokens, 3,008 rows, own head)\n");
    expect(stdout).toContain("  955,520 → 1,561,728, 385,024 of them in the untied head\n");
    expect(stdout).toMatch(/tie_word_embeddings +true → false\n/);
  });
});

describe("revocab plan, explain and apply", () => {
  it("save a plan, show what its rows are made of, and write the model a swap would write", async () => {
    const folder = scratch();
    const [plan, applied, swapped] = ["swap.plan", "applied", "swapped"].map((name) =>
      join(folder, name),
    ) as [string, string, string];
    const planned = await inProcess(["plan", ...inputs, "--out", plan, "--quiet"]);
    expect(planned).toMatchObject({ code: 0, stderr: "" });
    expect(planned.stdout).toContain("  input    872  copy-overlap\n         2,128  subtoken-mean\n");
    expect(planned.stdout).toMatch(/\nWritten to .*swap\.plan\n$/);
    expect(readdirSync(folder)).toEqual(["swap.plan"]);

    const explained = await inProcess(["explain", plan, " butterfly", "471", "</s>"]);
    expect(explained.stdout).toBe(
      '739 " butterfly"\n' +
        '  input = 0.500 · " butterf" + 0.500 · "ly"   [subtoken-mean]\n' +
        '471 " best"\n' +
        '  input = 1.000 · " best"   [copy-overlap]\n' +
        "2 </s>\n" +
        "  input = 1.000 · </s>   [copy-overlap]\n",
    );
    const json = JSON.parse((await inProcess(["explain", plan, "739", "--json"])).stdout) as unknown;
    expect(json).toMatchObject([
      { id: 739, token: " butterfly", tables: [{ sum: [{ weight: 0.5 }, { weight: 0.5 }] }] },
    ]);

    const pieces = await inProcess(["explain", plan, "a whole"]);
    expect(pieces).toMatchObject({
      code: 2,
      stderr:
        'revocab: "a whole" is no token of the target tokenizer\n' +
        '  → it writes this text as: 265 " a", 1221 " whole"; name one of these, by text or id\n',
    });
    const beyond = await inProcess(["explain", plan, "3000"]);
    expect(beyond.code).toBe(2);
    expect(beyond.stderr).toMatch(/no id 3000: .* rows 0 … 2999\n/);

    const apply = await inProcess(["apply", plan, "--model", SAMPLE_MODEL, "--out", applied, "--quiet"]);
    expect(apply).toMatchObject({ code: 0, stderr: "" });
    expect(apply.stdout).toContain(`\nWritten to ${applied}\n`);
    await inProcess(["swap", ...inputs, "--out", swapped, "--quiet"]);
    expect(contentOf(applied)).toEqual(contentOf(swapped));
  });
});

describe("revocab methods and help", () => {
  it("list each method with its evidence, its paper and its options", async () => {
    const { code, stdout, stderr } = await inProcess(["methods"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^subtoken-mean\n .+\n {2}needs: the two tokenizers\n {2}paper: https:.+\n/m);
    expect(stdout).toContain(
      ": uniform, byte-length, first-last, front-loaded, exponential, head-byte-length (default uniform)",
    );
    const json = JSON.parse((await inProcess(["methods", "--json"])).stdout) as { name: string }[];
    expect(json.map(({ name }) => name)).toEqual([
      "copy-overlap",
      "mean",
      "random",
      "univariate-normal",
      "multivariate-normal",
      "zero",
      "subtoken-mean",
      "chain-rule",
      "omp",
      "nearest",
      "procrustes",
      "clp",
      "sparse-basis",
      "matching-pursuit",
      "focus",
      "wechsel",
      "ofa",
      "cw2v",
      "trans-tokenization",
      "domain-types",
      "hypernetwork",
    ]);
  });

  it("print the version, and the help of the whole and of each command, and exit 0", async () => {
    const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
      version: string;
    };
    expect(await revocab(["--version"])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: "" });
    const help = await inProcess(["--help"]);
    expect(help).toMatchObject({ code: 0, stderr: "" });
    for (const name of [
      "swap",
      "plan",
      "apply",
      "explain",
      "inspect",
      "eval",
      "compare",
      "generate",
      "methods",
    ])
      expect(help.stdout).toMatch(new RegExp(`^ {2}${name}\\b`, "m"));
    const swap = await inProcess(["swap", "--help"]);
    expect(swap).toMatchObject({ code: 0, stderr: "" });
    for (const option of ["--tokenizer", "--method", "--out", "--force", "--dry-run", "--json", "--quiet"])
      expect(swap.stdout).toContain(option);
    for (const option of ["--eval", "--text", "--context", "--stride", "--max-bytes"])
      expect(swap.stdout).toContain(option);
  });
});
