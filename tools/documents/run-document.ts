import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { formatWithOptions } from "node:util";
import { expect, vi } from "vitest";
import { inProcess } from "../../apps/revocab/test/in-process.ts";
import { type Block, blocksOf, commandsOf, sessionOf, wordsOf } from "./blocks.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** What a reader has who stands in a clone. */
const IN_A_CLONE = [
  "sample",
  "docs",
  "examples",
  "packages",
  "apps",
  "tools",
  "node_modules",
  "package.json",
];

/** Languages of blocks that run. */
export const RUN = ["js", "sh", "console"];

/**
 * Runs the blocks of a document in their order, as a reader would who stands in a clone: each begins with what those before it
 * left. Fails where a command or a program does, and where it prints something else than the document shows.
 */
export async function runDocument(name: string, document: string, folder: string): Promise<void> {
  for (const place of IN_A_CLONE) symlinkSync(join(root, place), join(folder, place));
  mkdirSync(join(folder, "out"));
  const before = process.cwd();
  process.chdir(folder);
  try {
    for (const block of blocksOf(document)) {
      for (const [here, there] of block.given) symlinkSync(join(root, there), here);
      if (block.file !== undefined) writeFileSync(block.file, `${block.text}\n`);
      else if (block.reason === undefined) await runBlock(block, `${name}:${block.line}`);
    }
  } finally {
    process.chdir(before);
  }
}

async function runBlock({ language, text, line }: Block, place: string): Promise<void> {
  if (language === "js") await runProgram(text, join(process.cwd(), `block-${line}.mjs`), place);
  if (language === "sh") for (const command of commandsOf(text)) await runCommand(command, place);
  if (language !== "console") return;
  for (const { command, shown } of sessionOf(text)) {
    let output = withoutTimes(await runCommand(command, place));
    for (const piece of shown.map(withoutTimes)) {
      expect(output, `${place}: ${command}`).toContain(piece);
      output = output.slice(output.indexOf(piece) + piece.length);
    }
  }
}

/** Seconds stand last on a line, and differ from run to run. */
function withoutTimes(text: string): string {
  return text.replace(/(?: +\d+\.\d){1,2}$/gm, "");
}

/** What the command prints on stdout. */
async function runCommand(command: string, place: string): Promise<string> {
  const words = wordsOf(command);
  const [program, ...args] = words?.[0] === "npx" ? words.slice(1) : (words ?? []);
  if (program !== "revocab") {
    return execFileSync("bash", ["-ec", command], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  }
  const { code, stdout, stderr } = await inProcess(args);
  expect({ place, command, code, ...(code !== 0 && { stderr }) }).toEqual({ place, command, code: 0 });
  return stdout;
}

/** A remark behind `console.log(…);` is what it prints. */
async function runProgram(text: string, file: string, place: string): Promise<void> {
  writeFileSync(file, text);
  const printed: string[] = [];
  const spy = vi.spyOn(console, "log").mockImplementation((...values: unknown[]) => {
    printed.push(oneLine(formatWithOptions({ colors: false }, ...values)));
  });
  try {
    await import(/* @vite-ignore */ pathToFileURL(file).href);
  } finally {
    spy.mockRestore();
  }
  for (const [, remark] of text.matchAll(/console\.log\(.*\);? \/\/ (.+)$/gm)) {
    const line = oneLine(remark as string);
    expect(printed, `${place}: in this order`).toContain(line);
    printed.splice(0, printed.indexOf(line) + 1);
  }
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
