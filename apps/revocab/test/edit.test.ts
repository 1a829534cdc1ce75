import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { contentOf, scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TEXT } from "@revocab/test-support/sample";
import { loadTokenizer } from "@revocab/vocabulary";
import { describe, expect, it } from "vitest";
import { expectOneFailure, revocab } from "./revocab.ts";

const scratch = scratchFolders();

describe("revocab extend", () => {
  it("adds words of a file, control tokens and learned pieces, and says what it refused", async () => {
    const before = contentOf(SAMPLE_MODEL);
    const folder = scratch();
    const [tokens, out] = [join(folder, "terms.txt"), join(folder, "out")];
    writeFileSync(tokens, "marmalade\nthe\n\n lighthouse\n");
    const adding = ["extend", SAMPLE_MODEL, "--tokens", tokens, "--special", "<|tool|>", "<|think|>"];
    const refused = await revocab([...adding, "--out", out, "--quiet"]);
    expectOneFailure(
      refused,
      /2 entries cannot be added: " the": the tokenizer has it already: id 266; "": it is empty\n/,
    );
    expect(readdirSync(folder)).toEqual(["terms.txt"]);
    const learning = ["--learn", SAMPLE_TEXT, "--add", "10", "--skip-refused"];
    const { code, stdout } = await revocab([...adding, ...learning, "--out", out, "--quiet"]);
    expect(code).toBe(0);
    expect(stdout).toContain("What became of the vocabulary\n  pieces added  12\n");
    expect(stdout).toContain(
      '  refused " the": the tokenizer has it already: id 266\n  refused "": it is empty\n',
    );
    expect(stdout).toMatch(/ config\.json +vocab_size +1280 → /);
    const { vocabulary, encode } = await loadTokenizer(out);
    const ids = await encode(" marmalade lighthouse<|think|>");
    expect(Array.from(ids, (id) => vocabulary.tokenOf(id))).toEqual([
      "Ġmarmalade",
      "Ġlighthouse",
      "<|think|>",
    ]);
    expect(Math.min(...ids)).toBe(1290);
    expect(contentOf(SAMPLE_MODEL)).toEqual(before);
  });

  it("takes a list of pieces and added tokens with their settings", async () => {
    const folder = scratch();
    const [tokens, out] = [join(folder, "tokens.json"), join(folder, "out")];
    writeFileSync(
      tokens,
      JSON.stringify(["marmalade", { content: "QED", special: false, singleWord: true }]),
    );
    const { code, stdout } = await revocab([
      "extend",
      SAMPLE_MODEL,
      "--tokens",
      tokens,
      "--out",
      out,
      "--json",
    ]);
    expect(code).toBe(0);
    const { added, edit } = JSON.parse(stdout);
    expect(edit).toMatchObject({ pieces: 1, addedTokens: 1, refused: [], pruned: null });
    expect(added[0]).toEqual({ id: 1280, token: "marmalade", kind: "piece" });
    const { encode, vocabulary } = await loadTokenizer(out);
    expect([...(await encode("QED"))]).toEqual([vocabulary.size - 1]);
    expect((await encode("QEDs")).length).toBeGreaterThan(1);
    writeFileSync(tokens, '["a", { "contents": "b" }]');
    const wrong = await revocab([
      "extend",
      SAMPLE_MODEL,
      "--tokens",
      tokens,
      "--out",
      join(folder, "b"),
      "--quiet",
    ]);
    expectOneFailure(wrong, /tokens\.json is no list of tokens: entry 1 is none/);
  });
});

describe("revocab prune", () => {
  it("leaves what a text needs, up to a number", async () => {
    const out = join(scratch(), "out");
    const args = ["prune", SAMPLE_MODEL, "--keep-for", SAMPLE_TEXT, "--keep", "500", "--out", out, "--quiet"];
    const { code, stdout } = await revocab(args);
    expect(code).toBe(0);
    expect(stdout).toContain("  kept               500  the others were taken out\n");
    expect(stdout).toContain("  955,520 → 855,680\n");
    const { vocabulary, encode, decode } = await loadTokenizer(out);
    expect(vocabulary.size).toBe(500);
    const text = readFileSync(SAMPLE_TEXT, "utf8").slice(0, 2000);
    expect(await decode(await encode(text))).toBe(text);
  });
});

describe("wrong usage of extend and prune", () => {
  const extend = ["extend", SAMPLE_MODEL, "--quiet"];
  const prune = ["prune", SAMPLE_MODEL, "--quiet"];
  it.each([
    ["nothing to add", extend, /found nothing to learn, to add or to take out/],
    ["a text without a number", [...extend, "--learn", SAMPLE_TEXT], /--learn was given without --add/],
    ["a number without a text", [...extend, "--add", "5"], /--add was given without --learn/],
    ["a text to spare alone", [...extend, "--spare", SAMPLE_TEXT], /--spare was given without --learn/],
    [
      "a method that compares",
      [...extend, "--special", "<x>", "--method", "auto"],
      /--method auto compares swaps/,
    ],
    ["nothing to keep", prune, /found nothing to learn, to add or to take out/],
    ["a number to keep without a text", [...prune, "--keep", "3"], /--keep was given without --keep-for/],
    [
      "fewer than any text needs",
      [...prune, "--keep-for", SAMPLE_TEXT, "--keep", "3"],
      /needs 260 tokens to write any text/,
    ],
  ])("%s", async (_, args, message) => {
    const folder = scratch();
    const finished = await revocab([...args, "--out", join(folder, "out")]);
    expect(finished.code).toBe(2);
    expectOneFailure(finished, message);
    expect(readdirSync(folder)).toEqual([]);
  });
});
