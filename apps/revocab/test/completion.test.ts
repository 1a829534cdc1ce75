import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { scratchFolders } from "@revocab/test-support/folders";
import { expect, it } from "vitest";
import { inProcess } from "./in-process.ts";

const scratch = scratchFolders();

async function script(shell: string): Promise<string> {
  const { code, stdout } = await inProcess(["completion", shell]);
  expect(code).toBe(0);
  return stdout;
}

it.skipIf(process.platform === "win32")(
  "bash completes commands, options, and the values that an option has",
  async () => {
    const path = join(scratch(), "completion.bash");
    const lines = [
      ["sw"],
      ["swap", "--pad"],
      ["swap", "--method", "om"],
      ["swap", "--objective", ""],
      ["swap", "--out", ""],
      ["swap", "-"],
      ["vectors", "tr"],
      ["vectors", "train", "--mod"],
      ["completion", ""],
      ["methods", "we"],
      ["info", "--well"],
      // as bash cuts --method=om
      ["swap", "--method", "=", "om"],
    ];
    const tries = lines.map((words) => `try ${words.map((word) => `'${word}'`).join(" ")}`);
    writeFileSync(
      path,
      `${await script("bash")}
try() { COMP_WORDS=(revocab "$@"); COMP_CWORD=$#; _revocab; echo "$* → \${COMPREPLY[*]:0:3}"; }
${tries.join("\n")}
`,
    );
    expect(execFileSync("bash", [path], { encoding: "utf8" }).trimEnd().split("\n")).toEqual([
      "sw → swap",
      "swap --pad → --pad-to-multiple-of",
      "swap --method om → omp",
      "swap --objective  → lm distill alm",
      // nothing: the shell completes paths
      "swap --out  → ",
      "swap - → --tokenizer --special-tokens --special",
      "vectors tr → train",
      "vectors train --mod → --model",
      "completion  → bash zsh fish",
      "methods we → wechsel",
      "info --well → --well-trained",
      "swap --method = om → omp",
    ]);
  },
);

it("every shell has every command and every option of the help, as the parser has them", async () => {
  const scripts = await Promise.all(["bash", "zsh", "fish"].map(script));
  for (const command of ["swap", "vectors train", "eval", "heal"]) {
    const { stdout: help } = await inProcess([...command.split(" "), "--help"]);
    const options = Array.from(help.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm), ([, option]) => option!);
    expect(options.length).toBeGreaterThan(10);
    for (const option of options) {
      const [bash, zsh, fish] = scripts;
      expect(bash).toMatch(new RegExp(`"${command}"\\) if .*[ "]${option}[ "]`));
      expect(zsh).toContain(`'*${option}[`);
      expect(fish).toContain(` -l ${option.slice(2)} `);
    }
  }
});

it("another name of a command completes as the command does", async () => {
  const [bash, zsh, fish] = await Promise.all(["bash", "zsh", "fish"].map(script));
  expect(bash).toContain('" inspect" | " info") command="inspect"');
  expect(zsh).toContain("inspect|info) _revocab_inspect ;;");
  expect(fish).toContain("'__fish_seen_subcommand_from inspect info' -l well-trained ");
});

it("hidden names are not offered", async () => {
  for (const shell of ["bash", "zsh", "fish"])
    expect(await script(shell)).not.toMatch(/--(output|config)\b|-l (output|config)\b/);
});
