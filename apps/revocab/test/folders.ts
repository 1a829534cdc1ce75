import { createHash } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";
import { SAMPLE_MODEL, SAMPLE_TOKENIZER } from "./revocab.ts";

/** A folder of its own for each test, removed after it. */
export function scratchFolders(): () => string {
  const made: string[] = [];
  afterEach(() => {
    for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
  });
  return () => {
    const folder = mkdtempSync(join(tmpdir(), "revocab-command-"));
    made.push(folder);
    return folder;
  };
}

export interface Workplace {
  /** Holds `model` and `tokenizer`; nothing may change it. */
  readonly inputs: string;
  readonly model: string;
  readonly tokenizer: string;
  /** Where output goes; empty at first. */
  readonly place: string;
  readonly out: string;
}

/** Copies of the sample to break, and an empty place for the output. */
export function workplace(folder: string): Workplace {
  const inputs = join(folder, "inputs");
  const [model, tokenizer, place] = [join(inputs, "model"), join(inputs, "tokenizer"), join(folder, "place")];
  cpSync(SAMPLE_MODEL, model, { recursive: true });
  cpSync(SAMPLE_TOKENIZER, tokenizer, { recursive: true });
  mkdirSync(place);
  return { inputs, model, tokenizer, place, out: join(place, "out") };
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
