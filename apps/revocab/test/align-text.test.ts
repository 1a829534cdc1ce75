import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inProcess } from "./in-process.ts";
import { expectOneFailure, revocab } from "./revocab.ts";

/** Of the whole file. */
let folder: string;
const at = (name: string) => join(folder, name);
const command = (args: readonly string[]) => ["align-text", ...args, "--quiet"];
const align = (...args: string[]) => inProcess(command(args));

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "revocab-align-text-"));
  writeFileSync(at("en.txt"), "The dog sleeps.\n\nThe cat\n");
  writeFileSync(at("de.txt"), "Der Hund schläft.\nleer\nDie Katze\n");
  writeFileSync(at("short.txt"), "Der Hund schläft.\n");
  writeFileSync(at("words.txt"), "dog\tHund\ncat\tKatze\nsleep\tschläft\n");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("align-text", () => {
  it("writes the links and says what there was to link, and what a dictionary says of it", async () => {
    const out = at("links.txt");
    const texts = `${at("en.txt")}:${at("de.txt")}`;
    const run = await revocab(command([texts, "--out", out, "--dictionary", at("words.txt")]));
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(readFileSync(out, "utf8")).toBe("0-0 1-1 2-2 3-3\n\n0-0 1-1\n");
    expect(run.stdout.split("\n").slice(0, 11)).toEqual([
      "  lines                                               3",
      "    passed over: empty                                1",
      "    passed over: more than 1,000 words                0",
      "  words of the source                                 6",
      "  words of the target                                 7",
      "  links                                               6",
      "  found in both directions, of those in either        6  100.0 %",
      "    between words that the dictionary pairs           2   33.3 %",
      "  source words with a listed translation in the line  2",
      "    linked to it                                      2  100.0 %",
      "",
    ]);
    expect(run.stdout).toContain("words=unicode");

    expectOneFailure(await align(texts, "--out", out), /links.txt exists already/);
    const forced = await align(texts, "--out", out, "--force", "--json", "--words", "whitespace");
    expect(JSON.parse(forced.stdout)).toMatchObject({ lines: 3, links: 5, skipped: { empty: 1, long: 0 } });
    expect(readFileSync(out, "utf8")).toBe("0-0 1-1 2-2\n\n0-0 1-1\n");
  });

  it.each([
    [2, /no pair of parallel texts/, ["en.txt"]],
    [1, /has 3 lines and .*short.txt has 1/, ["en.txt:short.txt"]],
    [1, /no tab/, ["en.txt:de.txt", "--dictionary", "de.txt"]],
    [1, /missing.txt: there is no such file, expected a text/, ["en.txt:missing.txt"]],
    [2, /grow.*intersect, union/, ["en.txt:de.txt", "--symmetrize", "both"]],
    [2, /whole number of at least 1/, ["en.txt:de.txt", "--iterations", "0"]],
  ])("fails with code %i and one message: %s", async (code, message, args) => {
    const before = readdirSync(folder);
    const located = args.map((arg) => arg.replace(/[a-z]+\.txt/g, at));
    const run = await align(...located, "--out", at("none.txt"));
    expect(run).toMatchObject({ code, stdout: "" });
    expectOneFailure(run, message);
    expect(readdirSync(folder)).toEqual(before);
  });
});
