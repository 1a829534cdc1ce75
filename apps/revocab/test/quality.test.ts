import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { showLine } from "@revocab/core";
import { scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TEXT, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { added, bpeModel, byteLevel, numbered, tokenizerJson } from "@revocab/test-support/tokenizer-json";
import { describe, expect, it } from "vitest";
import { inProcess } from "./in-process.ts";
import { expectOneFailure } from "./revocab.ts";

const scratch = scratchFolders();

function fileOf(name: string, content: string | Uint8Array): string {
  const path = join(scratch(), name);
  writeFileSync(path, content);
  return path;
}

describe("revocab quality", () => {
  it("has a column for each tokenizer, folders and files alike, by their shortest names", async () => {
    const { code, stdout, stderr } = await inProcess([
      "quality",
      SAMPLE_MODEL,
      join(SAMPLE_TOKENIZER, "tokenizer.json"),
      "--text",
      SAMPLE_TEXT,
      "--quiet",
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("Tokenizer quality: model, tokenizer\n");
    expect(stdout).toMatch(/bytes per token +3\.384 +3\.834\n/);
    expect(stdout).toMatch(/in all of these tokenizers +799 +799\n/);
  });

  it("gives JSON that has every figure, by the names that are given to files", async () => {
    const { stdout } = await inProcess([
      ...["quality", SAMPLE_TOKENIZER, "--text", `english=${SAMPLE_TEXT}`, "--json", "--quiet"],
    ]);
    const { texts, tokenizers } = JSON.parse(stdout);
    expect(texts).toEqual([
      { name: "english", lines: 13, bytes: 2220, characters: 2220, words: 471, isWordless: false },
    ]);
    expect(tokenizers[0].texts[0].tokens).toBe(579);
  });

  it("writes a page that shows hostile tokens as text, and overwrites no other file", async () => {
    const hostile = ["</script>", "<img src=x onerror=alert(1)>", "\u202eevil", "\u001b[2J"];
    const tokenizer = fileOf(
      "tokenizer.json",
      tokenizerJson({
        model: bpeModel(numbered(["a", "b"]), []),
        preTokenizer: byteLevel(false),
        decoder: byteLevel(true),
        added: hostile.map((token, i) => added(2 + i, token)),
      }),
    );
    const page = join(scratch(), "quality.html");
    const { code, stdout } = await inProcess(["quality", tokenizer, "--html", page, "--quiet"]);
    expect(code).toBe(0);
    expect(stdout).toContain(`Page written to ${page}\n`);
    const html = readFileSync(page, "utf8");
    const shown = `${stdout}${html.replace(/<script>.*?<\/script>/gs, "")}`;
    expect(shown.split("\n").filter((line) => showLine(line) !== line)).toEqual([]);
    for (const token of hostile) expect(html).not.toContain(`${token}<`);
    expect(html).not.toContain("<img");
    expect(html).toContain("&lt;img src=x onerror=alert(1)&gt;");

    const other = fileOf("notes.html", "<p>mine</p>");
    expectOneFailure(
      await inProcess(["quality", SAMPLE_TOKENIZER, "--html", other, "--quiet"]),
      /is no page of revocab/,
    );
    expect(readFileSync(other, "utf8")).toBe("<p>mine</p>");
  });

  it.each([
    ["an empty text", () => ["--text", fileOf("empty.txt", "\n \n")], /empty\.txt: found no text/],
    ["a text that is not UTF-8", () => ["--text", fileOf("x.txt", Uint8Array.of(0x80))], /not UTF-8/],
    ["a text that is not there", () => ["--text", "nowhere.txt"], /nowhere\.txt/],
    [
      "parallel texts of different lengths",
      () => ["--parallel", `${fileOf("a.txt", "a\nb\n")}:${fileOf("b.txt", "a\n")}`],
      /has 2 lines and .*b\.txt has 1/,
    ],
    ["one path for parallel texts", () => ["--parallel", "a.txt"], /no pair of parallel texts/],
    [
      "a name twice",
      () => ["--text", `a=${SAMPLE_TEXT}`, "--text", `a=${SAMPLE_TEXT}`],
      /two of the name "a"/,
    ],
  ])("refuses %s in one sentence", async (_, args, message) => {
    expectOneFailure(await inProcess(["quality", SAMPLE_TOKENIZER, ...args(), "--quiet"]), message);
  });
});
