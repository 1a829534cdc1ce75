import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { contentOf, scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TEXT, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { loadTokenizer } from "@revocab/vocabulary";
import { describe, expect, it } from "vitest";
import { inProcess } from "./in-process.ts";
import { expectOneFailure } from "./revocab.ts";

const scratch = scratchFolders();

/** A folder with the sample model and its text, as `./model` and `./stories.txt`. */
function inputs() {
  const folder = scratch();
  const [model, text] = [join(folder, "model"), join(folder, "stories.txt")];
  cpSync(SAMPLE_MODEL, model, { recursive: true });
  cpSync(SAMPLE_TEXT, text);
  return { folder, model, text };
}

/** Runs the command of the card beside the inputs: all files must be the same. */
async function expectRepeated(out: string): Promise<void> {
  const card = readFileSync(join(out, "README.md"), "utf8");
  const [, command = ""] = /```sh\nrevocab ([\s\S]+?)\n```/.exec(card) ?? [];
  const words = command.match(/'[^']*'|[^\s\\]+/g) ?? [];
  const again = join(dirname(out), "again");
  const args = words.map((word) =>
    word === "./out" ? again : word.replace(/^'(.*)'$/, "$1").replace(/^\.\//, `${dirname(out)}/`),
  );
  const { code, stderr } = await inProcess([...args, "--quiet"]);
  expect([code, stderr]).toEqual([0, ""]);
  expect(contentOf(again)).toEqual(contentOf(out));
}

describe("revocab extend", () => {
  it("adds words of a file, control tokens and learned pieces, and says what it refused", async () => {
    const before = contentOf(SAMPLE_MODEL);
    const { folder, model, text } = inputs();
    const [tokens, out] = [join(folder, "terms.txt"), join(folder, "out")];
    writeFileSync(tokens, "marmalade\nthe\n\n lighthouse\n");
    const adding = ["extend", model, "--tokens", tokens, "--special", "<|tool|>", "<|think|>"];
    const refused = await inProcess([...adding, "--out", out, "--quiet"]);
    expectOneFailure(
      refused,
      /2 entries cannot be added: " the": the tokenizer has it already: id 266; "": it is empty\n/,
    );
    expect(readdirSync(folder)).toEqual(["model", "stories.txt", "terms.txt"]);
    const learning = ["--learn", text, "--add", "10", "--skip-refused"];
    const { code, stdout } = await inProcess([...adding, ...learning, "--out", out, "--quiet"]);
    expect(code).toBe(0);
    expect(stdout).toContain("Changes of the vocabulary\n  pieces added  12\n");
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
    expect(contentOf(model)).toEqual(before);
    await expectRepeated(out);
  });

  it("takes a list of pieces and added tokens with their settings", async () => {
    const folder = scratch();
    const [tokens, out] = [join(folder, "tokens.json"), join(folder, "out")];
    writeFileSync(
      tokens,
      JSON.stringify([
        "marmalade",
        { content: "QED", special: false, singleWord: true },
        { rename: "<pad>", to: "<|a=b|>" },
      ]),
    );
    const { code, stdout } = await inProcess([
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
    expect(edit.renamed).toEqual([{ id: 3, from: "<pad>", to: "<|a=b|>" }]);
    expect(added[0]).toEqual({ id: 1280, token: "marmalade", kind: "piece" });
    const { encode, vocabulary } = await loadTokenizer(out);
    expect([...(await encode("QED"))]).toEqual([vocabulary.size - 1]);
    expect((await encode("QEDs")).length).toBeGreaterThan(1);
    writeFileSync(tokens, '["a", { "contents": "b" }]');
    const wrong = await inProcess([
      "extend",
      SAMPLE_MODEL,
      "--tokens",
      tokens,
      "--out",
      join(folder, "b"),
      "--quiet",
    ]);
    expectOneFailure(wrong, /tokens\.json is no list of tokens: entry 1 has another shape/);
  });
});

const CHATML =
  "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

describe("a chat model in one go", () => {
  const specials = ["--special", "<|im_start|>", "<|im_end|>", "--eos", "<|im_end|>"];

  it("is made by extend, which shows a sample conversation, and again by the command of its card", async () => {
    const { folder, model } = inputs();
    const [template, out] = [join(folder, "chatml.jinja"), join(folder, "out")];
    writeFileSync(template, CHATML);
    const args = ["extend", model, ...specials, "--chat-template", template, "--out", out, "--quiet"];
    const dry = await inProcess([...args, "--dry-run"]);
    expect(dry.stdout).toContain(
      "Chat template chatml.jinja: a sample conversation in 58 tokens, 9 of them specials",
    );
    const { code, stdout } = await inProcess(args);
    expect(code).toBe(0);
    expect(stdout).toContain(
      "\nChat template chatml.jinja: a sample conversation in 58 tokens, 9 of them specials\n",
    );
    expect(stdout).toContain("  | You answer in one word.<|im_end|>\n");
    expect(stdout).toMatch(/generation_config\.json +eos_token_id +1 → \[1281,1\]/);
    expect(stdout).toContain("  note: 2 new specials have the row of a counterpart, or the mean, and noise");
    const { chatTemplates } = await loadTokenizer(out);
    expect([...chatTemplates.values()]).toEqual([CHATML]);
    await expectRepeated(out);
  });

  it("is made by swap, whose tokenizer gets the specials first", async () => {
    const { folder, model } = inputs();
    const [template, out] = [join(folder, "chatml.jinja"), join(folder, "out")];
    writeFileSync(template, CHATML);
    cpSync(SAMPLE_TOKENIZER, join(folder, "tokenizer"), { recursive: true });
    const tokenizer = join(folder, "tokenizer");
    const args = ["swap", model, "--tokenizer", tokenizer, ...specials, "--chat-template", template];
    const { code, stdout } = await inProcess([...args, "--out", out, "--quiet"]);
    expect(code).toBe(0);
    expect(stdout).toContain("\nChat template chatml.jinja: a sample conversation in ");
    const { vocabulary } = await loadTokenizer(out);
    expect(vocabulary.tokenOf(vocabulary.idOfRole("eos")!)).toBe("<|im_end|>");
    await expectRepeated(out);
  });

  it("renames reserved tokens and promotes entries at their own ids", async () => {
    const { folder, model } = inputs();
    const out = join(folder, "out");
    const args = ["extend", model, "--rename", "<pad>=<|pad|>", "--special", "ing", "--out", out, "--quiet"];
    const { code, stdout } = await inProcess(args);
    expect(code).toBe(0);
    expect(stdout).toContain("  promoted: ing\n  renamed: <pad> → <|pad|>\n");
    const { vocabulary } = await loadTokenizer(out);
    expect(vocabulary.tokenOf(3)).toBe("<|pad|>");
    expect(vocabulary.idOfRole("pad")).toBe(3);
    expect(vocabulary.size).toBe(1280);
    await expectRepeated(out);
  });
});

describe("revocab prune", () => {
  it("leaves what a text needs, up to a number, and says before what it would leave", async () => {
    const { folder, model, text } = inputs();
    const out = join(folder, "out");
    const args = ["prune", model, "--keep-for", text, "--keep", "500", "--out", out, "--quiet"];
    const dry = await inProcess([...args, "--dry-run"]);
    expect(dry.stdout).toMatch(/ {2}taken out: ing .* …\n/);
    expect(dry.stdout).toContain("  tables with a row per token: 327,680 → 128,000 bytes\n");
    expect(dry.stdout).toMatch(/\nNothing was written \(--dry-run\)\n$/);
    expect(readdirSync(folder)).toEqual(["model", "stories.txt"]);
    const { code, stdout } = await inProcess(args);
    expect(code).toBe(0);
    const counted = /Changes of the vocabulary\n {2}taken out +780\n {2}kept +500\n/;
    expect(stdout).toMatch(counted);
    expect(dry.stdout).toMatch(counted);
    expect(stdout).toContain("  955,520 → 855,680\n");
    const { vocabulary, encode, decode } = await loadTokenizer(out);
    expect(vocabulary.size).toBe(500);
    const sample = readFileSync(text, "utf8").slice(0, 2000);
    expect(await decode(await encode(sample))).toBe(sample);
    await expectRepeated(out);
  });
});

describe("the section Config", () => {
  it("of prune says which words of generation_config.json are gone", async () => {
    const { folder, model, text } = inputs();
    const { vocabulary } = await loadTokenizer(model);
    const last = vocabulary.size - 1;
    const gone = Array.from({ length: 40 }, (_, i) => [last - i]);
    writeFileSync(join(model, "generation_config.json"), JSON.stringify({ bad_words_ids: gone }));
    const out = join(folder, "out");
    const args = ["prune", model, "--keep-for", text, "--keep", "300", "--out", out, "--quiet"];
    const { code, stdout } = await inProcess(args);
    expect(code).toBe(0);
    const config = stdout.slice(stdout.indexOf("\nConfig\n"), stdout.indexOf("\nChecked\n"));
    expect(config).toMatch(/generation_config\.json {2}bad_words_ids +\[40 items\] → /);
    expect(config).toMatch(/note: generation_config\.json bad_words_ids: the tokens? \d+/);
  });
});

describe("wrong usage of extend and prune", () => {
  const extend = ["extend", SAMPLE_MODEL, "--quiet"];
  const prune = ["prune", SAMPLE_MODEL, "--quiet"];
  it.each([
    ["nothing to add", extend, /found nothing to learn, to add, to rename or to take out/],
    ["a text without a number", [...extend, "--learn", SAMPLE_TEXT], /--learn was given without --add/],
    ["a number without a text", [...extend, "--add", "5"], /--add was given without --learn/],
    ["a text to spare alone", [...extend, "--spare", SAMPLE_TEXT], /--spare was given without --learn/],
    ["no name for a reserved token", [...extend, "--rename", "<pad>="], /--rename <pad>=: expected OLD=NEW/],
    [
      "a token that is none",
      [...extend, "--rename", "<x>=<y>"],
      /"<x>" cannot be renamed: the tokenizer has no such/,
    ],
    [
      "an end that is no token",
      [...extend, "--eos", "<x>"],
      /"<x>" was named as the eos token, but it is no special/,
    ],
    [
      "no template",
      [...extend, "--special", "<x>", "--chat-template", "sauce"],
      /--chat-template is "sauce": found no such file, expected one or auto, source, target, none/,
    ],
    ["nothing to decide by", [...extend, "--special", "<x>", "--method", "auto"], /without a text to decide/],
    ["rows that stay", [...extend, "--special", "<x>", "--no-copy"], /subtoken-mean has no others for them/],
    ["a dry run that publishes", [...prune, "--dry-run", "--publish", "a/b"], /--dry-run writes none/],
    ["nothing to keep", prune, /found nothing to learn, to add, to rename or to take out/],
    ["a number to keep without a text", [...prune, "--keep", "3"], /--keep was given without --keep-for/],
    [
      "fewer than any text needs",
      [...prune, "--keep-for", SAMPLE_TEXT, "--keep", "3"],
      /needs 260 tokens to write any text/,
    ],
  ])("%s", async (_, args, message) => {
    const folder = scratch();
    const finished = await inProcess([...args, "--out", join(folder, "out")]);
    expect(finished.code).toBe(2);
    expectOneFailure(finished, message);
    expect(readdirSync(folder)).toEqual([]);
  });
});
