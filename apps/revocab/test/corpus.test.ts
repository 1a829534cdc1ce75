import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inProcess } from "./in-process.ts";
import { expectOneFailure, revocab } from "./revocab.ts";

/** Of the whole file. */
let folder: string;
const at = (name: string) => join(folder, name);
const command = (args: readonly string[]) => ["corpus", "mix", ...args, "--quiet"];
const mix = (...args: string[]) => inProcess(command(args));
const parallel = () => `${at("en.txt")}:${at("de.txt")}`;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "revocab-corpus-"));
  writeFileSync(at("en.txt"), "the dog sleeps\n\nthe cat\n");
  writeFileSync(at("de.txt"), "der Hund schläft\nleer\ndie Katze\n");
  writeFileSync(at("short.txt"), "der Hund schläft\n");
  writeFileSync(at("words.txt"), "dog\tHund\ncat\tKatze\n");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("corpus mix", () => {
  it("writes the mixed text and says how much of it is mixed", async () => {
    const out = at("mixed.txt");
    const mixing = ["--parallel", parallel(), "--dictionary", at("words.txt"), "--share", "1", "--out", out];
    const run = await revocab(command(mixing));
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(run.stdout).toBe(`  lines read                   3
  of them empty, passed over   1
  lines written                6
  words of the source          5
    with a translation         2  40.0 %
    replaced in swapped lines  2  40.0 %
  words of the target          5
    with a translation         2  40.0 %
    replaced in swapped lines  2  40.0 %
  pairs in the dictionary      2
    both words in the texts    2

Written to ${out}
`);
    expect(readFileSync(out, "utf8").split("\n").slice(0, 2)).toEqual(["the Hund sleeps", "der dog schläft"]);

    const again = ["--parallel", parallel(), "--forms", "joined", "--out", out];
    expectOneFailure(await mix(...again), /mixed.txt exists already/);
    const forced = await mix(...again, "--force", "--json");
    expect(JSON.parse(forced.stdout)).toMatchObject({ lines: 3, empty: 1, written: 2 });
    expect(readFileSync(out, "utf8")).toBe("the dog sleeps der Hund schläft\nthe cat die Katze\n");

    writeFileSync(at("links.txt"), "1-1\n\n0-0\n");
    const links = ["--alignments", at("links.txt"), "--forms", "swapped", "--share", "1"];
    const aligned = await mix("--parallel", parallel(), ...links, "--out", out, "--force");
    expect(aligned).toMatchObject({ code: 0, stderr: "" });
    expect(readFileSync(out, "utf8").split("\n")[0]).toBe("the Hund sleeps");
  });

  it.each([
    [2, /neither parallel texts nor a text/, []],
    [2, /no pair of parallel texts/, ["--parallel", "en.txt"]],
    [1, /has 3 lines and .*short.txt has 1/, ["--parallel", "en.txt:short.txt"]],
    [2, /"mixed" is none of swapped/, ["--parallel", "en.txt:de.txt", "--forms", "mixed"]],
    [2, /without a dictionary/, ["--text", "en.txt"]],
    [1, /no tab/, ["--text", "en.txt", "--dictionary", "de.txt"]],
  ])("fails with code %i and one message: %s", async (code, message, args) => {
    const before = readdirSync(folder);
    const located = args.map((arg) => arg.replace(/[a-z]+\.txt/g, at));
    const run = await mix(...located, "--out", at("none.txt"));
    expect(run).toMatchObject({ code, stdout: "" });
    expectOneFailure(run, message);
    expect(readdirSync(folder)).toEqual(before);
  });
});
