import { cpSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scratchFolders } from "@revocab/test-support/folders";
import { SAMPLE_MODEL, SAMPLE_TEXT, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { describe, expect, it } from "vitest";
import { forTerminal, proseForTerminal } from "../src/terminal.ts";
import { inProcess } from "./in-process.ts";

const scratch = scratchFolders();

/** Clears a screen, rings, ends a line, turns text around, and is a sequence of one byte. */
const STRANGE = "\u001b[2J\u0007\n\u202e\u009b";
/** Where file names may have such characters. */
const NAME = process.platform === "win32" ? "\u202e\u009b" : STRANGE;
const OBEYED = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

type Json = Record<string, unknown>;
function edit(path: string, change: (json: Json) => Json): void {
  writeFileSync(path, JSON.stringify(change(JSON.parse(readFileSync(path, "utf8")) as Json)));
}

/** The sample with strange names: of folders and files, of specials, in a chat template, a card and a config. */
function strangeInputs(): { model: string; tokenizer: string; out: string } {
  const folder = scratch();
  const [model, tokenizer, out] = ["model", "tokenizer", "out"].map((name) => join(folder, name + NAME)) as [
    string,
    string,
    string,
  ];
  cpSync(SAMPLE_MODEL, model, { recursive: true });
  cpSync(SAMPLE_TOKENIZER, tokenizer, { recursive: true });
  writeFileSync(join(model, `notes${NAME}.txt`), "a companion");
  mkdirSync(join(model, `more${NAME}`));
  writeFileSync(join(model, "README.md"), `---\nlicense_link: https://x/${STRANGE}\n---\n`);
  edit(join(model, "config.json"), (config) => ({ ...config, [`strange_token_id${STRANGE}`]: STRANGE }));
  // the model has no row for another special: that one is the target's alone
  edit(join(tokenizer, "tokenizer.json"), (json) => {
    const [first, ...others] = json.added_tokens as Json[];
    const { vocab } = json.model as { vocab: Json };
    const id = Math.max(Object.keys(vocab).length, ...[first, ...others].map((one) => Number(one?.id) + 1));
    return { ...json, added_tokens: [first, ...others, { ...first, id, content: `<${STRANGE}>` }] };
  });
  for (const folder of [model, tokenizer]) {
    edit(join(folder, "tokenizer_config.json"), (config) => ({
      ...config,
      chat_template: `{% for m in messages %}${STRANGE}{{ m.content }}{% endfor %}`,
      pad_token: `<${STRANGE}pad>`,
    }));
  }
  return { model, tokenizer, out };
}

function expectSafe(texts: Readonly<Record<string, string>>): void {
  for (const [what, text] of Object.entries(texts)) {
    expect({ what, found: OBEYED.exec(text)?.[0] }).toEqual({ what, found: undefined });
  }
}

describe("text of others", () => {
  it("reaches neither terminal nor card nor report as anything but text", async () => {
    const { model, tokenizer, out } = strangeInputs();
    const swapped = await inProcess(["swap", model, "--tokenizer", tokenizer, "--out", out]);
    expect(swapped).toMatchObject({ code: 0 });
    expect(swapped.stdout).toContain("\\u{202e}\\u{9b}\n");
    const report = readFileSync(join(out, "revocab.json"), "utf8");
    expectSafe({
      stdout: swapped.stdout,
      stderr: swapped.stderr,
      card: readFileSync(join(out, "README.md"), "utf8"),
      report,
    });
    const { notes, gate } = JSON.parse(report) as { notes: string[]; gate: { notes: string[] } };
    for (const note of [...notes, ...gate.notes]) expect(note).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect([...notes, ...gate.notes].join()).toContain("\\x1b[2J\\x07\\n\\u{202e}\\u{9b}");

    const planned = `${out}.plan`;
    for (const args of [
      ["inspect", tokenizer],
      ["inspect", tokenizer, "--json"],
      ["inspect", model],
      ["plan", model, "--tokenizer", tokenizer, "--out", planned],
      ["explain", planned, `<${STRANGE}>`],
      ["explain", planned, STRANGE],
      ["explain", planned, `<${STRANGE}>`, "--json"],
      ["swap", model, "--tokenizer", tokenizer, "--dry-run", "--json"],
      ["swap", model, "--tokenizer", tokenizer, "--out", out],
      ["swap", model, "--tokenizer", tokenizer, "--out", out, "--json"],
      ["swap", `${model}/nothing${STRANGE}`, "--tokenizer", tokenizer, "--out", `${out}2`],
      ["swap", model, "--tokenizer", tokenizer, "--out", `${out}3`, "--method", STRANGE],
      [`--${STRANGE}`],
      [STRANGE],
      ["extend", model, "--token", STRANGE, "--special", `<${STRANGE}>`, "--dry-run"],
    ]) {
      const { stdout, stderr } = await inProcess(args);
      expect(stdout + stderr).not.toBe("");
      expectSafe({ [`stdout of ${args[0]}`]: stdout, [`stderr of ${args[0]}`]: stderr });
    }
  });

  it("with --json is the text itself, written as JSON", async () => {
    const { tokenizer } = strangeInputs();
    const { stdout } = await inProcess(["inspect", tokenizer, "--json"]);
    const { tokenizer: found } = JSON.parse(stdout) as { tokenizer: { specials: { token: string }[] } };
    expect(found.specials.map(({ token }) => token)).toContain(`<${STRANGE}>`);
  });

  it("is measured in a text whose name is strange", async () => {
    const { model, tokenizer, out } = strangeInputs();
    const text = join(scratch(), `text${NAME}`);
    cpSync(SAMPLE_TEXT, text);
    const args = [
      "swap",
      model,
      "--tokenizer",
      tokenizer,
      "--out",
      out,
      "--eval",
      text,
      "--max-bytes",
      "500",
    ];
    const { code, stdout, stderr } = await inProcess(args);
    expect(code).toBe(0);
    expectSafe({ stdout, stderr, card: readFileSync(join(out, "README.md"), "utf8") });
    renameSync(text, `${text}2`);
    expectSafe(await inProcess(args).then((run) => ({ stderr: run.stderr, stdout: run.stdout })));
  });
});

describe("what is printed", () => {
  it("keeps its lines and no other control character", () => {
    expect(forTerminal("a\n\u001b[2J\tb\r\n")).toBe("a\n\\x1b[2J\\tb\\r\n");
  });

  it("of a model's own text keeps lines, tabs, and the joiners in words and emoji", () => {
    expect(proseForTerminal("a\n\tb 👩\u200d🚀 \u001b]0;x\u0007\u202ec\r")).toBe(
      "a\n\tb 👩\u200d🚀 \\x1b]0;x\\x07\\u{202e}c\\r",
    );
  });
});
