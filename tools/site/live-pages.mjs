// The pages of commands that the site shows: those that tools/site/live-examples.md names.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const COMMAND = /^npx revocab (.+ --html (\S+))$/gm;

/**
 * Runs the commands, and returns their pages by name.
 * @param run runs one command line. @default the built program, in a process of its own
 * @throws Error where a command fails
 */
export async function livePages(run = runProgram) {
  const text = readFileSync(new URL("live-examples.md", import.meta.url), "utf8");
  const folder = mkdtempSync(join(tmpdir(), "revocab-site-"));
  const pages = new Map();
  try {
    for (const [, words, name] of text.matchAll(COMMAND)) {
      const page = join(folder, name);
      const args = words
        .split(" ")
        .map((word) => (word === name ? page : word.replace(/^sample\//, `${root}sample/`)))
        .map((word) => word.replace(/^out\//, `${folder}/`));
      const { code, stderr } = await run([...args, "--quiet"]);
      if (code !== 0) throw new Error(`revocab ${words}: ${stderr}`);
      pages.set(name, readFileSync(page, "utf8"));
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return pages;
}

function runProgram(args) {
  const program = join(root, "apps/revocab/bin/revocab.js");
  const { status, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: "utf8" });
  return { code: status, stderr };
}
