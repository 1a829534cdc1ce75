import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HOSTILE_TEXTS, OBEYED, writeHostileTokenizer } from "@revocab/test-support/hostile-tokens";
import { SAMPLE_MODEL, SAMPLE_TEXT, SAMPLE_TOKENIZER } from "@revocab/test-support/sample";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inProcess } from "./in-process.ts";

const folder = mkdtempSync(join(tmpdir(), "revocab-test-"));
const [tokenizer, out, plan] = ["tokenizer", "out", "out.plan"].map((name) => join(folder, name)) as [
  string,
  string,
  string,
];
const text = ["--text", SAMPLE_TEXT, "--max-bytes", "500"];

describe("hostile tokens", () => {
  beforeAll(async () => {
    writeHostileTokenizer(tokenizer);
    await expectText(["swap", SAMPLE_MODEL, "--tokenizer", tokenizer, "--out", out]);
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("are text on the terminal", async () => {
    await expectText(["inspect", tokenizer, "--json"]);
    await expectText(["plan", SAMPLE_MODEL, "--tokenizer", tokenizer, "--out", plan]);
    await expectText(["explain", plan, ...HOSTILE_TEXTS]);
    await expectText(["explain", plan, ...HOSTILE_TEXTS.map((one) => `<${one}>`)]);
    await expectText(["eval", out, ...text, "--by-token"]);
  });

  it("are text in a card: no HTML, no link, no picture", () => {
    const card = readFileSync(join(out, "README.md"), "utf8");
    expect(OBEYED.exec(card)?.[0]).toBeUndefined();
    expect(markupOf(card)).not.toMatch(/<(?!!--)[a-z/!?]/i);
    expect(markupOf(card)).not.toMatch(/\]\(javascript:|!\[/);
  });

  it.each([
    ["inspect", [tokenizer]],
    ["quality", [tokenizer, SAMPLE_TOKENIZER]],
    ["compare", [SAMPLE_MODEL, "--tokenizer", tokenizer, ...text, "--methods", "mean"]],
    ["report", [out, "--source", SAMPLE_MODEL]],
  ])(
    "are text on the terminal and on the page of %s: they add no element, attribute or script",
    async (name, args) => {
      const page = join(folder, `${name}.html`);
      await expectText([name, ...args, "--html", page]);
      const html = readFileSync(page, "utf8");
      expect(html.match(/<script/g)?.length ?? 0).toBe(html.match(SCRIPTS)?.length ?? 0);
      const markup = html.replace(SCRIPTS, "").replace(/<style>[\s\S]*?<\/style>/g, "");
      expect(OBEYED.exec(markup)?.[0]).toBeUndefined();
      const tags = markup.match(/<[a-z!/?][^>]*>/gi) ?? [];
      expect(tags.filter((tag) => !OUR_TAG.test(tag) || /\son\w+=|javascript:/i.test(tag))).toEqual([]);
    },
  );
});

/** Runs a command, which succeeds and shows nothing but text. */
async function expectText(args: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await inProcess([...args, "--quiet"]);
  expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: "" });
  expect(stdout).not.toBe("");
  expect({ args, found: OBEYED.exec(stdout)?.[0] }).toEqual({ args, found: undefined });
}

/** As a browser ends them. */
const SCRIPTS = /<script\b[^>]*>[\s\S]*?<\/script>/g;

/** Elements that load nothing. */
const OUR_TAG = new RegExp(
  `^<(!doctype html|/?(${[
    "html head meta title body style",
    "header nav main section footer h1 h2 h3 h4 h5 h6 p div span",
    "a bdi code em strong pre abbr ul ol li dl dt dd details summary figure figcaption noscript",
    "table caption thead tbody tr th td",
    "button fieldset form input label legend option output select textarea",
    "svg g path rect circle line text tspan desc",
  ]
    .join(" ")
    .replaceAll(" ", "|")}))\\b`,
  "i",
);

/** What of a Markdown text may be markup: without code and escaped signs. */
function markupOf(markdown: string): string {
  return markdown
    .replace(/^(`{3,}|~{3,})[^\n]*\n[\s\S]*?^\1$/gm, "")
    .replace(/\\[!-/:-@[-`{-~]/g, "")
    .replace(/(?<!`)(`+)(?!`)[\s\S]*?(?<!`)\1(?!`)/g, "");
}
