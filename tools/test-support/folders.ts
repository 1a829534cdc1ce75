import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";

/** A folder of its own for each test, removed after it. */
export function scratchFolders(): () => string {
  const made: string[] = [];
  afterEach(() => {
    for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
  });
  return () => {
    const folder = mkdtempSync(join(tmpdir(), "revocab-test-"));
    made.push(folder);
    return folder;
  };
}

/** The sha256 of all files below a folder. */
export function contentOf(folder: string, prefix = ""): Record<string, string> {
  const content: Record<string, string> = {};
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) Object.assign(content, contentOf(path, `${prefix}${name}/`));
    else content[`${prefix}${name}`] = createHash("sha256").update(readFileSync(path)).digest("hex");
  }
  return content;
}
