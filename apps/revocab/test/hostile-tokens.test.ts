import { readFileSync } from "node:fs";
import { join } from "node:path";
import { scratchFolders } from "@revocab/test-support/folders";
import { HOSTILE_TEXTS, OBEYED, writeHostileTokenizer } from "@revocab/test-support/hostile-tokens";
import { SAMPLE_MODEL, SAMPLE_TEXT } from "@revocab/test-support/sample";
import { describe, expect, it } from "vitest";
import { inProcess } from "./in-process.ts";

const scratch = scratchFolders();

/** The sample model with the hostile tokenizer, and the tokenizer itself. */
async function swapped(): Promise<{
  readonly tokenizer: string;
  readonly out: string;
  readonly stdout: string;
}> {
  const folder = scratch();
  const tokenizer = writeHostileTokenizer(join(folder, "tokenizer"));
  const out = join(folder, "out");
  const { code, stdout, stderr } = await inProcess([
    "swap",
    SAMPLE_MODEL,
    "--tokenizer",
    tokenizer,
    "--out",
    out,
  ]);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return { tokenizer, out, stdout: stdout + stderr };
}

function expectText(shown: Readonly<Record<string, string>>): void {
  for (const [what, text] of Object.entries(shown)) {
    expect({ what, found: OBEYED.exec(text)?.[0] }).toEqual({ what, found: undefined });
  }
}

describe("hostile tokens", () => {
  it("are text on the terminal, whatever command shows them", async () => {
    const { tokenizer, out, stdout } = await swapped();
    const plan = `${out}.plan`;
    expectText({ swap: stdout });
    for (const args of [
      ["inspect", tokenizer],
      ["inspect", tokenizer, "--json"],
      ["inspect", out],
      ["inspect", out, "--well-trained"],
      ["plan", SAMPLE_MODEL, "--tokenizer", tokenizer, "--out", plan],
      ...HOSTILE_TEXTS.flatMap((text) => [
        ["explain", plan, text],
        ["explain", plan, `<${text}>`],
      ]),
      [
        "compare",
        SAMPLE_MODEL,
        "--tokenizer",
        tokenizer,
        "--text",
        SAMPLE_TEXT,
        "--max-bytes",
        "500",
        "--method",
        "mean",
      ],
      ["eval", out, "--text", SAMPLE_TEXT, "--max-bytes", "500"],
    ]) {
      const { stdout, stderr } = await inProcess([...args, "--quiet"]);
      expect(stdout + stderr).not.toBe("");
      expectText({ [`stdout of ${args.join(" ")}`]: stdout, [`stderr of ${args.join(" ")}`]: stderr });
    }
  });

  it("are text in a card: no HTML, no link, no picture", async () => {
    const { out } = await swapped();
    const card = readFileSync(join(out, "README.md"), "utf8");
    expectText({ card });
    expect(markupOf(card)).not.toMatch(/<(?!!--)[a-z/!?]/i);
    expect(markupOf(card)).not.toMatch(/\]\(javascript:|!\[/);
  });
});

/** What of a Markdown text may be markup: without code and escaped signs. */
function markupOf(markdown: string): string {
  return markdown
    .replace(/^(`{3,}|~{3,})[^\n]*\n[\s\S]*?^\1$/gm, "")
    .replace(/\\[!-/:-@[-`{-~]/g, "")
    .replace(/(?<!`)(`+)(?!`)[\s\S]*?(?<!`)\1(?!`)/g, "");
}
