import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { quote, showMessage, showText } from "@revocab/core";
import { describe, expect, it } from "vitest";
import { COMMANDS, FLAGS, inFlags } from "../src/in-flags.ts";
import { inProcess } from "./in-process.ts";

describe("a message of the library", () => {
  it("is printed in flags and commands", () => {
    expect(inFlags("pass `untie`, or `role: input`; `savePlan` wrote it")).toBe(
      "pass --untie, or --role input; revocab plan wrote it",
    );
    expect(inFlags("`copyShared: false` and `copyShared`")).toBe("--no-copy and --copy");
  });

  it("stays as it is where a token, a file or another program speaks of the like", () => {
    const foreign = "`text`";
    const message = [quote(foreign), showText(foreign), showMessage(foreign)].join(" ");
    expect(inFlags(`${message}: pass \`text\``)).toBe(`${message}: pass --text`);
  });

  it("stays as it is where a name is no option and no function", () => {
    for (const text of ["`toString`", "`constructor: x`", "`nothing`", "a ` alone", "`apply plan`"]) {
      expect(inFlags(text)).toBe(text);
    }
  });
});

describe("the messages of all packages", () => {
  it("name no option and no function that has no flag and no command", () => {
    const unknown = [...namesInMessages()].filter((name) => inFlags(`\`${name}\``) === `\`${name}\``);
    // errors of code that uses a closed plan, or makes a panel of nothing: no command can meet them
    const ofCode = ["makePlan", "openPlan", "rowSource", "texts", "tokenizers", "vocabularies"];
    expect(unknown.sort()).toEqual(ofCode);
  });
});

/** What stands in backticks as `name` or `name: value` within a string or a template of a package's source. */
function namesInMessages(): ReadonlySet<string> {
  const packages = fileURLToPath(new URL("../../../packages", import.meta.url));
  const names = new Set<string>();
  for (const name of readdirSync(packages)) {
    for (const file of readdirSync(join(packages, name, "src"), { recursive: true, encoding: "utf8" })) {
      if (!file.endsWith(".ts")) continue;
      const code = readFileSync(join(packages, name, "src", file), "utf8").replace(COMMENT, "");
      for (const [, inTemplate] of code.matchAll(/\\`([A-Za-z]+)(?:: [^`]*)?\\`/g)) names.add(inTemplate);
      for (const [text] of code.matchAll(/"[^"\n]*"/g))
        for (const [, inString] of text.matchAll(/`([A-Za-z]+)(?:: [^`]*)?`/g)) names.add(inString);
    }
  }
  return names;
}

const COMMENT = /^\s*(\/\*\*?[\s\S]*?\*\/|\/\/.*)/gm;

describe("what a message is translated to", () => {
  it("is a flag of some command, or a command", async () => {
    const commands = [...new Set(Object.values(COMMANDS))];
    const texts = await Promise.all(
      commands.map(async (words) => (await inProcess([...words.split(" ").slice(1), "--help"])).stdout),
    );
    expect(texts.every((text) => text.startsWith("Usage: revocab "))).toBe(true);
    const all = texts.join("\n");
    for (const flag of [...Object.values(FLAGS), "--copy", "--no-copy"]) {
      expect(all, flag).toMatch(new RegExp(`${flag}[ \n]`));
    }
  });
});
