import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TEXT, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inProcess } from "./in-process.ts";

const scratch = scratchFolders();
const folder = mkdtempSync(join(tmpdir(), "revocab-report-"));
const [out, page, plan] = ["out", "swap.html", "swap.plan"].map((name) => join(folder, name)) as [
  string,
  string,
  string,
];
const swap = ["swap", SAMPLE_MODEL, "--tokenizer", SAMPLE_TOKENIZER, "--method", "subtoken-mean"];

async function succeed(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await inProcess([...args, "--quiet"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

async function fail(args: readonly string[]): Promise<string> {
  const { code, stderr } = await inProcess([...args, "--quiet"]);
  expect(code).toBeGreaterThan(0);
  return stderr;
}

let printed: string;
beforeAll(async () => {
  printed = await succeed([...[...swap, "--eval", SAMPLE_TEXT, "--by-token", "--out", out, "--html", page]]);
  await succeed(["plan", SAMPLE_MODEL, "--tokenizer", SAMPLE_TOKENIZER, "--out", plan]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("revocab eval --by-token", () => {
  it("prints what the bits go to, the tokens and the documents that cost most", async () => {
    const stdout = await succeed(["eval", SAMPLE_MODEL, "--text", SAMPLE_TEXT, "--by-token"]);
    // python tools/oracle/bits_per_byte.py sample/model --text sample/stories.txt --max-bytes 1000000 --json --by-token 5
    expect(stdout).toMatch(/^ +202 {2}"\\n" +16 +108\.9 +3\.7 % +6\.81$/m);
    expect(stdout).toMatch(/^ {2}letters after a space +451 +67\.1 % +78\.2 % +5\.12$/m);
    expect(stdout).toMatch(/^Documents that cost most\n.+\n +1\.4185 +402 {2}"A tiny ant/m);
  });

  it("gives every token with --json, and nothing of them without the flag", async () => {
    const json = async (...flags: readonly string[]) =>
      JSON.parse(await succeed(["eval", SAMPLE_MODEL, "--text", SAMPLE_TEXT, "--json", ...flags]));
    const { byToken } = await json("--by-token");
    expect(byToken.tokens).toHaveLength(byToken.differentTokens);
    expect(byToken.documents).toHaveLength(5);
    expect(await json()).not.toHaveProperty("byToken");
  });
});

describe("revocab swap --by-token", () => {
  it("prints where the text became dearer, and keeps 50 of each list in the report", () => {
    expect(printed).toMatch(/^ {4}" P" +5 +28\.5 +91\.1 +62\.6 {2} P +·P$/m);
    expect(printed).toContain("⟦One⟧");
    const { evaluation } = JSON.parse(readFileSync(join(out, "revocab.json"), "utf8"));
    expect(evaluation.byToken.compared.stretches).toHaveLength(50);
    expect(evaluation.byToken.after.tokens).toHaveLength(50);
  });

  it("needs a text", async () => {
    expect(await fail([...swap, "--by-token", "--out", join(scratch(), "out")])).toContain(
      "--by-token was given without --eval",
    );
  });
});

describe("revocab report", () => {
  it("shows a written model beside its source", async () => {
    const stdout = await succeed(["report", out, "--source", SAMPLE_MODEL]);
    for (const line of [
      /^model with the tokenizer of tokenizer$/m,
      /^ {2}872 of 872 tokens that the source has, too, have its row bit for bit$/m,
      /^ {4}before +1,280 /m,
      /^ {4}spelled tokens +2,128 /m,
      /^ {2}bits per byte +1\.3201 +1\.6394$/m,
      /^ {2}input: mean cosine to the true row 0\.363, median rank 248\.5 of 1,280; the worst:$/m,
      /^ {2}config\.json +vocab_size +1280 → 3000$/m,
      /^ {2}✓ {2}weights /m,
    ]) {
      expect(stdout).toMatch(line);
    }
    expect(stdout).not.toContain("note: rows are not compared");
  });

  it("names the flag that shows more, where the source is not given", async () => {
    expect(await succeed(["report", out])).toContain("(model): pass it as --source to see norms before");
  });

  it("scores a text anew, with all its figures in --json", async () => {
    const args = [
      "report",
      out,
      "--source",
      SAMPLE_MODEL,
      "--text",
      SAMPLE_TEXT,
      "--max-bytes",
      "600",
      "--json",
    ];
    const { evaluation, tables } = JSON.parse(await succeed(args));
    const { before, after, compared } = evaluation.byToken;
    expect(evaluation.text.bytes).toBeLessThanOrEqual(600);
    expect(before.bits / evaluation.text.bytes).toBeCloseTo(evaluation.before.bitsPerByte, 6);
    expect(after.bits / evaluation.text.bytes).toBeCloseTo(evaluation.after.bitsPerByte, 6);
    expect(compared.documentsLeftOut).toBe(0);
    expect(tables[0].map.series.map(({ name }: { name: string }) => name)).toEqual([
      "source",
      "shared",
      "spelled",
    ]);
  });

  it("shows a plan, but scores none", async () => {
    expect(await succeed(["report", plan, "--source", SAMPLE_MODEL])).toMatch(/^ {4}after +3,000 /m);
    expect(await fail(["report", plan, "--text", SAMPLE_TEXT])).toMatch(
      /is a plan[\s\S]+revocab apply[\s\S]+--text/,
    );
  });

  it("refuses a model of no revocab, and another source", async () => {
    expect(await fail(["report", SAMPLE_MODEL])).toContain("has no revocab.json");
    expect(await fail(["report", out, "--source", out])).toContain("the report was made of a swap of model");
  });
});

describe("the page of a swap", () => {
  it("has charts of origins, norms and bits, and a map of the rows", () => {
    expect(printed).toMatch(/^Page written to .*swap\.html$/m);
    const written = readFileSync(page, "utf8");
    for (const title of [
      "Rows by the method that initialized them",
      "Bits by what tokens are",
      "Norms of rows",
      "Map of 3,000 new rows: the two directions in which they differ most",
    ]) {
      expect(written).toContain(`${title}</figcaption>`);
    }
    expect(written).toContain("rows of the source model");
  });

  it("is the one that report writes afterwards, in place of an earlier page but of no other file", async () => {
    const again = join(scratch(), "again.html");
    const args = ["report", out, "--source", SAMPLE_MODEL, "--html", again];
    await succeed(args);
    expect(readFileSync(again, "utf8")).toBe(readFileSync(page, "utf8"));
    await succeed(args);
    writeFileSync(again, "my own notes");
    expect(await fail(args)).toContain("exists already, and is no page of revocab");
    expect(readFileSync(again, "utf8")).toBe("my own notes");
  });

  it("shows foreign texts as text, whatever a revocab.json says", async () => {
    const [foreign, hostile] = [
      join(scratch(), "foreign"),
      "</script><img src=x onerror=alert(1)>\u001b[2J\u202e",
    ];
    cpSync(out, foreign, { recursive: true });
    const path = join(foreign, "revocab.json");
    const report = JSON.parse(readFileSync(path, "utf8"));
    report.target.name = hostile;
    report.source.name = hostile;
    report.notes = [hostile];
    report.config[0].path = hostile;
    report.recipe.methods[1].name = hostile;
    report.evaluation.byToken.after.tokens[0].token = hostile;
    report.evaluation.byToken.compared.stretches[0].text = hostile;
    report.evaluation.byToken.compared.places[0].context = [hostile, hostile, hostile];
    report.evaluation.byToken.after.documents[0].begins = hostile;
    writeFileSync(path, JSON.stringify(report));
    const shown = join(scratch(), "hostile.html");
    const stdout = await succeed(["report", foreign, "--source", SAMPLE_MODEL, "--html", shown]);
    expect(stdout).toContain("\\x1b[2J\\u{202e}");
    // the page's own script may have tabs
    const written = readFileSync(shown, "utf8").replace(/<script>[\s\S]*?<\/script>/, "");
    for (const text of [stdout, written]) {
      expect(text).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
    }
    expect(written).not.toContain("<img");
  });

  it("is refused for a dry run", async () => {
    expect(await fail([...swap, "--dry-run", "--html", join(scratch(), "page.html")])).toContain(
      "--html shows the written model, but --dry-run writes none",
    );
  });
});
