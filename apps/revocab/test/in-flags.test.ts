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

  it("stays as it is where a name is no option and no function", () => {
    for (const text of ["`toString`", "`constructor: x`", "`nothing`", "a ` alone", "`apply plan`"]) {
      expect(inFlags(text)).toBe(text);
    }
  });
});

describe("what a message is translated to", () => {
  it("is a flag of some command, or a command", async () => {
    const commands = [...new Set(Object.values(COMMANDS).map((words) => words.split(" ")[1] as string))];
    const texts = await Promise.all(
      commands.map(async (command) => (await inProcess([command, "--help"])).stdout),
    );
    expect(texts.every((text) => text.startsWith("Usage: revocab "))).toBe(true);
    const all = texts.join("\n");
    for (const flag of [...Object.values(FLAGS), "--copy", "--no-copy"]) {
      expect(all, flag).toMatch(new RegExp(`${flag}[ \n]`));
    }
  });
});
